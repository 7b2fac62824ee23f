"""The addon's plain packages, loaded without Odoo.

`whatsapp_clinic` itself would import it: here it is a name for its folder alone, so
that `whatsapp_clinic.cloud_api` and its neighbours are found and may import each other.
"""

import sys
from types import ModuleType

from workshop import paths

_addon = ModuleType("whatsapp_clinic")
_addon.__path__ = [str(paths.PROJECT / "whatsapp_clinic")]
sys.modules.setdefault("whatsapp_clinic", _addon)
