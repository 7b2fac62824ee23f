"""What patients say with a tap or with a word that is all their message says."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Action:
    """What the clinic's software does about it.

    `tap` is its label where a button does it, `word` where a word does; empty where
    none can. `buttons` are texts on buttons that plainly mean it, in the languages of
    the library. `decision` is what it makes of a purpose that was asked about.
    """

    tap: str = ""
    word: str = ""
    buttons: frozenset = frozenset()
    decision: str = ""
    # Ends messages, all of them or advertising.
    is_stop: bool = False
    # Answers what the clinic said last.
    is_answer: bool = False
    # Says again what holds for all purposes.
    is_sweeping: bool = False


# A quick reply's payload is `<action>:<key of the outbox row>`.
ACTIONS = {
    "confirm": Action(
        tap="Confirm the appointment",
        buttons=frozenset({"confirm", "onayla", "onaylıyorum", "geliyorum", "evet"}),
    ),
    "reschedule": Action(
        tap="Ask for another time",
        buttons=frozenset({"reschedule", "ertele", "değiştir", "başka zaman"}),
    ),
    "cancel": Action(
        tap="Cancel the appointment",
        word="Ask what to cancel",
        buttons=frozenset({"cancel", "iptal", "iptal et"}),
    ),
    "stop": Action(
        tap="Stop all messages",
        word="Stop all messages",
        buttons=frozenset({"stop messages", "mesajları durdur"}),
        is_stop=True,
        is_sweeping=True,
    ),
    "stop_marketing": Action(
        tap="Stop advertising",
        word="Stop advertising",
        buttons=frozenset(
            {
                "stop ads",
                # What WhatsApp Manager writes on a button for it.
                "stop promotions",
                "reklam istemiyorum",
                "promosyonları durdur",
            }
        ),
        is_stop=True,
        is_sweeping=True,
    ),
    "start": Action(word="Allow messages again", is_sweeping=True),
    "agree": Action(
        tap="Agree to what is asked",
        word="Agree to what was asked",
        buttons=frozenset({"agree", "i agree", "kabul ediyorum", "onay veriyorum"}),
        decision="given",
        is_answer=True,
    ),
    "decline": Action(
        tap="Decline what is asked",
        word="Decline what was asked",
        buttons=frozenset(
            {"decline", "i do not agree", "kabul etmiyorum", "onay vermiyorum"}
        ),
        decision="withdrawn",
        is_answer=True,
    ),
    "will_come": Action(word="Confirm the visit", is_answer=True),
    "cannot_come": Action(word="Will not come: call reception", is_answer=True),
    "wrong_person": Action(
        tap="Not the patient",
        buttons=frozenset({"not me", "wrong person", "ben değilim", "yanlış kişi"}),
    ),
    "none": Action(tap="Nothing"),
}
TAPS = [(name, action.tap) for name, action in ACTIONS.items() if action.tap]
WORDS = [(name, action.word) for name, action in ACTIONS.items() if action.word]
# What a patient's words or tap may have been taken for, whichever it was.
TAKEN_AS = [*WORDS, ("wrong_person", ACTIONS["wrong_person"].tap)]
STOPS = tuple(name for name, action in ACTIONS.items() if action.is_stop)
SWEEPING = tuple(name for name, action in ACTIONS.items() if action.is_sweeping)
ANSWERS = tuple(name for name, action in ACTIONS.items() if action.is_answer)
DECISIONS = {
    name: action.decision for name, action in ACTIONS.items() if action.decision
}
