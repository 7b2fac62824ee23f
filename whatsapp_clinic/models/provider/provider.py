from odoo import api, models

from . import door


class Provider(models.AbstractModel):
    """The messengers that this database has installed."""

    _name = "whatsapp.clinic.provider"
    _description = "WhatsApp Clinic Messenger"

    @api.model
    def _providers(self) -> dict[str, door.Provider]:
        """The messengers by the names that channels have for them.

        A room or an addon that brings one extends this, and the `provider` of channels.
        """
        return {}

    @api.model
    def _of(self, channel) -> door.Provider:
        """The messenger of a channel. Raises `door.Unknown`."""
        return door.find(self._providers(), channel.provider)
