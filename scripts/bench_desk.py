"""How long the desk takes to make cases of a city's findings: `taxi-qa desk gather`, first and again.

Keeps findings as checks keep them, 2,000 a job, each of another trip; then gathers them in a process of its
own, whose time and peak memory are those of the whole command, and gathers once more, which changes nothing.

    scripts/bench desk [--findings 200000] [--url postgresql://…]
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from scripts.bench_findings import OF_A_JOB, kept, made  # noqa: E402
from taxi_qa.store.home import make_home  # noqa: E402


def gathered(home: Path) -> tuple[float, float, str]:
    """Wall seconds, peak MB and words of one `taxi-qa desk gather`."""
    started = time.perf_counter()
    command = [sys.executable, "-m", "taxi_qa", "--home", str(home), "desk", "gather"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        said = process.stdout.read() if process.stdout else ""
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"desk gather ended with {process.returncode}")
    return time.perf_counter() - started, used.ru_maxrss / 1024, " ".join(said.split())


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--findings", type=int, default=200_000)
    parser.add_argument("--url", help="an empty database to use in place of SQLite")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        home = make_home(Path(name) / "home", asked.url, city="guangzhou")
        jobs = range(-(-asked.findings // OF_A_JOB))
        kept(home, "run", [made(min(OF_A_JOB, asked.findings - OF_A_JOB * job), job) for job in jobs])
        home.engine.dispose()
        for again in ("first", "again"):
            spent, peak, said = gathered(Path(name) / "home")
            speed = f"{asked.findings:,} findings in {spent:.1f} s, {asked.findings / spent:,.0f}/s"
            print(f"{again}: {speed}, {peak:.0f} MB: {said}")


if __name__ == "__main__":
    main()
