"""A small learning platform of its own for tests: it gives tokens for signed requests, and takes scores for them.

It is stricter than real ones. What a tool does wrong is refused and kept in `complaints`. Signatures are verified by
`cryptography` alone, so not by the code that made them.
"""

import base64
import json
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256

SCOPE = "https://purl.imsglobal.org/spec/lti-ags/scope/score"
ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
ACTIVITY = {"Initialized", "Started", "InProgress", "Submitted", "Completed"}
GRADING = {"FullyGraded", "Pending", "PendingManual", "Failed", "NotReady"}
CLIENT, KEY_ID = "client 7/ü", "key-1"
Answer = tuple[int, dict[str, str], Any]


class RefusedError(Exception):
    """What the tool did wrong, with the answer."""

    def __init__(self, complaint: str, answer: Answer):
        super().__init__(complaint)
        self.answer = answer


class LtiPlatform:
    """A platform on this machine; its attributes say what it expects, and what came."""

    def __init__(self, public_key: RSAPublicKey):
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), handler_of(self))
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        self.token_url = f"{self.url}/login/oauth2/token"
        self.line_item = f"{self.url}/courses/1/line_items/7"
        self.audience = self.token_url
        self.public_keys = {KEY_ID: public_key}
        self.granted, self.token_seconds = SCOPE, 3600
        self.query: dict[str, list[str]] = {}
        self.users: set[str] | None = None  # who is in the course; all if None
        self.next_answers: list[Answer | float] = []  # to scores, in place of taking them; a float: take it, but sleep
        self.next_tokens: list[Answer] = []
        self.requests: list[str] = []
        self.complaints: list[str] = []
        self.taken: list[dict[str, Any]] = []
        self.tokens: dict[str, float] = {}
        self.used_jtis: set[str] = set()
        self.times: dict[tuple[str, str], datetime] = {}

    def newest(self) -> dict[str, dict[str, Any]]:
        """The last score of each user, without the time."""
        return {score["userId"]: {key: score[key] for key in score if key != "timestamp"} for score in self.taken}

    def points(self) -> dict[str, float | None]:
        return {user: score.get("scoreGiven") for user, score in self.newest().items()}

    def count(self, part: str) -> int:
        return sum(part in request for request in self.requests)

    def answer(self, path: str, headers: Any, body: bytes) -> Answer:
        self.requests.append(path)
        try:
            if path == urlsplit(self.token_url).path:
                return self.next_tokens.pop(0) if self.next_tokens else self.give_token(headers, body)
            return self.take_score(path, headers, body)
        except RefusedError as error:
            self.complaints.append(str(error))
            return error.answer

    def give_token(self, headers: Any, body: bytes) -> Answer:
        form = {key: values[0] for key, values in parse_qs(body.decode(), strict_parsing=True).items()}

        def demand(condition: object, complaint: str, error: str = "invalid_client") -> None:
            if not condition:
                raise RefusedError(complaint, (400, {}, {"error": error, "error_description": complaint}))

        demand(headers.get_content_type() == "application/x-www-form-urlencoded", "no form", "invalid_request")
        demand(form.get("grant_type") == "client_credentials", "another grant type", "unsupported_grant_type")
        demand(form.get("scope") == SCOPE, "another scope", "invalid_scope")
        demand(form.get("client_assertion_type") == ASSERTION, "no assertion")
        head, claims, signature = form["client_assertion"].split(".")
        header, about = json.loads(decoded(head)), json.loads(decoded(claims))
        demand(header["alg"] == "RS256" and header.get("kid") in self.public_keys, "no such key")
        try:
            key = self.public_keys[header["kid"]]
            key.verify(decoded(signature), f"{head}.{claims}".encode(), PKCS1v15(), SHA256())
        except InvalidSignature:
            demand(False, "the signature is not of this key")
        demand(about["iss"] == about["sub"] == CLIENT, "another client")
        demand(about["aud"] == self.audience, f"it is meant for {about['aud']}")
        demand(about["iat"] - 5 <= time.time() < about["exp"] <= about["iat"] + 3600, "not now")
        demand(about["jti"] not in self.used_jtis, "the same assertion twice")
        self.used_jtis.add(about["jti"])
        token = secrets.token_urlsafe(12)
        self.tokens[token] = time.time() + self.token_seconds
        answer = {"access_token": token, "token_type": "Bearer", "expires_in": self.token_seconds}
        return 200, {}, answer | {"scope": self.granted}

    def take_score(self, path: str, headers: Any, body: bytes) -> Answer:
        def demand(condition: object, complaint: str, status: int = 400) -> None:
            if not condition:
                raise RefusedError(complaint, (status, {}, {"errors": complaint}))

        kind, _, token = headers.get("Authorization", "").partition(" ")
        demand(kind == "Bearer" and self.tokens.get(token, 0) > time.time(), "no valid token", 401)
        if self.next_answers and not isinstance(self.next_answers[0], float):
            answer = self.next_answers.pop(0)
            assert isinstance(answer, tuple)
            return answer
        parts, item = urlsplit(path), urlsplit(self.line_item)
        demand(parts.path == f"{item.path}/scores", f"no line item {path}", 404)
        demand(parse_qs(parts.query) == self.query, f"another query: {path}", 404)
        demand(headers["Content-Type"] == "application/vnd.ims.lis.v1.score+json", "another content type", 415)
        score = json.loads(body)
        self.check_score(score, demand)
        stamp, before = datetime.fromisoformat(score["timestamp"]), self.times.get((path, score["userId"]))
        demand(not before or int(stamp.timestamp()) > int(before.timestamp()), "an earlier or equal time", 409)
        self.taken.append(score)
        self.times[path, score["userId"]] = datetime.fromisoformat(score["timestamp"])
        if self.next_answers:
            pause = self.next_answers.pop(0)
            assert isinstance(pause, float)
            time.sleep(pause)
        return 200, {}, {"resultUrl": f"{self.line_item}/results/1"}

    def check_score(self, score: dict[str, Any], demand: Any) -> None:
        known = {"userId", "scoreGiven", "scoreMaximum", "comment", "timestamp", "activityProgress", "gradingProgress"}
        demand(set(score) <= known, f"unknown: {set(score) - known}")
        demand(isinstance(score["userId"], str) and score["userId"], "no user")
        demand(self.users is None or score["userId"] in self.users, "User not found in course", 404)
        demand(score["activityProgress"] in ACTIVITY and score["gradingProgress"] in GRADING, "no such progress")
        demand(("scoreGiven" in score) == ("scoreMaximum" in score), "a score without its maximum")
        if "scoreGiven" in score:
            demand(score["scoreGiven"] >= 0 and score["scoreMaximum"] > 0, "numbers out of range")
        stamp = datetime.fromisoformat(score["timestamp"])
        demand(stamp.utcoffset() is not None and stamp.microsecond % 1000 == 0, "a time without zone, or too exact")


def decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def handler_of(platform: LtiPlatform) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            status, headers, answer = platform.answer(self.path, self.headers, body)
            content = answer.encode() if isinstance(answer, str) else json.dumps(answer).encode()
            try:
                self.send_response(status)
                for name, value in {"Content-Length": str(len(content)), **headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(content)
            except ConnectionError:  # the tool did not wait for it
                self.close_connection = True

        def do_GET(self):
            platform.requests.append(f"GET {self.path}")
            self.send_error(405)

        def log_message(self, format, *arguments):
            pass

    return Handler


@contextmanager
def running(public_key: RSAPublicKey) -> Iterator[LtiPlatform]:
    platform = LtiPlatform(public_key)
    thread = threading.Thread(target=platform.server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield platform
    finally:
        platform.server.shutdown()
        platform.server.server_close()
        thread.join()
