from odoo import models
from odoo.exceptions import UserError

from ....cloud_api.errors import UNREACHABLE, CallFailed, CloudApiError
from ....cloud_api.payloads import PayloadError
from ....tools.wording import _lt
from .clients import account_client, app_client, channel_client

UNUSABLE = _lt(
    "An id has digits only, without plus sign and blanks, and the address of the API "
    "begins with https://."
)


class ChannelTask(models.Model):
    """How WhatsApp is asked, and what is told of its refusals."""

    _inherit = "whatsapp.clinic.channel.task"

    def _connections(self, record):
        """The client of the channel, or of a set-up form's app, and the app's own."""
        if self.channel_id and self.channel_id.provider != "whatsapp":
            return super()._connections(record)
        owner = self.channel_id or record
        settings = owner.account_id, owner.base_url, owner.api_version
        app = app_client(*settings)
        is_channel = bool(self.channel_id)
        return channel_client(owner) if is_channel else account_client(*settings), app

    def _tell(self, error):
        if isinstance(error, CloudApiError):
            policy = error.policy
            return {
                "error": policy.tell(error.title),
                "cure": policy.cure_of_request,
            }
        if isinstance(error, CallFailed):
            return {"error": UNREACHABLE.title, "cure": UNREACHABLE.cure}
        if isinstance(error, PayloadError):
            return {"error": str(error)}
        if isinstance(error, ValueError) and not isinstance(error, UserError):
            return {"error": UNUSABLE}
        return super()._tell(error)
