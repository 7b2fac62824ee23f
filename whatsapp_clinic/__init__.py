from . import controllers, models, tools, wizards
from .hooks import pre_init_hook
from .tools.scheduler import outlive_postgresql
