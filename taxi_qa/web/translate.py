"""Words of the page's language: Flask-Babel's catalogues, each text looked up in them once a process.

A list of a hundred rows says a thousand words: asking Flask-Babel for each would take longer than the query.
"""

import re
from contextvars import ContextVar
from typing import Any, Final

import flask_babel
from flask import has_request_context

# Asked for hundreds of times a page; Flask's `g` takes ten times as long to answer.
_of_request: Final[ContextVar[str | None]] = ContextVar("language", default=None)
# Chinese knows no plural, and its catalogue one text for all numbers.
_PLURALS: Final = re.compile(
    r"(?<![\d.,])1 (car|case|day|driver|hour|lap|minute|point|row|rule|trip|turn|wait)s\b"
)
_known: Final[dict[str, dict[str, str]]] = {"zh": {}, "en": {}}


def begin() -> None:
    """A request begins: its language is looked up when the first word is said."""
    _of_request.set(None)


def language() -> str:
    """The language of this page: zh or en."""
    told = _of_request.get()
    if told is None:
        told = "en" if str(flask_babel.get_locale()).startswith("en") else "zh"
        if has_request_context():
            _of_request.set(told)
    return told


def gettext(text: str, **values: object) -> str:
    """A text in the page's language, its %(name)s filled in."""
    known = _known[language()]
    told = known.get(text)
    if told is None:
        told = known[text] = str(flask_babel.gettext(text))
    if not values:
        return told
    filled = told % values
    return _PLURALS.sub(r"1 \1", filled) if language() == "en" else filled


def lazy_gettext(text: str) -> Any:  # noqa: ANN401 - Flask-Babel's text that is translated when it is shown
    """The same, translated when it is shown."""
    return flask_babel.lazy_gettext(text)


def shown(words: dict[str, Any], code: str) -> str:
    """What a code is called; the code itself where it has no name."""
    lazy = words.get(code)
    if lazy is None:
        return code
    known = _known[language()]
    # A lazy text knows its own words only when it is asked: kept by what it is, once a language.
    key = f"\x00{id(lazy)}"
    told = known.get(key)
    if told is None:
        told = known[key] = str(lazy)
    return told
