import base64
import json
from datetime import timedelta

from freezegun import freeze_time
from lxml import html

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import Form, tagged

from ...models.consent.consent_proof import MAX_SCAN_BYTES, sha256
from ...tools import clock
from ..common import ClinicCase, staff_user, tomorrow

PDF = b"%PDF-1.4 signed"
PNG = b"\x89PNG\r\n\x1a\n signed"
JPEG = b"\xff\xd8\xff\xe0 signed"


@tagged("post_install", "-at_install")
class TestConsentRecord(ClinicCase):
    """What is recorded at the desk: on paper or by word of mouth."""

    def setUp(self):
        super().setUp()
        self.patient = self.make_patient()
        self.marketing = self.env.ref("whatsapp_clinic.purpose_marketing")
        self.receptionist = staff_user(self, "receptionist", tz="Europe/Istanbul")
        # At noon the day is the same in the clinic and in UTC; what was installed
        # today, its notice too, lies before that of tomorrow.
        frozen = freeze_time((clock.now() + timedelta(days=1)).replace(hour=12))
        frozen.start()
        self.addCleanup(frozen.stop)
        self.today = clock.now().date()
        self.notice = self.env["whatsapp.clinic.privacy.notice"].create(
            {
                "text_ids": [
                    (0, 0, {"lang": "en_US", "title": "Notice", "body": "<p>Told</p>"})
                ]
            }
        )
        self.notice.action_publish()

    def wizard(self, answers=None, patient=None, **values):
        """`answers` by the code of a purpose."""
        record = (
            self.env["whatsapp.clinic.consent.record"]
            .with_user(self.receptionist)
            .create({"partner_id": (patient or self.patient).id, **values})
        )
        for line in record.line_ids:
            line.answer = (answers or {}).get(line.purpose_id.code)
        return record

    def on_paper(self, content=PDF, **values):
        return {
            "signed_on": self.today,
            "scan": base64.b64encode(content),
            "scan_name": "form.pdf",
            **values,
        }

    def assert_refused(self, wizard, words):
        with self.assertRaisesRegex(UserError, words):
            wizard.action_record()
        self.assertFalse(self.patient.consent_ids)

    def test_nothing_is_ticked_beforehand(self):
        form = Form(
            self.env["whatsapp.clinic.consent.record"]
            .with_user(self.receptionist)
            .with_context(default_partner_id=self.patient.id)
        )
        codes = [line["answer"] for line in form.line_ids._records]
        self.assertGreaterEqual(len(codes), 5)
        self.assertFalse(any(codes))

    def test_answering_purposes_are_not_asked_for(self):
        asked = self.wizard().line_ids.purpose_id
        self.assertNotIn(self.conversation, asked)
        self.assertIn(self.marketing, asked)

    def test_paper_is_recorded_with_its_scan_and_hashes(self):
        answers = {"appointment": "given", "marketing": "refused"}
        self.wizard(answers, **self.on_paper()).action_record()
        consents = self.patient.consent_ids
        self.assertEqual(
            {(one.purpose_id.code, one.decision, one.method) for one in consents},
            {("appointment", "given", "paper"), ("marketing", "withdrawn", "paper")},
        )
        self.assertEqual(consents.notice_id, self.notice)
        self.assertEqual(consents.branch_id, self.branch)
        proof = consents.proof_id
        document = json.loads(proof.document)
        self.assertEqual(document["scan_sha256"], sha256(PDF))
        self.assertEqual(document["signed_on"], self.today.isoformat())
        self.assertEqual(document["notice"]["sha256"], self.notice.text_ids.sha256)
        self.assertEqual(base64.b64decode(proof.scan), PDF)
        self.assertEqual(proof.sudo()._problems(), [])

    def test_print_tells_the_date_on_the_paper_and_where_it_is(self):
        day = self.today - timedelta(days=3)
        paper = self.on_paper(signed_on=day, place="Cabinet 3")
        self.wizard({"appointment": "given"}, **paper).action_record()
        proof = self.patient.consent_ids.proof_id
        report = self.env.ref("whatsapp_clinic.consent_proof_report")
        content, _kind = report._render_qweb_html(report.report_name, proof.ids)
        text = html.fromstring(content).text_content()
        for words in (
            day.isoformat(),
            "Cabinet 3",
            "form.pdf",
            sha256(PDF),
            self.receptionist.name,
        ):
            self.assertIn(words, text)

    def test_purpose_left_open_records_nothing(self):
        self.wizard({"appointment": "given"}, **self.on_paper()).action_record()
        self.assertEqual(self.patient.consent_ids.purpose_id, self.purpose)

    def test_nothing_answered_is_refused(self):
        self.assert_refused(self.wizard({}, **self.on_paper()), "at least one purpose")

    def test_paper_is_of_today_unless_another_date_is_entered(self):
        self.assertEqual(self.wizard().signed_on, self.today)
        yesterday = self.today - timedelta(days=1)
        self.assertEqual(self.wizard(signed_on=yesterday).signed_on, yesterday)

    def test_what_was_recorded_is_said(self):
        answers = {"appointment": "given", "marketing": "refused"}
        action = self.wizard(answers, **self.on_paper()).action_record()
        message = action["params"]["message"]
        self.assertIn(f"{self.purpose.name}: Agrees", message)
        self.assertIn(f"{self.marketing.name}: Does not agree", message)
        self.assertEqual(
            action["params"]["next"]["type"], "ir.actions.act_window_close"
        )

    def refused_message(self, **values):
        """What reception wrote before anybody had asked the patient."""
        values = {
            "channel_id": self.channel.id,
            "partner_id": self.patient.id,
            "purpose_id": self.purpose.id,
            "template_id": self.template.id,
            **self.book(self.patient)._reference(),
            **values,
        }
        return self.env["whatsapp.clinic.message"]._enqueue([values])

    def offered(self, answers):
        """Messages that are offered after these answers were recorded."""
        action = self.wizard(answers, **self.on_paper()).action_record()
        context = action["params"]["next"].get("context", {})
        return self.env["whatsapp.clinic.message.send"].new(
            {"message_ids": context.get("default_message_ids")}
        )

    def test_what_was_held_back_is_offered_to_be_sent(self):
        message = self.refused_message()
        self.assertEqual(message.reason, "no_consent")
        offer = self.offered({"appointment": "given"})
        self.assertEqual(offer.message_ids._origin, message)
        self.assertEqual(offer.ready_count, 1)

    def test_what_the_consent_lets_leave_is_told_and_can_be_undone(self):
        self.rule(anchor="booked", offset=0, offset_side="after")
        visit = self.book(self.patient)
        wizard = self.wizard({"appointment": "given"}, **self.on_paper())
        action = wizard.action_record()
        row = visit.whatsapp_message_ids.filtered(lambda one: one.state == "queued")
        self.assertEqual(len(row), 1)
        self.assertIn("go now: 1.", action["params"]["message"])
        self.assertGreater(row.due_at, clock.now())
        undo = action["params"]["undo"]
        self.assertEqual((undo["ids"], undo["method"]), (row.ids, "action_cancel"))
        row.with_user(wizard.env.user).action_cancel()
        self.assertEqual(row.state, "cancelled")

    def test_nothing_is_told_to_leave_that_waits_for_its_time(self):
        self.rule(offset=1)
        self.book(self.patient, tomorrow(72))
        wizard = self.wizard({"appointment": "given"}, **self.on_paper())
        self.assertNotIn("go now", wizard.action_record()["params"]["message"])

    def test_what_is_of_no_use_any_more_is_not_offered(self):
        message = self.refused_message()
        message._subject.state = "cancelled"
        self.assertFalse(self.offered({"appointment": "given"}).message_ids)

    def test_what_waited_for_another_purpose_is_not_offered(self):
        self.refused_message()
        answers = {"followup": "given", "appointment": "refused"}
        self.assertFalse(self.offered(answers).message_ids)

    def test_paper_needs_a_date_that_was(self):
        answers = {"appointment": "given"}
        without = self.wizard(answers, **self.on_paper(signed_on=False))
        self.assert_refused(without, "Enter the date")
        ahead = self.on_paper(signed_on=self.today + timedelta(days=2))
        self.assert_refused(self.wizard(answers, **ahead), "future")
        self.patient.clinic_birthdate = self.today - timedelta(days=30)
        before = self.on_paper(signed_on=self.today - timedelta(days=60))
        self.assert_refused(self.wizard(answers, **before), "birth")

    def test_paper_needs_a_scan_or_a_place(self):
        answers = {"appointment": "given"}
        self.assert_refused(self.wizard(answers, signed_on=self.today), "where it lies")
        self.wizard(answers, signed_on=self.today, place="Cabinet 3").action_record()
        self.assertEqual(self.patient.consent_ids.evidence, "Cabinet 3")
        self.assertFalse(self.patient.consent_ids.proof_id.scan)

    def test_scan_is_known_by_its_content(self):
        answers = {"appointment": "given"}
        for content in (b"MZ\x90 program", b"<html>", b"GIF89a"):
            self.assert_refused(
                self.wizard(answers, **self.on_paper(content)), "no PDF, PNG or JPEG"
            )
        for content in (PDF, PNG, JPEG):
            self.wizard(answers, **self.on_paper(content)).action_record()

    def test_too_large_a_scan_is_refused(self):
        content = PDF + b" " * MAX_SCAN_BYTES
        wizard = self.wizard({"appointment": "given"}, **self.on_paper(content))
        self.assert_refused(wizard, "larger than 10 MB")

    def test_date_on_the_paper_counts_not_that_of_the_entry(self):
        self.consent(self.patient, "withdrawn", at=clock.now() - timedelta(days=3))
        earlier = self.on_paper(signed_on=self.today - timedelta(days=9))
        self.wizard({"appointment": "given"}, **earlier).action_record()
        self.assertEqual(self.patient.whatsapp_consent_state, "withdrawn")
        self.wizard({"appointment": "given"}, **self.on_paper()).action_record()
        self.env.invalidate_all()
        self.assertEqual(self.patient.whatsapp_consent_state, "ready")

    def test_withdrawal_of_the_day_of_the_paper_is_not_overruled(self):
        yesterday = clock.now() - timedelta(days=1)
        paper = self.on_paper(signed_on=yesterday.date())
        self.consent(self.patient, "withdrawn", at=yesterday.replace(hour=2))
        self.wizard({"appointment": "given"}, **paper).action_record()
        self.assertEqual(self.patient.whatsapp_consent_state, "withdrawn")

    def test_withdrawal_on_paper_overrules_what_was_given_that_day(self):
        yesterday = clock.now() - timedelta(days=1)
        paper = self.on_paper(signed_on=yesterday.date())
        self.consent(self.patient, at=yesterday.replace(hour=18))
        self.wizard({"appointment": "withdrawn"}, **paper).action_record()
        self.assertEqual(self.patient.whatsapp_consent_state, "withdrawn")

    def test_paper_goes_with_the_notice_of_its_day(self):
        earlier = self.on_paper(signed_on=self.today - timedelta(days=9))
        wizard = self.wizard({"appointment": "given"}, **earlier)
        self.assertNotEqual(wizard.notice_id, self.notice)
        wizard.action_record()
        self.assertNotEqual(self.patient.consent_ids.notice_id, self.notice)

    def test_paper_from_before_the_notice_was_not_signed_under_it(self):
        earlier = self.on_paper(signed_on=self.today - timedelta(days=9))
        wizard = self.wizard({"appointment": "given"}, **earlier)
        wizard.notice_id = self.notice
        self.assert_refused(wizard, "became valid only after the date")

    def test_minor_does_not_agree_alone(self):
        self.patient.clinic_birthdate = self.today - timedelta(days=365 * 10)
        answers = {"appointment": "given", "marketing": "refused"}
        self.assert_refused(self.wizard(answers, **self.on_paper()), "guardian")
        self.assert_refused(
            self.wizard({"appointment": "given"}, method="verbal"), "guardian"
        )

    def test_minor_may_withdraw_alone(self):
        self.patient.clinic_birthdate = self.today - timedelta(days=365 * 10)
        self.wizard({"appointment": "withdrawn"}, **self.on_paper()).action_record()
        self.assertEqual(self.patient.consent_ids.decision, "withdrawn")

    def test_evidence_is_in_the_language_of_the_printed_form(self):
        self.env["res.lang"]._activate_lang("tr_TR")
        mother = self.make_patient("+905321110002", "Mother KUMQUAT", lang="tr_TR")
        self.env["whatsapp.clinic.guardianship"].create(
            {"patient_id": self.patient.id, "guardian_id": mother.id}
        )
        self.patient.lang = "en_US"
        wizard = self.wizard(
            {"appointment": "given"}, guardian_id=mother.id, **self.on_paper()
        )
        wizard.action_record()
        document = json.loads(self.patient.consent_ids.proof_id.document)
        self.assertEqual(document["language"], self.patient._consent_form_lang())

    def test_by_word_only_where_the_purpose_allows_it(self):
        answers = {"appointment": "given", "marketing": "given"}
        wizard = self.wizard(answers, method="verbal")
        self.assertEqual(
            {one.purpose_id.code for one in wizard.line_ids if not one.is_fit}
            & answers.keys(),
            {"marketing"},
        )
        self.assert_refused(wizard, "Advertising")

    def test_by_word_notes_who_heard_it(self):
        answers = {"appointment": "given"}
        wizard = self.wizard(answers, method="verbal", wording="Please remind me")
        wizard.action_record()
        consent = self.patient.consent_ids
        self.assertEqual(consent.heard_by, self.receptionist.name)
        self.assertEqual(consent.evidence, "Please remind me")
        nobody = self.wizard(answers, method="verbal", heard_by=False)
        with self.assertRaisesRegex(UserError, "who heard"):
            nobody.action_record()

    def test_withdrawal_by_word_is_always_possible_and_acts_at_once(self):
        self.consent(self.patient, at=clock.now() - timedelta(days=1))
        self.rule()
        rows = self.book(self.patient).whatsapp_message_ids
        self.assertEqual(set(rows.mapped("state")), {"queued"})
        answers = {"appointment": "withdrawn", "marketing": "withdrawn"}
        self.wizard(answers, method="verbal").action_record()
        self.assertEqual(set(rows.mapped("state")), {"cancelled"})

    def test_guardian_signs_while_in_force(self):
        mother = self.make_patient("+905321110002", "Mother KUMQUAT")
        guardianship = self.env["whatsapp.clinic.guardianship"].create(
            {
                "patient_id": self.patient.id,
                "guardian_id": mother.id,
                "start_date": self.today - timedelta(days=30),
                "purpose_ids": [(6, 0, self.purpose.ids)],
            }
        )
        answers = {"appointment": "given"}
        wizard = self.wizard(answers, guardian_id=mother.id, **self.on_paper())
        self.assertEqual(wizard.possible_guardian_ids, mother)
        wizard.action_record()
        self.assertEqual(self.patient.consent_ids.guardian_id, mother)
        other = {"marketing": "given"}
        with self.assertRaisesRegex(ValidationError, "may not decide"):
            self.wizard(other, guardian_id=mother.id, **self.on_paper()).action_record()
        guardianship.end_date = self.today - timedelta(days=1)
        wizard = self.wizard(answers, guardian_id=mother.id, **self.on_paper())
        self.assertFalse(wizard.possible_guardian_ids)
        with self.assertRaisesRegex(ValidationError, "may not decide"):
            wizard.action_record()

    def test_line_shows_what_was_decided_so_far(self):
        self.consent(self.patient, "withdrawn")
        states = {
            line.purpose_id.code: line.present_state for line in self.wizard().line_ids
        }
        self.assertEqual(states["appointment"], "refused")
        self.assertEqual(states["marketing"], "none")

    def test_reception_of_another_branch_cannot_record(self):
        other = self.branch.create(
            {"name": "Branch B", "country_id": self.turkey.id, "member_ids": False}
        )
        stranger = staff_user(self, "receptionist", other)
        wizard = self.wizard({"appointment": "given"}, **self.on_paper())
        values = wizard.read(["partner_id"])[0]
        foreign = (
            self.env["whatsapp.clinic.consent.record"]
            .with_user(stranger)
            .create({"partner_id": values["partner_id"][0], **self.on_paper()})
        )
        foreign.line_ids.filtered(
            lambda line: line.purpose_id == self.purpose
        ).answer = "given"
        with self.assertRaises(AccessError):
            foreign.action_record()

    def test_reception_records_asks_and_prints_for_a_visitor_from_another_branch(self):
        home = self.branch.create(
            {"name": "Branch B", "country_id": self.turkey.id, "member_ids": False}
        )
        self.patient.clinic_branch_id = home
        self.book(self.patient)
        self.env.invalidate_all()
        wizard = self.wizard({"appointment": "given"}, **self.on_paper())
        wizard.action_record()
        consent = self.env["whatsapp.clinic.consent"].search(
            [("partner_id", "=", self.patient.id)]
        )
        self.assertEqual(consent.branch_id, self.branch)
        asked = wizard.env["whatsapp.clinic.consent.ask"].create(
            {"partner_id": self.patient.id}
        )
        self.env.invalidate_all()
        self.assertEqual(asked._branch, self.branch)
        form = self.patient.with_user(self.receptionist)._consent_form()
        self.assertEqual(form["clinic"], self.branch.name)
