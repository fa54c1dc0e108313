"""Money is whole fen (1/100 yuan; with a dollar city, cents). Never a float."""

from decimal import Decimal, InvalidOperation

import numpy as np
import numpy.typing as npt

FEN_PER_YUAN = 100


def fen_from_yuan_text(text: str) -> int:
    """Whole fen of an amount written in yuan.

    Raises:
        ValueError: not a finite number, or finer than a fen.
    """
    try:
        amount = Decimal(text)
    except InvalidOperation:
        raise ValueError(f"{text!r} is not an amount of money") from None
    if not amount.is_finite():
        raise ValueError(f"{text!r} is not a finite amount of money")
    fen = amount * FEN_PER_YUAN
    if fen != fen.to_integral_value():
        raise ValueError(f"{text!r} is finer than 0.01")
    return int(fen)


def yuan_text(fen: int) -> str:
    """Fen written as yuan with two decimals: 1234 -> "12.34"."""
    sign = "-" if fen < 0 else ""
    whole, part = divmod(abs(int(fen)), FEN_PER_YUAN)
    return f"{sign}{whole}.{part:02d}"


def round_half_up(fen: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
    """Whole fen, halves upwards, as a meter's display rounds (numpy alone rounds halves to even)."""
    return np.floor(np.asarray(fen, dtype=np.float64) + 0.5 + 1e-9).astype(np.int64)
