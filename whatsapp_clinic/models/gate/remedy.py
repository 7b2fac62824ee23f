"""What the buttons do that end an objection to writing to a patient."""

from ...tools.phone import spellings


class Remedies:
    """By the names that the reasons give; each is told the message, a `sketch`, that
    could not be written, and answers an action for the client, or True."""

    def __init__(self, env):
        self.env = env

    def _enter_phone(self, sketch):
        return self._open(
            sketch._addressee, self.env._("Phone Number"), "patient_view_form_phone"
        )

    def _confirm_number(self, sketch):
        sketch._addressee._confirm_number()
        return True

    def _ask_for_consent(self, sketch):
        return self._open_wizard("consent_ask_action", sketch)

    def _record_consent(self, sketch):
        return self._open_wizard("consent_record_action", sketch)

    def _open_identity(self, sketch):
        return self._open(sketch.identity_id, self.env._("WhatsApp Number"))

    def _open_channel(self, sketch):
        return self._open(sketch.channel_id, self.env._("Channel"))

    def _remove_from_blacklist(self, sketch):
        blacklist = self.env["phone.blacklist"].sudo()
        numbers = spellings(sketch.identity_id.phone)
        blacklist._remove(
            blacklist.search([("number", "in", numbers)]).mapped("number"),
            message=self.env._("Removed by %s.", self.env.user.name),
        )
        return True

    def _restore(self, sketch):
        sketch.partner_id.action_unarchive()
        return True

    def _lift_bar(self, sketch):
        sketch.partner_id.clinic_barred = False
        return True

    def _open_wizard(self, xml_id: str, sketch) -> dict:
        actions = self.env["ir.actions.act_window"]
        action = actions._for_xml_id(f"whatsapp_clinic.{xml_id}")
        return {**action, "context": {"default_partner_id": sketch.partner_id.id}}

    def _open(self, record, name: str, view: str | None = None) -> dict:
        view_id = view and self.env.ref(f"whatsapp_clinic.{view}").id
        return {
            "type": "ir.actions.act_window",
            "name": name,
            "res_model": record._name,
            "res_id": record.id,
            "views": [(view_id or False, "form")],
            "target": "new" if view else "current",
        }
