from . import (
    message_rule,
    message_rule_proposal,
    message_rule_words,
    template,
)
