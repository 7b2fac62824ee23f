"""Everything that changes Odoo's server, in each process that loads the addon.

A function of Odoo's is replaced only where it is the one that the replacement was
written for (`replacing.py`); elsewhere Odoo goes its own way, and the log says so.
"""

from .log_mask import mask_personal_links
from .scheduler import outlive_postgresql
from .webhook_door import open_door


def change_server():
    """Keep scheduler threads alive, take plain webhooks early, mask personal links."""
    outlive_postgresql()
    open_door()
    mask_personal_links()
