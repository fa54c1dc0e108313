"""How long the score of a whole city takes: `taxi-qa score --out`, drivers and ledger entries on disk.

Takes in a register of drivers and opens, confirms and partly reverses that many cases in the ledger (of 2026
and the years before, as the law of those days prices them), then scores in a process of its own, whose time
and peak memory are those of the whole command; twice for drivers, once for entries.

    scripts/bench score [--drivers 20000] [--cases 200000] [--url postgresql://…]
"""

import argparse
import hashlib
import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from taxi_qa.ingest.take import take  # noqa: E402
from taxi_qa.law.read import read_law  # noqa: E402
from taxi_qa.review.charges import charge_by, items  # noqa: E402
from taxi_qa.review.desk import Confirmed  # noqa: E402
from taxi_qa.store.home import Home, make_home  # noqa: E402
from taxi_qa.store.ledger import append  # noqa: E402
from taxi_qa.values.clock import MS_PER_DAY, day_from_text, day_start_ms  # noqa: E402

REVERSED_SHARE = 0.05
CITY = "guangzhou"
CYCLE = "2016"
# Acts of the years whose points were read, so that every sum has something to add up.
FIRST, LAST = "2015-01-01", "2017-12-31"
TOLD = "2020-01-01"


def written(home: Home, drivers: int, cases: int) -> None:
    """The register, the decided cases and their reversals."""
    law = read_law(CITY)
    charge = charge_by(law)
    chance = random.Random(11)  # noqa: S311 - a made city
    rules = sorted(items())
    first, last = day_from_text(FIRST), day_from_text(LAST)
    lines = []
    for number in range(cases):
        day = chance.randint(first, last)
        at_ms = day_start_ms(day, law.timezone) + chance.randrange(MS_PER_DAY)
        driver = f"D{chance.randrange(drivers):06}"
        act = Confirmed(f"case{number}", chance.choice(rules), driver, at_ms, at_ms + 9 * MS_PER_DAY, "Wang")
        lines.append(charge(act))
    lines.sort(key=lambda line: int(str(line["decided_ms"])))
    numbers = append(home, lines)
    back = [
        {**line, "kind": "reversal", "points": -int(str(line["points"])), "reverses": number}
        for number, line in zip(numbers, lines, strict=True)
        if chance.random() < REVERSED_SHARE
    ]
    append(home, back)


def register(path: Path, drivers: int) -> None:
    rows = [f"D{i:06},某某,C{i % 40},{2008 + i % 9}-{1 + i % 12:02}-{1 + i % 28:02}" for i in range(drivers)]
    path.write_text("driver_id,name,company_id,registered_from\n" + "\n".join(rows), encoding="utf-8")


def scored(home: Path, out: Path) -> tuple[float, float, str]:
    """Wall seconds, peak MB and the digest of what one `taxi-qa score` wrote."""
    started = time.perf_counter()
    command = [
        sys.executable,
        "-m",
        "taxi_qa",
        "--home",
        str(home),
        "score",
        "--cycle",
        CYCLE,
        "--out",
        str(out),
    ]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, cwd=ROOT) as process:
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"score ended with {process.returncode}")
    spent = time.perf_counter() - started
    return spent, used.ru_maxrss / 1024, hashlib.sha256(out.read_bytes()).hexdigest()[:16]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--drivers", type=int, default=20_000)
    parser.add_argument("--cases", type=int, default=200_000)
    parser.add_argument("--url", help="an empty database to use in place of SQLite")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        home = make_home(folder / "home", asked.url, city=CITY)
        register(folder / "drivers.csv", asked.drivers)
        take(
            home, [folder / "drivers.csv"], now_ms=day_start_ms(day_from_text(TOLD), home.timezone), workers=1
        )
        started = time.perf_counter()
        written(home, asked.drivers, asked.cases)
        home.engine.dispose()
        print(f"{asked.cases:,} cases written in {time.perf_counter() - started:.1f} s")
        for out in ("drivers.csv", "again.csv", "city.entries.csv"):
            spent, peak, digest = scored(folder / "home", folder / out)
            print(f"{out}: {asked.drivers:,} drivers in {spent:.1f} s, {peak:.0f} MB, sha256 {digest}")


if __name__ == "__main__":
    main()
