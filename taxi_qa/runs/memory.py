"""How a process that judges uses memory: what it once used it uses again."""

import ctypes
import sys
from typing import Final

import pyarrow as pa

# glibc's malloc.h: what is as large as this is asked of the system anew each time, and what is free beyond
# that is given back. A worker needs the same memory for every order, and the system's pages are dear.
_M_MMAP_THRESHOLD, _M_TRIM_THRESHOLD = -3, -1
_MMAP_BYTES: Final = 32 << 20
_TRIM_BYTES: Final = 1 << 30


def keep_memory() -> None:
    """Memory once used is used again: less time in the system, and one pool of free memory instead of two."""
    pa.set_memory_pool(pa.system_memory_pool())
    if sys.platform == "linux":
        mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
        if mallopt is not None:
            mallopt(_M_MMAP_THRESHOLD, _MMAP_BYTES)
            mallopt(_M_TRIM_THRESHOLD, _TRIM_BYTES)


def give_back() -> None:
    """Memory that is free goes back to the system, for what needs it in another pool."""
    if sys.platform == "linux":
        malloc_trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
        if malloc_trim is not None:
            malloc_trim(0)
