"""Templates as a manager writes them."""

import base64
from datetime import timedelta

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import Form, tagged

from ...cloud_api import templates as rules
from ...models.template import template_button
from ...models.template.template_bubble import formatted
from ...models.template.template_variable import MissingValue
from ...tools import clock
from ..common import BUSINESS_ACCOUNT, ClinicCase, make_template, staff_user

PIXEL = base64.b64encode(
    base64.b64decode(
        "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9aw"
        "AAAABJRU5ErkJggg=="
    )
)
TEXT = "Hello {{patient_name}}, your visit to {{clinic_name}} is soon, see you there."


class WritingCase(ClinicCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.manager = staff_user(cls, "manager", tz="Europe/Istanbul")
        cls.templates = cls.env["whatsapp.clinic.template"].with_user(cls.manager)

    def draft(self, **values):
        return self.templates.create(
            {
                "name": "written_here",
                "language": "en",
                "body_text": TEXT,
                "business_account_id": BUSINESS_ACCOUNT,
                **values,
            }
        )

    def button(self, kind="QUICK_REPLY", text="Yes", **values):
        return (0, 0, {"kind": kind, "text": text, **values})


@tagged("post_install", "-at_install")
class TestTemplateWriting(WritingCase):
    def test_all_that_whatsapp_approved_of_a_button_is_closed(self):
        components = [
            {"type": "BODY", "text": TEXT},
            {"type": "BUTTONS", "buttons": [{"type": "QUICK_REPLY", "text": "Yes"}]},
        ]
        approved = make_template(self, "approved", components=components)
        button = approved.button_ids.with_user(self.manager)
        loaded = template_button.button_values(rules.FlowButton("Form", "1"))
        self.assertIn("flow_screen", loaded)
        for name in loaded:
            with self.subTest(field=name), self.assertRaisesRegex(UserError, "Edit"):
                button.write({name: "URL" if name == "kind" else "https://x.example"})

    def test_nothing_moves_into_or_out_of_what_whatsapp_approved(self):
        button = {"type": "QUICK_REPLY", "text": "Confirm"}
        approved = make_template(
            self,
            "approved",
            components=[
                {"type": "BODY", "text": "Hello {{patient_name}}, KUMQUAT."},
                {"type": "BUTTONS", "buttons": [button]},
            ],
        )
        draft = self.draft()
        rows = approved.button_ids, approved.variable_ids[:1]
        for row in (one.with_user(self.manager) for one in rows):
            with self.subTest(row._name), self.assertRaises(UserError):
                row.template_id = draft
        theirs = draft.write({"button_ids": [self.button()]}) and draft.button_ids
        with self.assertRaises(UserError):
            theirs.template_id = approved.with_user(self.manager)
        with self.assertRaises(UserError):
            draft.write({"button_ids": [(4, approved.button_ids.id)]})

    def test_change_of_a_template_begins_with_edit_alone(self):
        original = make_template(self, "approved")
        values = {"name": "x", "body_text": TEXT, "language": "en"}
        made = self.templates.with_context(default_original_id=original.id).create(
            {**values, "business_account_id": BUSINESS_ACCOUNT}
        )
        self.assertFalse(made.original_id)

    def test_template_is_about_what_has_templates(self):
        with self.assertRaises(ValidationError):
            self.draft(model="no.such")

    def test_account_of_nobody_gets_no_templates(self):
        with self.assertRaises(ValidationError):
            self.draft(business_account_id="621111111111111")

    def test_manager_writes_a_draft_in_the_form(self):
        form = Form(self.templates)
        form.name = "from_the_form"
        form.language = "en"
        form.header_kind = "TEXT"
        form.header_text = "Your visit"
        form.body_text = TEXT
        form.footer_text = "See you"
        with form.button_ids.new() as button:
            button.text = "Confirm"
        draft = form.save()
        self.assertEqual(draft.status, "DRAFT")
        self.assertEqual(draft.button_ids.action, "confirm")
        self.assertEqual(
            {one.name: one.builtin for one in draft.variable_ids},
            {"patient_name": "patient_name", "clinic_name": "clinic_name"},
        )
        self.assertFalse(draft.problems)
        self.assertEqual(
            [part["type"] for part in draft.components],
            ["HEADER", "BODY", "FOOTER", "BUTTONS"],
        )

    def test_draft_goes_to_the_account_of_the_chosen_number(self):
        other = self.channel.copy(
            {"name": "Other", "phone_number_id": "9", "business_account_id": "99"}
        )
        form = Form(self.templates)
        form.name = "elsewhere"
        form.language = "en"
        form.body_text = TEXT
        self.assertEqual(form.channel_id, self.channel)
        form.channel_id = other
        self.assertEqual(form.save().business_account_id, "99")

    def test_variables_are_listed_while_typing(self):
        form = Form(self.templates)
        form.body_text = TEXT
        self.assertEqual(
            {one["name"] for one in form.variable_ids._records},
            {"patient_name", "clinic_name"},
        )

    def test_renamed_variable_keeps_where_it_comes_from(self):
        draft = self.draft(body_text="Dear {{who}}, see you soon here.")
        draft.variable_ids.write({"source": "text", "text": "Ayşe", "example": "Ay"})
        draft.body_text = "Dear {{name}}, see you soon here."
        self.assertEqual(draft.variable_ids.name, "name")
        self.assertEqual(draft.variable_ids.text, "Ayşe")

    def test_every_problem_is_shown_with_the_offending_text(self):
        draft = self.draft(
            name="Not a Name",
            body_text="{{patient_name}} {{clinic_name}} " + "x" * 1100,
            footer_text="y" * 61,
            header_kind="TEXT",
            header_text="*bold*",
            button_ids=[self.button(text="z" * 26), self.button("URL", url="ftp://x")],
        )
        for piece in (
            "Not a Name",
            "{{patient_name}}",
            "Footer",
            "*",
            "Button 1",
            "ftp",
        ):
            self.assertIn(piece, draft.problems)

    def test_text_that_whatsapp_has_already_is_a_problem_in_its_language(self):
        there = make_template(
            self, "there", components=[{"type": "BODY", "text": TEXT}]
        )
        draft = self.draft()
        self.assertIn(there.display_name, draft.problems)
        for values in (
            {"footer_text": "Klinik"},
            {"footer_text": False, "language": "de"},
            {"language": "en", "body_text": TEXT + " Bye."},
        ):
            with self.subTest(values=values):
                draft.write(values)
                self.assertFalse(draft.problems)

    def test_change_and_successor_may_keep_the_text(self):
        there = make_template(
            self, "there", components=[{"type": "BODY", "text": TEXT}]
        )
        change = self.templates.browse(there.action_edit()["res_id"])
        self.assertFalse(change.problems)
        there.approval_ids.status = "DELETED"
        self.assertFalse(self.draft().problems)

    def test_scattered_quick_replies_are_a_problem(self):
        draft = self.draft(
            button_ids=[
                self.button(text="A"),
                self.button("PHONE_NUMBER", "Call", phone="+902165550000"),
                self.button(text="B"),
            ]
        )
        self.assertIn("“B”: Put all quick replies together", draft.problems)

    def test_more_than_three_buttons_are_advice_only(self):
        draft = self.draft(button_ids=[self.button(text=str(one)) for one in range(4)])
        self.assertFalse(draft.problems)
        self.assertIn("computer", draft.advice)

    def test_draft_with_problems_is_kept_and_not_submitted(self):
        draft = self.draft(body_text="{{patient_name}}")
        with self.assertRaisesRegex(UserError, "patient_name"):
            draft.action_submit()
        self.assertFalse(draft.task)

    def test_unmapped_variable_keeps_a_draft_from_being_submitted(self):
        draft = self.draft(body_text="Your tea is {{favourite_tea}} as always, enjoy.")
        with self.assertRaisesRegex(UserError, "favourite_tea"):
            draft.action_submit()

    def test_buttons_are_numbered_in_their_order(self):
        draft = self.draft(
            button_ids=[
                self.button(text="B", index=5),
                self.button(text="A", index=2),
            ]
        )
        self.assertEqual(
            draft.button_ids.sorted("index").mapped(lambda one: (one.index, one.text)),
            [(0, "A"), (1, "B")],
        )

    def test_language_variants_are_found_side_by_side(self):
        english, turkish = self.draft(), self.draft(language="tr")
        self.assertEqual(english.variant_ids, english | turkish)

    def test_another_language_begins_with_this_text(self):
        context = self.draft(button_ids=[self.button()]).action_translate()["context"]
        form = Form(self.templates.with_context(**context))
        form.language = "tr"
        variant = form.save()
        self.assertEqual(variant.body_text, TEXT)
        self.assertEqual(variant.button_ids.text, "Yes")

    def test_examples_follow_the_language_unless_somebody_wrote_them(self):
        text = "{{appointment_date}}: {{appointment_time}}, {{patient_name}}, see you."
        draft = self.draft(body_text=f"Your visit: {text}")
        by_name = {one.name: one for one in draft.variable_ids}
        self.assertIn("Tuesday", by_name["appointment_date"].example)
        by_name["appointment_time"].example = "at noon"
        context = draft.action_translate()["context"]
        form = Form(self.templates.with_context(**context))
        form.language = "tr"
        self.assert_turkish_examples(form.save())

    def test_examples_follow_a_language_that_a_program_writes(self):
        text = "{{appointment_date}}: {{appointment_time}}, {{patient_name}}, see you."
        draft = self.draft(body_text=f"Your visit: {text}")
        by_name = {one.name: one for one in draft.variable_ids}
        by_name["appointment_time"].example = "at noon"
        draft.language = "tr"
        self.assert_turkish_examples(draft)

    def assert_turkish_examples(self, template):
        examples = {one.name: one.example for one in template.variable_ids}
        self.assertEqual(examples["appointment_date"], "24 Kasım 2026 Salı")
        self.assertEqual(examples["appointment_time"], "at noon")

    def test_language_and_name_are_written_as_people_say_them(self):
        form = Form(self.templates)
        form.name = "Randevu hatırlatması (yarın)"
        self.assertEqual(form.name, "randevu_hatirlatmasi_yarin")
        for told in ("Türkçe", "turkish", "tr_TR", "tr-TR", "tr"):
            form.language = told
            self.assertEqual(form.language, "tr", told)
        form.language = "Klingon"
        self.assertEqual(form.language, "Klingon")

    def test_each_language_of_whatsapp_can_be_chosen(self):
        choices = dict(self.draft().language_choices)
        self.assertEqual(choices["tr"], "Turkish")
        self.assertFalse([code for code, name in choices.items() if code == name])

    def test_all_languages_are_submitted_at_once(self):
        english, turkish = self.draft(), self.draft(language="tr")
        self.assertEqual(english.draft_count, 2)
        english.action_submit_all_languages()
        self.assertEqual((english | turkish).mapped("task"), ["create", "create"])

    def test_preview_shows_formatting_and_escapes_the_rest(self):
        self.assertEqual(
            formatted("*b* _i_ ~s~ ```c``` <x> 2*3*4 snake_case_name"),
            "<b>b</b> <i>i</i> <s>s</s> <code>c</code> &lt;x&gt; 2*3*4 snake_case_name",
        )

    def test_marks_within_fixed_width_mean_nothing(self):
        self.assertEqual(
            formatted("*a* ```*b*``` `_c_` _d_"),
            "<b>a</b> <code>*b*</code> <code>_c_</code> <i>d</i>",
        )

    def test_preview_escapes_what_is_no_text(self):
        evil = "<img src=x onerror=alert(1)>"
        draft = self.draft(
            body_text=f"Hello {{{{who}}}}, *{evil}* is here.",
            header_kind="TEXT",
            header_text=evil,
            footer_text=evil,
            button_ids=[self.button(text=evil)],
        )
        draft.variable_ids.write({"source": "text", "text": evil})
        self.assertNotIn("<img", draft.preview_html)
        self.assertEqual(draft.preview_html.count("&lt;img"), 5)

    def test_more_than_three_buttons_hide_behind_one_in_the_preview(self):
        draft = self.draft(
            button_ids=[self.button(text=f"Choice {one}") for one in range(4)]
        )
        shown, _, hidden = draft.preview_html.partition("See all options")
        self.assertIn("Choice 1", shown)
        self.assertNotIn("Choice 2", shown)
        self.assertIn("Choice 2", hidden)
        self.assertIn("Choice 3", hidden)

    def test_code_button_has_whatsapps_label_in_the_preview(self):
        draft = self.draft(button_ids=[self.button("COPY_CODE", False, example="TEA")])
        self.assertIn("Copy offer code", draft.preview_html)

    def test_preview_is_filled_from_the_chosen_record(self):
        appointment = self.book(self.make_patient(name="Nesrin"))
        draft = self.draft()
        draft.preview_record = appointment
        self.assertIn("Nesrin", draft.preview_html)
        self.assertIn("Kadıköy", draft.preview_html)

    def test_preview_says_what_is_empty_for_the_record(self):
        draft = self.draft(body_text="Your doctor for {{what}} is ready, see you.")
        draft.variable_ids.write(
            {"source": "field", "field_path": "practitioner_id.specialty"}
        )
        draft.preview_record = self.book(self.make_patient())
        self.assertIn("{{what}}", draft.preview_problem)

    def test_preview_shows_the_sample_picture(self):
        draft = self.draft(header_kind="IMAGE", header_sample=PIXEL)
        self.assertIn("data:image", draft.preview_html)

    def test_media_header_needs_a_sample(self):
        self.assertIn("sample", self.draft(header_kind="VIDEO").problems)

    def test_sample_of_another_kind_is_refused_before_the_call(self):
        draft = self.draft(header_kind="VIDEO", header_sample=PIXEL)
        with self.assertRaisesRegex(UserError, "MP4"):
            draft.action_submit()


@tagged("post_install", "-at_install")
class TestTemplateProtection(WritingCase):
    def test_approved_text_cannot_be_changed_silently(self):
        for values in (
            {"body_text": "Other"},
            {"name": "other"},
            {"button_ids": [self.button()]},
        ):
            with self.subTest(values=values), self.assertRaises(UserError):
                self.template.with_user(self.manager).write(values)
        with self.assertRaises(UserError):
            self.template.button_ids[:1].with_user(self.manager).text = "Other"

    def test_what_whatsapp_says_cannot_be_entered(self):
        draft = self.draft()
        for values in ({"status": "APPROVED"}, {"remote_id": "1"}):
            with self.subTest(values=values), self.assertRaises(UserError):
                draft.write(values)
        with self.assertRaises(UserError):
            self.draft(name="other", status="APPROVED")

    def test_only_drafts_can_be_deleted_here(self):
        with self.assertRaises(UserError):
            self.template.with_user(self.manager).unlink()
        draft = self.draft()
        draft.unlink()
        self.assertFalse(draft.exists())

    def test_receptionist_reads_templates_and_writes_none(self):
        draft = self.draft().with_user(staff_user(self, "receptionist"))
        self.assertTrue(draft.body_text)
        with self.assertRaises(AccessError):
            draft.body_text = "x"

    def test_change_of_an_approved_template_is_a_draft_beside_it(self):
        change = self.revise()
        self.assertEqual(change.original_id, self.template)
        self.assertEqual(change.body_text, self.template.body_text)
        self.assertEqual(len(change.button_ids), 3)
        change.body_text = "Hello {{patient_name}}, this is another text for you."
        self.assertTrue(self.template.enabled)
        self.assertEqual(len(self.template.variable_ids), 4)

    def test_second_edit_opens_the_same_draft(self):
        self.assertEqual(self.revise(), self.revise())

    def test_quota_of_changes_is_told(self):
        template = self.template.with_user(self.manager)
        self.assertIn("10 of 10", template.edit_quota)
        edits = [(clock.now() - timedelta(days=days)).isoformat() for days in (5, 3)]
        self.template.approval_id.edited_at = edits
        self.assertIn("8 of 10", template.edit_quota)

    def test_no_second_change_within_a_day(self):
        self.template.approval_id.edited_at = [clock.now().isoformat()]
        with self.assertRaisesRegex(UserError, "once in 24 hours"):
            self.revise()

    def test_draft_is_not_lost_when_the_account_is_loaded(self):
        draft = self.draft()
        make_template(self, "another")
        self.assertEqual((draft.status, draft.body_text), ("DRAFT", TEXT))

    def test_draft_stays_beside_a_template_of_the_same_name_at_whatsapp(self):
        draft = self.draft()
        other = [{"type": "BODY", "text": "Something else for {{patient_name}} today."}]
        loaded = make_template(self, "written_here", components=other)
        change = self.templates.search([("original_id", "=", loaded.id)])
        self.assertEqual(loaded.body_text, other[0]["text"])
        self.assertEqual(change.body_text, TEXT)
        self.assertEqual(draft.status, "APPROVED")

    def revise(self):
        template = self.template.with_user(self.manager)
        return self.templates.browse(template.action_edit()["res_id"])


@tagged("post_install", "-at_install")
class TestTemplateVariables(WritingCase):
    def ready(self, source, **values):
        template = make_template(
            self, "ready", components=[{"type": "BODY", "text": "a {{what}} b"}]
        )
        template.variable_ids.write({"source": source, **values})
        template.action_enable()
        return template

    def send(self, template, **values):
        appointment = self.book(self.make_patient())
        self.consent(appointment.partner_id)
        return self.env["whatsapp.clinic.message"]._enqueue(
            [
                {
                    "channel_id": self.channel.id,
                    "partner_id": appointment.partner_id.id,
                    "branch_id": self.branch.id,
                    "purpose_id": self.purpose.id,
                    "template_id": template.id,
                    **appointment._reference(),
                    **values,
                }
            ]
        )

    def test_asked_text_is_what_the_sender_wrote(self):
        message = self.send(self.ready("ask"), variables={"body:what": "an apple"})
        self.assertEqual(message._render(1)[1], "a an apple b")

    def test_asked_text_that_nobody_wrote_is_missing(self):
        with self.assertRaisesRegex(MissingValue, "what"):
            self.send(self.ready("ask"))._render(1)

    def test_composer_asks_for_the_text(self):
        template = self.ready("ask")
        appointment = self.book(self.make_patient())
        self.consent(appointment.partner_id)
        receptionist = staff_user(self, "receptionist")
        form = Form(
            self.env["whatsapp.clinic.composer"]
            .with_user(receptionist)
            .with_context(active_model=appointment._name, active_ids=appointment.ids)
        )
        form.template_id = template
        form.purpose_id = self.purpose
        with form.asked_ids.edit(0) as asked:
            asked.text = "an apple"
        self.assertIn("an apple", form.preview_html)
        form.save().action_send()
        row = self.env["whatsapp.clinic.message"].search(
            [("template_id", "=", template.id)]
        )
        self.assertEqual(row.variables, {"body:what": "an apple"})

    def test_composer_foresees_that_a_header_has_its_sample_file(self):
        header = {"type": "HEADER", "format": "IMAGE"}
        body = {"type": "BODY", "text": "This is for you."}
        template = make_template(self, "picture", components=[header, body])
        patient = self.make_patient()
        self.consent(patient)
        composer = self.env["whatsapp.clinic.composer"].create(
            {
                "res_model": "res.partner",
                "res_ids": patient.ids,
                "content": "template",
                "template_id": template.id,
                "purpose_id": self.purpose.id,
            }
        )
        self.assertEqual(composer.refused_count, 1)
        self.assertIn("header", composer.outlook_html)
        template.header_sample = PIXEL
        composer.invalidate_recordset()
        composer.template_id = template
        self.assertEqual(composer.refused_count, 0, composer.outlook_html)

    def test_composer_refuses_a_line_break(self):
        template = self.ready("ask")
        appointment = self.book(self.make_patient())
        composer = self.env["whatsapp.clinic.composer"].create(
            {
                "res_model": appointment._name,
                "res_ids": appointment.ids,
                "content": "template",
                "template_id": template.id,
                "purpose_id": self.purpose.id,
            }
        )
        composer.asked_ids.text = "one\ntwo"
        with self.assertRaisesRegex(UserError, "line break"):
            composer.action_send()

    def test_built_in_time_is_the_patients_where_asked(self):
        template = self.ready("builtin", builtin="patient_time")
        appointment = self.book(
            self.make_patient(tz="America/New_York"), "2027-03-05 21:30:00"
        )
        self.assertEqual(template._values(appointment)["body", "what"], "4:30 PM")

    def test_patients_time_is_the_branchs_where_unknown(self):
        template = self.ready("builtin", builtin="patient_time")
        appointment = self.book(self.make_patient(tz=False), "2027-03-05 21:30:00")
        self.assertEqual(template._values(appointment)["body", "what"], "12:30 AM")

    def test_rule_cannot_send_what_somebody_has_to_write(self):
        with self.assertRaisesRegex(UserError, "asks the sender"):
            self.rule(template_id=self.ready("ask").id)

    def test_rule_cannot_send_what_somebody_has_to_add_to_the_header(self):
        for kind in ("LOCATION", "IMAGE"):
            header = {"type": "HEADER", "format": kind}
            body = {"type": "BODY", "text": "This is for you."}
            template = make_template(self, kind.lower(), components=[header, body])
            with self.subTest(kind), self.assertRaisesRegex(UserError, "a place"):
                self.rule(template_id=template.id)


@tagged("post_install", "-at_install")
class TestTemplateLanguages(WritingCase):
    def variant(self, language):
        return make_template(self, language=language)

    def test_language_table_says_which_code_a_patient_has(self):
        azeri = self.variant("az")
        self.env["whatsapp.clinic.language"].create({"lang": "ku_IQ", "code": "az"})
        self.assertEqual(self.template._for_language("ku_IQ"), azeri)

    def test_change_of_the_table_counts_at_once(self):
        azeri = self.variant("az")
        self.assertEqual(self.template._for_language("ku_IQ"), self.template)
        row = self.env["whatsapp.clinic.language"].create(
            {"lang": "ku_IQ", "code": "tr"}
        )
        row.code = "az"
        self.assertEqual(self.template._for_language("ku_IQ"), azeri)
        row.unlink()
        self.assertEqual(self.template._for_language("ku_IQ"), self.template)

    def test_fallback_languages_are_tried_in_their_order(self):
        self.variant("tr")
        german = self.variant("de")
        self.company.clinic_fallback_languages = "fr, de, tr"
        self.assertEqual(self.template._for_language("ru_RU"), german)

    def test_branch_tries_its_own_languages(self):
        turkish = self.variant("tr")
        self.variant("de")
        self.company.clinic_fallback_languages = "de"
        self.branch.fallback_languages = "tr"
        self.assertEqual(self.template._for_language("ru_RU", self.branch), turkish)

    def test_own_language_comes_before_the_fallback(self):
        turkish = self.variant("tr")
        self.variant("de")
        self.company.clinic_fallback_languages = "de"
        self.assertEqual(self.template._for_language("tr_TR"), turkish)

    def test_language_of_three_letters_is_not_taken_for_one_of_two(self):
        self.variant("fi")
        self.assertEqual(self.template._for_language("tl_PH"), self.template)

    def test_template_itself_is_the_last_resort(self):
        self.company.clinic_fallback_languages = "fr"
        self.assertEqual(self.template._for_language("ru_RU"), self.template)

    def test_what_is_no_code_is_refused(self):
        with self.assertRaises(UserError):
            self.company.clinic_fallback_languages = "tr-TR"


@tagged("post_install", "-at_install")
class TestTemplateLibrary(WritingCase):
    def test_library_keeps_every_rule_and_is_complete_in_both_languages(self):
        drafts = self.templates._add_missing(self.channel)
        for draft in drafts:
            with self.subTest(draft.display_name):
                self.assertEqual(draft._problems(), [])
                self.assertEqual(draft.expected_category, "UTILITY")
                self.assertFalse(rules.problems(draft._definition()) and draft.advice)
        by_language = {
            language: {one.name for one in drafts if one.language == language}
            for language in ("tr", "en")
        }
        there = {self.template.name}
        self.assertEqual(by_language["tr"], by_language["en"] | there)

    def test_what_is_there_is_not_written_again(self):
        drafts = self.templates._add_missing(self.channel)
        self.assertNotIn(
            ("appointment_reminder", "en"),
            drafts.mapped(lambda one: (one.name, one.language)),
        )
        self.assertEqual(self.templates._add_missing(self.channel), drafts)

    def test_one_whose_name_whatsapp_blocks_does_not_hold_up_the_others(self):
        drafts = self.templates._add_missing(self.channel)
        blocked = drafts[0].approval_ids.sudo()
        blocked.write(
            {
                "status": "DELETED",
                "name_blocked_until": clock.now() + timedelta(days=9),
            }
        )
        self.assertEqual(self.templates._add_missing(self.channel), drafts[1:])
        self.assertEqual(blocked.status, "DELETED")

    def test_consent_request_opens_the_personal_page(self):
        drafts = self.templates._add_missing(self.channel)
        request = drafts.filtered(lambda one: one.name == "consent_request")[0]
        self.assertEqual(
            request.variable_ids.mapped("builtin").count("personal_link"), 1
        )
        self.assertTrue(
            request.button_ids.url.endswith("/whatsapp_clinic/consent/{{1}}")
        )

    def test_consent_question_has_buttons_that_answer(self):
        drafts = self.templates._add_missing(self.channel)
        question = drafts.filtered(lambda one: one.name == "consent_question")
        for one in question:
            self.assertEqual(one.button_ids.mapped("action"), ["agree", "decline"])

    def test_wizard_shows_what_is_there_and_what_is_missing(self):
        library = self.env["whatsapp.clinic.template.library"].with_user(self.manager)
        wizard = library.create({"channel_id": self.channel.id})
        stands = {(one.name, one.language): one.stands for one in wizard.line_ids}
        self.assertEqual(stands["appointment_reminder", "en"], "approved")
        self.assertEqual(stands["appointment_reminder", "tr"], "missing")
        self.assertEqual(wizard.missing_count, len(stands) - 1)

    def test_one_click_submits_what_is_missing(self):
        library = self.env["whatsapp.clinic.template.library"].with_user(self.manager)
        wizard = library.create({"channel_id": self.channel.id})
        missing_count = wizard.missing_count
        action = wizard.action_submit_missing()
        drafts = self.templates.search(action["domain"])
        self.assertEqual(len(drafts), missing_count)
        self.assertEqual(set(drafts.mapped("task")), {"create"})

    def test_rules_for_what_was_submitted_are_there_and_idle(self):
        rules = self.env["whatsapp.clinic.message.rule"].with_context(active_test=False)
        before = rules.search([])
        library = self.env["whatsapp.clinic.template.library"].with_user(self.manager)
        library.create({"channel_id": self.channel.id}).action_submit_missing()
        proposed = rules.search([]) - before
        self.assertIn("moved", proposed.mapped("anchor"))
        self.assertFalse(any(proposed.mapped("active")))
        rules._propose(proposed.template_id)
        self.assertEqual(rules.search([]) - before, proposed)


@tagged("post_install", "-at_install")
class TestUnusedTemplates(WritingCase):
    def test_template_of_a_rule_is_used_in_every_language(self):
        turkish = make_template(self, language="tr")
        other = make_template(self, "nobody_needs_it")
        self.rule()
        unused = self.templates.search([("is_unused", "=", True)])
        self.assertIn(other, unused)
        self.assertFalse(unused & (self.template | turkish))
        self.assertTrue(other.is_unused)
