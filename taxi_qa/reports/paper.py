"""Paper: a PDF page with Chinese text, the same bytes for the same content."""

import datetime as dt
from collections.abc import Sequence
from functools import cache
from typing import Final, Literal

from taxi_qa.reports.amounts import Said

_FONT: Final = "NotoSansCJK"
# Fonts of one collection: Japanese, Korean, Simplified Chinese, Traditional Chinese, Hong Kong, then mono.
_SIMPLIFIED: Final = 2
_TITLE_PT: Final = 16
_HEADING_PT: Final = 11
_TEXT_PT: Final = 9
_SMALL_PT: Final = 7
_GREY: Final = (110, 110, 110)
_RULE: Final = (200, 205, 212)
_HEAD_FILL: Final = (238, 241, 245)
_MARGIN_MM: Final = 14
# A PDF carries when it was made; that is the day it speaks of, not the moment somebody asked.
_NOON: Final = dt.time(12)

Align = Literal["L", "R", "C"]


@cache
def _font_file() -> str:
    from noto_cjk import otc_path  # noqa: PLC0415 - only paper needs the font

    return str(otc_path("sans"))


class Paper:
    """A document that grows from the top: title, facts, paragraphs, tables."""

    def __init__(self, title: Said, day: dt.date, *, foot: str, landscape: bool = False) -> None:
        """Begin a document.

        Args:
            title: in both languages.
            day: the city day it speaks of.
            foot: stands at the foot of every page beside the page's number.
            landscape: wider than high.
        """
        from fpdf import FPDF  # noqa: PLC0415 - a third of a second other commands need not wait

        class _Pages(FPDF):
            def footer(self) -> None:
                self.set_y(-_MARGIN_MM)
                self.set_font(_FONT, size=_SMALL_PT)
                self.set_text_color(*_GREY)
                self.cell(0, 5, f"{foot}    {self.page_no()}/{{nb}}", align="C")
                self.set_text_color(0)

        self._pages = _Pages(orientation="landscape" if landscape else "portrait", format="A4")
        self._pages.set_creation_date(dt.datetime.combine(day, _NOON, dt.UTC))
        self._pages.set_margins(_MARGIN_MM, _MARGIN_MM)
        self._pages.set_auto_page_break(auto=True, margin=_MARGIN_MM + 6)
        self._pages.add_font(_FONT, "", _font_file(), collection_font_number=_SIMPLIFIED)
        self._pages.set_title(title.zh)
        self._pages.set_lang("zh-CN")
        self._pages.set_draw_color(*_RULE)
        self._pages.add_page()
        self._line(title.zh, _TITLE_PT, 9)
        if title.en:
            self._line(title.en, _SMALL_PT + 1, 5, grey=True)
        self._pages.ln(2)

    def _line(self, text: str, size_pt: float, height_mm: float, *, grey: bool = False) -> None:
        self._pages.set_font(_FONT, size=size_pt)
        self._pages.set_text_color(*(_GREY if grey else (0, 0, 0)))
        self._pages.multi_cell(0, height_mm, text, new_x="LMARGIN", new_y="NEXT", align="L")
        self._pages.set_text_color(0)

    def heading(self, said: Said) -> None:
        """Begin a section."""
        self._pages.ln(3)
        self._line(said.zh + (f"  {said.en}" if said.en else ""), _HEADING_PT, 7)

    def text(self, said: Said, *, small: bool = False) -> None:
        """A paragraph, the English below the Chinese."""
        self._line(said.zh, _SMALL_PT if small else _TEXT_PT, 4 if small else 5, grey=small)
        if said.en:
            self._line(said.en, _SMALL_PT, 4, grey=True)

    def facts(self, rows: Sequence[tuple[Said, str]]) -> None:
        """Labels and values, one under the other."""
        self.table((), [(f"{label.zh}  {label.en}".strip(), value) for label, value in rows], (2, 5))

    def table(
        self,
        headers: Sequence[Said],
        rows: Sequence[Sequence[str]],
        widths: Sequence[float],
        aligns: Sequence[Align] = (),
    ) -> None:
        """A table; its header stands on every page it goes over.

        Args:
            headers: of the columns; without any the first row is a row like the others.
            rows: texts.
            widths: of the columns, in shares.
            aligns: of the columns; to the left where not given.
        """
        from fpdf.fonts import FontFace  # noqa: PLC0415 - see above

        self._pages.set_font(_FONT, size=_TEXT_PT - 1)
        face = FontFace(emphasis="", fill_color=_HEAD_FILL)
        with self._pages.table(
            col_widths=tuple(widths),
            text_align=tuple(aligns) if aligns else "LEFT",
            line_height=4.4,
            padding=(0.6, 1),
            headings_style=face,
            first_row_as_headings=bool(headers),
            borders_layout="HORIZONTAL_LINES",
        ) as table:
            if headers:
                head = table.row()
                for said in headers:
                    head.cell(said.zh + (f"\n{said.en}" if said.en else ""))
            for values in rows:
                row = table.row()
                for value in values:
                    row.cell(value)

    def finished(self) -> bytes:
        """The whole document."""
        return bytes(self._pages.output())
