from typing import Any

import numpy as np
import numpy.typing as npt

PATHS: tuple[str, ...]

def paths() -> list[str]: ...
def play_out_many(
    stones: npt.ArrayLike,
    n: int,
    *,
    seed: int = 0,
    player: int = 1,
    ko: int | None = None,
    passes: int = 0,
    path: str = "fastest",
) -> tuple[np.ndarray[Any, np.dtype[np.int16]], np.ndarray[Any, np.dtype[np.uint16]]]: ...
