"""Names of Odoo that move from version to version stand here and nowhere else.

Each function does in this version what its name says; what a later one calls it is
tried first where it can be told apart.
"""

import base64

try:
    from odoo.http.router import Application, db_list
except ImportError:
    from odoo.http import Application, db_list

__all__ = [
    "Application",
    "db_list",
    "decoded",
    "encoded",
    "forget_cached",
    "parameter",
    "set_parameter",
]


def parameter(env, key: str, default: str = "") -> str:
    """A system parameter as text, whoever asks; the default if it is not set."""
    parameters = env["ir.config_parameter"].sudo()
    if hasattr(parameters, "get_str"):
        return parameters.get_str(key) or default
    return parameters.get_param(key) or default


def set_parameter(env, key: str, value: str) -> None:
    """Set a system parameter, with the rights of `env`."""
    parameters = env["ir.config_parameter"]
    setter = getattr(parameters, "set_str", parameters.set_param)
    setter(key, value)


def forget_cached(env) -> None:
    """Forget what `ormcache` keeps, in all processes."""
    if hasattr(env.transaction, "invalidate_ormcache"):
        env.transaction.invalidate_ormcache()
    else:
        env.registry.clear_cache()


def decoded(value) -> bytes:
    """The bytes of a binary field's value; none for an empty one."""
    if not value:
        return b""
    content = getattr(value, "content", None)
    return base64.b64decode(value) if content is None else content


def encoded(content: bytes | None):
    """What a binary field takes for these bytes."""
    return base64.b64encode(content) if content else False
