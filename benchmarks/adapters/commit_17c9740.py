"""The addon as it was at 17c9740."""

from odoo.addons.whatsapp_clinic.models.messaging.dispatcher import ChannelRun

__all__ = ["ChannelRun", "give_consent", "load_templates", "take_templates"]


def give_consent(env, partners, purpose):
    """Each of the partners agrees to the purpose now."""
    env["whatsapp.clinic.consent"].create(
        [
            {
                "partner_id": partner.id,
                "purpose_id": purpose.id,
                "decision": "given",
                "method": "paper",
            }
            for partner in partners
        ]
    )


def load_templates(env, channel):
    """Load the channel's templates from its WhatsApp."""
    env["whatsapp.clinic.channel.setup"]._load_templates(channel)


def take_templates(env, channel, listed):
    """Take over templates as WhatsApp lists them."""
    env["whatsapp.clinic.template"]._load(channel, listed)
