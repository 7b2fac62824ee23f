"""Who may press a button whose work is then done with the rights of the system."""

from odoo.exceptions import AccessError


def require_group(env, *groups: str) -> None:
    """Raise AccessError unless the user is in one of the addon's groups.

    `groups` are xml ids without the module, for example `group_manager`.
    """
    if env.su or any(
        env.user.has_group(f"whatsapp_clinic.{group}") for group in groups
    ):
        return
    raise AccessError(env._("You do not have the rights for this in WhatsApp Clinic."))
