"""Lists: what the address asks for, checked; a page of rows with its links; the same rows as a file.

The address holds everything (filters, order, page), so it can be kept, sent and gone back to.
"""

import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import chain
from typing import Any, BinaryIO, Final, Literal, cast

import pandas as pd
from flask import Response, abort, request, send_file, url_for

from taxi_qa.reports.export import SHEET_ROWS, Cell, write_table
from taxi_qa.store.browse import Wanted
from taxi_qa.store.plain import plain_rows
from taxi_qa.values.clock import day_of, day_start_ms
from taxi_qa.web.translate import gettext as _
from taxi_qa.web.viewer import home, settings

FileKind = Literal["csv", "xlsx"]
_MEDIA: Final[Mapping[FileKind, str]] = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
_TEXT_MOST: Final = 100
PER_PAGE: Final = (25, 50, 100, 200)
# Pages further behind are reached by a filter: the database walks over every row before them.
_PAGES_MOST: Final = 100_000
_YEARS: Final = (2000, 2100)


@dataclass(frozen=True)
class Asked:
    """What the address asks of a list.

    Attributes:
        wanted: for the database.
        filters: what was given, by name, as it stands in the address.
        page: its number, the first is 1.
    """

    wanted: Wanted
    filters: Mapping[str, tuple[str, ...]]
    page: int

    def text(self, name: str) -> str:
        """The one value of a filter, "" where none was given."""
        return self.filters.get(name, ("",))[0]


@dataclass(frozen=True)
class Filters:
    """Which filters a list has.

    Attributes:
        choices: name in the address -> column and the values it may have (None: any text).
        search: columns looked through by `q`, joined by "|", "" for none.
        moment: column of instants that `from` and `to` (city days) bound, "" for none.
        sorts: columns it may be sorted by.
    """

    choices: Mapping[str, tuple[str, frozenset[str] | None]]
    search: str = ""
    moment: str = ""
    sorts: tuple[str, ...] = ()


def asked(filters: Filters) -> Asked:
    """What the address of this request asks for; words that make no sense are refused, not guessed at."""
    given: dict[str, tuple[str, ...]] = {}
    equal = _chosen(filters, given)
    contains: dict[str, str] = {}
    part = request.args.get("q", "").strip()
    if filters.search and part:
        if len(part) > _TEXT_MOST or "\x00" in part:
            abort(400, _("查找的文字太长。"))
        given["q"], contains[filters.search] = (part,), part
    least, below = _days(filters, given)
    sort = request.args.get("sort", "")
    if sort:
        if sort.removeprefix("-") not in filters.sorts:
            abort(400, _("不能按“%(name)s”排序。", name=sort[:_TEXT_MOST]))
        given["sort"] = (sort,)
    per = _number("per", settings().per_page)
    if per not in {*PER_PAGE, settings().per_page}:
        abort(400, _("每页行数应为 %(choices)s 之一。", choices="、".join(map(str, PER_PAGE))))
    if per != settings().per_page:
        given["per"] = (str(per),)
    page = _number("page", 1)
    if not 1 <= page <= _PAGES_MOST:
        abort(400, _("没有这一页。"))
    wanted = Wanted(equal, contains, least, below, sort, per, (page - 1) * per)
    return Asked(wanted, given, page)


def _chosen(filters: Filters, given: dict[str, tuple[str, ...]]) -> dict[str, tuple[object, ...]]:
    equal: dict[str, tuple[object, ...]] = {}
    for name, (column, values) in filters.choices.items():
        said = tuple(value for value in request.args.getlist(name) if value)
        if not said:
            continue
        if any(len(one) > _TEXT_MOST for one in said) or (values is not None and not values.issuperset(said)):
            abort(400, _("筛选条件“%(name)s”的取值无法识别。", name=name))
        given[name], equal[column] = said, said
    return equal


def _number(name: str, usual: int) -> int:
    text = request.args.get(name, "")
    if not text:
        return usual
    if not (text.isascii() and text.isdigit() and len(text) <= len(str(_PAGES_MOST))):
        abort(400, _("“%(name)s”应为整数。", name=name))
    return int(text)


def _days(filters: Filters, given: dict[str, tuple[str, ...]]) -> tuple[dict[str, int], dict[str, int]]:
    bounds: tuple[dict[str, int], dict[str, int]] = {}, {}
    if not filters.moment:
        return bounds
    for name, bound, later in (("from", bounds[0], 0), ("to", bounds[1], 1)):
        text = request.args.get(name, "").strip()
        if text:
            bound[filters.moment] = day_start_ms(day_asked(text) + later, home().timezone)
            given[name] = (text,)
    return bounds


def day_asked(text: str) -> int:
    """A city day of the address, 2026-10-20; anything else is refused."""
    try:
        told = date.fromisoformat(text)
    except ValueError:
        abort(400, _("日期应写作 2026-10-20。"))
    if not _YEARS[0] <= told.year <= _YEARS[1]:
        abort(400, _("日期应在 %(first)s 年至 %(last)s 年之间。", first=_YEARS[0], last=_YEARS[1]))
    return day_of(told)


@dataclass(frozen=True)
class Page:
    """A page of a list, for templates.

    Attributes:
        rows: plain values.
        total: rows in all.
        asked: what was asked for.
        endpoint: of the list.
        values: of the address besides the filters.
    """

    rows: Sequence[Mapping[str, Any]]
    total: int
    asked: Asked
    endpoint: str
    values: Mapping[str, str]

    @property
    def pages(self) -> int:
        """How many pages there are, at least 1."""
        return max(-(-self.total // self.asked.wanted.limit), 1)

    @property
    def first(self) -> int:
        """Number of the first row shown, 0 where there is none."""
        return self.asked.wanted.offset + 1 if self.rows else 0

    @property
    def last(self) -> int:
        """Number of the last row shown."""
        return self.asked.wanted.offset + len(self.rows)

    def at(self, page: int) -> str:
        """The address of another page."""
        return self._address(self.endpoint, page=str(page) if page > 1 else None)

    def sorted_by(self, column: str) -> str:
        """The address of the list sorted by a column; the other way round where it is already."""
        now = self.asked.text("sort")
        return self._address(self.endpoint, sort=f"-{column}" if now == column else column)

    def direction(self, column: str) -> str:
        """For aria-sort: ascending, descending or none."""
        now = self.asked.text("sort")
        return {column: "ascending", f"-{column}": "descending"}.get(now, "none")

    def with_filter(self, name: str, value: str | None) -> str:
        """The address with another value of a filter, or without it."""
        return self._address(self.endpoint, **{name: value})

    def by(self, name: str) -> str:
        """The address with a filter whose value comes last, to be put behind it: for links of many rows."""
        return self._address(self.endpoint, **{name: None}, page=None) + (
            f"{'&' if self.asked.filters else '?'}{name}="
        )

    def file(self, kind: FileKind) -> str:
        """The address of the whole list as a file."""
        return self._address(f"{self.endpoint}_file", kind=kind)

    def _address(self, endpoint: str, **changed: str | None) -> str:
        given: dict[str, Any] = {**self.values, **self.asked.filters, **changed}
        return url_for(endpoint, **{name: value for name, value in given.items() if value is not None})


def page_of(
    rows: pd.DataFrame | Sequence[Mapping[str, Any]], total: int, told: Asked, endpoint: str, **values: str
) -> Page:
    """A page of the rows the database gave."""
    plain = plain_rows(rows) if isinstance(rows, pd.DataFrame) else rows
    return Page(plain, total, told, endpoint, values)


Value = str | int | float | None
Shown = Callable[[Mapping[str, Any]], Sequence[Value]]


def table_file(
    frames: Iterable[pd.DataFrame],
    total: int,
    titles: Sequence[tuple[str, Cell]],
    shown: Shown,
    name: str,
    kind: FileKind,
) -> Response:
    """A list as a file, with the rows, the order and the words of the screen.

    Args:
        frames: of the database.
        total: how many rows.
        titles: what each column is called, and what it holds.
        shown: the cells of one row.
        name: of the file, without its ending.
        kind: csv or xlsx.
    """
    if kind == "xlsx" and total >= SHEET_ROWS:
        abort(400, _("一个工作表放不下 %(total)s 行，请缩小范围或导出 CSV。", total=f"{total:,}"))
    return _sent(([tuple(shown(row)) for row in plain_rows(frame)] for frame in frames), titles, name, kind)


def rows_file(
    rows: Sequence[tuple[Value, ...]], titles: Sequence[tuple[str, Cell]], name: str, kind: str
) -> Response:
    """A short table as a file: its rows as the screen has them.

    Args:
        rows: all of them.
        titles, name: as for `table_file`.
        kind: csv or xlsx, as the address has it.
    """
    return _sent([rows], titles, name, cast("FileKind", kind))


def _sent(
    pieces: Iterable[Sequence[tuple[Value, ...]]],
    titles: Sequence[tuple[str, Cell]],
    name: str,
    kind: FileKind,
) -> Response:
    cells = [replace(cell, name=title) for title, cell in titles]
    # On the disk, not in memory: a year of a city has a million rows. Closed when it was sent.
    whole: BinaryIO = tempfile.TemporaryFile()  # noqa: SIM115 - sent after this function
    if kind == "csv":
        whole.write(b"\xef\xbb\xbf")  # so that spreadsheets read it as UTF-8
    # Without any row it still has its titles.
    frames = (_frame(rows, cells) for rows in chain(pieces, [()]))
    write_table(frames, cells, whole, kind, sheet=name)
    whole.seek(0)
    return send_file(whole, _MEDIA[kind], as_attachment=True, download_name=f"{name}.{kind}", max_age=0)


def _frame(rows: Sequence[tuple[object, ...]], cells: Sequence[Cell]) -> pd.DataFrame:
    columns = list(zip(*rows, strict=True)) if rows else [()] * len(cells)
    return pd.DataFrame(
        {cell.name: _column(values, cell) for cell, values in zip(cells, columns, strict=True)}
    )


def _column(values: Sequence[Any], cell: Cell) -> "pd.Series[Any]":
    if cell.holds in ("text", "json"):
        return pd.Series(["" if value is None else str(value) for value in values], dtype="str")
    return pd.Series(list(values), dtype="Int64" if cell.holds == "whole" else "float64")
