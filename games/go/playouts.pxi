# `go_playouts` runs many light playouts of Go. csrc/go/playouts.c does the work and defines the policy.

_GO_PATHS = ("fastest", "scalar", "plain", "avx2", "avx512")
cdef int _CHUNK = 65536  # playouts between two checks for Ctrl-C


def go_playout_paths():
    """The paths that this machine supports: `scalar` plays one game at a time, the others one game per vector lane."""
    return [name for i, name in enumerate(_GO_PATHS) if lt_go_has_path(<lt_go_path>i)]


def go_playouts(stones, n, *, seed=0, player=1, ko=None, passes=0, path="fastest"):
    """Run `n` light playouts from one position.

    Returns two arrays `[n]`: Black's area minus White's (without komi), and the number of moves, including passes.

    stones: `[size, size]`, rows from below: 0 empty, 1 black, 2 white; every chain has a liberty. player: 1 or 2, who
    moves next. ko: the action (row * size + column) that is forbidden now. passes: 1 if the last move was a pass. The
    i-th playout draws from the stream (seed, i). All vector paths give the same results; `scalar` gives others with the
    same distribution. Raises `ParameterError` for other arguments.
    """
    board = np.ascontiguousarray(stones, np.uint8)
    if board.ndim != 2 or board.shape[0] != board.shape[1] or not 2 <= board.shape[0] <= 25 or board.max() > 2:
        raise ParameterError(f"stones: expected a square of 2 x 2 to 25 x 25 with 0, 1 and 2, got\n{stones}")
    cdef int32_t size = board.shape[0], count = operator.index(n), i, done = 0
    cdef int32_t forbidden = -1 if ko is None else operator.index(ko)
    if count < 0 or player not in (1, 2) or passes not in (0, 1) or not -1 <= forbidden < size * size:
        raise ParameterError("expected n >= 0, player 1 or 2, passes 0 or 1 and ko a point or None, "
                             f"got n={n}, player={player}, passes={passes}, ko={ko}")
    if path not in go_playout_paths():
        raise ParameterError(f"path: expected one of {go_playout_paths()}, which this machine has, got {path!r}")
    _check_liberties(board)
    cdef lt_go_path by = <lt_go_path><int>_GO_PATHS.index(path)
    cdef const uint8_t[:, ::1] points = board
    cdef lt_go_position position = lt_go_position(&points[0, 0], forbidden, player, passes)
    score, length = np.empty(count, np.int16), np.empty(count, np.uint16)
    cdef int16_t[::1] scores = score
    cdef uint16_t[::1] lengths = length
    cdef int32_t room = min(count, _CHUNK), now
    cdef lt_go_position *positions = <lt_go_position *>malloc((room + 1) * sizeof(lt_go_position))
    cdef lt_rng *rngs = <lt_rng *>malloc((room + 1) * sizeof(lt_rng))
    try:
        if positions == NULL or rngs == NULL:
            raise MemoryError("no memory for the playouts")
        while done < count:
            now = min(count - done, room)
            for i in range(now):
                positions[i] = position
                rngs[i] = lt_rng_stream(seed, done + i)
            with nogil:
                lt_go_play_out_many_by(by, size, positions, rngs, now, &scores[done], &lengths[done])
            done += now
            PyErr_CheckSignals()
    finally:
        free(positions)
        free(rngs)
    return score, length


def _check_liberties(board):
    """Raise `ParameterError` if a chain has no liberty, because the playouts require one."""
    padded = np.pad(board, 1, constant_values=3)
    safe, before = padded == 0, 0
    while safe.sum() > before:
        before = safe.sum()
        for axis, step in ((0, 1), (0, -1), (1, 1), (1, -1)):
            neighbour = np.roll(padded, step, axis)
            safe |= np.roll(safe, step, axis) & ((neighbour == padded) | (neighbour == 0)) & (padded != 3)
    if not safe[1:-1, 1:-1].all():
        raise ParameterError(f"stones: a chain has no liberty\n{board}")
