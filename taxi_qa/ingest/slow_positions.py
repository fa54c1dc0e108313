"""Positions through the same door as every kind: block by block, for files the fast way does not read."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from taxi_qa.store.home import Home
from taxi_qa.store.raw_fixes import raw_from_frame
from taxi_qa.store.spill import SpillFile, spill
from taxi_qa.values.place import Datum


@dataclass
class Spilling:
    """Checked positions of one delivery on their way into partitions.

    Attributes:
        home: says zone and buckets.
        folder: the delivery's staging folder.
        datum: of rows that do not say.
        spills: written so far.
    """

    home: Home
    folder: Path
    datum: Datum
    spills: list[SpillFile] = field(default_factory=list)

    def add(self, frame: pd.DataFrame) -> None:
        """Write a block's accepted rows, in order of arrival."""
        if not len(frame):
            return
        batch = raw_from_frame(frame, datum=self.datum)
        order = len(self.spills)
        self.spills.append(
            spill(batch, self.folder, order=order, zone=self.home.timezone, buckets=self.home.buckets)
        )


@contextmanager
def staging_folder(home: Home, name: str) -> Iterator[Path]:
    """A folder for unfinished work, empty at first and gone afterwards."""
    folder = home.staging / name
    # Not every writer sweeps before: what a killed one left of the same file is nobody's.
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True, exist_ok=True)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
