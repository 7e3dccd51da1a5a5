import numpy as np
from numpy.typing import NDArray

from longthink.games.core import State

def priors(state: State) -> tuple[NDArray[np.float32], NDArray[np.float32]]: ...
def informed_playout(state: State, seed: int = 0, index: int = 0) -> tuple[list[tuple[int, int]], list[float]]: ...
