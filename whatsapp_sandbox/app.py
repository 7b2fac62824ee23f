"""The ASGI application: the Graph API, the control API and the phone's page."""

from __future__ import annotations

from pathlib import Path

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Receive, Scope, Send

from . import (
    account_control,
    attachments,
    control,
    elsewhere_control,
    number_control,
    patient_control,
    template_control,
)
from .conversation import NotPossible
from .graph.api import GraphApi
from .sandbox import Sandbox

PHONE = Path(__file__).parent / "phone"
OWN_PATHS = ("", "sandbox", "phone", "attachments")
CONTROLS = (
    control,
    patient_control,
    elsewhere_control,
    account_control,
    number_control,
    template_control,
)
PAGE_HEADERS = {
    "Content-Security-Policy": "default-src 'self'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
}


def create_app(sandbox: Sandbox) -> ASGIApp:
    """What is not the sandbox's own is the Graph API, which skips FastAPI's layers."""
    own = create_own_app(sandbox)
    graph = GraphApi(sandbox)

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        first = scope["path"].split("/", 2)[1]
        await (own if first in OWN_PATHS else graph)(scope, receive, send)

    return app


def create_own_app(sandbox: Sandbox) -> FastAPI:
    app = FastAPI(title="whatsapp_sandbox", openapi_url=None)
    app.state.sandbox = sandbox
    for part in CONTROLS:
        app.include_router(part.router, prefix="/sandbox")
    app.add_exception_handler(NotPossible, not_possible)
    app.include_router(attachments.router)
    app.mount("/phone", StaticFiles(directory=PHONE))

    @app.get("/", include_in_schema=False)
    async def page() -> FileResponse:
        return FileResponse(PHONE / "index.html", headers=PAGE_HEADERS)

    return app


async def not_possible(_request: Request, error: Exception) -> JSONResponse:
    return JSONResponse({"detail": str(error)}, 409)
