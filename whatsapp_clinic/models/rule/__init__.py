from . import (
    branch,
    gate,
    message,
    message_planning,
    message_rule,
    message_rule_proposal,
    message_rule_words,
    res_partner,
    subject,
    template,
)
