"""What each role may press on records of its own branch."""

from odoo.exceptions import AccessError
from odoo.tests import tagged

from ..common import ClinicCase, staff_user
from .foreign_clinic import ForeignClinic
from .test_access import ROLES
from .test_methods import ARGUMENTS, PREFIX, public_methods

# Who may: receptionist, practitioner, manager, administrator, privacy (o)fficer.
# Who may not is refused for want of rights; others may be told what else is missing, or
# find nothing to do.
MAY = {
    "account": {
        "action_enter_credentials": "rpmao",
    },
    "alarm": {
        "action_fix": "ma",
        "banner": "rpmao",
        "notify_cancel_by_type": "ma",
    },
    "appointment": {
        "action_arrive": "rpma",
        "action_ask_to_cancel": "rpmao",
        "action_book": "rpma",
        "action_call_about_move": "rpmao",
        "action_cancel": "rpma",
        "action_confirm": "rpma",
        "action_fulfill": "rpma",
        "action_mark_arrived": "rpma",
        "action_mark_noshow": "rpma",
        "action_fix_objection": "rpmao",
        "action_noshow": "rpma",
        "action_open_messages": "rpmao",
        "action_print_consent_form": "rpmao",
        "action_step_back": "rpmao",
        "action_tell_move": "rpmao",
        "action_undo_move": "rpma",
        "news_of_move": "rpmao",
        "notify_cancel_by_type": "rpmao",
        "place": "rpmao",
    },
    "appointment.cancel": {
        "action_cancel": "rpma",
        "action_cancel_and_call": "rpma",
        "action_cancel_and_tell": "rpma",
        "action_undo": "rpma",
    },
    "channel": {
        "action_arm": "a",
        "action_check_connection": "a",
        "action_enter_credentials": "rpmao",
        "action_load_profile": "a",
        "action_load_templates": "a",
        "action_open_cost": "rpmao",
        "action_open_messages": "rpmao",
        "action_record_transfer": "ao",
        "action_register": "rpmao",
        "action_release_hold": "a",
        "action_send_test": "a",
        "action_set_webhook": "rpmao",
        "action_subscribe_app": "a",
        "notify_cancel_by_type": "rpmao",
    },
    "channel.check": {
        "action_fix": "ma",
    },
    "channel.connect": {
        "action_back": "a",
        "action_check": "a",
        "action_find": "a",
        "action_new_verify_token": "a",
        "action_set_webhook": "a",
    },
    "channel.connect.number": {
        "action_connect": "",
    },
    "channel.credentials": {
        "action_save": "rpmao",
    },
    "channel.registration": {
        "action_ask": "rpmao",
    },
    "channel.transfer": {
        "action_save": "ao",
    },
    "composer": {
        "action_fix_objection": "rpma",
        "action_send": "rpma",
        "action_undo": "rpma",
    },
    "consent": {
        "action_withdraw": "rpmao",
        "read_state": "rpmao",
        "record_decision": "rmao",
    },
    "consent.ask": {
        "action_chat": "rmao",
        "action_email": "rmao",
        "action_show": "rmao",
        "action_sms": "rmao",
        "action_whatsapp": "rmao",
    },
    "consent.coverage": {
        "action_open_patient": "rpmao",
    },
    "consent.import": {
        "action_back": "mao",
        "action_check": "mao",
        "action_download_problems": "rpmao",
        "action_download_template": "rpmao",
        "action_open_lines": "rpmao",
        "action_record": "mao",
    },
    "consent.import.line": {
        "action_choose": "mao",
        "action_judge_again": "mao",
    },
    "consent.proof": {
        "action_print": "rpmao",
        "action_verify": "rpmao",
        "action_verify_all": "o",
    },
    "consent.record": {
        "action_record": "rmao",
    },
    "consent.request": {
        "action_ask_again": "rpmao",
        "action_close": "rmao",
    },
    "guardianship": {
        "action_end_today": "rmao",
        "notify_cancel_by_type": "rpmao",
    },
    "identity": {
        "action_allow_marketing": "mao",
        "action_block": "rmao",
        "action_link_patient": "rpmao",
        "action_open_messages": "rpmao",
        "action_unblock": "mao",
        "notify_cancel_by_type": "rpmao",
    },
    "identity.link": {
        "action_link": "rmao",
    },
    "media": {
        "action_retry": "rpma",
    },
    "message": {
        "action_ask_to_send": "rpmao",
        "action_cancel": "rpma",
        "action_choose_patient": "rpma",
        "action_link_patient": "rpmao",
        "action_new_patient": "rpmao",
        "action_no_answer_needed": "rpma",
        "action_open_subject": "rpmao",
        "action_reply": "rpmao",
        "action_retry_media": "rpma",
        "action_send_again": "rpma",
        "answer_box": "rpmao",
    },
    "message.reply": {
        "action_send": "rpma",
        "action_use_template": "rpma",
        "action_undo": "rpma",
    },
    "message.rule": {
        "action_open_waiting": "rpmao",
        "outlook_of_switch": "rpmao",
    },
    "message.subject": {
        # It is called of what inherits it.
        "action_open_messages": "",
    },
    "message.send": {
        "action_send": "rpma",
    },
    "practitioner": {
        "action_open_leaves": "rpmao",
    },
    "privacy.notice": {
        "action_confirm_publication": "o",
        "action_new_version": "o",
        "action_open_consents": "rpmao",
        "action_open_page": "rpmao",
        "action_publish": "o",
    },
    "rate": {
        "action_price_again": "ma",
    },
    "res.partner": {
        "action_confirm_number": "rma",
        "action_fix_objection": "rpmao",
        "action_open_clinic_appointments": "rpmao",
        "action_open_whatsapp_messages": "rpmao",
        "action_print_consent_form": "rpmao",
        "action_take_guardian": "rpmao",
        "get_formview_id": "rpmao",
        "notify_cancel_by_type": "rpmao",
    },
    "sending": {
        "action_open_messages": "rpmao",
        "action_undo": "ma",
    },
    "template": {
        "action_accept_category": "ma",
        "action_delete_remote": "ma",
        "action_disable": "ma",
        "action_edit": "ma",
        "action_enable": "ma",
        "action_limit_ttl": "ma",
        "action_open": "rpmao",
        "action_rewrite": "ma",
        "action_submit": "ma",
        "action_submit_all_languages": "ma",
        "action_submit_to_others": "ma",
        "action_translate": "ma",
        "action_unpause": "ma",
        "name_search": "rpmao",
        "notify_cancel_by_type": "rpmao",
    },
    "template.approval": {
        "action_accept_category": "ma",
        "action_delete_remote": "ma",
        "action_limit_ttl": "ma",
        "action_rewrite": "ma",
        "action_submit": "ma",
        "action_unpause": "ma",
    },
    "holiday.import": {
        "action_import": "ma",
        "action_show_collisions": "ma",
    },
    "template.library": {
        "action_submit_missing": "ma",
    },
    "unrecognised": {
        "action_settle": "a",
    },
    "webhook.event": {
        "action_retry": "a",
    },
}


@tagged("post_install", "-at_install")
class TestOwnBranch(ClinicCase):
    """Every public method, called by each role where the record is its own."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.clinic = ForeignClinic(cls)
        cls.records = cls.clinic.records()
        cls.users = {
            role: staff_user(
                cls,
                role,
                cls.clinic.branch,
                company_id=cls.clinic.company.id,
                company_ids=cls.clinic.company.ids,
            )
            for role in ROLES
        }
        cls.env.flush_all()

    def methods(self):
        for name, model in self.env.items():
            if name.startswith(PREFIX) or name == "res.partner":
                for method in sorted(public_methods(model)):
                    yield name, self.records.get(name, model), method

    def may(self, role, record, name) -> bool:
        """Whether it is not for want of rights that nothing comes of it."""
        arguments = ARGUMENTS.get(name, lambda _clinic: [])(self.clinic)
        user = self.users[role]
        self.env.flush_all()
        self.env.invalidate_all()
        savepoint = self.env.cr.savepoint(flush=False)
        try:
            with self.env.cr.savepoint():
                if record._transient:
                    # Forms are of who has them open.
                    self.env.cr.execute(
                        f"UPDATE {record._table} SET create_uid = %s", [user.id]
                    )
                own = record.with_user(user).with_context(
                    allowed_company_ids=self.clinic.company.ids
                )
                getattr(own, name)(*arguments)
                self.env.flush_all()
        except AccessError:
            return False
        except Exception:
            return True
        finally:
            self.env.cr.postcommit.clear()
            self.env.clear()
            savepoint.close(rollback=True)
        return True

    def test_every_method_says_who_may_call_it(self):
        found = {}
        for name, _record, method in self.methods():
            found.setdefault(name.removeprefix(PREFIX), set()).add(method)
        self.assertEqual(found, {name: set(known) for name, known in MAY.items()})

    def test_each_role_calls_what_it_may_and_nothing_else(self):
        for name, record, method in self.methods():
            told = MAY[name.removeprefix(PREFIX)][method]
            called = "".join(
                role[0] if role != "privacy_officer" else "o"
                for role in ROLES
                if self.may(role, record, method)
            )
            with self.subTest(model=name, method=method):
                self.assertEqual(called, told)
