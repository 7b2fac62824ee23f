from . import metrics, webhook, webhook_door
