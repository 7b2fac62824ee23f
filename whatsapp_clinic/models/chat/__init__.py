from . import (
    answer_text,
    appointment,
    chat_answers,
    consent_question,
    message,
    stop_word,
)
