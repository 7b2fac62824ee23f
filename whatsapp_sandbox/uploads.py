"""Resumable uploads: sessions, and the handles of files that are complete."""

from __future__ import annotations

import base64
import secrets
from dataclasses import dataclass, field


@dataclass(slots=True)
class Session:
    """A file of ``length`` bytes that arrives in parts; ``app_id`` began it."""

    id: str
    app_id: str
    name: str
    length: int
    mime_type: str
    content: bytearray = field(default_factory=bytearray, repr=False)

    @property
    def is_complete(self) -> bool:
        return len(self.content) == self.length


class Uploads:
    def __init__(self) -> None:
        self.sessions: dict[str, Session] = {}
        self.handles: dict[str, Session] = {}

    def begin(self, app_id: str, name: str, length: int, mime_type: str) -> Session:
        unique = base64.urlsafe_b64encode(secrets.token_bytes(24)).decode()
        session = Session(f"upload:{unique}", app_id, name, length, mime_type)
        self.sessions[session.id] = session
        return session

    def handle(self, session: Session) -> str:
        """What a complete file is named by from now on."""
        name = base64.b64encode(session.name.encode()).decode()
        handle = f"4::{name}:{secrets.token_hex(16)}"
        self.handles[handle] = session
        return handle

    def mime_type(self, handle: str) -> str | None:
        """Of the file behind ``handle``, None if there is no such handle."""
        session = self.handles.get(handle)
        return session.mime_type if session else None
