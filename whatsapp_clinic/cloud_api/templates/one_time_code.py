"""What WhatsApp itself writes in authentication templates."""

from ..payloads import CODE_VARIABLE
from .definition import AUTHENTICATION, TemplateDefinition

EXAMPLE = "123456"
# Cloud API, authentication templates. What WhatsApp lists later is what patients get;
# its Turkish words are not published.
_WORDS = {
    "en": {
        "code": "*{{1}}* is your verification code.",
        "advice": "For your security, do not share this code.",
        "expiry": "This code expires in %s minutes.",
    },
    "tr": {
        "code": "Doğrulama kodunuz: *{{1}}*.",
        "advice": "Güvenliğiniz için bu kodu paylaşmayın.",
        "expiry": "Bu kodun süresi %s dakika içinde dolar.",
    },
}


def listed_components(definition: TemplateDefinition) -> list[dict]:
    """Return the components as WhatsApp will list them, with the texts that it adds.

    Its own texts are foreseen in Turkish and, for every other language, in English.
    """
    components = definition.components()
    if definition.category != AUTHENTICATION:
        return components
    words = _WORDS.get(definition.language.partition("_")[0], _WORDS["en"])
    return [{**part, **_texts(part, words, definition)} for part in components]


def _texts(part: dict, words: dict, definition: TemplateDefinition) -> dict:
    if part["type"] == "FOOTER":
        return {"text": words["expiry"] % part["code_expiration_minutes"]}
    if part["type"] != "BODY":
        return {}
    advice = [words["advice"]] if part["add_security_recommendation"] else []
    example = definition.examples.get(CODE_VARIABLE) or EXAMPLE
    return {
        "text": " ".join([words["code"], *advice]),
        "example": {"body_text": [[example]]},
    }
