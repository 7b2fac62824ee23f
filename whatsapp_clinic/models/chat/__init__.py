from . import (
    answer_text,
    chat_answers,
    consent_question,
    stop_word,
)
