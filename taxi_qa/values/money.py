"""Money is whole fen (1/100 yuan; with a dollar city, cents). Never a float."""

import numpy as np
import numpy.typing as npt

FEN_PER_YUAN = 100


def yuan_text(fen: int) -> str:
    """Fen written as yuan with two decimals: 1234 -> "12.34"."""
    sign = "-" if fen < 0 else ""
    whole, part = divmod(abs(int(fen)), FEN_PER_YUAN)
    return f"{sign}{whole}.{part:02d}"


def round_half_up(fen: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
    """Whole fen, halves upwards, as a meter's display rounds (numpy alone rounds halves to even)."""
    return np.floor(np.asarray(fen, dtype=np.float64) + 0.5 + 1e-9).astype(np.int64)
