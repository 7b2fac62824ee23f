"""What a proof tells of an act, as values of its document."""

from dataclasses import dataclass

MAX_BROWSER = 300


@dataclass(frozen=True)
class Origin:
    """Where a page was answered from, as the server saw it."""

    address: str
    browser: str
    session_user: str | None

    @property
    def evidence(self) -> dict:
        return {
            "address": self.address,
            "browser": self.browser[:MAX_BROWSER],
            "session_user": self.session_user,
        }


def person_evidence(partner) -> dict | None:
    """Who it was; None for nobody."""
    return {"id": partner.id, "name": partner.name} if partner else None


def notice_evidence(text) -> dict | None:
    """The text of a privacy notice as it was shown; None where none was."""
    if not text:
        return None
    return {
        "id": text.notice_id.id,
        "version": text.notice_id.version,
        "lang": text.lang,
        "title": text.title,
        "body": str(text.body),
        "sha256": text.sha256,
    }
