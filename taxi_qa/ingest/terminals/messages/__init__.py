"""What each message holds, as data: one file a family, each with `LAYOUTS` by message id.

A message may have several layouts (editions, makers): the first that can be read, fits the edition and
has its
`sure` fields meaningful is taken.
"""

from dataclasses import dataclass

from taxi_qa.ingest.terminals.layout import Layout


@dataclass(frozen=True, slots=True)
class Shape:
    """One way to lay out a message.

    Attributes:
        layout: the fields.
        version: of the header it goes with; None for any.
        least: bytes a body must have.
        most: bytes a body may have.
        sure: fields that must not be None: their digits tell this layout from another.
        items: what follows the fields: "" nothing (kept raw), else the name of a table of items.
    """

    layout: Layout
    version: int | None = None
    least: int = 0
    most: int = 1 << 30
    sure: tuple[str, ...] = ()
    items: str = ""


@dataclass(frozen=True, slots=True)
class Known:
    """A message by its name and the ways it is laid out, the likeliest first."""

    name: str
    shapes: tuple[Shape, ...]


def known(name: str, layout: Layout = (), items: str = "") -> Known:
    """A message with one layout."""
    return Known(name, (Shape(layout, items=items),))
