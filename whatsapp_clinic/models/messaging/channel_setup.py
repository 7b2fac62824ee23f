import logging

from odoo import api, models

from ...cloud_api.errors import CallFailed, CloudApiError
from ...tools.wake_up import wake_after_commit
from .dispatcher import channel_client

_MESSAGING_LIMIT = "whatsapp_business_manager_messaging_limit"
_logger = logging.getLogger(__name__)


class ChannelSetup(models.AbstractModel):
    """What a channel asks of WhatsApp besides sending; never in a user's request."""

    _name = "whatsapp.clinic.channel.setup"
    _description = "WhatsApp Channel Set-up"

    @api.model
    def _wake(self):
        wake_after_commit(self.env, "load_templates")

    @api.model
    def _cron_load_templates(self):
        """Load the templates of the channels that asked, one transaction each."""
        wanting = self.env["whatsapp.clinic.channel"].search(
            [("templates_wanted", "=", True)]
        )
        for channel in wanting:
            if channel.state in ("ready", "held"):
                self._load_templates(channel)
            channel.templates_wanted = False
            self.env["ir.cron"]._commit_progress(1)

    @api.model
    def _load_templates(self, channel):
        client = channel_client(channel)
        try:
            definitions = list(client.templates(channel.business_account_id))
            limit = client.phone_number([_MESSAGING_LIMIT]).get(_MESSAGING_LIMIT)
        except CloudApiError as error:
            cure = self.env._(error.policy.cure)
            channel.templates_error = f"{error.policy.title}. {cure}"
        except CallFailed as error:
            channel.templates_error = f"WhatsApp cannot be reached ({error})."
        else:
            self.env["whatsapp.clinic.template"]._load(channel, definitions)
            channel.portfolio_id._take_over_limit(limit)
            channel.templates_error = False
