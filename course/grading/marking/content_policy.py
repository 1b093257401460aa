"""What the browser of a marker may do on Formgrader's pages: run the scripts of the page itself, and no other.

A submission is shown within JupyterLab's origin, whose API writes files and starts kernels. Every page says in a
Content-Security-Policy that only scripts with its own nonce run, which no submission can know.
"""

import base64
import hashlib
import secrets
from typing import Any

from jinja2.ext import Extension
from nbgrader.server_extensions.formgrader.base import BaseHandler
from tornado import web

# What nbgrader's own templates write into the attribute onclick, and no other text, may run from an attribute.
ON_CLICK = (
    *("toggle_name(true);", "toggle_name(false);", "toggleAllNames()"),
    *("createAssignmentModal();", "createStudentModal();"),
)
FORMGRADER_POLICY = (
    "default-src 'none'; script-src 'nonce-{nonce}' 'unsafe-hashes' {hashes}; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'self'; "
    "object-src 'none'; frame-ancestors 'self'"
)
SUBMITTED_FILE_POLICY = (
    "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'self'"
)


def script_hash(script: str) -> str:
    """How a policy names a script by its text."""
    digest = hashlib.sha256(script.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"


HASHES = " ".join(map(script_hash, ON_CLICK))


class ScriptsWithNonce(Extension):
    """Mark every script that a template itself writes; what a template is filled with stays unmarked."""

    def preprocess(self, source: str, name: str | None, filename: str | None = None) -> str:
        """Add the nonce to the text of a template."""
        return source.replace("<script", '<script nonce="{{ nonce }}"')


class ClosedPage:
    """A handler whose pages have the policy; put before one of nbgrader's, all of which render by `render`."""

    nonce = ""

    @property
    def content_security_policy(self) -> str:
        """The header's value, which jupyter_server asks for when a response begins."""
        self.nonce = self.nonce or secrets.token_urlsafe(16)
        return FORMGRADER_POLICY.format(nonce=self.nonce, hashes=HASHES)

    def render(self, name: str, **values: Any) -> str:
        """A page of nbgrader's, its scripts marked."""
        page: str = BaseHandler.render(self, name, nonce=self.nonce, **values)
        return page


class ClosedFile:
    """A handler that serves a submission's file as it is: it runs nothing and is in nobody's origin."""

    @property
    def content_security_policy(self) -> str:
        """The header's value."""
        return SUBMITTED_FILE_POLICY


def with_policy(handler: type[web.RequestHandler]) -> type[web.RequestHandler]:
    """The handler with the policy that its kind of page needs; static files of nbgrader itself need none."""
    if handler is web.StaticFileHandler:
        return handler
    policy = ClosedFile if issubclass(handler, web.StaticFileHandler) else ClosedPage
    return type(handler.__name__, (policy, handler), {})
