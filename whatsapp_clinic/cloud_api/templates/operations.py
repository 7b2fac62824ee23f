"""What is asked of WhatsApp about a template, and what became of it.

Every request changes something at WhatsApp, and its answer may be lost. Then, and where
the caller died over it (``again``), WhatsApp is asked what it has before it is asked
once more, so that nothing is submitted twice.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeVar

from ..errors import CallFailed, CloudApiError, OutcomeUnknown
from ..payloads import template_parts
from ..wording import _lt
from .definition import AUTHENTICATION, TemplateDefinition, creation
from .definition import edit as changes
from .losses import lost_parts
from .one_time_code import listed_components

Found = TypeVar("Found")
# Subcodes of code 100.
NAME_BLOCKED, EXISTS = 2388023, 2388024
REFUSALS = {
    NAME_BLOCKED: _lt(
        "A template of this name was deleted, and WhatsApp blocks the name for 30 days."
        " Choose another name."
    ),
    EXISTS: _lt(
        "WhatsApp has a template with this name in this language, or with the same "
        "text and footer under another name. Load the templates and compare, or "
        "change the text."
    ),
}
"""What a refusal means, by its subcode."""
_NO_APP = _lt(
    "The sample file cannot be uploaded: no app is subscribed to this WhatsApp "
    "account. Check the connection of the channel."
)
# Code of an object that is not there.
_NO_OBJECT = 100
_GONE = ("DELETED", "PENDING_DELETION")


class SampleRefused(CallFailed):
    """No app of the account took the sample file; the text says what to do."""


@dataclass(frozen=True)
class Sample:
    """The file that reviewers see as a header."""

    content: bytes
    mime_type: str


def create(
    client,
    account: str,
    definition: TemplateDefinition,
    sample: Sample | None = None,
    again: int = 0,
) -> dict:
    """Submit a template for review; returns it as WhatsApp lists templates."""

    def find() -> dict | None:
        return next(
            (one for one in client.templates(account) if _is_of(one, definition)), None
        )

    def ask() -> dict:
        complete = _with_sample(client, account, definition, sample)
        created = client.create_template(account, creation(complete))
        return {
            "id": created.id,
            "status": created.status,
            "category": created.category or complete.category,
            "parameter_format": complete.parameter_format,
            "components": listed_components(complete),
            "message_send_ttl_seconds": complete.ttl_seconds,
        }

    return _once(ask, find, again)


def edit(
    client,
    account: str,
    template_id: str,
    category: str,
    definition: TemplateDefinition,
    sample: Sample | None = None,
    again: int = 0,
) -> dict:
    """Replace a template; returns its status and components as WhatsApp lists them.

    ``category`` is the present one.
    """

    def find() -> dict | None:
        found = client.template(template_id)
        return found if _says_the_same(found, definition) else None

    def ask() -> dict:
        complete = _with_sample(client, account, definition, sample)
        client.edit_template(template_id, changes(complete, category))
        return {"status": "PENDING", "components": listed_components(complete)}

    return _once(ask, find, again)


def limit_ttl(client, template_id: str, seconds: int, again: int = 0) -> int:
    """Set for how long WhatsApp tries to deliver; returns the seconds."""

    def find() -> int | None:
        found = client.template(template_id, ("id", "message_send_ttl_seconds"))
        return seconds if found.get("message_send_ttl_seconds") == seconds else None

    def ask() -> int:
        client.set_template_ttl(template_id, seconds)
        return seconds

    return _once(ask, find, again)


def delete(client, account: str, name: str, template_id: str, again: int = 0) -> bool:
    """Delete a template in one language."""

    def is_gone() -> bool:
        try:
            return client.template(template_id, ("id", "status"))["status"] in _GONE
        except CloudApiError as error:
            if error.code != _NO_OBJECT:
                raise
            return True

    def ask() -> bool:
        client.delete_template(account, name, template_id)
        return True

    return _once(ask, is_gone, again)


def unpause(client, template_id: str, again: int = 0) -> bool:
    """End a pause by pacing."""

    def is_over() -> bool:
        found = client.template(template_id, ("id", "status"))
        return found.get("status") == "APPROVED"

    def ask() -> bool:
        client.unpause_template(template_id)
        return True

    return _once(ask, is_over, again)


def _once(
    ask: Callable[[], Found], find: Callable[[], Found | None], again: int
) -> Found:
    """What ``ask`` brings about; ``find`` looks whether it was brought about before."""
    found = find() if again else None
    if found:
        return found
    try:
        return ask()
    except (OutcomeUnknown, CloudApiError) as error:
        is_there = isinstance(error, OutcomeUnknown) or error.subcode == EXISTS
        found = is_there and find()
        if not found:
            raise
        return found


def _is_of(listed: dict, definition: TemplateDefinition) -> bool:
    """Whether WhatsApp has this template, and not another one of its name."""
    if (listed.get("name"), listed.get("language")) != (
        definition.name,
        definition.language,
    ):
        return False
    if definition.category == AUTHENTICATION:
        return listed.get("category") == AUTHENTICATION
    return body_of(listed.get("components") or []) == definition.body


def _says_the_same(listed: dict, definition: TemplateDefinition) -> bool:
    theirs = listed.get("components") or []
    count = len([*template_parts(theirs)])
    return (
        listed.get("category") == definition.category
        and not lost_parts(theirs, definition)
        and count == len([*template_parts(definition.components())])
    )


def body_of(components: list[dict]) -> str | None:
    """The text of a template's body."""
    return next(
        (
            part.get("text")
            for name, part in template_parts(components)
            if name == "BODY"
        ),
        None,
    )


def _with_sample(
    client, account: str, definition: TemplateDefinition, sample: Sample | None
) -> TemplateDefinition:
    if not sample:
        return definition
    handle = _upload(client, account, sample)
    return replace(definition, header=replace(definition.header, handle=handle))


def _upload(client, account: str, sample: Sample) -> str:
    """Upload a sample by the app that the token belongs to; returns its handle."""
    refusal = None
    for app in client.subscribed_apps(account):
        data = app.get("whatsapp_business_api_data")
        app_id = data.get("id") if isinstance(data, dict) else None
        try:
            if app_id:
                return client.upload_handle(
                    str(app_id), sample.content, sample.mime_type
                )
        except CloudApiError as error:
            refusal = error
    raise refusal or SampleRefused(_NO_APP)
