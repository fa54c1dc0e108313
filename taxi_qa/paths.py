"""Where the shipped files lie: in a checkout beside the package, in a wheel inside it."""

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def shipped(folder: str) -> Path:
    """The shipped folder `data` or `templates`.

    Raises:
        FileNotFoundError: neither the checkout nor the installed package holds it.
    """
    checkout = _PACKAGE.parent / folder
    if (_PACKAGE.parent / "pyproject.toml").is_file() and checkout.is_dir():
        return checkout
    packaged = _PACKAGE / f"_{folder}"
    if packaged.is_dir():
        return packaged
    raise FileNotFoundError(
        f"the shipped folder {folder!r} is neither at {checkout} nor at {packaged}: reinstall taxi-qa"
    )
