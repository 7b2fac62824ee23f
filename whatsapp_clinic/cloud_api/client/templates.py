"""Templates of a business account."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from ..errors import OutcomeUnknown
from .answers import check_success, scalar
from .session import Session, identifier

TEMPLATE_FIELDS = (
    "id",
    "name",
    "language",
    "status",
    "category",
    "parameter_format",
    "components",
    "quality_score",
    "rejected_reason",
    "message_send_ttl_seconds",
)


@dataclass(frozen=True)
class CreatedTemplate:
    """WhatsApp took a template; ``category`` may be another than was asked for."""

    id: str
    status: str
    category: str


class TemplateCalls(Session):
    """Reading, writing and deleting templates."""

    def templates(
        self, business_account_id: str, fields: Iterable[str] = TEMPLATE_FIELDS
    ) -> Iterator[dict]:
        """Yield every template of a business account in Meta's own shape."""
        return self._pages(business_account_id, "message_templates", fields)

    def template(
        self, template_id: str, fields: Iterable[str] = TEMPLATE_FIELDS
    ) -> dict:
        """Return the named fields of one template."""
        return self._fields(template_id, fields)

    def create_template(
        self, business_account_id: str, definition: dict
    ) -> CreatedTemplate:
        """Submit a template built by ``templates.creation`` for review.

        100 an hour and account. Raises ``OutcomeUnknown`` for an answer without an id:
        look for the name before trying again.
        """
        path = f"{identifier(business_account_id)}/message_templates"
        answer = self._post(path, definition)
        template_id = scalar(answer.get("id"))
        if not template_id:
            raise OutcomeUnknown("answer without template id")
        return CreatedTemplate(
            id=template_id,
            status=str(answer.get("status") or "PENDING").upper(),
            category=str(answer.get("category") or "").upper(),
        )

    def edit_template(self, template_id: str, changes: dict) -> None:
        """Replace what ``templates.edit`` gives; the template goes to review."""
        check_success(self._post(identifier(template_id), changes))

    def set_template_ttl(self, template_id: str, seconds: int) -> None:
        """Have WhatsApp drop a template's messages that it cannot deliver in time.

        ``seconds`` are 30 to 43,200 for utility templates. The change is an edit: an
        approved template goes to review, once in 24 hours at most.
        """
        self.edit_template(template_id, {"message_send_ttl_seconds": seconds})

    def delete_template(
        self, business_account_id: str, name: str, template_id: str | None = None
    ) -> None:
        """Delete a template in all languages, or the one with ``template_id``.

        The name of an approved one cannot be used for 30 days.
        """
        query = {"name": name}
        if template_id is not None:
            query["hsm_id"] = identifier(template_id)
        path = f"{identifier(business_account_id)}/message_templates"
        check_success(self._delete(path, query))

    def unpause_template(self, template_id: str) -> None:
        """End a pause by pacing; possible five minutes after it began."""
        check_success(self._post(f"{identifier(template_id)}/unpause", {}))
