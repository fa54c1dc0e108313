"""Words of the page's language: Flask-Babel's own functions with types."""

from typing import Any

import flask_babel


def gettext(text: str, **values: object) -> str:
    """A text in the page's language, its %(name)s filled in."""
    return str(flask_babel.gettext(text, **values))


def lazy_gettext(text: str) -> Any:  # noqa: ANN401 - Flask-Babel's text that is translated when it is shown
    """The same, translated when it is shown."""
    return flask_babel.lazy_gettext(text)
