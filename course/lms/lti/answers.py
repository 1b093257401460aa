"""What a platform's answer means: go on, try again, or give up, and what to tell a person about it."""

import math
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

from requests import Response

from course.errors import LtiError, ScoreError
from course.inbox.filenames import printable_name

LONGEST_WAIT = 120.0  # seconds that a platform may ask to wait
LONGEST_QUOTE = 200  # characters of an answer that are shown


class NoAnswerError(ScoreError):
    """The platform is busy, broken or not there, and may take the same later; `wait` are the seconds it asks for."""

    def __init__(self, reason: str, wait: float | None = None) -> None:
        """With the reason for people."""
        super().__init__(reason)
        self.wait = wait


class TokenRefusedError(ScoreError):
    """The platform does not accept the token, or no longer."""


def check_answer(response: Response) -> Response:
    """The answer, if it is one of success.

    Raises
    ------
    NoAnswerError
        The platform is busy or broken.
    TokenRefusedError
        It refuses the token.
    ScoreError
        It refuses what was sent.
    LtiError
        It leads elsewhere, or asks to wait for long.
    """
    host, status = urlsplit(response.url).hostname, response.status_code
    if status < 300:
        return response
    if status < 400:
        other = printable_name(response.headers.get("Location", "nowhere"), LONGEST_QUOTE)
        raise LtiError(
            f"{host} leads on to {other}, where nothing was sent. If that is the platform, enter its address in the "
            "settings."
        )
    reason = f"the platform answers {status} {printable_name(response.reason or '')}: {short_text(response)}"
    if status == 401:
        raise TokenRefusedError(reason)
    if status == 429 or status >= 500:
        wait = seconds_to_wait(response.headers.get("Retry-After"))
        if wait is not None and wait > LONGEST_WAIT:
            raise LtiError(
                f"{host} asks to wait for {math.ceil(wait / 60)} minutes. Run the same command then: what was sent is "
                "noted, and the rest follows."
            )
        raise NoAnswerError(reason, wait)
    raise ScoreError(reason)


def seconds_to_wait(value: str | None) -> float | None:
    """What the header Retry-After asks for, a number of seconds or a time; None if it is neither."""
    if value is None:
        return None
    if value.strip().isdecimal():
        return float(value)
    try:
        time = parsedate_to_datetime(value)
    except ValueError:
        return None
    return max(0.0, (time.replace(tzinfo=time.tzinfo or UTC) - datetime.now(UTC)).total_seconds())


def short_text(response: Response) -> str:
    """The beginning of an answer's text, on one line."""
    return printable_name(" ".join(response.text.split()), LONGEST_QUOTE) or "nothing more"
