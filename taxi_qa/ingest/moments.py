"""Text becomes instants and city days.

Read as times: ISO 8601 with or without offset (a date alone is its midnight), `2026/10/20 8:05`,
`2026.10.20`, `2026年10月20日 8时5分`, `20261020080500`, `20261020`, epoch seconds and milliseconds, Excel
serial days. Bare numbers are told apart by size, and the ranges do not meet in any year that matters:

    36,526 … 73,050         Excel days, 2000 to 2099
    19000101 … 20991231     compact dates (eight digits that are a calendar day)
    1e11 … 1e14             epoch milliseconds, from March 1973, except 14 digits that are a calendar moment
    any other below 1e11    epoch seconds

A time without an offset is in the city's zone. Where clocks are set back an hour occurs twice: the first
is meant. Where they are set forward an hour is missing: the reading counts as if the clock had not been
moved yet. (Both are what the offset before the change gives, as in PEP 495 with fold=0.)
"""

import re
import unicodedata
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from taxi_qa.ingest.quantities import Bools, Converted, Int64s, mask_of, replaced, without_nothing
from taxi_qa.values.clock import MS_PER_DAY, MS_PER_S, city_day, offset_ms

# Instants kept at all: 1900-01-01 … 9999-12-31 ("for ever" is written so).
_FIRST_MS: Final = -2_208_988_800_000
_LAST_MS: Final = 253_402_214_400_000

_NAIVE: Final = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}([T ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,9})?)?)?$"
_ZONED: Final = (
    r"^[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,9})?)?(Z|[+-][0-9]{2}:[0-9]{2})$"
)
_BARE: Final = r"^-?[0-9]{1,17}(\.[0-9]*)?$"
_LOOSE: Final = re.compile(
    r"(?P<year>[0-9]{4})(?P<mark>[-/.年])(?P<month>[0-9]{1,2})[-/.月](?P<day>[0-9]{1,2})日?"
    r"(?:[T\s]*(?P<hour>[0-9]{1,2})[:时点](?P<minute>[0-9]{1,2})(?:[:分](?P<second>[0-9]{1,2}))?"
    r"(?:[.,](?P<part>[0-9]{1,9}))?[分秒]?\s*(?P<offset>Z|[+-][0-9]{2}(?::?[0-9]{2})?)?)?",
    re.IGNORECASE,
)
_COMPACT_DAY: Final = re.compile(r"(?:19|20)[0-9]{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])")
_COMPACT: Final = re.compile(_COMPACT_DAY.pattern + r"(?:[01][0-9]|2[0-3])[0-5][0-9][0-5][0-9]")
_COMPACT_DIGITS: Final = (8, 14)

_EXCEL_FROM, _EXCEL_TO = 36_526, 73_051
_EXCEL_EPOCH_DAY: Final = -25_569  # 1899-12-30, counted from 1970-01-01
_MS_FROM: Final = 1e11
_S_PER_DAY: Final = 86_400
_NO_TIME: Final = np.iinfo(np.int64).min

EXPECTED: Final = "is not a time; expected 2026-10-20T08:05:00+08:00, 2026-10-20 08:05:00 or epoch seconds"
EXPECTED_DAY: Final = "is not a date; expected 2026-10-20"


def convert_times(texts: Any, zone: str) -> tuple[Converted, Bools]:  # noqa: ANN401
    """A column of instants (int64 ms, UTC), and which of them were written without an offset."""
    cut = without_nothing(texts)
    given = cut.is_valid().to_numpy(zero_copy_only=False)
    bare = mask_of(pc.match_substring_regex(cut, _BARE))
    cut, bare = _compact_written_out(cut, bare)
    naive = mask_of(pc.match_substring_regex(cut, _NAIVE))
    zoned = mask_of(pc.match_substring_regex(cut, _ZONED))
    odd = given & ~(bare | naive | zoned)
    if odd.any():
        cut = replaced(cut, odd, {int(i): written_out(cut[i].as_py()) for i in np.flatnonzero(odd)})
        bare = mask_of(pc.match_substring_regex(cut, _BARE))
        cut, bare = _compact_written_out(cut, bare)
        naive = mask_of(pc.match_substring_regex(cut, _NAIVE))
        zoned = mask_of(pc.match_substring_regex(cut, _ZONED))
    result = np.full(len(cut), _NO_TIME, dtype=np.int64)
    if naive.any():
        local = _iso_ms(cut.filter(pa.array(naive)))
        result[naive] = np.where(local == _NO_TIME, _NO_TIME, utc_of_local(local, zone))
    if zoned.any():
        result[zoned] = _iso_ms(cut.filter(pa.array(zoned)))
    if bare.any():
        numbers = cut.filter(pa.array(bare)).cast(pa.float64()).to_numpy(zero_copy_only=False)
        instants, excel = _from_numbers(numbers)
        instants[excel] = utc_of_local(instants[excel], zone)
        result[bare] = instants
        naive[np.flatnonzero(bare)[excel]] = True
    wrong = given & ((result < _FIRST_MS) | (result > _LAST_MS))
    return Converted(np.where(wrong | ~given, 0, result), given, [(wrong, EXPECTED)]), naive


def convert_days(texts: Any, zone: str) -> Converted:  # noqa: ANN401
    """A column of city days (int64, counted from 1970)."""
    times, _ = convert_times(texts, zone)
    days = city_day(times.data, zone).astype(np.int64)
    return Converted(days, times.given, [(times.faults[0][0], EXPECTED_DAY)])


def utc_of_local(local_ms: Int64s, zone: str) -> Int64s:
    """The instants at which a city's clock shows the given readings (ms since its 1970-01-01 00:00)."""
    usable = np.where((local_ms < 2 * _FIRST_MS) | (local_ms > 2 * _LAST_MS), 0, local_ms)
    # The offset of the day before holds on the first of two readings and in the missing hour.
    result: Int64s = usable - offset_ms(usable - offset_ms(usable, zone) - MS_PER_DAY, zone)
    settled = offset_ms(result, zone) == usable - result
    after: Int64s = usable - offset_ms(result, zone)
    # Changed since yesterday and read the new way: valid where the clock at that instant shows just that.
    changed = ~settled & (after + offset_ms(after, zone) == usable)
    return np.where(changed, after, result)


def later_reading(instants_ms: Int64s, zone: str) -> Int64s:
    """The second instant at which the clock shows the same, where an hour occurs twice; else the same."""
    hour = 3_600 * MS_PER_S
    second = instants_ms + hour
    twice = second + offset_ms(second, zone) == instants_ms + offset_ms(instants_ms, zone)
    return np.where(twice, second, instants_ms)


def written_out(text: str) -> str:
    """A loosely written time as ISO 8601; the text itself where it is none."""
    plain = unicodedata.normalize("NFKC", text).strip()
    match = _LOOSE.fullmatch(plain)
    if match is None:
        return plain
    part = match.groupdict()
    result = f"{part['year']}-{part['month']:0>2}-{part['day']:0>2}"
    if part["hour"] is not None:
        result += f"T{part['hour']:0>2}:{part['minute']:0>2}"
        result += f":{part['second'] or 0:0>2}" + (f".{part['part']}" if part["part"] else "")
    offset = (part["offset"] or "").upper()
    if offset not in ("", "Z"):
        digits = offset[1:].replace(":", "")
        offset = f"{offset[0]}{digits[:2]}:{digits[2:] or '00'}"
    return result + offset


def _compact_written_out(cut: Any, bare: Bools) -> tuple[Any, Bools]:  # noqa: ANN401
    """Eight or fourteen digits that are a calendar day or moment, as ISO 8601."""
    if not bare.any():
        return cut, bare
    lengths = pc.fill_null(pc.utf8_length(cut), 0).to_numpy(zero_copy_only=False)
    changes: dict[int, str | None] = {}
    for index in np.flatnonzero(bare & np.isin(lengths, _COMPACT_DIGITS)):
        text = cut[index].as_py()
        if _COMPACT_DAY.fullmatch(text):
            changes[int(index)] = f"{text[:4]}-{text[4:6]}-{text[6:]}"
        elif _COMPACT.fullmatch(text):
            day, clock = text[:8], text[8:]
            changes[int(index)] = f"{day[:4]}-{day[4:6]}-{day[6:]}T{clock[:2]}:{clock[2:4]}:{clock[4:]}"
    if not changes:
        return cut, bare
    where = np.zeros(len(cut), dtype=bool)
    where[list(changes)] = True
    return replaced(cut, where, changes), bare & ~where


def _iso_ms(texts: Any) -> Int64s:  # noqa: ANN401
    """Milliseconds since 1970 of ISO 8601 texts (without offset: as UTC); _NO_TIME where impossible."""
    moments = pd.to_datetime(
        pd.Series(texts.to_pylist(), dtype=object), format="ISO8601", errors="coerce", utc=True
    )
    values = moments.dt.tz_localize(None).to_numpy()
    missing = np.isnat(values)
    result: Int64s = values.astype("datetime64[ms]").astype(np.int64)
    result[missing] = _NO_TIME
    return result


def _from_numbers(numbers: npt.NDArray[np.float64]) -> tuple[Int64s, Bools]:
    """Instants of bare numbers, and which are Excel days (still in local time)."""
    excel = (numbers >= _EXCEL_FROM) & (numbers < _EXCEL_TO)
    milliseconds = numbers >= _MS_FROM
    # Excel shows whole seconds; its floats do not hold finer ones.
    seconds = np.rint((numbers + _EXCEL_EPOCH_DAY) * _S_PER_DAY)
    result = np.where(
        excel, seconds * MS_PER_S, np.where(milliseconds, np.rint(numbers), np.rint(numbers * MS_PER_S))
    )
    beyond = np.abs(result) > 2.0 * _LAST_MS
    instants: Int64s = np.where(beyond, 0.0, result).astype(np.int64)
    instants[beyond] = _NO_TIME
    return instants, excel
