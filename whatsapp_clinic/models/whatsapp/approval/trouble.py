"""What a manager has to know of a template at once, in words."""

from odoo.tools import LazyTranslate

_lt = LazyTranslate(__name__)

# By status, or by what else is wrong.
TROUBLES = {
    "REJECTED": _lt("WhatsApp has rejected the template “%s”"),
    "PAUSED": _lt("WhatsApp has paused the template “%s”"),
    "DISABLED": _lt("WhatsApp has disabled the template “%s”"),
    "flagged": _lt("WhatsApp is about to disable the template “%s”"),
    "category": _lt("WhatsApp has changed the category of the template “%s”"),
}
ADVICE = {
    "REJECTED": _lt("Read the reason, change the text and submit it again."),
    "PAUSED": _lt(
        "Too many patients blocked or reported it: write it so that they expect it, "
        "and send another one meanwhile. A pause of 3 or 6 hours ends automatically; "
        "one after the first messages ends when a manager presses “End the Pause” on "
        "the template."
    ),
    "DISABLED": _lt("It cannot be sent any more. Write another template."),
    "flagged": _lt(
        "Patients block or report it. Write another one that they expect, and use that "
        "one, or send this to fewer patients."
    ),
    "category": _lt(
        "It is not sent until a manager accepts the new category on the template, "
        "which may change what it costs and what the law asks."
    ),
}
