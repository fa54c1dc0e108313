"""How quick the web is on a whole city's home, with many users at once, and how much each page weighs.

Makes a home of 20,000 drivers and 500,000 findings over a made city's day of 100 million positions (kept in
--cache), serves it as `taxi-qa serve` does, and lets users ask for every page at once; then one list of 100
rows as often as it goes, for the server's CPU seconds a page.

    scripts/bench web [--drivers 20000] [--findings 500000] [--positions 100000000] [--users 20] [--workers 2]
                      [--rounds 10] [--decided-every 1] [--cache FOLDER]

`--positions 0` leaves the city's day out.
"""

import argparse
import os
import re
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final
from urllib.parse import quote, urlencode

ROOT = Path(__file__).resolve().parent.parent
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from scripts.bench_city import CACHE as CITIES  # noqa: E402
from scripts.bench_city import extract  # noqa: E402
from scripts.check_run import cpu_s, family, peak_mb  # noqa: E402
from scripts.road_city import city_home  # noqa: E402
from scripts.web_home import PASSWORD, web_home  # noqa: E402
from taxi_qa.store.browse import CASES, Wanted, page  # noqa: E402
from taxi_qa.store.cars import cars_like  # noqa: E402
from taxi_qa.store.engine import transaction  # noqa: E402
from taxi_qa.store.home import open_home  # noqa: E402
from taxi_qa.store.kept_counts import case_moved  # noqa: E402
from taxi_qa.store.scope import Scope  # noqa: E402

CACHE: Final = Path(tempfile.gettempdir()) / "taxi_qa_bench_web"
_TOKEN: Final = re.compile(r'name="csrf_token" value="([^"]+)"')
_COOKIE: Final = re.compile(rb"(?im)^set-cookie: ([^;\r]+)")
_HUNDRED: Final = "/cases?per=100"


class User:
    """Somebody at a browser: signed in, one request after the other."""

    def __init__(self, port: int, name: str) -> None:
        """Sign in."""
        self.port, self.cookie = port, ""
        form = {"name": name, "password": PASSWORD, "csrf_token": ""}
        match = _TOKEN.search(self.get("/sign-in")[1].decode())
        form["csrf_token"] = match.group(1) if match else ""
        self._ask("POST", "/sign-in", urlencode(form))

    def get(self, address: str) -> tuple[int, bytes, float]:
        """Status, body and seconds of a page."""
        started = time.perf_counter()
        status, body = self._ask("GET", address, None)
        return status, body, time.perf_counter() - started

    def _ask(self, method: str, address: str, form: str | None) -> tuple[int, bytes]:
        """One request over a socket of its own: a library for it would take the server's cores."""
        body = b"" if form is None else form.encode()
        head = f"{method} {address} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n"
        head += f"Cookie: {self.cookie}\r\nContent-Length: {len(body)}\r\n"
        head += "Content-Type: application/x-www-form-urlencoded\r\n\r\n"
        parts = []
        with socket.create_connection(("127.0.0.1", self.port), timeout=120) as connection:
            connection.sendall(head.encode() + body)
            while part := connection.recv(1 << 18):
                parts.append(part)
        told, _, content = b"".join(parts).partition(b"\r\n\r\n")
        if cookie := _COOKIE.search(told):
            self.cookie = cookie.group(1).decode()
        return int(told[9:12]), content


def pages(home: Path) -> dict[str, list[str]]:
    """The pages each role looks at."""
    opened = open_home(home)
    frame, total = page(opened, CASES, Scope(whole_city=True).cases(), Wanted(limit=5))
    company = Scope(company_id="C01")
    mine, _own = page(opened, CASES, company.cases(), Wanted(limit=5))
    cars = cars_like(opened, company, "", 5)["vehicle_id"]
    opened.engine.dispose()
    case, own = frame["case_id"].iloc[0], mine["case_id"].iloc[0]
    lists = ["/", "/cases", _HUNDRED, "/cases?state=queued&sort=deadline_ms", "/cases?q=A000", "/drivers"]
    fleet = ["/company", "/vehicles", "/coaching", "/sla", "/complaints"]
    car = f"/vehicles/{quote(str(cars.iloc[0]))}" if len(cars) else "/vehicles"
    office = [
        *lists, "/cases?rule=driving.speeding&from=2025-12-01&to=2025-12-31", f"/cases?page={total // 100}",
        f"/cases/{case}", "/drivers?sort=-score&page=40", "/drivers?q=N0001", "/drivers/N000003", "/rules",
        "/rules/driving.speeding", "/law", "/coverage",
    ]  # fmt: skip
    street = ["/lookup?q=A00", f"{car}?why=inspection", "/zones", "/tariff", "/inspections", "/queue"]
    return {
        "manager": [*lists, *fleet, car, f"/cases/{own}", "/drivers/N000001"],
        "reviewer": [*office, "/queue"],
        "inspector": [*office, *street],
        "driver": ["/", "/cases", "/drivers/N000001", "/rules"],
    }


@contextmanager
def decisions(home: Path, every_s: float) -> Iterator[None]:
    """As long as it lasts, a case is moved every so often: what was counted until then is counted anew."""
    stopped = threading.Event()
    opened = open_home(home)

    def decide() -> None:
        while not stopped.wait(every_s):
            with transaction(opened.engine) as connection:
                case_moved(connection)

    thread = threading.Thread(target=decide)
    if every_s:
        thread.start()
    try:
        yield
    finally:
        stopped.set()
        if every_s:
            thread.join()
        opened.engine.dispose()


def measured(
    port: int, wanted: dict[str, list[str]], users: int, rounds: int
) -> dict[str, list[tuple[float, int]]]:
    """Seconds and bytes of every request, by page, all users asking at once."""
    told: dict[str, list[tuple[float, int]]] = defaultdict(list)
    names = list(wanted)
    people = [(User(port, names[number % len(names)]), names[number % len(names)]) for number in range(users)]

    def walk(user: User, name: str, shift: int) -> None:
        for number in range(rounds * len(wanted[name])):
            address = wanted[name][(number + shift) % len(wanted[name])]
            status, body, took_s = user.get(address)
            if status != 200:
                raise SystemExit(f"{address} answered {status}")
            told[address].append((took_s, len(body)))

    threads = [threading.Thread(target=walk, args=(*who, number)) for number, who in enumerate(people)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return told


def hammered(port: int, pid: int, name: str, seconds: float) -> tuple[float, float]:
    """Pages of 100 rows a second, and a CPU second of the server."""
    users = [User(port, name) for _ in range(4)]
    counts = [0] * len(users)
    before, until = server_cpu_s(pid), time.perf_counter() + seconds

    def ask(number: int) -> None:
        while time.perf_counter() < until:
            users[number].get(_HUNDRED)
            counts[number] += 1

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(len(users))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(counts) / seconds, sum(counts) / (server_cpu_s(pid) - before)


def server_cpu_s(pid: int) -> float:
    """CPU seconds of the server and its workers."""
    return sum(cpu_s(one) for one in family(pid))


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--drivers", type=int, default=20_000)
    parser.add_argument("--findings", type=int, default=500_000)
    parser.add_argument("--positions", type=int, default=100_000_000)
    parser.add_argument("--users", type=int, default=20)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--decided-every", type=float, default=1, metavar="SECONDS", help="0: never")
    parser.add_argument("--cache", type=Path, default=CACHE)
    asked = parser.parse_args()
    folder = asked.cache / f"{asked.drivers}-{asked.findings}-{asked.positions}"
    if not (folder / "done").exists():
        asked.cache.mkdir(parents=True, exist_ok=True)
        started = time.perf_counter()
        city = city_home(CITIES, asked.positions, extract()).home if asked.positions else None
        web_home(folder, asked.drivers, asked.findings, city).engine.dispose()
        (folder / "done").touch()
        print(f"home made in {time.perf_counter() - started:.0f} s", flush=True)
    port = free_port()
    command = [sys.executable, "-m", "taxi_qa", "--home", str(folder), "serve", "--port", str(port)]
    with subprocess.Popen(
        [*command, "--workers", str(asked.workers)], cwd=ROOT, stderr=subprocess.DEVNULL
    ) as server:
        try:
            _wait(port)
            with decisions(folder, asked.decided_every):
                told = measured(port, pages(folder), asked.users, asked.rounds)
            show(told, asked.users)
            for name, sees in (("manager", "a company's"), ("reviewer", "the city's")):
                rate, per_cpu = hammered(port, server.pid, name, 10)
                words = f"{_HUNDRED} of {sees}: {rate:.0f} a second"
                print(f"{words}, {per_cpu:.0f} a CPU second of the server")
            peaks = "/".join(f"{peak_mb(pid):.0f}" for pid in family(server.pid))
            print(f"memory of the server's processes at most: {peaks} MB")
        finally:
            server.terminate()


def show(told: dict[str, list[tuple[float, int]]], users: int) -> None:
    """A line a page, the slowest first."""
    print(f"{users} users at once on {os.cpu_count()} cores, which they share with the server")
    rows = []
    for address, all_of in told.items():
        spent = sorted(took_s for took_s, _size in all_of)
        at95 = spent[min(int(0.95 * len(spent)), len(spent) - 1)]
        rows.append((at95, spent[len(spent) // 2], max(size for _s, size in all_of), len(spent), address))
    for at95, median, size, many, address in sorted(rows, reverse=True):
        shown = address if address.isascii() and len(address) < 60 else address[:57] + "..."
        figures = f"  p95 {at95 * 1000:6.0f} ms  median {median * 1000:6.0f} ms  {size / 1000:7.1f} kB"
        print(f"{figures}  {many:5}  {shown}")


def _wait(port: int) -> None:
    for _ in range(100):
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=1):
                return
        except OSError:
            time.sleep(0.2)
    raise SystemExit("the server did not start")


if __name__ == "__main__":
    main()
