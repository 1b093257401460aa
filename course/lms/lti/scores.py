"""Scores as Assignment and Grade Services define them, and the address that takes them."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from course.lms.export_base import points_for_lms

SCOPE = "https://purl.imsglobal.org/spec/lti-ags/scope/score"
MEDIA_TYPE = "application/vnd.ims.lis.v1.score+json"
ScoreMessage = dict[str, Any]
_STEP = timedelta(seconds=1)  # Moodle compares whole seconds


@dataclass(frozen=True)
class Score:
    """What a platform is told of one student; `points` are None as long as a person has to mark, if so wished."""

    student: str
    user_id: str
    points: float | None
    maximum: float
    penalty: float
    waits: bool

    def content(self) -> ScoreMessage:
        """The message without its time: two that are equal need not both be sent."""
        message: ScoreMessage = {
            "userId": self.user_id,
            "activityProgress": "Completed",
            "gradingProgress": "PendingManual" if self.waits else "FullyGraded",
        }
        if self.points is not None:
            message |= {"scoreGiven": round(self.points, 4), "scoreMaximum": round(self.maximum, 4)}
            if self.penalty > 0:
                message["comment"] = f"Taken off for being late: {points_for_lms(self.penalty)} points."
        return message


def scores_url(line_item: str) -> str:
    """Where the scores of a line item go: its path with /scores; its query, such as Moodle's ?type_id=1, stays."""
    parts = urlsplit(line_item)
    return urlunsplit(parts._replace(path=parts.path.removesuffix("/") + "/scores"))


def next_time(last: datetime | None) -> datetime:
    """Now, but later than the last time by a second, even if the clock was put back: else a platform refuses."""
    now = datetime.now(UTC)
    return now if last is None else max(now, last + _STEP)


def time_of(message: ScoreMessage) -> datetime:
    """The time in a message that was sent."""
    return datetime.fromisoformat(message["timestamp"])
