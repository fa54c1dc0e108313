"""`taxi-qa lab`: made fleets with known offences."""

from pathlib import Path
from typing import Final

import click

from taxi_qa.cli.command import DAY, Group
from taxi_qa.cli.screen import figures, note, say

CITIES: Final = ("zhongshan", "guangzhou", "shenzhen")
# A Monday. Fixed, so that the same call makes the same files whenever it is made.
FIRST_DAY: Final = "2025-10-13"
# The answer key lies beside the record files and is not one of them.
ANSWER_KEY: Final = "truth.csv"


@click.group(cls=Group)
def lab() -> None:
    """Made fleets with known offences."""


@lab.command()
@click.argument("folder", metavar="DIR", type=click.Path(file_okay=False, path_type=Path))
@click.option(
    "--vehicles", metavar="N", type=click.IntRange(1), default=40, show_default=True, help="How many cars."
)
@click.option(
    "--days", metavar="N", type=click.IntRange(1), default=2, show_default=True, help="How many days."
)
@click.option(
    "--seed", metavar="N", type=int, default=1, show_default=True, help="The same seed, the same fleet."
)
@click.option(
    "--offences", metavar="FILE", type=click.Path(dir_okay=False, exists=True, path_type=Path),
    help="YAML: rule -> clear, near_miss or look_alike -> how many.  [default: some of each]",
)  # fmt: skip
@click.option(
    "--city", type=click.Choice(CITIES), default=CITIES[0], show_default=True, help="Streets and tariff."
)
@click.option("--first-day", type=DAY, default=FIRST_DAY, show_default=True, help="The first day.")
def make(
    folder: Path, vehicles: int, days: int, seed: int, offences: Path | None, city: str, first_day: int
) -> None:
    """Write the records of a made fleet to DIR.

    Every planted act stands in truth.csv beside them, the map of its streets and their limits in DIR/roads;
    the same arguments give the same bytes.
    """
    for path in made_files(folder, vehicles, days, seed, city, first_day, offences):
        say(str(path))
    note(f"next: `taxi-qa ingest` these files; {folder / ANSWER_KEY} names the planted acts, leave it out")
    streets, limits = street_files(folder)
    note(f"the streets: `taxi-qa roads build {streets}`, `taxi-qa roads limits {limits}`")


@lab.command()
@click.argument(
    "folders", metavar="DIR...", nargs=-1, required=True,
    type=click.Path(exists=True, file_okay=False, path_type=Path),
)  # fmt: skip
@click.option("--workers", metavar="N", type=click.IntRange(1), help="Processes.  [default: one a core]")
@click.option("--list", "listed", is_flag=True, help="Also list what was missed and what was wrongly found.")
@click.option("--json", "as_json", is_flag=True, help="Give it as JSON.")
@click.option(
    "--markdown", "page", metavar="FILE", type=click.Path(dir_okay=False, path_type=Path),
    help="Also put the table of all rules into this page.",
)  # fmt: skip
def score(
    folders: tuple[Path, ...], workers: int | None, listed: bool, as_json: bool, page: Path | None
) -> None:
    """Judge made fleets and score the answers by their keys.

    Each DIR is one that `lab make` wrote; it is taken into a home of its own that is thrown away
    afterwards. Clear offences are to be found, near misses and look-alikes are not.
    """
    import pandas as pd

    from taxi_qa.cli.lab_score import as_markdown, judged_fleet, show_scores, shown, tell_apart, to_page
    from taxi_qa.lab.score import innocents, scored

    fleets = [judged_fleet(folder, workers) for folder in folders]
    truth = pd.concat([fleet.truth for fleet in fleets], ignore_index=True)
    said = pd.concat([fleet.said for fleet in fleets], ignore_index=True)
    figures_of, accused = scored(truth, said), innocents(truth, said)
    if page is not None:
        to_page(page, as_markdown(figures_of, accused, list(folders)))
    if as_json:
        figures(shown(figures_of, accused, [str(folder) for folder in folders]))
        return
    show_scores(figures_of)
    note(f"innocent drivers accused by a stable rule: {accused['driver_id'].nunique()}")
    if listed:
        tell_apart(truth, said)


@lab.command()
@click.argument("folder", metavar="DIR", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option(
    "--step",
    "step_s",
    metavar="SECONDS",
    type=click.IntRange(1, 3600),
    default=5,
    show_default=True,
    help="What terminals say within so long is sent together, and answered, before the next.",
)
@click.option(
    "--loss",
    metavar="SHARE",
    type=click.FloatRange(0, 0.5),
    default=0.002,
    show_default=True,
    help="Answers that get lost; a tenth as many connections are cut.",
)
@click.option("--seed", metavar="N", type=int, default=1, show_default=True, help="Of what is lost.")
@click.option("--workers", metavar="N", type=click.IntRange(1), help="Processes.  [default: one a core]")
@click.option("--host", metavar="ADDRESS", help="Speak to the gateway that runs there; nothing is compared.")
@click.option("--jt905-port", metavar="N", type=click.IntRange(1, 65_535), help="With --host: its port.")
@click.option("--jt808-port", metavar="N", type=click.IntRange(1, 65_535), help="With --host: its port.")
@click.option(
    "--dispatch-port",
    metavar="N",
    type=click.IntRange(1, 65_535),
    help="With --host: its port for the dispatch centre.  [default: booked rides are not told]",
)
@click.option("--list", "listed", is_flag=True, help="Also list each finding that terminals cost or add.")
@click.option("--json", "as_json", is_flag=True, help="Give it as JSON.")
def terminals(
    folder: Path,
    step_s: int,
    loss: float,
    seed: int,
    workers: int | None,
    host: str | None,
    jt905_port: int | None,
    jt808_port: int | None,
    dispatch_port: int | None,
    listed: bool,
    as_json: bool,
) -> None:
    """Let the terminals of a made fleet speak to a gateway.

    DIR is one that `lab make` wrote. Two cars in three speak JT/T 905, the others JT/T 808 of 2013 and 2019,
    as firmware does: each record is kept until it is answered, sent again under a new serial, and over a new
    connection. Without --host the city goes into three homes that are thrown away: from its files; from files
    of what terminals can say of it; and through a gateway. The last two must not differ in anything.

    With --host its days are moved so that the last is yesterday, and sent as fast as they are answered. The
    home of that gateway must have the city's registers: ingest companies, drivers and vehicles of DIR first.
    """
    from taxi_qa.cli.lab_speak import shown_differences, speak_to

    if host is not None:
        if jt905_port is None or jt808_port is None:
            raise click.UsageError("with --host say both ports: --jt905-port N --jt808-port N")
        speak_to(folder, (host, jt905_port, jt808_port, dispatch_port), step_s, loss, seed)
        return
    from taxi_qa.cli.lab_terminals import compare

    compared = compare(folder, step_s=step_s, loss=loss, seed=seed, workers=workers)
    if not shown_differences(compared, listed=listed, as_json=as_json):
        raise SystemExit(1)


def made_files(
    folder: Path, vehicles: int, days: int, seed: int, city: str, first_day: int, offences: Path | None = None
) -> list[Path]:
    """Make a fleet and give its record files, the registers before what refers to them.

    Raises:
        click.BadParameter: more was asked for than a fleet of this size can hold, or of what is not known.
    """
    from taxi_qa.lab.make import make_city
    from taxi_qa.values.clock import date_of

    try:
        make_city(
            folder,
            vehicles=vehicles,
            days=days,
            seed=seed,
            first_day=date_of(first_day),
            offences=None if offences is None else _counts(offences),
            city=city,
        )
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="lab make") from None
    return fleet_files(folder)


def fleet_files(folder: Path) -> list[Path]:
    """The record files of a made fleet, the registers before what refers to them."""
    files = [path for path in folder.iterdir() if path.suffix in (".csv", ".parquet", ".geojson")]
    return sorted(
        (path for path in files if path.name != ANSWER_KEY), key=lambda path: (_turn(path), path.name)
    )


def street_files(folder: Path) -> tuple[Path, Path]:
    """Where a made fleet's map and its operator's limits lie."""
    from taxi_qa.lab.street_files import LIMITS_FILE, ROADS_FOLDER, STREETS_FILE

    return folder / ROADS_FOLDER / STREETS_FILE, folder / ROADS_FOLDER / LIMITS_FILE


def _turn(path: Path) -> int:
    """Registers come first: a row that names nothing known would be refused."""
    registers = ("companies", "drivers", "vehicles", "zones")
    return registers.index(path.stem) if path.stem in registers else len(registers)


def _counts(path: Path) -> dict[str, dict[str, int]]:
    """Counts by rule and label, of a YAML file.

    Raises:
        click.BadParameter: the file holds something else.
    """
    import yaml

    try:
        held = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError):
        held = None
    well_formed = isinstance(held, dict) and all(
        isinstance(labels, dict) and all(type(count) is int and count >= 0 for count in labels.values())
        for labels in held.values()
    )
    if not well_formed:
        raise click.BadParameter(
            f"{path} is not of the form `fare.overcharge: {{clear: 4, near_miss: 3}}`",
            param_hint="--offences",
        )
    return {
        str(rule): {str(label): count for label, count in labels.items()} for rule, labels in held.items()
    }
