from . import controllers, models, tools, wizards
from .hooks import post_load, pre_init_hook
