"""The addon as it is in this tree."""

from odoo.addons.whatsapp_clinic.models.outbox.dispatcher import ChannelRun

__all__ = ["ChannelRun", "give_consent", "load_templates"]


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
    env["whatsapp.clinic.channel.setup"]._load_templates(channel)
