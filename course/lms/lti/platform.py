"""Talking to a platform: a token, by a request that is signed with our key, and with it one score after another."""

import json
import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from joserfc.jwk import RSAKey
from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_after_attempt, wait_exponential

from course.errors import LtiError
from course.lms.lti.answers import LONGEST_WAIT, NoAnswerError, TokenRefusedError, check_answer
from course.lms.lti.scores import MEDIA_TYPE, ScoreMessage
from course.lms.lti.settings import LtiSettings
from course.lms.lti.tokens import connection_errors, fetch_token, new_session

LEEWAY = 60  # seconds before its end from which on a token is not used any more
log = logging.getLogger(__name__)
Answer = TypeVar("Answer")


@dataclass(frozen=True)
class Patience:
    """How often something is tried, and how many seconds are waited before the second time; then twice as many."""

    attempts: int = 5
    first_wait: float = 1.0


class Platform:
    """A platform that takes scores.

    Certificates are verified, and no redirection is followed: neither token nor grade goes where the settings do not
    say.
    """

    def __init__(self, settings: LtiSettings, key: RSAKey, patience: Patience | None = None) -> None:
        """Nothing is sent yet."""
        self._settings, self._patience = settings, patience or Patience()
        self._session = new_session(settings, key)

    def post_score(self, url: str, new_message: Callable[[], ScoreMessage]) -> ScoreMessage:
        """Send a score and return what was taken; `new_message` makes it anew for each attempt, with a later time.

        Raises
        ------
        NoAnswerError
            The platform was busy or broken each time.
        ScoreError
            It refuses this score.
        LtiError
            It gives no token, or refuses its own.
        """
        try:
            return self._patiently(lambda: self._post(url, new_message))
        except TokenRefusedError:
            log.info("the token is refused: a new one is fetched")
            self._session.token = None
        try:
            return self._patiently(lambda: self._post(url, new_message))
        except TokenRefusedError as error:
            raise LtiError(
                f"A new token is refused, too: {error}. Is the tool permitted to send grades to this line item? {url}"
            ) from error

    def _post(self, url: str, new_message: Callable[[], ScoreMessage]) -> ScoreMessage:
        if self._session.token is None or self._session.token.is_expired(LEEWAY):
            try:
                self._patiently(lambda: fetch_token(self._session, self._settings))
            except NoAnswerError as error:
                raise LtiError(f"{self._settings.token_url} gives no token: {error}") from error
        message = new_message()
        with connection_errors(url):
            response = self._session.post(
                url, data=json.dumps(message), headers={"Content-Type": MEDIA_TYPE}, allow_redirects=False
            )
        log.info("score of %s: %s from %s", message["userId"], response.status_code, url)
        check_answer(response)
        return message

    def _patiently(self, action: Callable[[], Answer]) -> Answer:
        """Do it, again as long as there is no answer, with longer and longer waits."""
        return Retrying(
            stop=stop_after_attempt(self._patience.attempts),
            wait=self._wait,
            retry=retry_if_exception_type(NoAnswerError),
            before_sleep=_log_wait,
            reraise=True,
        )(action)

    def _wait(self, state: RetryCallState) -> float:
        """As long as the platform asks for, but never less than our own."""
        error = state.outcome.exception() if state.outcome else None
        asked = error.wait if isinstance(error, NoAnswerError) else None
        return max(asked or 0.0, wait_exponential(self._patience.first_wait, LONGEST_WAIT)(state))


def _log_wait(state: RetryCallState) -> None:
    if state.next_action and state.outcome:
        log.info("in %.1f s again: %s", state.next_action.sleep, state.outcome.exception())
