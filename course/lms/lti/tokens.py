"""The token by which a platform lets us send scores: asked for by a request that is signed with our key (RFC 7523)."""

import logging
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from authlib.integrations.base_client import OAuthError
from authlib.integrations.requests_client import OAuth2Session
from authlib.oauth2.rfc7523 import PrivateKeyJWT
from joserfc.jwk import RSAKey
from requests import Response
from requests.exceptions import ChunkedEncodingError, ConnectionError, HTTPError, RequestException, SSLError, Timeout

from course.errors import LtiError, ScoreError
from course.inbox.filenames import printable_name
from course.lms.lti.answers import LONGEST_QUOTE, NoAnswerError, check_answer
from course.lms.lti.private_key import ALGORITHM
from course.lms.lti.scores import SCOPE
from course.lms.lti.settings import LtiSettings

TIMEOUTS = (10.0, 30.0)  # seconds to connect, and to wait for an answer
ASSERTION_SECONDS = 300  # for which our signature is good
log = logging.getLogger(__name__)


def new_session(settings: LtiSettings, key: RSAKey) -> OAuth2Session:
    """A session without a token; nothing is sent yet."""
    session = OAuth2Session(settings.client_id, key, scope=SCOPE, default_timeout=TIMEOUTS, leeway=0)
    session.register_compliance_hook("access_token_response", check_token_answer)
    return session


def fetch_token(session: OAuth2Session, settings: LtiSettings) -> None:
    """Give the session a token. Each call signs anew, as no platform takes the same request twice.

    Raises
    ------
    NoAnswerError
        The platform is busy, broken or not there.
    LtiError
        It gives no token that scores could be sent with.
    """
    url = settings.token_url
    claims, header = {"exp": int(time.time()) + ASSERTION_SECONDS}, {"kid": settings.key_id, "typ": "JWT"}
    signature = session.client_auth(PrivateKeyJWT(settings.audience, claims, header, ALGORITHM))
    try:
        with connection_errors(url):
            token = session.fetch_token(url, grant_type="client_credentials", auth=signature, allow_redirects=False)
    except (OAuthError, HTTPError, ValueError) as error:
        raise LtiError(
            f"{url} gives no token: {printable_name(str(error), LONGEST_QUOTE)}. Does the platform know this "
            f"client_id, and under this key_id the public key that belongs to {settings.private_key}? The settings "
            f"are in {settings.path}."
        ) from error
    log.info("a token from %s", url)
    if reason := why_unusable(token):
        session.token = None
        raise LtiError(f"{url} gives no token for sending grades: {reason}")


@contextmanager
def connection_errors(url: str) -> Iterator[None]:
    """Tell what can be tried again from what cannot.

    Raises
    ------
    NoAnswerError
        There is no connection, or it broke.
    LtiError
        The platform does not prove who it is, or the address is wrong.
    """
    host = urlsplit(url).hostname
    try:
        yield
    except SSLError as error:
        raise LtiError(f"The certificate of {host} is refused: {printable_name(str(error), LONGEST_QUOTE)}") from error
    except (ConnectionError, Timeout, ChunkedEncodingError) as error:
        raise NoAnswerError(f"{host} does not answer ({type(error).__name__})") from error
    except HTTPError:
        raise
    except RequestException as error:
        raise LtiError(f"Nothing can be sent to {host}: {printable_name(str(error), LONGEST_QUOTE)}") from error


def check_token_answer(response: Response) -> Response:
    """As `check_answer`, but a refusal is left for Authlib to read."""
    try:
        return check_answer(response)
    except NoAnswerError:
        raise
    except ScoreError:
        return response


def why_unusable(token: Mapping[str, Any]) -> str | None:
    """Why no score can be sent with a token, or None."""
    if not token.get("access_token") or str(token.get("token_type", "bearer")).lower() != "bearer":
        return "it is no bearer token."
    if "scope" in token and SCOPE not in str(token["scope"]).split():
        return f"it is for {printable_name(str(token['scope'])) or 'nothing'}. Permit the tool there to send grades."
    return None
