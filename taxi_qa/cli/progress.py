"""How far long work has come: a bar on a terminal, a line now and then elsewhere; on standard error."""

import sys
from time import monotonic
from types import TracebackType
from typing import TYPE_CHECKING, Final, Self

from taxi_qa.cli.screen import note

if TYPE_CHECKING:
    from rich.progress import Progress as Bars
    from rich.progress import TaskID

# Without a terminal: a line after so long, for each piece of work that takes longer.
_QUIET_S: Final = 10.0


class Progress:
    """Called with what is being done, how much of it is done, and how much there is to do."""

    def __init__(self, title: str) -> None:
        """Nothing is shown before the first call."""
        self._title = title
        self._bars: Bars | None = None
        self._tasks: dict[str, TaskID] = {}
        self._said: dict[str, float] = {}

    def __enter__(self) -> Self:
        """Begin; a bar only where a person is looking."""
        if sys.stderr.isatty():
            from rich.console import Console
            from rich.progress import BarColumn, TaskProgressColumn, TextColumn, TimeElapsedColumn
            from rich.progress import Progress as Bars

            columns = (TextColumn("{task.description}", markup=False), BarColumn(), TaskProgressColumn())
            self._bars = Bars(*columns, TimeElapsedColumn(), console=Console(stderr=True), transient=True)
            self._bars.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Take the bar away, however the work ended."""
        if self._bars is not None:
            self._bars.stop()

    def __call__(self, label: str, done: int, total: int | None = None) -> None:
        """Say that `done` of `total` (None where it can't be known) of the work named `label` is done."""
        if self._bars is None:
            self._line(label, done, total)
            return
        if label not in self._tasks:
            self._tasks[label] = self._bars.add_task(label, total=total)
        self._bars.update(self._tasks[label], completed=done)
        if total is not None and done >= total:
            self._bars.remove_task(self._tasks.pop(label))

    def _line(self, label: str, done: int, total: int | None) -> None:
        now = monotonic()
        if now - self._said.setdefault(label, now) < _QUIET_S:
            return
        self._said[label] = now
        come = f"{100 * done // total} %" if total else f"{done:,}"
        note(f"{self._title}: {label}: {come}")
