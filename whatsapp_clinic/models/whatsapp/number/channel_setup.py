import logging

import psycopg2

from odoo import api, models

from ....cloud_api.errors import UNREACHABLE, CallFailed, CloudApiError
from ....tools.quiet_sql import place
from ....tools.transaction import begin_anew
from ....tools.wake_up import wake_after_commit
from ...provider.connection import channel_client

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
        """What channels and templates asked for, one transaction for each channel."""
        for channel in self.env["whatsapp.clinic.channel"].search(
            [("active", "=", True)]
        ):
            begin_anew(self.env, 1)
            is_connected = channel.state in ("ready", "held")
            if is_connected:
                self._set_ttls(channel)
                self._submit_templates(channel)
            if is_connected and channel.templates_wanted:
                self._load_templates_safely(channel)
            channel.templates_wanted = False

    @api.model
    def _set_ttls(self, channel):
        """Set the time to live of the templates for which somebody asked."""
        wanting = self.env["whatsapp.clinic.template"].search(
            [
                ("business_account_id", "=", channel.business_account_id),
                ("ttl_wanted", "=", True),
            ]
        )
        client = channel_client(channel) if wanting else None
        for template in wanting:
            seconds = template.useful_seconds
            template.ttl_wanted = False
            try:
                client.set_template_ttl(template.remote_id, seconds)
            except CallFailed as error:
                template.ttl_error = self._tell(error)
            else:
                template._note_edit()
                template.write({"ttl_seconds": seconds, "ttl_error": False})

    @api.model
    def _submit_templates(self, channel):
        """What managers asked for, each template committed by itself."""
        waiting = self.env["whatsapp.clinic.template"].search(
            [
                ("business_account_id", "=", channel.business_account_id),
                ("task", "!=", False),
            ]
        )
        for template in waiting:
            template._carry_out_safely(channel_client(channel))
            begin_anew(self.env, 1)

    def _tell(self, error: CallFailed) -> str:
        """What went wrong and what to do."""
        if isinstance(error, CloudApiError):
            cure = error.policy.cure_of_request
            return f"{error.policy.title}. {self.env._(cure)}"
        return f"{UNREACHABLE.title}. {self.env._(UNREACHABLE.cure)}"

    @api.model
    def _load_templates_safely(self, channel):
        """An account that cannot be read must not stop the others."""
        try:
            with self.env.cr.savepoint():
                self._load_templates(channel)
        except psycopg2.OperationalError:
            raise
        except Exception as error:
            _logger.error(
                "Templates of channel %s cannot be loaded: %s", channel.id, place(error)
            )
            channel.templates_error = self.env._(
                "This could not be done: see the log of the server."
            )

    @api.model
    def _load_templates(self, channel):
        client = channel_client(channel)
        try:
            definitions = list(client.templates(channel.business_account_id))
            limit = client.phone_number([_MESSAGING_LIMIT]).get(_MESSAGING_LIMIT)
        except CallFailed as error:
            channel.templates_error = self._tell(error)
        else:
            self.env["whatsapp.clinic.template"]._load(channel, definitions)
            channel.portfolio_id._take_over_limit(limit)
            channel.templates_error = False
