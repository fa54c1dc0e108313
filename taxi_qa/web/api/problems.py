"""What went wrong, for machines: problem+json (RFC 9457) wherever an address begins with /api."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from flask import Response, request
from werkzeug.exceptions import HTTPException

from taxi_qa.web.translate import gettext as _
from taxi_qa.web.translate import language, lazy_gettext, shown

PREFIX: Final = "/api/"
MEDIA: Final = "application/problem+json"
TITLES: Final = {
    "400": lazy_gettext("请求有误"),
    "401": lazy_gettext("需要有效的令牌"),
    "403": lazy_gettext("令牌无此权限"),
    "404": lazy_gettext("没有这个地址或对象"),
    "405": lazy_gettext("此地址不支持这种方法"),
    "406": lazy_gettext("没有这种格式的答复"),
    "413": lazy_gettext("内容太大"),
    "415": lazy_gettext("不支持这种内容类型"),
    "422": lazy_gettext("内容无法接收"),
    "429": lazy_gettext("请求太频繁"),
    "500": lazy_gettext("系统内部错误"),
    "503": lazy_gettext("系统正忙"),
}
_OURS: Final = "problem"
_KEPT_HEADERS: Final = frozenset({"allow", "retry-after", "www-authenticate"})


class Problem(HTTPException):
    """A refusal with words, headers and the rows and fields at fault."""

    def __init__(
        self,
        code: int,
        detail: str,
        *,
        headers: Mapping[str, str] | None = None,
        errors: Sequence[Mapping[str, Any]] = (),
        **more: object,
    ) -> None:
        """A refusal.

        Args:
            code: HTTP status.
            detail: what is wrong here, what was expected and the way out, in the reader's language.
            headers: to go out with it.
            errors: a place each: field, and row and record where there are rows; with the reason.
            more: further members of the answer.
        """
        super().__init__(detail)
        self.code = code
        self.headers = dict(headers or {})
        self.more: dict[str, object] = {**({"errors": list(errors)} if errors else {}), **more}


def is_api() -> bool:
    """Whether this request is one of a machine."""
    return request.path.startswith(PREFIX)


def answer(error: HTTPException) -> Response:
    """An error as the answer of the API; nothing of the inside gets out."""
    code = error.code or 500
    detail, more = _words(error, code)
    said = {
        "type": f"/api/v1/#{_OURS}-{code}",
        "title": shown(TITLES, str(code)) if str(code) in TITLES else error.name,
        "status": code,
        "detail": detail,
        **more,
    }
    made = Response(json.dumps(said, ensure_ascii=False) + "\n", status=code, content_type=MEDIA)
    for name, value in error.get_headers(request.environ):
        if name.lower() in _KEPT_HEADERS:
            made.headers[name] = value
    made.headers.update(getattr(error, "headers", {}))
    made.headers["Content-Language"] = "en" if language() == "en" else "zh-CN"
    return made


def _words(error: HTTPException, code: int) -> tuple[str, dict[str, object]]:
    if isinstance(error, Problem):
        return str(error.description), error.more
    if code == 404:  # noqa: PLR2004 - HTTP's own numbers, here and below
        return _("请对照 /api/v1/openapi.json 检查地址。"), {}
    if code == 405:  # noqa: PLR2004
        return _("可用的方法见 Allow 标头。"), {}
    if code == 413:  # noqa: PLR2004
        return _("请分成几次发送。"), {}
    if code == 400:  # noqa: PLR2004
        # Words of ours, from `lists.asked`; the server's own are of bytes it could not read.
        ours = str(error.description or "")
        return (ours if not ours.startswith("The browser") else _("请求无法读取。")), {}
    return _("没有更多说明；请稍后再试，或联系系统管理员。"), {}
