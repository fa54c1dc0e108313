"""All terminals of a made city against one gateway, in the order of the city's time."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from taxi_qa.lab.terminals.firmware import Centre, Terminal
from taxi_qa.lab.terminals.spoken import Saying, Spoken

_SAY_EVERY: Final = 200
# So long the last files may take once everything else is said.
_FILES_S: Final = 60.0


@dataclass(frozen=True)
class Reach:
    """Where the gateway is.

    Attributes:
        host: address.
        jt905, jt808: ports.
        dispatch: port for the dispatch centre; None: booked rides are not told.
        takes_files: whether it asks for files of alarms, so that they are waited for.
    """

    host: str
    jt905: int
    jt808: int
    dispatch: int | None
    takes_files: bool = False


@dataclass(frozen=True)
class Driven:
    """What the terminals did.

    Attributes:
        sent, again, connections, centre_words: frames, of them again, connections made, words of the
            dispatch centre heard.
        files, of_files: files of alarms that were taken, and that there were.
    """

    sent: int
    again: int
    connections: int
    centre_words: int
    files: int
    of_files: int


def arrival_ms(at_ms: int, step_ms: int) -> int:
    """When what leaves at a moment reaches the gateway: at the next step of the city's clock."""
    return -(-at_ms // step_ms) * step_ms


async def drive(
    cars: Sequence[Spoken],
    reach: Reach,
    *,
    tick: Callable[[int], Awaitable[None]],
    step_ms: int,
    loss: float = 0.0,
    seed: int = 1,
    progress: Callable[[str, int, int], None] = lambda _what, _done, _all: None,
) -> Driven:
    """Let every car say what it has to say.

    Args:
        cars: the city.
        reach: where the gateway is.
        tick: told the city's time (UTC milliseconds) at each step at which something is said.
        step_ms: what leaves within a step is said together at its end; then all answers are waited for.
        loss, seed: of `firmware.Terminal`.
        progress: told how many steps are done.
    """
    terminals = {
        car.vehicle_id: Terminal(
            car.edition, car.terminal,
            (reach.host, reach.jt905 if car.edition == "905" else reach.jt808), loss=loss, seed=seed,
            files=car.files,
        )
        for car in cars
    }  # fmt: skip
    await asyncio.gather(*(one.start() for one in terminals.values()))
    centre = None if reach.dispatch is None else await _centre(reach.host, reach.dispatch)
    steps: dict[int, list[tuple[Spoken, Saying]]] = {}
    for car in cars:
        for saying in car.sayings:
            steps.setdefault(arrival_ms(saying.at_ms, step_ms), []).append((car, saying))
    for done, at_ms in enumerate(sorted(steps)):
        await tick(at_ms)
        await _step(steps[at_ms], terminals, centre)
        if done % _SAY_EVERY == 0:
            progress("steps", done, len(steps))
    every = list(terminals.values())
    if reach.takes_files:
        await asyncio.gather(*(one.brought_all(_FILES_S) for one in every))
    for one in (*every, centre):
        if one is not None:
            one.end()
    return Driven(
        sum(one.sent for one in every), sum(one.again for one in every),
        sum(one.connections for one in every), sum(one.centre_words for one in every),
        sum(one.brought for one in every), sum(len(one.files) for one in every),
    )  # fmt: skip


async def _centre(host: str, port: int) -> Centre:
    _transport, centre = await asyncio.get_running_loop().create_connection(Centre, host, port)
    return centre


async def _step(
    sayings: Sequence[tuple[Spoken, Saying]], terminals: Mapping[str, Terminal], centre: Centre | None
) -> None:
    """Say what leaves within a step, and wait until all of it is answered."""
    words = []
    for car, saying in sayings:
        if not saying.by_centre:
            terminals[car.vehicle_id].say(saying.message_id, saying.body)
        elif centre is not None:
            words.append(centre.tell(car.terminal, saying.message_id, saying.body))
    await asyncio.gather(*words)
    for car, _saying in sayings:
        await terminals[car.vehicle_id].told_all()
