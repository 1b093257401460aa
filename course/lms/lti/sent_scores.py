"""What was sent and taken, in a file beside the gradebook: so nothing is sent twice, and a broken run goes on."""

import json
from datetime import datetime
from pathlib import Path

from course.errors import LtiError
from course.lms.lti.scores import ScoreMessage, time_of
from course.text.files import write_whole

SENT_FILE = "lti_sent.json"
DOUBTFUL = "doubtful"


class SentScores:
    """The last message that was sent, by line item and user, and whether the platform is known to have taken it."""

    def __init__(self, path: Path) -> None:
        """Read the file, if there is one.

        Raises
        ------
        LtiError
            It is damaged, or cannot be read.
        """
        self.path = path
        self._messages: dict[str, dict[str, ScoreMessage]] = {}
        if not path.exists():
            return
        try:
            self._messages = json.loads(path.read_text("utf-8"))
            for messages in self._messages.values():
                for message in messages.values():
                    if time_of(message).tzinfo is None:
                        raise ValueError("a time without a zone")
        except OSError as error:
            raise LtiError(f"{path} cannot be read: {error.strerror}.") from error
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise LtiError(f"{path} is damaged. Delete it, and all grades are sent once more.") from error

    def holds(self, line_item: str, content: ScoreMessage) -> bool:
        """Whether the last message for this user had this content."""
        last = self._last(line_item, content["userId"])
        return {key: value for key, value in last.items() if key != "timestamp"} == content

    def time(self, line_item: str, user_id: str) -> datetime | None:
        """The time in the last message for this user."""
        last = self._last(line_item, user_id)
        return time_of(last) if last else None

    def note(self, line_item: str, message: ScoreMessage) -> None:
        """Keep a message that the platform took, on disk before this returns.

        Raises
        ------
        LtiError
            The file cannot be written.
        """
        self._messages.setdefault(line_item, {})[message["userId"]] = message
        self._write()

    def note_attempt(self, line_item: str, message: ScoreMessage) -> None:
        """Keep, before a message is sent, its time, and that the last one may not be the last any more.

        If this run then breaks off, nobody knows which of the two the platform has; so neither counts as sent.

        Raises
        ------
        LtiError
            The file cannot be written.
        """
        attempt = {"userId": message["userId"], "timestamp": message["timestamp"], DOUBTFUL: True}
        self._messages.setdefault(line_item, {})[message["userId"]] = attempt
        self._write()

    def _write(self) -> None:
        try:
            write_whole(self.path, json.dumps(self._messages, indent=1, sort_keys=True) + "\n")
        except OSError as error:
            raise LtiError(
                f"{self.path} cannot be written: {error.strerror}. Make room, then run the same command again."
            ) from error

    def _last(self, line_item: str, user_id: str) -> ScoreMessage:
        return self._messages.get(line_item, {}).get(user_id, {})
