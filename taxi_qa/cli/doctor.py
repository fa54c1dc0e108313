"""`taxi-qa doctor`: what is set up, what is missing, what the data can and can't support."""

import importlib.metadata
import platform
from typing import TYPE_CHECKING, Any, Final

import click

from taxi_qa import __version__
from taxi_qa.cli.command import Command, city_today, opened
from taxi_qa.cli.screen import figures, note, say, table
from taxi_qa.records.kinds import KINDS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from taxi_qa.law.parameter import Law
    from taxi_qa.rules.kit import Rule
    from taxi_qa.store.home import Home

# What every answer is poorer without, beside the rules that need it.
WITHOUT: Final = {
    "drivers": "no driver's papers or company are known",
    "vehicles": "no permit, meter or sensors of a car are known; every car counts as a five-seater",
    "shifts": "the driver of an act is told by the trip alone, and on duty is what lies around metered trips",
    "positions": "time and place are those of the meter, and nothing between boarding and alighting is seen",
    "trips": "nothing of fares can be judged",
    "events": "the meter's own flag is the only sign of passengers, so off-meter rides stay leads",
    "zones": "the city's boundary is the shipped one, if there is one",
    "repairs": "no ticket explains a broken device",
    "excuses": "nothing is excused",
    "roads": "nobody can tell a speed limit or a reasonable route: `taxi-qa roads build` makes a network",
}
_PACKAGES: Final = ("numpy", "pandas", "pyarrow", "numba", "sqlmodel", "shapely")


@click.command(cls=Command)
@click.option("--json", "as_json", is_flag=True, help="Give it as JSON.")
@click.pass_context
def doctor(ctx: click.Context, as_json: bool) -> None:
    """Say what is set up and what is missing.

    And which rules the data can and can't support, and why.
    """
    home = opened(ctx)
    seen = examined(home)
    if as_json:
        figures(seen)
        return
    packages = ", ".join(f"{name} {version}" for name, version in seen["packages"].items())
    say(f"taxi-qa {seen['version']} on Python {seen['python']} ({packages})")
    say(f"home {home.path}: city {home.city}, clock {home.timezone}, database {seen['database']}")
    say()
    rows = [(one["kind"], one["rows"], one["first_day"], one["last_day"]) for one in seen["records"]]
    table(("records", "rows", "first day", "last day"), rows)
    for kind, loss in seen["without"].items():
        say(f"no {kind}: {loss}")
    if seen["frames_kept"]:
        say(f"{seen['frames_kept']:,} frames of terminals broke this program; the next version tries them")
    if seen["quarantined"]:
        say(f"{seen['quarantined']:,} rows wait in the quarantine: `taxi-qa quarantine` says why")
    say()
    table(
        ("rule", "title", "can judge", "because"),
        [(one["rule"], one["title_zh"], one["can_judge"], one["because"]) for one in seen["rules"]],
    )
    if seen["unverified"]:
        say()
        say(f"unverified numbers, whose findings are only leads: {', '.join(seen['unverified'])}")
    for warning in seen["contradictions"]:
        say(f"targets contradict each other: {warning}")
    if not seen["records"]:
        note("next: `taxi-qa ingest FILE...`")


def examined(home: "Home") -> dict[str, Any]:
    """Everything the doctor saw, as JSON knows it."""
    from taxi_qa.gateway.run import folder_of
    from taxi_qa.gateway.settle import quarantined
    from taxi_qa.law.read import read_law
    from taxi_qa.law.targets import contradictions
    from taxi_qa.rules.kit import catalogue
    from taxi_qa.store.quarantine import ACCEPTED, summary
    from taxi_qa.values.clock import day_start_ms

    kept = _kept(home)
    counts = counted(home)
    law = read_law(home.city)
    rules = list(catalogue().values())
    refused = summary(home)
    return {
        "version": __version__,
        "python": platform.python_version(),
        "packages": {name: importlib.metadata.version(name) for name in _PACKAGES},
        "home": str(home.path),
        "city": home.city,
        "timezone": home.timezone,
        "database": home.engine.dialect.name,
        "records": kept,
        "absent": [name for name in KINDS if name not in counts],
        "without": {kind: loss for kind, loss in WITHOUT.items() if not counts.get(kind)},
        "quarantined": int(refused.loc[refused["state"] != ACCEPTED, "rows"].sum()),
        "frames_kept": quarantined(folder_of(home)),
        "rules": [supported(rule, counts, law) for rule in rules],
        "unverified": _unverified(home, rules, law),
        "contradictions": contradictions(law, day_start_ms(city_today(home.timezone), home.timezone)),
    }


def _kept(home: "Home") -> list[dict[str, Any]]:
    from taxi_qa.store.library import rows_kept
    from taxi_qa.values.clock import date_of

    frame = rows_kept(home)
    days = {
        name: [
            None if missing else str(date_of(day))
            for day, missing in zip(frame[name], frame[name].isna(), strict=True)
        ]
        for name in ("first_day", "last_day")
    }
    return [
        {"kind": str(kind), "rows": int(rows), "first_day": first, "last_day": last}
        for kind, rows, first, last in zip(
            frame["kind"], frame["rows"], days["first_day"], days["last_day"], strict=True
        )
    ]


def counted(home: "Home") -> dict[str, int]:
    """How many rows of each kind the home holds; `roads` counts as one where there is a network."""
    from taxi_qa.store.road_files import network_path

    kept = {one["kind"]: one["rows"] for one in _kept(home)}
    return kept | {"roads": int(network_path(home) is not None)}


def supported(rule: "Rule", counts: "Mapping[str, int]", law: "Law") -> dict[str, str]:
    """Whether the data and the law let a rule answer at all, and if not what is missing."""
    no_rows = [kind for kind in rule.needs if not counts.get(kind)]
    no_law = [path for path in rule.law if path not in law]
    reasons = [f"no {', '.join(no_rows)}"] if no_rows else []
    reasons += [f"no number {', '.join(no_law)} for {law.place}"] if no_law else []
    return {
        "rule": rule.name,
        "title_zh": rule.title_zh,
        "can_judge": "no" if reasons else "yes",
        "because": "; ".join(reasons),
    }


def _unverified(home: "Home", rules: "Sequence[Rule]", law: "Law") -> list[str]:
    """The numbers the rules read that nobody could verify, as of the city's today."""
    from taxi_qa.law.parameter import Certainty
    from taxi_qa.values.clock import day_start_ms

    midnight_ms = day_start_ms(city_today(home.timezone), home.timezone)
    found = []
    for path in sorted({path for rule in rules for path in rule.law if path in law}):
        version = law[path].on(midnight_ms)
        if version is not None and version.certainty is Certainty.UNVERIFIED:
            found.append(path)
    return found
