from . import (
    answer_text,
    appointment,
    chat_answers,
    consent_question,
    inbound,
    message,
    stop_word,
)
