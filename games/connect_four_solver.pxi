# An exact solver for connect four, the baseline of that domain. The search is csrc/games/connect_four_solver.c.

cdef class ConnectFourSolver:
    """Alpha-beta search on bitboards with a table of `table_bytes`. Exact for every position of the 6 by 7 board."""

    cdef lt_c4_solver *data

    def __init__(self, table_bytes=64 << 20):
        self.data = lt_c4_solver_new(operator.index(table_bytes))
        if self.data == NULL:
            raise MemoryError(f"no memory for a table of {table_bytes} bytes")

    def __dealloc__(self):
        lt_c4_solver_free(self.data)

    @property
    def nodes(self):
        """The number of positions searched so far."""
        return self.data.nodes

    def score(self, state):
        """The score for the player to move: 0 draw, s > 0 win with the s-th own stone from the last, s < 0 loss.

        Raises `ParameterError` for another board or the end of a game."""
        own, taken = self._stones(state)
        return self._solve(own, taken, -21, 21)

    def values(self, state):
        """The value of each legal action for the player to move: `{action: 1 (win), 0 (draw) or -1 (loss)}`."""
        self._stones(state)
        values = {}
        for action in state.legal_actions():
            after = state.child(action)
            if after.is_terminal():
                values[action] = int(after.returns()[state.current_player()])
            else:
                own, taken = self._stones(after)
                score = self._solve(own, taken, -1, 1)
                values[action] = (score < 0) - (score > 0)
        return values

    def optimal_actions(self, state):
        """The actions with the best value for the player to move."""
        values = self.values(state)
        best = max(values.values())
        return [action for action, value in values.items() if value == best]

    def _stones(self, state):
        game = state.get_game()
        shape = game.get_parameters()
        if game.name != "connect_four" or (shape["rows"], shape["columns"], shape["x_in_row"]) != (6, 7, 4):
            raise ParameterError(f"expected connect_four with 6 rows, 7 columns and four in a row, got {game}")
        if state.is_terminal():
            raise ParameterError("expected a position in which a player moves, got a terminal one")
        stones = [int(s) for s in state.record["stones"]]
        return stones[state.current_player()], stones[0] | stones[1]

    def _solve(self, uint64_t own, uint64_t taken, int alpha, int beta):
        cdef int score
        cdef uint64_t nodes = 1 << 20
        while True:
            self.data.node_limit = self.data.nodes + nodes
            with nogil:
                score = lt_c4_solve(self.data, own, taken, alpha, beta)
            if not self.data.stopped:
                return score
            PyErr_CheckSignals()  # Ctrl-C ends the search here; the table keeps its results
            nodes *= 2
