from . import channel_credentials
