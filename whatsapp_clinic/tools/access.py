"""What a user may press, and which records a user may name, where the work is then
done with the rights of the system."""

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


def require_field(model, name: str) -> None:
    """Raise AccessError unless the user may read a field: for its `search`.

    Odoo asks the groups of a field only where it becomes a column of the query.
    """
    model._check_field_access(model._fields[name], "read")


def create_as_system(model, vals_list):
    """Create records with the rights of the system, in the name of the user.

    AccessError where the user may not see what came of it: record rules hold, though
    no role may create such records.
    """
    records = model.sudo().create(vals_list).with_env(model.env)
    records.check_access("read")
    return records


def require_readable(records) -> None:
    """Raise AccessError unless all these records exist and the user may read them.

    Nothing tells what is hidden from what does not exist: no name, no id, no other
    sentence. As superuser everything that exists is readable.
    """
    if records and records != records.exists()._filtered_access("read"):
        raise unreadable(records.env)


def unreadable(env) -> AccessError:
    """The refusal of a record that does not exist, as far as the user can know."""
    return AccessError(
        env._(
            "A record that was chosen is not yours to see, or no longer exists. "
            "Reload the page and choose again."
        )
    )


def named(records):
    """Those of `records` whose name the user may see; the others get a neutral one.

    For `_compute_display_name`: Odoo asks it as superuser for whatever id a client
    hands in. Needs `@api.depends_context("uid")`.
    """
    stored = records.browse(filter(None, records._origin.ids))
    hidden = stored - stored.sudo(False)._filtered_access("read")
    is_hidden = set(hidden.ids)
    seen = records.filtered(lambda one: one._origin.id not in is_hidden)
    (records - seen).display_name = records.env._("Not yours to see")
    return seen
