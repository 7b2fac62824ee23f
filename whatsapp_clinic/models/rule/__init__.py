from . import (
    gate,
    message_rule,
    message_rule_proposal,
    message_rule_words,
    subject,
    template,
)
