"""The file lti.toml: where the platform is, who this course is there, and which line item belongs to which lab."""

import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, urlsplit

from course.config import COURSE_FILE
from course.config.unknown_keys import refuse_unknown_keys
from course.errors import CourseError, LtiError

LTI_FILE = "lti.toml"
TEXTS = ("token_url", "client_id", "key_id", "private_key")
_KEYS = (*TEXTS, "audience", "line_items")
THIS_MACHINE = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True)
class LtiSettings:
    """What the file says; `private_key` is the file with the key, `line_items` are addresses by the lab's name.

    `audience` is whom the signed request for a token is meant for: in most platforms the address of the token itself.
    """

    path: Path
    token_url: str
    client_id: str
    key_id: str
    private_key: Path
    audience: str
    line_items: Mapping[str, str]

    def line_item(self, lab: str) -> str:
        """The address of the lab's line item.

        Raises
        ------
        LtiError
            The file gives none.
        """
        if lab not in self.line_items:
            raise LtiError(f'{self.path}: no line item of {lab} is given. Add to [line_items]: {lab} = "https://…"')
        return self.line_items[lab]


def read_lti_settings(path: Path, labs: Collection[str]) -> LtiSettings:
    """Read the file; `labs` are the names of all labs of the course.

    Raises
    ------
    CourseError
        The file cannot be read, is not valid TOML, an entry is missing, unknown or no text, or an address is none that
        grades can be sent to safely.
    """
    try:
        table = tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise LtiError(
            f"The settings for LTI, {path}, cannot be read: {error.strerror}. Name the file with --lti; "
            "docs/lti.md shows what stands in it."
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise CourseError(f"{path} is not valid TOML: {error}.") from error
    refuse_unknown_keys(str(path), table, _KEYS)
    texts = {key: _text(str(path), table, key) for key in TEXTS}
    _check_address(f"{path}: `token_url`", texts["token_url"])
    return LtiSettings(
        path=path,
        token_url=texts["token_url"],
        client_id=texts["client_id"],
        key_id=texts["key_id"],
        private_key=path.parent / texts["private_key"],
        audience=_text(str(path), {"audience": texts["token_url"]} | table, "audience"),
        line_items=_line_items(path, table.get("line_items"), labs),
    )


def _line_items(path: Path, table: Any, labs: Collection[str]) -> dict[str, str]:
    where = f"{path}, [line_items]"
    if not isinstance(table, Mapping):
        raise CourseError(f"{path}: the table [line_items] is missing. It gives the address of each lab's line item.")
    if unknown := [lab for lab in table if lab not in labs]:
        raise CourseError(f"{where}: there is no lab {unknown[0]!r} in {COURSE_FILE}. The labs are: {', '.join(labs)}.")
    items = {lab: _text(where, table, lab) for lab in table}
    for lab, address in items.items():
        _check_address(f"{where}: `{lab}`", address)
        if others := [other for other in items if other != lab and items[other] == address]:
            raise CourseError(f"{where}: {lab} and {others[0]} have the same address. Each lab needs its own.")
    return items


def _text(where: str, table: Mapping[str, Any], key: str) -> str:
    value = table.get(key)
    if not isinstance(value, str) or not value.strip():
        raise CourseError(f"{where}: `{key}` must be given as a text in quotes; it is {value!r}.")
    return value.strip()


def _check_address(where: str, address: str) -> None:
    """Refuse an address that would show a grade, or the right to send grades, to others."""
    try:
        parts: SplitResult = urlsplit(address)
        host, _ = parts.hostname, parts.port
    except ValueError as error:
        raise CourseError(f"{where} is no address: {address!r} ({error}).") from error
    if parts.username is not None or parts.fragment or not host:
        raise CourseError(f"{where} must be an address such as https://canvas.uni.edu/…; it is {address!r}.")
    if parts.scheme != "https" and not (parts.scheme == "http" and host in THIS_MACHINE):
        raise CourseError(f"{where} must begin with https://, as grades are sent there; it is {address!r}.")
