"""Acts a camera or a sensor reported: its events of one kind, those less than a minute apart as one act.

An event lasts from its time for its duration; one without a duration is so many frames (`value`, else one).
Only events as sure as the house asks make up an act's seconds and frames: a doubtful one proves nothing more.
Duties without any such act are rows, too, as far as the car was watched: nothing seen is not yet clean.
"""

from typing import Final, Literal

import numpy as np
import numpy.typing as npt

from taxi_qa.facts.duty import cars_on_duty, duties
from taxi_qa.facts.given import Given, instants, numbers, positions_of, words
from taxi_qa.facts.overlaps import CarSpans, car_spans, only_one, shared_s, touched
from taxi_qa.facts.paces import paces
from taxi_qa.facts.seats import SENSOR_DAYS
from taxi_qa.facts.spans import place_at
from taxi_qa.facts.unit import named_subject, unit_rows
from taxi_qa.facts.watching import has_belt_switch, out_of_order, recognised, unwatched
from taxi_qa.facts.who import driver_at, signed_in
from taxi_qa.law.parameter import Law
from taxi_qa.values.clock import MS_PER_DAY, offset_ms
from taxi_qa.values.columns import Columns, Texts, Values, stacked_columns

Int64s = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Act = Literal["phone", "smoking", "eating", "no_belt_driver", "lens_covered", "not_yielding"]

# One act, one finding: events less than this apart are one.
MERGE_MS: Final = 60_000
# A lens covered for longer left the camera blind for everything else.
_BLIND_MS: Final = 60_000
_WEEK_MS: Final = SENSOR_DAYS * MS_PER_DAY
_SURE: Final = "house.driving.camera_confidence"
# Above this pace the seconds of an act are counted.
_FAST: Final = "house.driving.belt_kmh"


def camera_acts(given: Given, law: Law, kind: Act) -> Columns:
    """The acts of one kind that began in the span, and each duty that began there and had none.

    Args:
        given: the records.
        law: for how sure and how fast.
        kind: of event.

    Returns:
        Unit columns and: confidence (the best, NaN where none was sent), of the sure events frames, held_s
        (summed), span_s (from the first to the end of the last), fast_s (of it, above the belt's speed),
        on_duty_s (of it, within a duty of the car), top_kmh (the highest pace at any), seen_by (what they
        call their sources, joined by `+`) and witnesses (how many); level (the highest, NaN none), media,
        media_sha256 (joined by `;`), saw_else (the camera recognised something meanwhile), local_s (seconds
        since local midnight of its begin). All NaN or empty where there was no act.
    """
    acts = _episodes(given, law, kind)
    quiet = _quiet(given, kind)
    return unit_rows(given, dict(stacked_columns([acts, filled_like(quiet, acts)]).columns))


def filled_like(rows: Columns, like: Columns) -> Columns:
    """The same rows with the columns of others, empty or NaN where they have none."""
    return Columns({name: rows[name] if name in rows else _blank(like[name], len(rows)) for name in like})


def _spans_of(events: Columns) -> CarSpans:
    return car_spans(*events.some("vehicle_id", "start_ms", "end_ms").values())


def _blank(like: Values, n: int) -> Values:
    if like.dtype == object:
        return np.full(n, "", dtype=object)
    return np.full(n, np.nan) if like.dtype.kind == "f" else np.zeros(n, dtype=like.dtype)


def _episodes(given: Given, law: Law, kind: Act) -> Columns:
    events = _events(given, kind)
    names, start, end = events["vehicle_id"], events["start_ms"], events["end_ms"]
    first = _first_of_each(names, start, end)
    # Some ufuncs refuse to reduce nothing.
    if not first.size:
        return _described(given, law, events, first, kind)
    finish = np.maximum.reduceat(end, first)
    began = (start[first] >= given.from_ms) & (start[first] < given.to_ms)
    wanted = np.repeat(began, np.diff(np.append(first, names.size)))
    events = events.but({"finish_ms": np.repeat(finish, np.diff(np.append(first, names.size)))}).cut(wanted)
    first = _first_of_each(events["vehicle_id"], events["start_ms"], events["end_ms"])
    return _described(given, law, events, first, kind)


def _events(given: Given, kind: Act) -> Columns:
    """The events of one kind, car by car and in the order of time."""
    table = given.tables["events"]
    table = table[words(table["kind"]) == kind]
    lasted = numbers(table["duration_s"])
    start = instants(table["time_ms"], 0)
    frames = np.where(np.isnan(lasted), np.fmax(1.0, np.nan_to_num(numbers(table["value"]), nan=1.0)), 1.0)
    held_s = np.nan_to_num(lasted)
    columns: dict[str, Values] = {
        name: words(table[name]) for name in ("vehicle_id", "driver_id", "media", "media_sha256", "source")
    }
    columns |= {
        "event_id": words(table["event_id"]),
        "start_ms": start,
        "end_ms": start + (held_s * 1000).astype(np.int64),
        "finish_ms": start,
        "frames": frames,
        "held_s": held_s,
        "confidence": numbers(table["confidence"]),
        "level": numbers(table["level"]),
    }
    order = np.lexsort((columns["event_id"].astype(str), start, columns["vehicle_id"].astype(str)))
    return Columns(columns).cut(order)


def _first_of_each(names: Texts, start: Int64s, end: Int64s) -> Int64s:
    """The first event of each episode."""
    if not names.size:
        return np.zeros(0, dtype=np.int64)
    car = np.cumsum(np.append(0, names[1:] != names[:-1]))
    # How far the events of the same car have reached; another car's lie in another age.
    age = car * (end.max() - start.min() + 1)
    reached = np.maximum.accumulate(end + age) - age
    new = np.append(True, (car[1:] != car[:-1]) | (start[1:] - reached[:-1] >= MERGE_MS))
    return np.flatnonzero(new)


def _described(given: Given, law: Law, events: Columns, first: Int64s, kind: Act) -> Columns:
    names, start = events["vehicle_id"][first], events["start_ms"][first]
    finish = events["finish_ms"][first]
    sure = events["confidence"] >= law.number(_SURE, given.from_ms)
    if kind == "no_belt_driver":
        # A belt's own switch recognises nothing: it says no confidence, and needs none.
        sure |= np.isnan(events["confidence"]) & has_belt_switch(given, events["vehicle_id"])
    fast_kmh = law.number(_FAST, given.from_ms)
    of_event = positions_of(given.track.vehicle_ids, events["vehicle_id"])
    own_end = events["end_ms"]
    _, top, _ = paces(given.track, of_event, events["start_ms"], own_end, np.full(len(events), fast_kmh))
    sure_from = _over(np.minimum, np.where(sure, events["start_ms"], finish.max(initial=0) + 1), first)
    sure_to = np.maximum(_over(np.maximum, np.where(sure, own_end, 0), first), 0)
    has_sure = _over(np.maximum, sure.astype(np.int64), first) > 0
    sure_from, sure_to = np.where(has_sure, sure_from, start), np.where(has_sure, sure_to, start)
    fast_s, _, _ = paces(given.track, of_event[first], sure_from, sure_to, np.full(first.size, fast_kmh))
    trip_id, of_trip = trip_at(given, names, start)
    seen_by = _joined(np.where(sure, events["source"], "").astype(object), first, "+")
    known = given.once("sign_ins", signed_in)
    driver = np.where(of_trip != "", of_trip, driver_at(known, names, start)).astype(object)
    # The terminal knows another driver than the records do: nobody is named.
    told = _joined(events["driver_id"], first, ";")
    driver[(told != "") & (told != driver)] = ""
    lon, lat = place_at(given.track, of_event[first], start)
    down = out_of_order(given, names, start, finish)
    local_s = (start + offset_ms(start, given.zone)) % MS_PER_DAY / 1000.0
    return Columns(
        {
            "subject": named_subject(names, start),
            "vehicle_id": names,
            "driver_id": driver,
            "trip_id": trip_id,
            "start_ms": start,
            "end_ms": finish,
            "lon": lon,
            "lat": lat,
            "missing": np.where(down, "working camera", "").astype(object),
            "confidence": _over(np.fmax, events["confidence"], first),
            "frames": _over(np.add, np.where(sure, events["frames"], 0.0), first),
            "held_s": _over(np.add, np.where(sure, events["held_s"], 0.0), first),
            "span_s": (sure_to - sure_from) / 1000.0,
            "fast_s": fast_s,
            "top_kmh": _over(np.fmax, np.where(sure, top, np.nan), first),
            "level": _over(np.fmax, events["level"], first),
            "media": _joined(events["media"], first, ";"),
            "media_sha256": _joined(events["media_sha256"], first, ";"),
            "seen_by": seen_by,
            "witnesses": np.array([name.count("+") + (name != "") for name in seen_by], dtype=np.float64),
            "on_duty_s": shared_s(given.once("duty spans", _duty_spans), names, sure_from, sure_to),
            # At its very ends the lens is free.
            "saw_else": touched(given.once("recognised", recognised), names, sure_from + 1, sure_to - 1)
            & (sure_to > sure_from),
            "local_s": local_s,
        }
    )


def _over(fold: np.ufunc, values: Values, first: Int64s) -> Values:
    """Values folded episode by episode."""
    return np.asarray(fold.reduceat(values, first)) if first.size else values[:0]


def _joined(texts: Texts, first: Int64s, by: str) -> Texts:
    """The different texts of each episode, in their order, those that are empty left out."""
    ends = np.append(first, texts.size)[1:]
    return np.array(
        [
            by.join(dict.fromkeys(text for text in texts[low:high].tolist() if text))
            for low, high in zip(first, ends, strict=True)
        ],
        dtype=object,
    )


def trip_at(given: Given, vehicle_id: Texts, moment: Int64s) -> tuple[Texts, Texts]:
    """The metered trip that holds each moment and its own driver, "" where there is none or there are two."""
    trips = given.tables["trips"]
    spans = given.once("trip spans", _trip_spans)
    row = only_one(spans, vehicle_id, moment, moment)
    trip_id, driver_id = (np.append(words(trips[name]), "") for name in ("trip_id", "driver_id"))
    return trip_id[row].astype(object), driver_id[row].astype(object)


def _trip_spans(given: Given) -> CarSpans:
    trips = given.tables["trips"]
    boarded, alighted = (instants(trips[name], 0) for name in ("boarded_ms", "alighted_ms"))
    return car_spans(words(trips["vehicle_id"]), boarded, alighted)


def _duty_spans(given: Given) -> CarSpans:
    return car_spans(*cars_on_duty(duties(given)).some("vehicle_id", "start_ms", "end_ms").values())


def _quiet(given: Given, kind: Act) -> Columns:
    """The duties that began in the span and had no act of the kind, and what is missing to be sure."""
    duty = duties(given)
    duty = duty.cut((duty["day_ms"] >= given.from_ms) & (duty["day_ms"] < given.to_ms))
    names, begin, finish = duty["vehicle_id"], duty["start_ms"], duty["end_ms"]
    every = _events(given, kind)
    acted = touched(_spans_of(every), names, begin, finish)
    duty = duty.cut(~acted)
    names, begin, finish = duty["vehicle_id"], duty["start_ms"], duty["end_ms"]
    missing = unwatched(given, names, begin, finish, by_belt=kind == "no_belt_driver")
    if kind == "not_yielding":
        # A cabin camera sees no crossing: only one that ever reported such a thing looks at the street.
        looked = touched(_spans_of(every), names, begin - _WEEK_MS, finish + _WEEK_MS)
        missing = np.where(looked, missing, "events.not_yielding").astype(object)
    if kind not in ("lens_covered", "no_belt_driver"):
        dark = _events(given, "lens_covered")
        dark = dark.cut(dark["end_ms"] - dark["start_ms"] > _BLIND_MS)
        blind = touched(_spans_of(dark), names, begin, finish)
        missing = np.where((missing == "") & blind, "working camera", missing).astype(object)
    subject = [f"{v}@{s}+{d}" for v, s, d in zip(names, begin, duty["driver_id"], strict=True)]
    return Columns(
        {
            "subject": np.array(subject, dtype=object),
            "vehicle_id": names,
            "driver_id": duty["driver_id"],
            "start_ms": begin,
            "end_ms": finish,
            "missing": missing,
        }
    )
