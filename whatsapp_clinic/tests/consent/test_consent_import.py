import base64
import csv
import io
from datetime import date, datetime, timedelta

import openpyxl

from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from ...tools import clock
from ...tools.table_file import NotATable, read_table, write_csv
from ...wizards.consent_import import MAX_LINES
from ..common import ClinicCase, WebCase, set_up_clinic, staff_user

HEADING = ["patient", "purpose", "decision", "date", "source"]
AYSE = "+905321110001"


@tagged("post_install", "-at_install")
class TestConsentImport(ClinicCase):
    """Consents from a spreadsheet: looked at first, recorded once."""

    def setUp(self):
        super().setUp()
        self.patient = self.make_patient(AYSE, ref="P-1")
        self.officer = staff_user(self, "privacy_officer", tz="Europe/Istanbul")

    def wizard(self, *rows, heading=(), content=None):
        if content is None:
            content = write_csv([heading or HEADING, *rows])
        wizard = (
            self.env["whatsapp.clinic.consent.import"]
            .with_user(self.officer)
            .create({"file": base64.b64encode(content), "file_name": "old.csv"})
        )
        wizard.action_check()
        return wizard

    def row(self, patient=AYSE, purpose="appointment", decision="given", **values):
        return [
            patient,
            purpose,
            decision,
            values.get("date", "2026-01-31"),
            values.get("source", "Old system"),
        ]

    def result(self, *row, **values):
        return self.wizard(self.row(*row, **values)).line_ids.result

    def test_checking_records_nothing(self):
        wizard = self.wizard(self.row())
        self.assertEqual(wizard.to_record_count, 1)
        self.assertFalse(self.patient.consent_ids)

    def test_recording_writes_source_and_date_of_the_act(self):
        wizard = self.wizard(self.row(date="31.01.2026 14:05"))
        wizard.action_record()
        consent = self.patient.consent_ids
        self.assertEqual(consent.method, "import")
        self.assertEqual(consent.evidence, "Old system")
        self.assertEqual(consent.act_at, datetime(2026, 1, 31, 11, 5))
        self.assertEqual(wizard.recorded_count, 1)

    def test_recording_without_checking_is_refused(self):
        wizard = self.env["whatsapp.clinic.consent.import"].with_user(self.officer)
        with self.assertRaises(UserError):
            wizard.create({}).action_record()

    def test_same_file_again_records_nothing_more(self):
        rows = [self.row(), self.row(purpose="survey", decision="withdrawn")]
        self.wizard(*rows).action_record()
        again = self.wizard(*rows)
        self.assertEqual(set(again.line_ids.mapped("result")), {"known"})
        again.action_record()
        self.assertEqual(len(self.patient.consent_ids), 2)

    def test_file_checked_twice_and_recorded_twice_records_once(self):
        first, second = self.wizard(self.row()), self.wizard(self.row())
        first.action_record()
        second.action_record()
        self.assertEqual(len(self.patient.consent_ids), 1)
        self.assertEqual(second.recorded_count, 0)

    def test_each_problem_is_told(self):
        tomorrow = (clock.now() + timedelta(days=2)).date().isoformat()
        cases = {
            "unknown_patient": ("+905321119999",),
            "unknown_purpose": (AYSE, "fishing"),
            "unknown_decision": (AYSE, "appointment", "perhaps"),
        }
        for wanted, row in cases.items():
            with self.subTest(wanted):
                self.assertEqual(self.result(*row), wanted)
        self.assertEqual(self.result(date="01/02/2026"), "unreadable_date")
        self.assertEqual(self.result(date="31.02.2026"), "unreadable_date")
        self.assertEqual(self.result(date="0201-01-31"), "unreadable_date")
        self.assertEqual(self.result(date=tomorrow), "future_date")
        self.assertEqual(self.result(source=""), "missing_source")

    def test_minor_who_agreed_alone_is_a_line_with_a_problem(self):
        self.patient.clinic_birthdate = date(2020, 5, 5)
        self.assertEqual(self.result(), "minor_alone")
        self.assertEqual(self.result(AYSE, "appointment", "withdrawn"), "new")

    def test_line_with_a_problem_does_not_keep_the_others_back(self):
        wizard = self.wizard(self.row(), self.row("+905321119999"))
        self.assertEqual((wizard.to_record_count, wizard.problem_count), (1, 1))
        wizard.action_record()
        self.assertEqual(len(self.patient.consent_ids), 1)

    def test_patient_removed_after_the_check_is_told(self):
        gone = self.make_patient("+905321110009", "Gone KUMQUAT")
        wizard = self.wizard(self.row(), self.row("+905321110009"))
        gone.unlink()
        with self.assertRaisesRegex(UserError, "check the file again"):
            wizard.action_record()
        self.assertFalse(self.patient.consent_ids)

    def test_number_of_a_family_is_ambiguous_and_the_id_is_not(self):
        child = self.make_patient(AYSE, "Child KUMQUAT", ref="P-2")
        self.assertEqual(self.result(), "ambiguous_patient")
        for patient, wanted in (
            ("P-2", child),
            ("P-1", self.patient),
            (f"id:{child.id}", child),
        ):
            line = self.wizard(self.row(patient)).line_ids
            self.assertEqual((line.result, line.partner_id), ("new", wanted))

    def test_patient_of_a_family_is_chosen_on_the_line(self):
        child = self.make_patient(AYSE, "Child KUMQUAT")
        stranger = self.make_patient("+905321110009", "Stranger KUMQUAT")
        line = self.wizard(self.row()).line_ids
        self.assertEqual(line.candidate_ids, self.patient | child)
        with self.assertRaisesRegex(UserError, "one of the patients"):
            line.partner_id = stranger
            line.action_judge_again()
        line.partner_id = child
        line.action_judge_again()
        self.assertEqual(line.result, "new")
        line.wizard_id.action_record()
        self.assertTrue(child.consent_ids)
        self.assertFalse(self.patient.consent_ids)

    def test_who_is_no_patient_is_not_found(self):
        contact = self.env["res.partner"].create({"name": "Supplier", "ref": "S-1"})
        self.assertEqual(self.result("S-1"), "unknown_patient")
        self.assertEqual(self.result(f"id:{contact.id}"), "unknown_patient")

    def test_national_number_is_found(self):
        self.env.company.country_id = self.turkey
        self.assertEqual(self.result("0532 111 00 01"), "new")

    def test_older_than_the_present_state_is_told_and_recorded(self):
        self.consent(self.patient, "withdrawn", at=datetime(2026, 5, 1))
        wizard = self.wizard(self.row())
        self.assertEqual(wizard.line_ids.result, "older")
        wizard.action_record()
        self.assertEqual(len(self.patient.consent_ids), 2)
        self.assertEqual(self.patient.whatsapp_consent_state, "withdrawn")

    def test_line_that_stands_in_the_file_twice_counts_once(self):
        wizard = self.wizard(self.row(), self.row())
        self.assertEqual(wizard.line_ids.mapped("result"), ["new", "repeated"])

    def test_turkish_headings_and_words_are_understood(self):
        heading = ["Hasta", "Amaç", "Karar", "Tarih", "Kaynak"]
        row = self.row(decision="HAYIR")
        wizard = self.wizard(row, heading=heading)
        self.assertEqual(wizard.line_ids.decided, "withdrawn")

    def test_missing_column_is_named(self):
        with self.assertRaisesRegex(UserError, "source"):
            self.wizard(self.row()[:4], heading=HEADING[:4])

    def test_spreadsheet_is_read_with_its_dates(self):
        book = openpyxl.Workbook()
        book.active.append(HEADING)
        book.active.append(self.row(date=datetime(2026, 1, 31)))
        book.active.append(self.row(purpose="survey", date=datetime(2026, 1, 31, 14)))
        content = io.BytesIO()
        book.save(content)
        lines = self.wizard(content=content.getvalue()).line_ids
        self.assertEqual(
            lines.mapped("act_at"),
            [datetime(2026, 1, 30, 21), datetime(2026, 1, 31, 11)],
        )

    def test_what_is_no_table_is_refused(self):
        for content in (b"\x00\x01\x02", b"PK\x03\x04 broken", b"%PDF-\x00"):
            with self.subTest(content), self.assertRaises(UserError):
                self.wizard(content=content)

    def test_too_long_a_file_is_refused(self):
        content = write_csv([HEADING] + [["x"]] * (MAX_LINES + 1))
        with self.assertRaisesRegex(UserError, "split it"):
            self.wizard(content=content)

    def test_problems_can_be_downloaded_corrected_and_imported(self):
        wizard = self.wizard(self.row(), self.row(date="31/01/2026", source="=1+1"))
        content = base64.b64decode(wizard.problem_file)
        rows = list(csv.reader(io.StringIO(content.decode("utf-8-sig"))))
        self.assertEqual(len(rows), 2)
        self.assertEqual(rows[1][4], "'=1+1")
        self.assertEqual(rows[1][0], f"'{AYSE}")
        corrected = content.decode("utf-8-sig").replace("31/01/2026", "2026-01-31")
        again = self.wizard(content=corrected.encode())
        self.assertEqual(again.line_ids.result, "new")
        self.assertEqual(again.line_ids.source, "=1+1")

    def test_template_can_be_imported(self):
        wizard = self.wizard(self.row())
        heading, example, *_rest = read_table(base64.b64decode(wizard.template_file), 9)
        self.assertEqual(set(heading), {*HEADING[:3], "act_at", "source"})
        self.assertEqual(example[0], "+905321234567")
        self.assertEqual(len(heading), len(example))
        self.assertTrue(self.wizard(content=base64.b64decode(wizard.template_file)))

    def test_template_lists_the_codes_of_the_purposes(self):
        content = base64.b64decode(self.wizard(self.row()).template_file)
        book = openpyxl.load_workbook(io.BytesIO(content))
        rows = book.worksheets[1].iter_rows(values_only=True)
        self.assertIn(("marketing", "Advertising"), [*rows])

    def test_purpose_is_known_by_its_name_in_each_language(self):
        self.env["res.lang"]._activate_lang("tr_TR")
        self.purpose.with_context(lang="tr_TR").name = "Randevu mesajları"
        for told in ("Appointment messages", "RANDEVU MESAJLARI", "Appointment"):
            line = self.wizard(self.row(purpose=told)).line_ids
            self.assertEqual((line.result, line.purpose_id), ("new", self.purpose))

    def test_receptionist_cannot_import(self):
        receptionist = staff_user(self, "receptionist")
        with self.assertRaises(AccessError):
            self.env["whatsapp.clinic.consent.import"].with_user(receptionist).create(
                {}
            )

    def test_many_lines_are_recorded(self):
        start = datetime(2020, 1, 1)
        rows = [
            self.row(date=(start + timedelta(minutes=number)).isoformat(" "))
            for number in range(2500)
        ]
        wizard = self.wizard(*rows)
        wizard.action_record()
        self.assertEqual(wizard.recorded_count, 2500)
        self.assertEqual(len(self.patient.consent_ids), 2500)


@tagged("post_install", "-at_install")
class TestDownload(WebCase):
    """Template and problems, as the browser fetches them."""

    def test_files_are_for_who_imports_only(self):
        set_up_clinic(self)
        officer = staff_user(self, "privacy_officer")
        wizard = (
            self.env["whatsapp.clinic.consent.import"].with_user(officer).create({})
        )
        url = wizard.action_download_template()["url"]
        self.authenticate(officer.login, officer.login)
        answer = self.url_open(url)
        self.assertEqual(answer.status_code, 200)
        self.assertIn("attachment", answer.headers["Content-Disposition"])
        self.assertEqual(read_table(answer.content, 9)[0][:2], ["patient", "purpose"])
        stranger = staff_user(self, "privacy_officer")
        self.authenticate(stranger.login, stranger.login)
        self.assertIn(self.url_open(url).status_code, (403, 404))


@tagged("post_install", "-at_install")
class TestTableFile(ClinicCase):
    """Spreadsheets as people save them."""

    def test_delimiters_and_codings_of_excel_are_understood(self):
        for content in (
            b"hasta;kaynak\nAy\xfee;dosya\n",
            "hasta,kaynak\nAyşe,dosya\n".encode(),
            "\ufeffhasta\tkaynak\nAyşe\tdosya\n".encode(),
        ):
            with self.subTest(content):
                wanted = [["hasta", "kaynak"], ["Ayşe", "dosya"]]
                self.assertEqual(read_table(content, 9), wanted)

    def test_no_cell_is_taken_for_a_formula_and_all_come_back(self):
        cells = ["=cmd()", "+90", "-1", "@SUM", "'=x", "plain"]
        content = write_csv([cells])
        for cell in next(csv.reader(io.StringIO(content.decode("utf-8-sig")))):
            self.assertNotIn(cell[0], "=+-@")
        self.assertEqual(read_table(content, 9)[0][:4], cells[:4])

    def test_dates_of_a_spreadsheet_stay_dates(self):
        book = openpyxl.Workbook()
        book.active.append([date(2026, 1, 31), 42.0, None, "x"])
        content = io.BytesIO()
        book.save(content)
        row = read_table(content.getvalue(), 9)[0]
        self.assertEqual(row[1:], ["42", "", "x"])
        self.assertEqual(str(row[0])[:10], "2026-01-31")

    def test_bytes_that_are_no_text_are_no_table(self):
        with self.assertRaises(NotATable):
            read_table(b"\x00\x00", 9)
