"""The life of a template at WhatsApp: submitted, judged, changed, deleted."""

import base64
from types import SimpleNamespace
from unittest.mock import patch

from odoo.exceptions import UserError
from odoo.tests import tagged

from ....cloud_api.errors import OutcomeUnknown
from ....cloud_api.payloads import TEMPLATE_BODY
from ....models.whatsapp.number import channel_task
from ...common import AYSE_WA_ID, BUSINESS_ACCOUNT, MARKER, SandboxCase, staff_user
from ...media.media_case import MP4, PDF
from ...template.test_template_shapes import SENDABLE, UNWRITABLE
from ...template.test_template_writing import PIXEL, TEXT


class LifeCase(SandboxCase):
    def setUp(self):
        super().setUp()
        self.manager = staff_user(self, "manager")
        self.templates = self.env["whatsapp.clinic.template"].with_user(self.manager)
        self.sandbox.switch(review_seconds=86_400)
        self.addCleanup(self.sandbox.move_clock, 0)

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

    def submit(self, draft):
        draft.action_submit()
        self.work_off_requests()
        return draft

    def treat(self, template, what, **body):
        """Have the sandbox do something with a template, and take in what it tells.

        A second later than before, or the same news twice were one webhook.
        """
        self.sandbox.pass_time(1)
        self.sandbox.treat_template(template.remote_id, what, **body)
        self.process()

    def approved(self, **values):
        template = self.submit(self.draft(**values))
        self.treat(template, "review", decision="APPROVED")
        return template

    def at_whatsapp(self, template):
        (found,) = [
            one for one in self.sandbox.templates() if one["id"] == template.remote_id
        ]
        return found


@tagged("post_install", "-at_install")
class TestSubmission(LifeCase):
    def test_draft_is_submitted_by_the_scheduled_action_and_approved_by_webhook(self):
        draft = self.draft()
        draft.action_submit()
        self.assertEqual(draft.task, "create")
        self.assertFalse(draft.remote_id)
        self.work_off_requests()
        self.assertEqual((draft.task, draft.status), (False, "PENDING"))
        self.assertEqual(self.at_whatsapp(draft)["name"], "written_here")
        self.treat(draft, "review", decision="APPROVED")
        self.assertEqual((draft.status, draft.enabled), ("APPROVED", True))

    def test_what_is_being_submitted_cannot_be_changed(self):
        draft = self.draft()
        draft.action_submit()
        with self.assertRaises(UserError):
            draft.body_text = "Other"

    def test_every_kind_of_header_and_button_is_taken(self):
        button = self.button
        shapes = {
            "header_text": {"header_kind": "TEXT", "header_text": "Your visit"},
            "header_image": {"header_kind": "IMAGE", "header_sample": PIXEL},
            "header_video": {
                "header_kind": "VIDEO",
                "header_sample": base64.b64encode(MP4),
            },
            "header_document": {
                "header_kind": "DOCUMENT",
                "header_sample": base64.b64encode(PDF),
            },
            "header_location": {"header_kind": "LOCATION"},
            "footer": {"footer_text": "See you"},
            "positional": {
                "parameter_format": "POSITIONAL",
                "body_text": "On {{1}} we expect you here, at our place.",
                "variable_ids": [
                    (
                        0,
                        0,
                        {
                            "component": "body",
                            "name": "1",
                            "example": "Monday",
                            "source": "builtin",
                            "builtin": "appointment_date",
                        },
                    )
                ],
            },
            "buttons": {
                "button_ids": [
                    button("QUICK_REPLY", "Confirm"),
                    button("URL", "Map", url="https://clinic.example/map"),
                    button("PHONE_NUMBER", "Call", phone="+902165550000"),
                ]
            },
            "copy_code": {"button_ids": [button("COPY_CODE", "", example="TEA20")]},
            "flow": {"button_ids": [button("FLOW", "Form", flow_id="123456789")]},
            "call": {"button_ids": [button("VOICE_CALL", "Call us")]},
            "contact": {"button_ids": [button("REQUEST_CONTACT_INFO", "")]},
        }
        for number, (name, values) in enumerate(shapes.items()):
            text = TEXT.replace("soon", f"soon ({number})")
            with self.subTest(name):
                draft = self.submit(
                    self.draft(name=name, **{"body_text": text, **values})
                )
                self.assertFalse(draft.task_error)
                self.assertEqual(draft.status, "PENDING")

    def sent_button(self, **button):
        """What a message of a template with this button carries for it."""
        template = self.approved(
            name=button["kind"].lower(), button_ids=[(0, 0, button)]
        )
        self.assertTrue(template.enabled, template.problems)
        patient = self.make_patient()
        self.consent(patient)
        message = self.send_reminder(self.book(patient), template_id=template.id)
        self.dispatch()
        self.assertEqual((message.state, message.reason), ("sent", False))
        payload, _text = message.sudo()._render(2)
        components = payload["template"]["components"]
        (found,) = [one for one in components if one["type"] == "button"]
        return message, found

    def test_code_button_carries_its_code(self):
        _message, button = self.sent_button(kind="COPY_CODE", example="TEA20")
        self.assertEqual(button["sub_type"], "copy_code")
        self.assertEqual(button["parameters"][0]["coupon_code"], "TEA20")

    def test_form_button_carries_the_key_of_its_message(self):
        message, button = self.sent_button(
            kind="FLOW", text="Form", flow_id="123456789"
        )
        self.assertEqual(button["sub_type"], "flow")
        self.assertEqual(
            button["parameters"][0]["action"]["flow_token"], message.sudo().key
        )

    def test_who_is_asked_for_the_phone_number_sends_it_with_one_tap(self):
        template = self.approved(
            button_ids=[self.button("REQUEST_CONTACT_INFO", "")],
        )
        patient = self.make_patient()
        self.consent(patient)
        self.send_reminder(self.book(patient), template_id=template.id)
        self.dispatch()
        self.process()
        (bubble,) = self.thread()
        self.sandbox.tap(AYSE_WA_ID, bubble["id"], 0)
        self.process()
        answer = self.env["whatsapp.clinic.message"].search(
            [("direction", "=", "in")], order="id desc", limit=1
        )
        self.assertEqual(answer.kind, "contacts")
        self.assertIn(AYSE_WA_ID, str(answer.content["contacts"]))

    def made_at_whatsapp(self, number, components):
        """A template whose components somebody changed in WhatsApp Manager."""
        text = TEXT.replace("soon", f"soon ({number})")
        template = self.approved(name=f"shape_{number}", body_text=text)
        body = {"type": "BODY", "text": text}
        components = [body if part["type"] == "BODY" else part for part in components]
        self.treat(template, "components", components=components)
        self.work_off_requests()
        return template

    def test_shapes_made_at_whatsapp_are_sent_or_refused_before_the_call(self):
        patient = self.make_patient()
        self.consent(patient)
        appointment = self.book(patient)
        for number, (name, components) in enumerate(UNWRITABLE.items()):
            template = self.made_at_whatsapp(number, components)
            self.later(minutes=1)
            message = self.send_reminder(appointment, template_id=template.id)
            self.dispatch()
            told = (message.state, message.reason)
            with self.subTest(name):
                if name in SENDABLE:
                    self.assertEqual(told, ("sent", False))
                else:
                    self.assertEqual(told, ("refused", "template_disabled"))
                    self.assertTrue(template.problems)

    def test_template_can_lead_to_the_privacy_notice(self):
        notice = self.env["whatsapp.clinic.privacy.notice"].create(
            {"text_ids": [(0, 0, {"lang": "en_US", "title": "N", "body": "<p>N</p>"})]}
        )
        notice.action_publish()
        template = self.approved(
            body_text="May we write to you? Read {{notice_link}} before you answer."
        )
        patient = self.make_patient()
        self.consent(patient)
        message = self.send_reminder(self.book(patient), template_id=template.id)
        self.dispatch()
        self.assertEqual(message.state, "sent")
        self.assertIn(notice._url(), message.body)

    def button(self, kind, text, **values):
        return (0, 0, {"kind": kind, "text": text, **values})

    def test_refusal_is_told_with_its_cure_and_can_be_submitted_again(self):
        self.sandbox.switch(words_per_variable=50)
        draft = self.submit(self.draft())
        self.assertEqual((draft.status, draft.task), ("DRAFT", False))
        self.assertIn("use fewer variables", draft.task_error)
        self.sandbox.switch(words_per_variable=0)
        self.submit(draft)
        self.assertEqual((draft.status, draft.task_error), ("PENDING", False))

    def test_unreachable_whatsapp_is_told_and_the_draft_stays(self):
        self.channel.base_url = "http://127.0.0.1:9"
        draft = self.submit(self.draft())
        self.assertEqual((draft.status, draft.body_text), ("DRAFT", TEXT))
        self.assertIn("cannot be reached", draft.task_error)

    def test_one_that_raises_does_not_stop_the_others(self):
        broken = self.submit(self.draft(name="broken"))
        broken.sudo().approval_id.remote_id = "no id of WhatsApp"
        broken.action_delete_remote()
        draft = self.draft(name="sound", body_text=TEXT.replace("soon", "close"))
        draft.action_submit()
        with self.assertLogs("odoo.addons.whatsapp_clinic", "ERROR"):
            self.work_off_requests()
        self.assertIn("see the log", broken.task_error)
        self.assertEqual(draft.status, "PENDING")

    def test_lost_answer_does_not_make_a_second_template(self):
        self.sandbox.fault("reset_after_accept", edge="message_templates", count=1)
        draft = self.submit(self.draft())
        if draft.status == "DRAFT":
            self.submit(draft)
        self.assertEqual(draft.status, "PENDING")
        names = [one["name"] for one in self.sandbox.templates()]
        self.assertEqual(names.count("written_here"), 1)

    def test_same_text_under_another_name_is_refused_in_plain_words(self):
        first = self.submit(self.draft())
        first.sudo().approval_id.remote_id = False
        second = self.submit(self.draft(name="second"))
        self.assertIn("same text", second.task_error)

    def test_nothing_is_submitted_without_a_connected_number(self):
        self.channel.active = False
        with self.assertRaisesRegex(UserError, "connected"):
            self.draft().action_submit()

    def test_library_is_submitted_and_approved_with_one_click(self):
        library = self.env["whatsapp.clinic.template.library"].with_user(self.manager)
        self.channel.action_load_templates()
        self.work_off_requests()
        action = library.create({"channel_id": self.channel.id}).action_submit_missing()
        drafts = self.templates.search(action["domain"])
        self.work_off_requests()
        self.assertEqual(drafts.filtered("task_error").mapped("task_error"), [])
        self.assertEqual(set(drafts.mapped("status")), {"PENDING"})
        for draft in drafts:
            self.sandbox.treat_template(draft.remote_id, "review", decision="APPROVED")
        self.process()
        wizard = library.create({"channel_id": self.channel.id})
        self.assertEqual(set(wizard.line_ids.mapped("stands")), {"approved"})
        self.assertTrue(all(drafts.mapped("enabled")))


@tagged("post_install", "-at_install")
class TestReview(LifeCase):
    def test_rejection_says_why_in_plain_words_and_reaches_the_managers(self):
        template = self.submit(self.draft())
        self.treat(
            template,
            "review",
            decision="REJECTED",
            reason="PROMOTIONAL",
            recommendation="Remove the offer.",
        )
        self.assertEqual(template.status, "REJECTED")
        self.assertIn("advertises", template.status_reason)
        self.assertIn("Remove the offer.", template.status_reason)
        activity = template.activity_ids.filtered(
            lambda one: one.user_id == self.manager
        )
        self.assertIn("rejected", activity.summary)

    def test_category_that_whatsapp_chose_stops_its_use_until_it_is_accepted(self):
        self.sandbox.switch(review_category="MARKETING")
        template = self.approved()
        self.assertEqual(template.category, "MARKETING")
        self.assertEqual(template.expected_category, "UTILITY")
        patient = self.make_patient()
        self.consent(patient)
        self.consent(patient, purpose=self.env.ref("whatsapp_clinic.purpose_marketing"))
        appointment = self.book(patient)
        marketing = self.env.ref("whatsapp_clinic.purpose_marketing").id
        refused = self.send_reminder(
            appointment, template_id=template.id, purpose_id=marketing
        )
        self.assertEqual(refused.reason, "template_category")
        self.assertTrue(template.activity_ids)
        template.action_accept_category()
        self.assertFalse(template.activity_ids)
        sent = self.send_reminder(
            appointment, template_id=template.id, purpose_id=marketing
        )
        self.assertNotEqual(sent.reason, "template_category")

    def test_category_changed_later_stops_its_use_and_tells_the_managers(self):
        template = self.approved()
        self.treat(template, "category", category="MARKETING")
        self.assertNotEqual(template.category, template.expected_category)
        self.assertIn("category", template.activity_ids[:1].summary)

    def test_coming_category_is_shown_and_changes_nothing_yet(self):
        template = self.approved()
        self.treat(template, "category", category="MARKETING", notice_seconds=86_400)
        self.assertEqual(template.coming_category, "MARKETING")
        self.assertTrue(template.category_changes_at)
        self.assertEqual(template.category, "UTILITY")

    def test_quality_is_kept(self):
        template = self.approved()
        self.treat(template, "quality", score="RED")
        self.assertEqual(template.quality, "RED")

    def test_pause_is_told_once_and_is_over_when_it_comes_back(self):
        template = self.approved()
        self.treat(template, "pause")
        self.assertEqual(template.status, "PAUSED")
        self.assertIn("Paused for 3 hours", template.status_reason)
        count = len(template.activity_ids)
        self.assertTrue(count)
        self.channel.action_load_templates()
        self.work_off_requests()
        self.assertEqual(len(template.activity_ids), count)
        self.treat(template, "status", event="REINSTATED")
        self.assertEqual(template.status, "APPROVED")
        self.assertFalse(template.activity_ids)

    def test_pause_after_the_first_messages_is_ended_by_a_manager(self):
        self.sandbox.switch(pacing="drop", pacing_seconds=0)
        template = self.approved(expected_category="MARKETING")
        patient = self.make_patient()
        marketing = self.env.ref("whatsapp_clinic.purpose_marketing")
        self.consent(patient, purpose=marketing)
        self.send_reminder(
            self.book(patient), template_id=template.id, purpose_id=marketing.id
        )
        self.dispatch()
        self.process()
        self.assertEqual(template.status, "PAUSED")
        self.assertTrue(template.activity_ids)
        self.sandbox.move_clock(600)
        template.action_unpause()
        self.work_off_requests()
        self.assertFalse(template.task_error)
        self.assertEqual(template.status, "APPROVED")
        self.assertFalse(template.activity_ids)

    def test_pause_that_ends_by_itself_says_so_when_a_manager_ends_it(self):
        template = self.approved()
        self.treat(template, "pause")
        template.action_unpause()
        self.work_off_requests()
        self.assertEqual(template.status, "PAUSED")
        self.assertIn("not paused for pacing", template.task_error)

    def test_only_a_pause_can_be_ended(self):
        with self.assertRaises(UserError):
            self.approved().action_unpause()

    def test_flag_of_low_quality_does_not_stop_its_use(self):
        template = self.approved()
        self.treat(template, "status", event="FLAGGED")
        self.assertEqual(template.status, "APPROVED")

    def test_text_changed_in_whatsapps_manager_is_taken_over(self):
        template = self.approved()
        text = "Hello {{patient_name}}, somebody else has written this for you."
        components = [{"type": "BODY", "text": text}]
        self.treat(template, "components", components=components)
        self.work_off_requests()
        self.assertEqual(template.body_text, text)

    def test_template_made_elsewhere_is_loaded_when_its_news_come(self):
        draft = self.submit(self.draft())
        remote_id = draft.remote_id
        self.env.cr.execute(
            "DELETE FROM whatsapp_clinic_template WHERE id = %s", [draft.id]
        )
        self.env.invalidate_all()
        self.sandbox.treat_template(remote_id, "review", decision="APPROVED")
        self.process()
        self.work_off_requests()
        found = self.templates.search([("remote_id", "=", remote_id)])
        self.assertEqual(found.status, "APPROVED")

    def test_fault_between_two_pages_changes_nothing(self):
        def break_off(account):
            yield {"id": "1", "name": "first", "language": "en"}
            raise OutcomeUnknown("no second page")

        template = self.approved()
        self.channel.action_load_templates()
        client = SimpleNamespace(templates=break_off)
        with patch.object(channel_task, "channel_client", lambda _channel: client):
            self.work_off_requests()
        self.assertFalse(self.templates.search([("name", "=", "first")]))
        self.assertTrue(self.channel.templates_error)
        self.assertEqual((template.status, template.enabled), ("APPROVED", True))

    def test_account_that_cannot_be_read_does_not_stop_the_others(self):
        loads = type(self.env["whatsapp.clinic.template.approval"])
        self.channel.action_load_templates()
        with (
            patch.object(loads, "_load", side_effect=ValueError("odd")),
            self.assertLogs("odoo.addons.whatsapp_clinic", "ERROR"),
        ):
            self.work_off_requests()
        self.assertIn("see the log", self.channel.templates_error)
        self.assertFalse(self.channel.templates_wanted)

    def test_loading_reads_every_page_and_keeps_drafts(self):
        draft = self.draft(name="not_submitted")
        self.channel.action_load_templates()
        self.work_off_requests()
        loaded = self.templates.search(
            [("business_account_id", "=", BUSINESS_ACCOUNT), ("remote_id", "!=", False)]
        )
        remote = {
            one["id"]
            for one in self.sandbox.templates()
            if one["business_account_id"] == BUSINESS_ACCOUNT
        }
        self.assertEqual(set(loaded.mapped("remote_id")) & remote, remote)
        self.assertEqual(draft.status, "DRAFT")


@tagged("post_install", "-at_install")
class TestChange(LifeCase):
    other = "Hello {{patient_name}}, {{clinic_name}} has a new text for you, see you."

    def change(self, template, text):
        change = self.templates.browse(template.action_edit()["res_id"])
        change.body_text = text
        return change

    def test_change_goes_to_whatsapp_and_replaces_the_text(self):
        template = self.approved()
        change = self.change(template, self.other)
        self.assertEqual(template.body_text, TEXT)
        self.submit(change)
        self.assertFalse(change.exists())
        self.assertEqual((template.body_text, template.status), (self.other, "PENDING"))
        body = self.at_whatsapp(template)["components"][0]["text"]
        self.assertEqual(body, self.other)
        self.treat(template, "review", decision="APPROVED")
        self.assertEqual((template.status, template.enabled), ("APPROVED", True))
        self.assertIn("from", template.edit_quota)

    def test_change_keeps_where_values_come_from(self):
        template = self.approved()
        template.variable_ids.filtered(lambda one: one.name == "clinic_name").write(
            {"source": "text", "text": "Ours"}
        )
        self.submit(self.change(template, self.other))
        by_name = {one.name: one for one in template.variable_ids}
        self.assertEqual(by_name["clinic_name"].text, "Ours")

    def test_second_change_within_a_day_is_refused_before_the_call(self):
        template = self.approved()
        self.submit(self.change(template, self.other))
        self.treat(template, "review", decision="APPROVED")
        with self.assertRaisesRegex(UserError, "once in 24 hours"):
            template.action_edit()

    def test_rejected_template_may_be_changed_at_once_and_often(self):
        template = self.submit(self.draft())
        for number in range(2):
            self.treat(template, "review", decision="REJECTED")
            text = TEXT.replace("soon", f"soon ({number})")
            self.submit(self.change(template, text))
            self.assertEqual((template.status, template.body_text), ("PENDING", text))

    def test_refused_change_leaves_the_template_in_use(self):
        template = self.approved()
        self.sandbox.switch(words_per_variable=50)
        change = self.submit(self.change(template, self.other))
        self.assertTrue(change.task_error)
        self.assertEqual(
            (template.status, template.body_text, template.enabled),
            ("APPROVED", TEXT, True),
        )

    def test_messages_leave_with_the_old_text_until_the_change_is_submitted(self):
        template = self.approved()
        self.change(template, f"Hello {{{{patient_name}}}}, a {MARKER} text, see you.")
        patient = self.make_patient()
        self.consent(patient)
        message = self.send_reminder(self.book(patient), template_id=template.id)
        self.dispatch()
        self.assertEqual(message.state, "sent")
        self.assertIn("is soon", message.body)


@tagged("post_install", "-at_install")
class TestDeletion(LifeCase):
    def delete(self, template):
        template.action_delete_remote()
        self.assertEqual(template.task, "delete")
        self.work_off_requests()

    def test_deleted_template_is_gone_and_its_name_blocked(self):
        template = self.approved()
        remote_id = template.remote_id
        self.delete(template)
        self.assertEqual((template.status, template.enabled), ("DELETED", False))
        self.assertNotIn(remote_id, [one["id"] for one in self.sandbox.templates()])
        template.action_rewrite()
        self.assertEqual((template.status, template.body_text), ("DRAFT", TEXT))
        with self.assertRaisesRegex(UserError, "deleted"):
            template.action_submit()

    def test_name_can_be_used_again_after_thirty_days(self):
        template = self.approved()
        self.delete(template)
        template.action_rewrite()
        self.sandbox.move_clock(31 * 86_400)
        self.later(days=31)
        self.submit(template)
        self.assertEqual((template.status, template.task_error), ("PENDING", False))

    def test_rejected_template_blocks_no_name(self):
        template = self.submit(self.draft())
        self.treat(template, "review", decision="REJECTED")
        self.delete(template)
        self.assertFalse(template.name_blocked_until)

    def test_draft_cannot_be_deleted_at_whatsapp(self):
        with self.assertRaises(UserError):
            self.draft().action_delete_remote()


@tagged("post_install", "-at_install")
class TestRules(LifeCase):
    """What is refused here is what WhatsApp would refuse, and is not sent there."""

    def test_broken_rules_are_told_before_the_call(self):
        quick = (0, 0, {"kind": "QUICK_REPLY", "text": "A"})
        broken = {
            "name": {"name": "Upper Case"},
            "language": {"language": "tr_TR"},
            "variable at the start": {"body_text": "{{patient_name}}, see you soon."},
            "variable at the end": {"body_text": "See you soon, {{patient_name}}"},
            "adjacent": {"body_text": "Dear {{patient_name}}{{clinic_name}}, see you."},
            "long body": {"body_text": "x" * (TEMPLATE_BODY + 1)},
            "long header": {"header_kind": "TEXT", "header_text": "x" * 61},
            "long footer": {"footer_text": "x" * 61},
            "variable in the footer": {"footer_text": "Yours, {{clinic_name}}"},
            "single brace": {"body_text": "Dear {{patient_name}, see you soon."},
            "eleven buttons": {"button_ids": [quick] * 11},
            "gap": {
                "parameter_format": "POSITIONAL",
                "body_text": "Dear {{1}} and {{3}}, see you.",
            },
            "no text": {"body_text": False},
        }
        before = len(self.sandbox.templates())
        for rule, values in broken.items():
            with self.subTest(rule):
                draft = self.draft(**values)
                self.assertTrue(draft.problems)
                with self.assertRaises(UserError):
                    draft.action_submit()
                draft.unlink()
        self.assertEqual(len(self.sandbox.templates()), before)

    def test_value_that_whatsapp_would_refuse_is_told_on_the_record(self):
        patient = self.make_patient(name="Ayşe " * 250)
        self.consent(patient)
        row = self.send_reminder(self.book(patient))
        self.assertEqual((row.state, row.reason), ("refused", "not_allowed"))
        self.assertIn("1024", row.detail)
        self.dispatch()
        self.assert_nothing_was_asked()

    def test_value_that_is_empty_is_told_on_the_record(self):
        variable = self.template.variable_ids[0]
        variable.write({"source": "field", "field_path": "practitioner_id.specialty"})
        patient = self.make_patient()
        self.consent(patient)
        row = self.send_reminder(self.book(patient))
        self.dispatch()
        self.assertEqual((row.state, row.reason), ("refused", "value_missing"))
        self.assertIn(variable.name, row.detail)
        self.assert_nothing_was_asked()

    def assert_nothing_was_asked(self):
        stats = self.sandbox.stats()
        self.assertFalse(stats["accepted"] or stats["rejected"], stats)

    def test_quota_of_changes_counts_only_those_while_approved(self):
        template = self.submit(self.draft())
        self.treat(template, "review", decision="REJECTED")
        change = self.templates.browse(template.action_edit()["res_id"])
        self.submit(change)
        self.assertFalse(template.approval_id.edited_at)
        self.treat(template, "review", decision="APPROVED")
        self.assertIn("10 of 10", template.edit_quota)
