"""The addon as it is in this tree."""

from odoo.addons.whatsapp_clinic.models.outbox.dispatcher import ChannelRun
from odoo.addons.whatsapp_clinic.models.whatsapp.number.clients import channel_client

__all__ = ["ChannelRun", "give_consent", "load_templates", "take_templates"]


def give_consent(env, partners, purpose):
    """Each of the partners agrees to the purpose now."""
    env["whatsapp.clinic.consent"].create(
        [
            {
                "partner_id": partner.id,
                "purpose_id": purpose.id,
                "decision": "given",
                "method": "import",
                "evidence": "Form in the old file",
            }
            for partner in partners
        ]
    )


def load_templates(env, channel):
    """Load the channel's templates from its WhatsApp."""
    client = channel_client(channel)
    channel._apply_load_templates(channel._call_load_templates()(client, None))


def take_templates(env, channel, listed):
    """Take over templates as WhatsApp lists them."""
    env["whatsapp.clinic.template.approval"]._load(channel, listed)
