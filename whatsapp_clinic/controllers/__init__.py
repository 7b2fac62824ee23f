from . import consent, metrics, notice, webhook, webhook_door
