import json
from datetime import timedelta

from markupsafe import Markup

from odoo.exceptions import UserError
from odoo.tests import tagged
from odoo.tools import SQL

from ...models.provider import events
from ...models.whatsapp.provider import WHATSAPP
from ...tools import clock
from ..common import (
    AYSE_PHONE,
    AYSE_WA_ID,
    MARKER,
    PHONE_NUMBER_ID,
    ClinicCase,
    SandboxCase,
    staff_user,
)
from ..intake.test_webhook import envelope

USER = "TR.AYSE1"
MEXICAN, MEXICAN_WA_ID = "+525512345678", "5215512345678"
BRAZILIAN, BRAZILIAN_WA_ID = "+5511987654321", "551187654321"


def written(wa_id=None, user_id=None, message_id="wamid.in-1", seconds=0, **contact):
    ids = {"wa_id": wa_id, "user_id": user_id}
    froms = {"from": wa_id, "from_user_id": user_id}
    return {
        "contacts": [
            {**{key: one for key, one in ids.items() if one}, "profile": contact}
        ],
        "messages": [
            {
                **{key: one for key, one in froms.items() if one},
                "id": message_id,
                "timestamp": str(1795000000 + seconds),
                "type": "text",
                "text": {"body": "Hello KUMQUAT"},
            }
        ],
    }


class IdentityCase(ClinicCase):
    def take_in(self, value, field="messages"):
        for event in WHATSAPP.parse(json.dumps(envelope(value, field=field)).encode()):
            inbound = self.env["whatsapp.clinic.inbound"]
            if isinstance(event, events.Status):
                inbound._handle_statuses([event])
            else:
                inbound._handle(event)
        self.env.flush_all()
        self.env.invalidate_all()

    def find(self, **ids):
        return self.env["whatsapp.clinic.identity"].search(
            [(name, "=", value) for name, value in ids.items()]
        )

    def message(self, message_id="wamid.in-1"):
        return self.env["whatsapp.clinic.message"].search(
            [("message_id", "=", message_id)]
        )

    def two_of_one(self):
        """A patient known by phone, a stranger by user id: the same person."""
        patient = self.make_patient()
        self.take_in(written(user_id=USER, username="ayse"))
        return patient, self.find(wa_id=AYSE_WA_ID), self.find(user_id=USER)

    def meet(self, message_id="wamid.both", seconds=60):
        self.take_in(written(AYSE_WA_ID, USER, message_id, seconds))


@tagged("post_install", "-at_install")
class TestIdentityMerge(IdentityCase):
    """A number and a user id that turn out to be one person."""

    def test_a_message_with_both_ids_makes_one_of_two(self):
        patient, by_number, by_user = self.two_of_one()
        self.meet()
        self.assertFalse(by_user.exists())
        self.assertEqual(by_number.user_id, USER)
        self.assertEqual(by_number.username, "ayse")
        self.assertEqual(self.message().identity_id, by_number)
        self.assertEqual(self.message().partner_id, patient)
        self.assertEqual(self.message("wamid.both").identity_id, by_number)

    def test_a_status_with_both_ids_makes_one_of_two(self):
        _patient, by_number, by_user = self.two_of_one()
        status = {
            "id": "wamid.out",
            "status": "delivered",
            "timestamp": "1795000000",
            "recipient_id": AYSE_WA_ID,
            "recipient_user_id": USER,
        }
        self.take_in({"statuses": [status]})
        self.assertFalse(by_user.exists())
        self.assertEqual(by_number.user_id, USER)

    def test_the_own_number_given_as_a_card_makes_one_of_two(self):
        _patient, by_number, by_user = self.two_of_one()
        card = {
            "origin": "contact_request",
            "name": {"formatted_name": "Ayşe"},
            "phones": [{"phone": AYSE_PHONE, "wa_id": AYSE_WA_ID}],
        }
        value = written(user_id=USER, message_id="wamid.card")
        value["messages"][0].update(type="contacts", contacts=[card])
        self.take_in(value)
        self.assertFalse(by_user.exists())
        self.assertEqual(by_number.user_id, USER)

    def test_a_card_of_somebody_else_links_nothing(self):
        _patient, by_number, by_user = self.two_of_one()
        card = {
            "name": {"formatted_name": "A friend"},
            "phones": [{"phone": AYSE_PHONE, "wa_id": AYSE_WA_ID}],
        }
        value = written(user_id=USER, message_id="wamid.card")
        value["messages"][0].update(type="contacts", contacts=[card])
        self.take_in(value)
        self.assertTrue(by_user.exists())
        self.assertFalse(by_number.user_id)

    def test_patients_of_both_stay(self):
        patient, by_number, by_user = self.two_of_one()
        other = self.make_patient("+905321110004", "Other KUMQUAT")
        by_user.partner_ids = other
        self.meet()
        self.assertEqual(by_number.partner_ids, patient | other)

    def test_the_stricter_stop_holds(self):
        for stopped in ("number", "user"):
            with self.subTest(stopped):
                user_id, wa_id = f"TR.{stopped}", f"90532222{len(stopped):04d}"
                self.make_patient(f"+{wa_id}", stopped)
                self.take_in(written(user_id=user_id, message_id=f"w.{stopped}"))
                one = (
                    self.find(wa_id=wa_id)
                    if stopped == "number"
                    else self.find(user_id=user_id)
                )
                one._stop("staff")
                one._stop("stop_word", "advertising")
                self.take_in(written(wa_id, user_id, f"w.both.{stopped}", 60))
                merged = self.find(wa_id=wa_id, user_id=user_id)
                self.assertEqual(merged.block_source, "staff")
                self.assertTrue(merged.marketing_blocked_at)

    def test_a_stop_of_one_cancels_what_waits_for_the_other(self):
        patient, _by_number, by_user = self.two_of_one()
        self.consent(patient)
        self.rule()
        waiting = self.book(patient).whatsapp_message_ids
        self.assertEqual(set(waiting.mapped("state")), {"queued"})
        by_user._stop("staff")
        self.meet()
        self.assertEqual(set(waiting.mapped("state")), {"cancelled"})

    def test_the_longer_hold_holds(self):
        _patient, by_number, by_user = self.two_of_one()
        until = clock.now() + timedelta(days=1000)
        by_user.hold_until = until
        self.meet()
        self.assertEqual(by_number.hold_until, until)

    def test_who_left_one_has_left_both(self):
        patient, by_number, by_user = self.two_of_one()
        by_user.partner_ids = patient
        by_number._unlink_patients("wrong_person")
        self.meet()
        self.assertFalse(by_number.partner_ids)
        self.assertEqual(by_number.former_partner_ids, patient)
        self.assertEqual(by_number.block_source, "wrong_person")

    def test_notes_and_activities_stay(self):
        _patient, by_number, by_user = self.two_of_one()
        note = by_user.message_post(body=str(MARKER))
        activity = by_user.activity_schedule("mail.mail_activity_data_todo")
        self.meet()
        self.assertEqual((note.res_id, activity.res_id), (by_number.id,) * 2)

    def test_merging_twice_changes_nothing(self):
        _patient, by_number, by_user = self.two_of_one()
        by_number._merge(by_user)
        by_number._merge(by_user)
        self.assertEqual(by_number.user_id, USER)

    def test_a_number_that_now_shows_another_user_changed_hands(self):
        patient = self.make_patient()
        self.take_in(written(AYSE_WA_ID, "TR.OLD"))
        self.take_in(written(user_id=USER, message_id="wamid.2", seconds=10))
        self.take_in(written(AYSE_WA_ID, USER, "wamid.3", 20))
        old, new = self.find(user_id="TR.OLD"), self.find(user_id=USER)
        self.assertFalse(patient in (old | new).partner_ids)
        self.assertEqual(old.block_source, "wrong_person")
        self.assertEqual(new.wa_id, AYSE_WA_ID)

    def rotated(self, new_user_id):
        return {
            "messages": [
                {
                    "from": AYSE_WA_ID,
                    "from_user_id": USER,
                    "id": "wamid.system",
                    "timestamp": "1795000030",
                    "type": "system",
                    "system": {
                        "type": "user_changed_user_id",
                        "previous_user_id": USER,
                        "user_id": new_user_id,
                    },
                }
            ]
        }

    def test_after_a_rotation_both_user_ids_are_the_same_person(self):
        patient = self.make_patient()
        self.take_in(written(AYSE_WA_ID, USER))
        self.take_in(self.rotated("TR.NEW"))
        self.take_in(written(user_id="TR.NEW", message_id="wamid.2", seconds=60))
        self.take_in(written(AYSE_WA_ID, USER, "wamid.late", 5))
        for message_id in ("wamid.2", "wamid.late"):
            self.assertEqual(self.message(message_id).partner_id, patient)
        self.assertEqual(self.find(wa_id=AYSE_WA_ID).user_id, "TR.NEW")
        self.assertFalse(self.find(wa_id=AYSE_WA_ID).blocked_at)

    def test_a_rotation_that_is_told_after_the_new_id_wrote_merges(self):
        self.take_in(written(user_id=USER))
        self.take_in(written(user_id="TR.NEW", message_id="wamid.2", seconds=60))
        self.take_in(self.rotated("TR.NEW"))
        found = self.message().identity_id | self.message("wamid.2").identity_id
        self.assertEqual(len(found), 1)
        self.assertEqual(found.user_id, "TR.NEW")

    def test_nothing_in_the_database_points_to_the_merged_one(self):
        _patient, by_number, by_user = self.two_of_one()
        by_user.message_post(body=Markup("A note KUMQUAT"))
        merged_id = by_user.id
        before = self.pointing_to(merged_id)
        self.meet()
        self.assertTrue(any("mail_message" in place for place in before))
        self.assertTrue(any("clinic_message" in place for place in before))
        self.assertEqual(self.pointing_to(merged_id), {})
        # Nothing was removed for it: what pointed to one points to the other.
        self.assertEqual(by_number.whatsapp_message_count, 2)
        self.assertIn("A note KUMQUAT", str(by_number.message_ids.mapped("body")))

    def pointing_to(self, identity_id):
        """{place: rows} of all foreign keys and references to an identity."""
        self.env.flush_all()
        self.env.cr.execute(
            """
            SELECT conrelid::regclass::text, attname, NULL
            FROM pg_constraint JOIN pg_attribute
              ON attrelid = conrelid AND attnum = ANY(conkey)
            WHERE contype = 'f' AND confrelid = 'whatsapp_clinic_identity'::regclass
            UNION ALL
            SELECT by_id.table_name, 'res_id', by_model.column_name
            FROM information_schema.columns AS by_id
            JOIN information_schema.columns AS by_model USING (table_schema, table_name)
            JOIN information_schema.tables AS t USING (table_schema, table_name)
            WHERE by_id.column_name = 'res_id' AND t.table_type = 'BASE TABLE'
              AND by_model.column_name IN ('model', 'res_model')
              AND by_model.data_type = 'character varying'
              AND by_id.data_type = 'integer' AND by_id.table_name <> 'ir_model_data'
            """
        )
        found = {}
        for table, column, model in self.env.cr.fetchall():
            condition = SQL("%s = %s", SQL.identifier(column), identity_id)
            if model:
                name = "whatsapp.clinic.identity"
                condition = SQL(
                    "%s AND %s = %s", condition, SQL.identifier(model), name
                )
            query = SQL("SELECT count(*) FROM %s WHERE %s", SQL(table), condition)
            ((count,),) = self.env.execute_query(query)
            if count:
                found[f"{table}.{column}"] = count
        return found


@tagged("post_install", "-at_install")
class TestStrangers(IdentityCase):
    """Who wrote before the clinic knew whose number it is."""

    def test_what_a_stranger_wrote_becomes_the_patients(self):
        self.take_in(written(AYSE_WA_ID))
        patient = self.make_patient()
        self.assertEqual(self.message().partner_id, patient)

    def test_what_a_former_holder_of_the_number_wrote_stays_nobodys(self):
        self.make_patient()
        self.find(wa_id=AYSE_WA_ID)._unlink_patients("wrong_person")
        self.take_in(written(AYSE_WA_ID))
        self.make_patient(name="New holder KUMQUAT")
        self.assertFalse(self.message().partner_id)

    def test_what_one_of_a_family_wrote_is_not_given_to_who_comes_next(self):
        self.make_patient(name="Mother KUMQUAT")
        self.make_patient(name="Child KUMQUAT")
        self.take_in(written(AYSE_WA_ID))
        self.make_patient(name="Aunt KUMQUAT")
        self.assertFalse(self.message().partner_id)


@tagged("post_install", "-at_install")
class TestDigits(IdentityCase):
    """WhatsApp writes some numbers of Mexico and Brazil otherwise."""

    def test_an_answer_in_the_other_form_is_of_the_same_patient(self):
        for phone, wa_id in ((MEXICAN, MEXICAN_WA_ID), (BRAZILIAN, BRAZILIAN_WA_ID)):
            with self.subTest(phone):
                patient = self.make_patient(phone, phone)
                self.take_in(written(wa_id, message_id=f"wamid.{wa_id}"))
                self.assertEqual(self.message(f"wamid.{wa_id}").partner_id, patient)

    def test_who_wrote_first_is_found_when_entered_in_the_other_form(self):
        self.take_in(written(MEXICAN_WA_ID))
        patient = self.make_patient(MEXICAN, "Mexican KUMQUAT")
        self.assertEqual(self.message().identity_id.partner_ids, patient)
        self.assertFalse(self.find(wa_id=MEXICAN[1:]))

    def test_the_other_form_is_no_change_of_number(self):
        patient = self.make_patient(MEXICAN, "Mexican KUMQUAT")
        self.take_in(written(MEXICAN_WA_ID, USER))
        self.take_in(written(MEXICAN[1:], USER, "wamid.2", 60))
        identity = self.message().identity_id
        self.assertEqual(identity.partner_ids, patient)
        self.assertFalse(identity.blocked_at)

    def test_a_landline_of_brazil_is_not_taken_for_a_mobile(self):
        patient = self.make_patient("+551123456789", "Landline KUMQUAT")
        self.take_in(written("5511923456789"))
        self.assertFalse(self.message().partner_id & patient)

    def test_the_id_that_whatsapp_answers_with_is_kept(self):
        patient = self.make_patient()
        row = self.env["whatsapp.clinic.message"]._enqueue(
            [
                {
                    "channel_id": self.channel.id,
                    "partner_id": patient.id,
                    "purpose_id": self.conversation.id,
                    "body": "Hello",
                }
            ]
        )
        row._note_recipients({row.id: "905321119999"})
        self.take_in(written("905321119999"))
        self.assertEqual(self.message().partner_id, patient)

    def test_who_wrote_under_that_id_before_is_the_same(self):
        patient = self.make_patient()
        self.take_in(written("905321119999"))
        row = self.env["whatsapp.clinic.message"]._enqueue(
            [
                {
                    "channel_id": self.channel.id,
                    "partner_id": patient.id,
                    "purpose_id": self.conversation.id,
                    "body": "Hello",
                }
            ]
        )
        row._note_recipients({row.id: "905321119999"})
        self.assertEqual(self.message().partner_id, patient)

    def test_the_user_id_of_another_portfolio_is_the_same_person(self):
        portfolio = self.channel.portfolio_id.copy({"name": "Other"})
        self.channel.copy(
            {
                "name": "B",
                "phone_number_id": "65",
                "portfolio_id": portfolio.id,
            }
        )
        patient = self.make_patient()
        self.take_in(written(AYSE_WA_ID, USER))
        value = written(AYSE_WA_ID, "TR.OTHER", "wamid.2", 60)
        value["metadata"] = {"phone_number_id": "65"}
        self.take_in(value)
        later = written(None, "TR.OTHER", "wamid.3", 120)
        later["metadata"] = {"phone_number_id": "65"}
        self.take_in(later)
        self.assertEqual(self.message("wamid.3").partner_id, patient)


@tagged("post_install", "-at_install")
class TestIdentityOverSandbox(SandboxCase):
    def test_staff_links_who_hides_the_number_and_writes_to_them(self):
        receptionist = staff_user(self, "receptionist")
        patient = self.make_patient(phone=False, name="Hidden KUMQUAT")
        self.consent(patient)
        identity = self.env["whatsapp.clinic.identity"].create(
            {"user_id": "TR.KUMQUAT1", "username": "hidden"}
        )
        self.env["whatsapp.clinic.message"].create(
            {
                "direction": "in",
                "state": "received",
                "channel_id": self.channel.id,
                "company_id": self.company.id,
                "identity_id": identity.id,
                "body": "Hello KUMQUAT",
            }
        )
        action = identity.with_user(receptionist).action_link_patient()
        self.env[action["res_model"]].with_user(receptionist).with_context(
            **action["context"]
        ).create({"partner_id": patient.id}).action_link()
        self.assertEqual(identity.partner_ids, patient)
        message = self.send_reminder(self.book(patient))
        self.assertEqual(message.identity_id, identity)
        self.assertEqual(message.state, "queued")

    def test_nobody_is_linked_to_who_has_died(self):
        receptionist = staff_user(self, "receptionist")
        patient = self.make_patient(phone=False, clinic_deceased_on="2026-01-01")
        identity = self.env["whatsapp.clinic.identity"].create({"user_id": "TR.K2"})
        link = self.env["whatsapp.clinic.identity.link"].with_user(receptionist)
        with self.assertRaises(UserError):
            link.create(
                {"identity_id": identity.id, "partner_id": patient.id}
            ).action_link()

    def test_a_hidden_number_that_shows_again_is_the_same_patient(self):
        patient = self.make_patient()
        self.sandbox.add_patient(AYSE_PHONE, user_id=USER, username="ayse")
        self.sandbox.write(USER, PHONE_NUMBER_ID, "Hello KUMQUAT")
        self.process()
        stranger = self.env["whatsapp.clinic.identity"].search([("user_id", "=", USER)])
        self.assertFalse(stranger.partner_ids)
        self.sandbox.call("PATCH", f"patients/{USER}", {"username": None})
        self.sandbox.write(AYSE_WA_ID, PHONE_NUMBER_ID, "It is me KUMQUAT")
        self.process()
        self.assertFalse(stranger.exists())
        self.assertEqual(patient.whatsapp_identity_ids.user_id, USER)
        self.assertEqual(patient.whatsapp_message_count, 2)
