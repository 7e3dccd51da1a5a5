# `GoBoard` reads a position of Go. Rows are counted from below and columns from the left, as in GTP.

cdef class GoBoard:
    """The board of a `State` of go.

    stones: `[size, size]`, 0 empty, 1 black, 2 white. ko: the action that simple ko forbids now, or None.
    last_action: the last move, or None (also after a pass). captured: the numbers of stones that Black and White lost.
    """

    cdef object buffer, game
    cdef readonly int size

    def __init__(self, state):
        self.game = state.get_game()
        if self.game.name != "go":
            raise ParameterError(f"expected a state of go, got one of {self.game}")
        self.buffer = np.frombuffer(state.buffer, np.uint8).copy()
        self.size = self._board().size

    cdef lt_go_state *_state(self):
        cdef uint8_t[::1] view = self.buffer
        return <lt_go_state *>&view[0]

    cdef lt_go_board *_board(self):
        return lt_go_board_of(self._state())

    cdef _grid(self, uint8_t[::1] colors):
        """Colours by point as `[size, size]`."""
        cdef int width = self.size + 1
        rows = np.asarray(colors)[width : width * (self.size + 1)]
        return rows.reshape(self.size, width)[:, 1:].copy()

    def _action(self, int point):
        return None if point == LT_PASS else lt_go_action_of(self._board(), point)

    @property
    def stones(self):
        cdef lt_go_board *board = self._board()
        return self._grid(np.array([board.at[p].color for p in range(board.num_points)], np.uint8))

    @property
    def chains(self):
        """`[size, size]`: a number shared by the stones of one chain. Each empty point has its own number."""
        cdef lt_go_board *board = self._board()
        cdef int width = self.size + 1
        heads = np.array([board.at[p].head for p in range(board.num_points)], np.uint16)
        return heads[width : width * (self.size + 1)].reshape(self.size, width)[:, 1:].copy()

    @property
    def ko(self):
        return self._action(self._board().ko)

    @property
    def last_action(self):
        return self._action(self._board().last[0])

    @property
    def captured(self):
        return self._board().captured[0], self._board().captured[1]

    def owners(self):
        """The owner of each point if all stones are alive, `[size, size]`: the colour of a stone; the only colour that an
        empty region reaches; otherwise 0."""
        cdef lt_go_board *board = self._board()
        owner = np.zeros(board.num_points, np.uint8)
        cdef uint8_t[::1] view = owner
        cdef uint16_t[::1] stack = np.empty(board.num_points, np.uint16)
        lt_go_area(board, &view[0], &stack[0])
        return self._grid(owner)

    def score(self):
        """Black's score minus White's, including komi, by the scoring of the game. All stones count as alive."""
        cdef const lt_game *table = _table_of(self.game)
        return lt_go_score(<const lt_go_rules *>table.context, self._state())


def without_passes(state, cleanup=False):
    """The same position without preceding passes. cleanup: in the clean-up phase after two passes.

    Raises `ParameterError` if the rules have no clean-up.
    """
    if cleanup and not state.get_game().get_parameters()["cleanup"]:
        raise ParameterError(f"{state.get_game()} has no clean-up")
    buffer = np.frombuffer(state.buffer, np.uint8).copy()
    cdef uint8_t[::1] view = buffer
    cdef lt_go_state *changed = <lt_go_state *>&view[0]
    changed.passes = 0
    if cleanup:
        changed.cleaning = 1
    return state.get_game().state_from_buffer(buffer, state.history())
