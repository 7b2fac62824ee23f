import base64
import json
import re
from datetime import timedelta

from freezegun import freeze_time
from lxml import html

from odoo.tests import tagged
from odoo.tools import mute_logger

from ...controllers.consent import MAX_BYTES, WRONG_KEYS
from ...models.consent.consent_proof import sha256
from ...models.consent.consent_request import PAGE
from ...tools import clock
from ..common import staff_notes, triggers_taken_away
from .page import NOTICE, PageCase, drawing, publish_notice


@tagged("post_install", "-at_install")
class TestPageShows(PageCase):
    def test_the_notice_comes_before_the_choices_and_nothing_is_ticked(self):
        page = html.fromstring(self.get().content)
        text = page.text_content()
        self.assertIn("We keep what the law asks for.", text)
        self.assertLess(text.index(NOTICE["en_US"][0]), text.index(self.purpose.name))
        self.assertEqual(len(page.xpath("//input[@type='radio']")), 6)
        self.assertEqual(page.xpath("//input[@checked]"), [])

    def test_headline_asks_only_while_there_is_something_to_decide(self):
        headline = "//h1/text()"
        page = html.fromstring(self.get().content)
        self.assertIn("What may we write", page.xpath(headline)[0])
        self.answer()
        page = html.fromstring(self.get().content)
        self.assertIn("Your decision", page.xpath(headline)[0])

    def test_it_is_told_how_to_sign(self):
        text = html.fromstring(self.get().content).text_content()
        self.assertIn("draw your signature", text)

    def test_each_language_is_shown_whole(self):
        for lang, words in (
            ("en_US", (NOTICE["en_US"][0], "Appointment messages")),
            ("tr_TR", (NOTICE["tr_TR"][0], "Randevu mesajları")),
        ):
            with self.subTest(lang):
                page = html.fromstring(self.get(query=f"?lang={lang}").content)
                self.assertEqual(page.get("lang"), lang.replace("_", "-"))
                for word in words:
                    self.assertIn(word, page.text_content())

    def test_the_language_is_the_request_s_unless_another_is_chosen(self):
        self.asked.lang = "tr_TR"
        for query, lang in (
            ("", "tr-TR"),
            ("?lang=en_US", "en-US"),
            ("?lang=xx_XX", "tr-TR"),
        ):
            with self.subTest(query):
                page = html.fromstring(self.get(query=query).content)
                self.assertEqual(page.get("lang"), lang)

    def test_nobody_else_learns_of_the_address(self):
        response = self.get()
        headers = response.headers
        self.assertEqual(headers["Referrer-Policy"], "no-referrer")
        self.assertEqual(headers["Cache-Control"], "no-store")
        self.assertIn("noindex", headers["X-Robots-Tag"])
        self.assertIn("default-src 'self'", headers["Content-Security-Policy"])
        self.assertNotIn("Set-Cookie", headers)
        addresses = html.fromstring(response.content).xpath("//@src | //@href")
        self.assertTrue(addresses)
        for address in addresses:
            self.assertRegex(address, r"^(/[^/]|\?|#)")

    def test_what_was_decided_before_is_shown_with_day_and_version(self):
        at = clock.now().replace(hour=9) - timedelta(days=400)
        self.env["whatsapp.clinic.consent"].create(
            {
                "partner_id": self.patient.id,
                "purpose_id": self.survey.id,
                "decision": "given",
                "method": "import",
                "evidence": "Form in the old file",
                "act_at": at,
                "notice_id": self.notice.id,
            }
        )
        text = " ".join(html.fromstring(self.get().content).text_content().split())
        self.assertIn(f"{at:%m/%d/%Y} · notice version 1000", text)

    def test_looking_changes_nothing_and_uses_nothing_up(self):
        before = self.state_of_everything()
        for options in (
            {},
            {},
            {"method": "HEAD"},
            {"headers": {"User-Agent": "SafeLinks scanner"}},
        ):
            self.assertEqual(self.get(**options).status_code, 200)
        self.assertEqual(self.get(query="?done=answer").status_code, 200)
        self.assertEqual(self.state_of_everything(), before)
        self.assertEqual(self.get(query="/withdraw").status_code, 405)

    def state_of_everything(self):
        self.env.flush_all()
        tables = ("consent", "consent_proof", "consent_request", "personal_link")
        state = []
        for table in tables:
            self.env.cr.execute(f"SELECT * FROM whatsapp_clinic_{table} ORDER BY id")
            state.append(self.env.cr.fetchall())
        return state

    def test_a_key_that_opens_nothing_is_answered_the_same_whatever_was_there(self):
        closed = self.ask(self.patient)
        closed_key = closed._mint_key()
        closed.action_close()
        expired = self.ask(self.patient)
        expired_key = expired._mint_key()
        expired.expires_at = clock.now() - timedelta(seconds=1)
        archived = self.ask(self.make_patient("+905321110009", active=False))
        answers = [
            self.get(key)
            for key in (
                "x" * 32,
                closed_key,
                expired_key,
                archived._mint_key(),
                "a%20b",
            )
        ]
        bodies = {re.sub(r'href="[^"]*"', "", one.text) for one in answers}
        self.assertEqual({one.status_code for one in answers}, {404})
        self.assertEqual(len(bodies), 1)
        self.assertIn("This page is not available", bodies.pop())
        self.assertEqual(answers[0].headers["Cache-Control"], "no-store")

    def test_a_key_that_opens_nothing_changes_nothing(self):
        self.asked.action_close()
        for response in (self.answer(), self.withdraw("all")):
            self.assertEqual(response.status_code, 404)
        self.assertFalse(self.patient.consent_ids)

    def test_who_tries_many_keys_has_to_wait(self):
        for _time in range(WRONG_KEYS.limit):
            self.assertEqual(self.get("wrong").status_code, 404)
        self.assertEqual(self.get("wrong").status_code, 429)
        self.assertEqual(self.get(self.key).status_code, 200)
        with freeze_time(clock.now() + WRONG_KEYS.period + timedelta(seconds=1)):
            self.assertEqual(self.get("wrong").status_code, 404)

    def test_two_patients_on_one_phone_do_not_see_each_other(self):
        sister = self.make_patient(name="Zeynep KUMQUAT")
        self.consent(sister)
        page = self.get().text
        self.assertIn("Ayşe KUMQUAT", page)
        self.assertNotIn("Zeynep", page)
        self.assertNotIn("What holds now", page)
        self.withdraw("all")
        self.assertEqual(self.decisions(sister), {self.purpose: "given"})

    def test_without_a_notice_in_force_nothing_can_be_agreed_to(self):
        company = self.env["res.company"].create({"name": "Without notice"})
        asked = self.ask(self.patient, company_id=company.id, branch_id=False)
        page = self.get(asked._mint_key())
        self.assertIn("nothing to decide here at the moment", page.text)
        self.assertNotIn("o_whatsapp_clinic_answer", page.text)


@tagged("post_install", "-at_install")
class TestAnswer(PageCase):
    def test_each_choice_becomes_a_consent_and_what_was_left_open_does_not(self):
        response = self.answer()
        self.assertEqual(response.status_code, 200)
        self.assertIn("Thank you.", response.text)
        self.assertEqual(
            self.decisions(), {self.purpose: "given", self.survey: "withdrawn"}
        )
        consent = self.patient.consent_ids[0]
        self.assertEqual(consent.method, "web")
        self.assertEqual(consent.notice_id, self.notice)
        self.assertEqual(consent.proof_id, self.asked.proof_id)
        self.assertEqual(self.asked.state, "answered")

    def test_what_was_refused_is_not_called_withdrawn(self):
        page = self.answer().text
        self.assertIn("Not agreed", page)
        self.assertNotIn("Withdrawn", page)
        self.assertIn("Withdrawn", self.withdraw(self.purpose).text)

    def test_the_evidence_is_what_the_server_knows(self):
        at = self.notice.valid_from + timedelta(hours=1)
        with freeze_time(at):
            self.opener.headers["User-Agent"] = "Phone " + "x" * 1000
            self.opener.headers["X-Forwarded-For"] = "1.2.3.4"
            self.answer(at="1999-01-01", address="9.9.9.9")
        proof = self.asked.proof_id
        document = json.loads(proof.document)
        self.assertEqual(document["at"], f"{at.isoformat()}Z")
        self.assertEqual(document["origin"]["address"], "127.0.0.1")
        self.assertEqual(len(document["origin"]["browser"]), 300)
        self.assertEqual(document["typed_name"], "Ayşe KUMQUAT")
        self.assertEqual(document["request"], self.asked.id)
        self.assertEqual(document["patient"]["id"], self.patient.id)
        self.assertEqual(document["notice"]["body"], NOTICE["en_US"][1])
        self.assertEqual(
            document["notice"]["sha256"], self.notice._text("en_US").sha256
        )
        self.assertEqual(
            document["choices"][0],
            {
                "purpose": "appointment",
                "name": self.purpose.name,
                "description": self.purpose.description,
                "validity_months": self.purpose.validity_months or None,
                "decision": "given",
            },
        )
        signature = base64.b64decode(proof.with_context(bin_size=False).signature)
        self.assertEqual(document["signature_sha256"], sha256(signature))
        self.assertEqual(proof.sha256, sha256(proof.document))
        self.assertEqual(proof._problems(), [])

    def test_the_evidence_has_the_words_of_the_language_that_was_read(self):
        self.answer(lang="tr_TR")
        document = json.loads(self.asked.proof_id.document)
        self.assertEqual(document["notice"]["title"], NOTICE["tr_TR"][0])
        self.assertEqual(document["choices"][0]["name"], "Randevu mesajları")

    def test_sending_twice_records_once(self):
        self.answer()
        response = self.answer()
        self.assertEqual(response.status_code, 200)
        self.assertEqual(self.decisions()[self.purpose], "given")

    def test_another_answer_is_not_taken_and_not_thanked_for(self):
        self.answer()
        response = self.answer(**{f"purpose_{self.purpose.id}": "no"})
        self.assertEqual(response.status_code, 422)
        self.assertIn("your new answer is not recorded", response.text)
        self.assertNotIn("Thank you", response.text)
        self.assertEqual(self.decisions()[self.purpose], "given")

    def test_a_minor_is_asked_nothing_alone(self):
        self.patient.clinic_birthdate = clock.now().date() - timedelta(days=3650)
        self.assertIn("There is nothing to decide here", self.get().text)
        self.assertEqual(self.answer().status_code, 422)
        self.assertFalse(self.patient.consent_ids)

    def test_the_second_device_sees_what_the_first_recorded(self):
        other = self.asked._mint_key()
        self.answer()
        page = self.get(other).text
        self.assertNotIn("o_whatsapp_clinic_answer", page)
        self.assertIn("What holds now", page)

    def test_what_is_wrong_is_said_and_nothing_is_recorded(self):
        asked_elsewhere = self.env.ref("whatsapp_clinic.purpose_prescription")
        cases = {
            "out of date": {f"purpose_{asked_elsewhere.id}": "yes"},
            "This page is out of date": {f"purpose_{self.purpose.id}": "maybe"},
            "choose yes or no": {
                f"purpose_{self.purpose.id}": None,
                f"purpose_{self.survey.id}": None,
            },
            "type your name": {"name": "  "},
            "too long": {"name": "x" * 101},
            "privacy notice has changed": {"notice": "0"},
        }
        for sentence, change in cases.items():
            with self.subTest(sentence):
                response = self.answer(**change)
                self.assertEqual(response.status_code, 422)
                self.assertIn(sentence, response.text)
        self.assertFalse(self.patient.consent_ids)
        self.assertEqual(self.asked.state, "open")

    def test_only_a_drawn_png_is_a_signature(self):
        cases = {
            "missing": (None, "Please sign"),
            "blank": (drawing(lines=()), "Please sign"),
            "jpeg": (drawing(kind="JPEG"), "could not be read"),
            "text": (base64.b64encode(b"<svg/>").decode(), "could not be read"),
            "no base64": ("§§§", "could not be read"),
            "cut off": (drawing()[:80], "could not be read"),
            "tiny": (drawing(size=(5, 5)), "could not be read"),
            "huge": (drawing(size=(5000, 100)), "could not be read"),
        }
        for name, (signature, sentence) in cases.items():
            with self.subTest(name):
                response = self.answer(signature=signature)
                self.assertEqual(response.status_code, 422)
                self.assertIn(sentence, response.text)
        self.assertFalse(self.patient.consent_ids)

    def test_files_in_place_of_texts_are_no_answer(self):
        response = self.url_open(
            f"{PAGE}/{self.key}",
            data={"notice": self.notice._text("en_US").id},
            files={"name": b"x", "signature": b"x", f"purpose_{self.purpose.id}": b"x"},
        )
        self.assertEqual(response.status_code, 422)
        self.assertFalse(self.patient.consent_ids)

    def test_a_body_that_is_too_large_is_refused(self):
        with mute_logger("odoo.http"):
            response = self.answer(signature="A" * (MAX_BYTES + 1))
        self.assertEqual(response.status_code, 413)
        self.assertFalse(self.patient.consent_ids)

    def test_choices_are_kept_where_something_else_was_wrong(self):
        page = html.fromstring(self.answer(name="").content)
        ticked = page.xpath("//input[@checked]/@id")
        self.assertEqual(
            ticked, [f"purpose_{self.purpose.id}_yes", f"purpose_{self.survey.id}_no"]
        )

    def test_staff_is_told_without_what_was_decided(self):
        self.answer()
        note = staff_notes(self.patient)[0]
        self.assertEqual(note.subtype_id, self.env.ref("mail.mt_note"))
        self.assertIn("The personal page was answered.", note.body)
        self.assertNotIn(self.purpose.name, note.body)

    def test_a_new_notice_must_be_read_before_answering(self):
        old = self.notice._text("en_US").id
        publish_notice(self.env, self.company, version=1001)
        response = self.answer(notice=old)
        self.assertIn("privacy notice has changed", response.text)


@tagged("post_install", "-at_install")
class TestProof(PageCase):
    def setUp(self):
        super().setUp()
        self.answer()
        self.proof = self.asked.proof_id

    def tampered(self, **values):
        """What verification finds after a change that no trigger was there to stop."""
        self.env.flush_all()
        with triggers_taken_away(self.env.cr, self.proof._table):
            self.proof.write(values)
            self.env.flush_all()
        return self.proof._problems()

    def test_another_signature_is_found(self):
        found = self.tampered(signature=drawing(lines=((0, 0, 299, 99),)))
        self.assertIn("A file has another hash", found[0])

    def test_another_document_is_found(self):
        document = self.proof.document.replace("Ayşe", "Fatma")
        with triggers_taken_away(self.env.cr, self.proof._table):
            self.env.cr.execute(
                "UPDATE whatsapp_clinic_consent_proof SET document = %s WHERE id = %s",
                [document, self.proof.id],
            )
        self.proof.invalidate_recordset()
        self.assertIn("document has another hash", self.proof._problems()[0])

    def test_a_notice_that_was_never_published_is_found(self):
        document = self.proof.document.replace("the law asks", "we like")
        found = self.tampered(document=document)
        self.assertIn("The privacy notice is not the one that was published.", found)

    def test_consents_that_say_something_else_are_found(self):
        document = self.proof.document.replace('"given"', '"withdrawn"')
        found = self.tampered(document=document)
        self.assertIn("The consents say something else than the document.", found)

    def test_the_button_says_that_it_is_intact(self):
        self.assertEqual(self.proof.action_verify()["params"]["type"], "success")

    def test_the_print_is_in_the_language_of_the_page(self):
        report = self.env.ref("whatsapp_clinic.consent_proof_report")
        content, _kind = report._render_qweb_html(report.report_name, self.proof.ids)
        text = html.fromstring(content).text_content()
        for words in ("Ayşe KUMQUAT", NOTICE["en_US"][0], self.proof.sha256):
            self.assertIn(words, text)
        self.assertIn(b"data:image/png;base64,", content)

    def test_it_is_printed_after_its_language_was_removed(self):
        german = self.env["whatsapp.clinic.consent.proof"]._seal(
            {"partner_id": self.patient.id}, {"act": "answer", "language": "de_DE"}
        )
        report = self.env.ref("whatsapp_clinic.consent_proof_report")
        content, _kind = report._render_qweb_html(report.report_name, german.ids)
        self.assertIn(german.sha256.encode(), content)


@tagged("post_install", "-at_install")
class TestWithdrawal(PageCase):
    def test_one_purpose_is_withdrawn_without_a_signature_and_confirmed(self):
        self.consent(self.patient, at=clock.now() - timedelta(days=1))
        response = self.withdraw(self.purpose)
        self.assertIn("It is withdrawn.", response.text)
        latest = self.patient.consent_ids[0]
        self.assertEqual((latest.decision, latest.method), ("withdrawn", "web"))
        document = json.loads(latest.proof_id.document)
        self.assertEqual(document["act"], "withdrawal")
        self.assertEqual(latest.proof_id._problems(), [])

    def test_what_is_queued_is_cancelled(self):
        self.consent(self.patient, at=clock.now() - timedelta(days=1))
        message = self.env["whatsapp.clinic.message"]._enqueue(
            [
                {
                    "channel_id": self.channel.id,
                    "partner_id": self.patient.id,
                    "purpose_id": self.purpose.id,
                    "template_id": self.template.id,
                    **self.book(self.patient)._reference(),
                    "due_at": clock.now() + timedelta(hours=2),
                }
            ]
        )
        self.assertEqual(message.state, "queued")
        self.withdraw(self.purpose)
        self.assertEqual(message.state, "cancelled")
        self.assertEqual(message.reason, "consent_withdrawn")

    def test_everything_is_withdrawn_at_once(self):
        yesterday = clock.now() - timedelta(days=1)
        for purpose in (self.purpose, self.marketing):
            self.consent(self.patient, at=yesterday, purpose=purpose)
        self.withdraw("all")
        now = self.patient.consent_ids.filtered(lambda one: one.act_at > yesterday)
        self.assertEqual(set(now.mapped("decision")), {"withdrawn"})
        self.assertLessEqual(self.purpose | self.marketing, now.purpose_id)
        self.assertEqual(len(now.proof_id), 1)

    def test_everything_is_also_what_is_no_longer_asked_for(self):
        self.consent(self.patient, at=clock.now() - timedelta(days=1))
        self.purpose.active = False
        self.assertIn(self.purpose.name, self.get().text)
        self.withdraw("all")
        self.assertEqual(self.patient.consent_ids[0].decision, "withdrawn")

    def test_what_has_run_out_is_withdrawn_too_and_never_counts_again(self):
        self.purpose.validity_months = 1
        self.consent(self.patient, at=clock.now() - timedelta(days=100))
        self.withdraw("all")
        self.purpose.validity_months = 0
        self.assertEqual(self.patient.whatsapp_consent_state, "withdrawn")

    def test_a_second_time_changes_nothing(self):
        self.consent(self.patient, at=clock.now() - timedelta(days=1))
        self.withdraw(self.purpose)
        count = len(self.patient.consent_ids)
        self.assertEqual(self.withdraw(self.purpose).status_code, 200)
        self.assertEqual(len(self.patient.consent_ids), count)

    def test_a_purpose_that_the_page_does_not_show_withdraws_nothing(self):
        self.consent(self.patient, at=clock.now() - timedelta(days=1))
        for purpose in (self.marketing, "", "0", "all ", "999999999999"):
            with self.subTest(purpose=purpose):
                self.assertEqual(self.withdraw(purpose).status_code, 422)
        self.assertEqual(self.decisions(), {self.purpose: "given"})

    def test_what_was_just_agreed_to_is_withdrawn_by_plain_html(self):
        page = html.fromstring(self.answer().content)
        form = page.xpath("//form[contains(@action, '/withdraw')]")[0]
        response = self.url_open(form.get("action"), data=dict(form.form_values()))
        self.assertIn("It is withdrawn.", response.text)
        self.assertEqual(self.patient.whatsapp_consent_state, "withdrawn")


@tagged("post_install", "-at_install")
class TestGuardian(PageCase):
    def setUp(self):
        super().setUp()
        self.child = self.make_patient(
            False, "Ali KUMQUAT", clinic_birthdate="2020-01-01"
        )
        self.mother = self.make_patient("+905321110003", "Fatma KUMQUAT", lang="en_US")
        self.guardianship = self.env["whatsapp.clinic.guardianship"].create(
            {
                "patient_id": self.child.id,
                "guardian_id": self.mother.id,
                "start_date": "2020-01-01",
            }
        )
        self.asked = self.ask(self.child, guardian_id=self.mother.id)
        self.key = self.asked._mint_key()

    def test_the_page_names_who_decides_for_whom(self):
        text = html.fromstring(self.get().content).text_content()
        self.assertIn(
            "Patient: Ali KUMQUAT Who decides for the patient: Fatma KUMQUAT",
            " ".join(text.split()),
        )

    def test_the_consent_is_the_childs_and_the_mothers_decision(self):
        self.answer(name="Fatma KUMQUAT")
        consent = self.child.consent_ids[0]
        self.assertEqual(consent.guardian_id, self.mother)
        self.assertFalse(self.mother.consent_ids)
        document = json.loads(consent.proof_id.document)
        self.assertEqual(document["guardian"]["name"], "Fatma KUMQUAT")
        self.assertEqual(document["patient"]["name"], "Ali KUMQUAT")

    def test_the_page_is_gone_when_the_guardianship_has_ended(self):
        self.guardianship.end_date = clock.now().date() - timedelta(days=1)
        self.assertEqual(self.get().status_code, 404)
        self.assertEqual(self.answer().status_code, 404)

    def test_a_guardian_of_some_purposes_sees_and_decides_those_only(self):
        self.consent(self.child, "withdrawn", purpose=self.marketing)
        self.guardianship.purpose_ids = self.purpose
        page = self.get().text
        self.assertNotIn(f"purpose_{self.survey.id}", page)
        self.assertNotIn(self.marketing.name, page)
        self.assertEqual(self.answer().status_code, 422)
        self.assertEqual(
            self.answer(**{f"purpose_{self.survey.id}": None}).status_code, 200
        )

    def test_other_wards_of_the_guardian_are_not_shown(self):
        brother = self.make_patient(False, "Can KUMQUAT")
        self.guardianship.copy({"patient_id": brother.id})
        self.consent(brother)
        self.assertNotIn("Can KUMQUAT", self.get().text)

    def test_the_guardians_own_page_shows_no_ward(self):
        own = self.ask(self.mother)
        self.assertNotIn("Ali KUMQUAT", self.get(own._mint_key()).text)
