from . import consent, metrics, notice, webhook
