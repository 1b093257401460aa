"""Sending the scores of a lab, one student after the other; what is wrong with one costs nobody else anything."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from course.errors import LtiError, ScoreError
from course.lms.lti.answers import NoAnswerError
from course.lms.lti.platform import Platform
from course.lms.lti.scores import Score, ScoreMessage, next_time, scores_url
from course.lms.lti.sent_scores import SentScores

MOST_IN_A_ROW = 3  # students without an answer, after which the platform is taken to be down
UNKNOWN = "the roster gives no lti_user_id"


class SendOutcome(StrEnum):
    """What became of a score."""

    SENT = "sent"
    SAME = "as sent before"
    PLANNED = "to be sent"
    NOT_SENT = "not sent"


@dataclass(frozen=True)
class ScoreRow:
    """One student's score, what became of it, and why if it was not sent."""

    score: Score
    outcome: SendOutcome
    reason: str = ""


def plan(scores: Iterable[Score], line_item: str, sent: SentScores, again: bool = False) -> list[ScoreRow]:
    """What is to be sent; `again` also what has not changed since."""
    return [_planned(score, line_item, sent, again) for score in scores]


def _planned(score: Score, line_item: str, sent: SentScores, again: bool) -> ScoreRow:
    if not score.user_id:
        return ScoreRow(score, SendOutcome.NOT_SENT, UNKNOWN)
    if not again and sent.holds(line_item, score.content()):
        return ScoreRow(score, SendOutcome.SAME)
    return ScoreRow(score, SendOutcome.PLANNED)


def send(planned: Iterable[ScoreRow], line_item: str, platform: Platform, sent: SentScores) -> Iterator[ScoreRow]:
    """Send what is planned; each row comes when its student is done with, and what was taken is then noted.

    Raises
    ------
    LtiError
        Nothing more can be sent; the rows that did not come were not tried.
    """
    unanswered = 0
    for row in planned:
        if row.outcome is not SendOutcome.PLANNED:
            yield row
            continue
        try:
            _send(row.score, line_item, platform, sent)
        except NoAnswerError as error:
            unanswered += 1
            yield ScoreRow(row.score, SendOutcome.NOT_SENT, str(error))
            if unanswered == MOST_IN_A_ROW:
                raise LtiError(
                    f"The platform took none of {MOST_IN_A_ROW} scores in a row, the last because {error}. Run the "
                    "same command again later: what was sent is noted, and the rest follows."
                ) from error
        except ScoreError as error:
            unanswered = 0
            yield ScoreRow(row.score, SendOutcome.NOT_SENT, str(error))
        else:
            unanswered = 0
            yield ScoreRow(row.score, SendOutcome.SENT)


def _send(score: Score, line_item: str, platform: Platform, sent: SentScores) -> None:
    def new_message() -> ScoreMessage:
        time = next_time(sent.time(line_item, score.user_id))
        message = score.content() | {"timestamp": time.isoformat(timespec="milliseconds")}
        sent.note_attempt(line_item, message)
        return message

    sent.note(line_item, platform.post_score(scores_url(line_item), new_message))
