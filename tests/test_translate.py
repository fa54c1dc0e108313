"""The web's English is whole, and its compiled form is that of its source, whenever it is compiled."""

import datetime as dt
import io

from babel.messages.mofile import read_mo

from scripts import translate


def test_nothing_is_missing_unused_or_not_compiled() -> None:
    assert translate.problems() == []


def test_the_same_text_compiles_to_the_same_bytes_at_any_time() -> None:
    made = translate.compiled(translate.PO.read_bytes())
    head = read_mo(io.BytesIO(made))
    # No moment of its own: otherwise every compiling would be another file.
    assert dt.datetime.now(dt.UTC).strftime("%Y-%m-%d %H:%M") not in made.decode(errors="ignore")  # noqa: TID251 - the clock is what must not be in it
    assert head.get("案件").string == "Cases"  # type: ignore[union-attr]
