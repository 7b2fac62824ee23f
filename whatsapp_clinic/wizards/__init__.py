from . import channel_credentials, message_reply, message_send
