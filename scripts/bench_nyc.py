"""Judges 14 months of New York trips as published and with planted overcharges, and prints the shares."""

import argparse
import datetime as dt
import os
import sys
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd

from taxi_qa.ingest.take import take
from taxi_qa.law.read import read_law
from taxi_qa.law.tariff import price
from taxi_qa.rules.kit import catalogue
from taxi_qa.runs.check import check
from taxi_qa.store import export, library
from taxi_qa.store.home import Home, make_home
from taxi_qa.values.clock import instant_of

RULES = ("fare.overcharge", "fare.wrong_rate")
PLANTED = 2_000
STANDARD, FLAT, OUT_OF_TOWN = "metered", "flat", "out_of_town"


def main() -> int:
    """The command line."""
    asked = argparse.ArgumentParser(description=__doc__)
    real = Path(os.environ.get("TAXI_QA_REAL_DATA", Path(__file__).parents[2] / "shared" / "data"))
    asked.add_argument("folder", nargs="?", type=Path, default=real / "nyc_tlc")
    asked.add_argument("--seed", type=int, default=1)
    asked.add_argument("--workers", type=int, default=2)
    options = asked.parse_args()
    files = sorted(options.folder.glob("yellow_*.csv*"))
    if not files:
        print(f"no yellow_*.csv in {options.folder}: name the folder of the trip records", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory(prefix="taxi_qa-nyc-") as work:
        home = made(Path(work) / "home")
        taken(home, files, "nyc-tlc")
        trips, answers = judged(home, options.workers)
        ok = shares(trips, answers)
        ok &= planted(Path(work), trips, options.seed, options.workers)
    return 0 if ok else 1


def made(path: Path) -> Home:
    """A home for New York; one bucket, since every trip has a car of its own."""
    return make_home(path, city="nyc", timezone="America/New_York", buckets=1)


def taken(home: Home, files: list[Path], profile: str | None) -> None:
    """Take the files in and say what became of the rows."""
    now_ms = instant_of(dt.datetime.now(dt.UTC))
    reports = take(home, files, profile=profile, now_ms=now_ms)
    sums = {name: sum(getattr(one, name) for one in reports) for name in ("rows", "accepted", "quarantined")}
    print(f"taken in: {len(reports)} files, {sums}")


def judged(home: Home, workers: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The trips with their rate codes, and the answer of every trip and rule that is not clean."""
    executor = "processes" if workers > 1 else "inline"
    report = check(home, now_ms=0, rules=RULES, executor=executor, workers=workers)
    if report is None:
        raise SystemExit("the home holds no trips")
    print(report.tallies.to_string(index=False))
    about = {
        rule.name: export.RuleAbout(rule.clause, rule.stage, rule.title_zh, rule.title_en)
        for rule in catalogue().values()
    }
    frames = list(export.findings(home, about=about, with_cannot_tell=True))
    answers = (
        pd.concat(frames, ignore_index=True)
        if frames
        else pd.DataFrame(columns=["trip_id", "rule", "verdict"])
    )
    return library.records(home, "trips"), answers


def shares(trips: pd.DataFrame, answers: pd.DataFrame) -> bool:
    """Shares of clean, found and cannot tell of the standard rate and of the flat fare."""
    ok = True
    over = answers[answers["rule"] == RULES[0]].set_index("trip_id")["verdict"]
    verdict = trips["trip_id"].map(over).fillna("clean")
    for code, least_clean, most_found in ((STANDARD, 0.999, 0.0005), (FLAT, 0.995, 1.0)):
        counts = verdict[trips["rate_code"] == code].value_counts()
        n = int(counts.sum())
        part = {name: counts.get(name, 0) / n for name in ("clean", "found", "cannot_tell")}
        print(
            f"fare.overcharge, rate {code}: {n} trips, " + ", ".join(f"{k} {v:.4%}" for k, v in part.items())
        )
        ok &= part["clean"] >= least_clean and part["found"] <= most_found
    wrong = answers[(answers["rule"] == RULES[1]) & (answers["verdict"] == "found")]
    codes = wrong.merge(trips[["trip_id", "rate_code", "boarded_zone", "alighted_zone"]], on="trip_id")
    town = codes[codes["rate_code"] == OUT_OF_TOWN]
    outside = {"1", "264", "265"}
    inside = ~town["boarded_zone"].isin(outside) & ~town["alighted_zone"].isin(outside)
    every = trips[
        (trips["rate_code"] == OUT_OF_TOWN)
        & ~trips["boarded_zone"].isin(outside)
        & ~trips["alighted_zone"].isin(outside)
    ]
    print(f"fare.wrong_rate: {len(town)} of {len(every)} out-of-town rates with both ends in the city found")
    return bool(ok and inside.all() and len(town) == len(every))


def planted(work: Path, trips: pd.DataFrame, seed: int, workers: int) -> bool:
    """One dollar more on fares that stand at the top of their band: how many are found."""
    standard = trips[trips["rate_code"] == STANDARD].reset_index(drop=True)
    asked = pd.DataFrame(
        {
            "boarded_ms": standard["boarded_ms"].astype("int64"),
            "alighted_ms": standard["alighted_ms"].astype("int64"),
            "metered_m": standard["metered_m"].astype("float64"),
            "waiting_s": np.nan,
            "energy": "",
            "rate_code": STANDARD,
            "time_slack_s": 0.0,
            "boarded_zone": standard["boarded_zone"].fillna(""),
            "alighted_zone": standard["alighted_zone"].fillna(""),
        }
    )
    due = price(asked, read_law("nyc"))
    sound = (due["missing"] == "") & (due["doubt"] == "") & (standard["fare_fen"] <= due["high_fen"])
    natural = int((sound & (standard["fare_fen"] == due["high_fen"])).sum())
    rows = standard[sound].sample(PLANTED, random_state=seed)
    fare = due.loc[rows.index, "high_fen"] + 100
    file = work / "trips-planted.csv"
    pd.DataFrame(
        {
            "trip_id": rows["trip_id"],
            "vehicle_id": rows["vehicle_id"],
            "boarded_at": rows["boarded_ms"],
            "alighted_at": rows["alighted_ms"],
            "metered_km": rows["metered_m"].astype("float64") / 1000,
            "fare_yuan": fare.astype("float64") / 100,
            "rate_code": rows["rate_code"],
            "boarded_zone": rows["boarded_zone"],
            "alighted_zone": rows["alighted_zone"],
        }
    ).to_csv(file, index=False)
    home = made(work / "planted")
    taken(home, [file], None)
    _, answers = judged(home, workers)
    over = answers[(answers["rule"] == RULES[0]) & (answers["verdict"] == "found")]
    print(
        f"planted: {PLANTED} random standard fares set to the top of their band plus 1.00 "
        f"({natural} stood there of themselves): {len(over) / PLANTED:.2%} found"
    )
    return len(over) >= 0.99 * PLANTED


if __name__ == "__main__":
    sys.exit(main())
