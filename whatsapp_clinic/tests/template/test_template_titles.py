"""What people call a template, and how they choose one."""

import psycopg2
from lxml import etree

from odoo.exceptions import AccessError
from odoo.tests import Form, tagged
from odoo.tools import mute_logger

from ..common import BUSINESS_ACCOUNT, ClinicCase, consent, make_template, staff_user
from .test_template_writing import WritingCase

TURKISH = [{"type": "BODY", "text": "Merhaba {{patient_name}}, sizi bekliyoruz."}]
CHOOSERS = (
    ("whatsapp.clinic.message.rule", "template_id"),
    ("whatsapp.clinic.composer", "template_id"),
    ("ir.actions.server", "whatsapp_template_id"),
)


@tagged("post_install", "-at_install")
class TestTitle(WritingCase):
    def test_loaded_template_is_called_by_its_name_in_plain_letters(self):
        offer = make_template(self, "winter_offer_2")
        self.assertEqual(offer.title, "Winter offer 2")
        self.assertEqual(offer.display_name, "Winter offer 2 (en)")

    def test_template_of_the_library_has_a_title_in_the_readers_language(self):
        self.env["res.lang"]._activate_lang("tr_TR")
        self.assertEqual(self.template.title, "Appointment reminder")
        turkish = self.template.with_context(lang="tr_TR")
        self.assertEqual(turkish.title, "Randevu hatırlatması")

    def test_each_template_of_the_library_has_a_title_in_each_of_its_languages(self):
        for entry in self.templates._library():
            with self.subTest(name=entry["name"], language=entry["language"]):
                self.assertTrue(entry["title"])

    def test_title_that_a_manager_gives_is_one_for_all_languages(self):
        english, turkish = self.draft(), self.draft(language="tr")
        another = self.draft(name="another")
        english.title = "Written by hand"
        self.assertEqual(turkish.title, "Written by hand")
        self.assertEqual(turkish.display_name, "Written by hand (tr)")
        self.assertEqual(another.title, "Another")
        self.assertEqual(self.draft(language="de").title, "Written by hand")

    def test_title_taken_away_gives_back_the_own_one(self):
        self.template.title = "Our reminder"
        self.template.title = ""
        self.assertEqual(self.template.title, "Appointment reminder")
        self.assertFalse(self.env["whatsapp.clinic.template.title"].search([]))

    def test_title_has_up_to_a_hundred_characters(self):
        self.template.title = "x" * 100
        self.assertEqual(self.template.title, "x" * 100)
        with (
            self.assertRaises(psycopg2.errors.CheckViolation),
            mute_logger("odoo.sql_db"),
        ):
            self.template.title = "x" * 101

    def test_title_may_change_while_whatsapp_has_the_text(self):
        self.template.with_user(self.manager).title = "Our reminder"
        self.assertEqual(self.template.title, "Our reminder")
        self.assertEqual(self.template.status, "APPROVED")

    def test_who_may_not_change_a_template_may_not_name_it(self):
        receptionist = staff_user(self, "receptionist")
        with self.assertRaises(AccessError):
            self.template.with_user(receptionist).title = "Mine"

    def test_title_of_one_company_says_nothing_in_another(self):
        other = self.env["res.company"].create({"name": "Other"})
        theirs = self.env["whatsapp.clinic.template"].create(
            {"name": "written_here", "language": "de", "company_id": other.id}
        )
        self.draft().title = "Ours"
        self.assertEqual(theirs.title, "Written here")

    def test_draft_keeps_its_title_under_another_name(self):
        draft = self.draft()
        draft.title = "Control"
        draft.name = "control_visit"
        self.assertEqual(draft.title, "Control")

    def test_templates_are_found_by_title_and_by_name(self):
        self.template.title = "Zahnputzkurs"
        for words in ("zahnputz", "appointment_rem"):
            with self.subTest(words=words):
                found = self.templates.name_search(words)
                self.assertIn((self.template.id, "Zahnputzkurs (en)"), found)

    def test_templates_are_listed_and_grouped_by_title(self):
        first, last = self.draft(name="zz"), self.draft(name="aa")
        first.title, last.title = "A first", "Z last"
        found = self.templates.search([("id", "in", (first | last).ids)])
        self.assertEqual(found.mapped("title"), ["A first", "Z last"])
        groups = self.templates._read_group(
            [("title", "in", ("A first", "Z last"))], ["title"], ["__count"]
        )
        self.assertEqual(groups, [("A first", 1), ("Z last", 1)])

    def test_title_of_a_new_template_makes_its_name(self):
        form = Form(self.templates)
        form.title = "Randevu hatırlatması (yarın)"
        self.assertEqual(form.name, "randevu_hatirlatmasi_yarin")
        form.name = "yarin"
        form.language = "tr"
        form.body_text = "Merhaba {{patient_name}}, yarın bekleriz, hoşça kalın."
        draft = form.save()
        self.assertEqual(draft.title, "Randevu hatırlatması (yarın)")
        self.assertEqual(draft.name, "yarin")

    def test_name_of_a_new_template_makes_its_title(self):
        form = Form(self.templates)
        form.name = "Kış kampanyası"
        self.assertEqual((form.title, form.name), ("Kış kampanyası", "kis_kampanyasi"))

    def test_template_in_another_language_begins_with_the_title(self):
        draft = self.draft()
        draft.title = "Control"
        context = draft.action_translate()["context"]
        self.assertEqual(Form(self.templates.with_context(**context)).title, "Control")

    def test_template_in_another_language_keeps_the_title_of_both(self):
        draft = self.draft(name="kontrol_cagrisi", language="tr")
        draft.title = "Kontrol çağrısı"
        context = draft.action_translate()["context"]
        form = Form(self.templates.with_context(**context))
        form.language = "en"
        self.assertEqual(form.save().title, "Kontrol çağrısı")
        self.assertEqual(draft.title, "Kontrol çağrısı")

    def test_title_may_be_chosen_anew(self):
        draft = self.draft()
        draft.title = "Control"
        draft.title = "Check-up"
        self.assertEqual(draft.title, "Check-up")

    def test_title_written_together_with_a_new_name_is_kept(self):
        draft = self.draft()
        draft.title = "Control"
        draft.write({"name": "control_visit", "title": "Control visit, yearly"})
        self.assertEqual(draft.title, "Control visit, yearly")

    def test_title_that_nobody_chose_is_not_stored(self):
        draft = self.draft()
        draft.name = "control_visit"
        self.assertEqual(draft.title, "Control visit")
        self.assertFalse(self.env["whatsapp.clinic.template.title"].search([]))


@tagged("post_install", "-at_install")
class TestChoosing(ClinicCase):
    """Whoever chooses a template chooses no language."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.turkish = make_template(
            cls, "appointment_reminder", "tr", components=TURKISH
        )
        cls.templates = cls.env["whatsapp.clinic.template"]
        cls.of_account = [("business_account_id", "=", BUSINESS_ACCOUNT)]
        cls.env["res.lang"]._activate_lang("tr_TR")

    def offered(self):
        return self.templates.search([("stands_for_all", "=", True), *self.of_account])

    def test_template_is_offered_once_in_the_language_of_the_clinic(self):
        self.assertEqual(self.offered(), self.template)
        self.company.partner_id.lang = "tr_TR"
        self.assertEqual(self.offered(), self.turkish)

    def test_language_that_can_be_sent_is_offered_before_one_that_cannot(self):
        self.template.approval_ids.status = "PAUSED"
        self.assertEqual(self.offered(), self.turkish)

    def test_template_without_a_language_in_use_is_not_offered(self):
        (self.template | self.turkish).enabled = False
        self.assertFalse(self.offered())

    def test_templates_about_different_things_are_both_offered(self):
        self.turkish.enabled = False
        self.turkish.model = "res.partner"
        self.turkish.enabled = True
        self.assertEqual(self.offered(), self.template | self.turkish)

    def domain_of(self, model, field) -> str:
        domain = getattr(field, "domain", "")
        return str(domain(model) if callable(domain) else domain)

    def test_everywhere_a_template_is_chosen_it_is_one_entry(self):
        named = {
            (field.model_name, field.name)
            for model in self.env.values()
            for field in model._fields.values()
            if getattr(field, "comodel_name", "") == "whatsapp.clinic.template"
            and "stands_for_all" in self.domain_of(model, field)
        }
        self.assertEqual(named, {*CHOOSERS})
        for model, name in CHOOSERS:
            for view_type in ("form", "list"):
                arch = etree.fromstring(
                    self.env[model].get_view(None, view_type)["arch"]
                )
                for node in arch.iterfind(f".//field[@name='{name}']"):
                    with self.subTest(model=model, view=view_type):
                        self.assertIn("in_any_language", node.get("context", ""))

    def test_entry_is_called_without_a_language(self):
        entry = self.template.with_context(in_any_language=True)
        self.assertEqual(entry.display_name, "Appointment reminder")
        self.assertEqual(self.template.display_name, "Appointment reminder (en)")

    def test_rule_about_another_language_than_is_offered_writes_as_before(self):
        patient = self.make_patient(lang="tr_TR")
        consent(self, patient)
        stored = self.rule(template_id=self.template.id)
        self.company.partner_id.lang = "tr_TR"
        visit = self.book(patient)
        row = self.env["whatsapp.clinic.message"].search([*visit._messages_domain()])
        self.assertEqual(stored.template_id, self.template)
        self.assertEqual(row.rule_id, stored)
        self.assertIn("Merhaba", row._foresee())

    def test_purpose_is_that_of_a_rule_in_whatever_language(self):
        followup = self.env.ref("whatsapp_clinic.purpose_followup")
        self.rule(template_id=self.template.id, purpose_id=followup.id)
        self.assertEqual(self.turkish._default_purpose(), followup)

    def test_what_was_sent_last_comes_first_in_whatever_language(self):
        make_template(self, "aaa")
        receptionist = staff_user(self, "receptionist")
        self.env["whatsapp.clinic.sending"].create(
            {
                "user_id": receptionist.id,
                "template_id": self.turkish.id,
                "purpose_id": self.purpose.id,
                "res_model": "res.partner",
                "res_ids": [self.channel.id],
                "record_count": 1,
                "state": "done",
            }
        )
        chooser = self.templates.with_user(receptionist).with_context(recent_first=True)
        domain = [("stands_for_all", "=", True), *self.of_account]
        found = [id_ for id_, _name in chooser.name_search("", domain)]
        self.assertEqual(found[0], self.template.id)
        self.assertEqual(len(found), len({*found}))
