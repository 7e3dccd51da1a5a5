# An exact solver for hex on small boards, the best method of that domain. The search is csrc/games/hex_solver.c.

cdef class HexSolver:
    """Who wins a position of hex: a depth-first proof with must-play regions, and a table of `table_bytes`.

    game: hex without the swap rule, on at most 64 cells. From 7 by 7 on, the first moves take very long.
    Raises `ParameterError` for another game.
    Hayward et al., "Solving 7x7 Hex: domination, virtual connections, and reduced game graphs", TCS 349, 2005.
    """

    cdef lt_hex_solver *data
    cdef readonly object game

    def __init__(self, game, table_bytes=64 << 20):
        shape = game.get_parameters()
        if game.name != "hex" or shape["swap"] or shape["num_rows"] * shape["num_cols"] > 64:
            raise ParameterError(f"expected hex with at most 64 cells and without the swap rule, got {game}")
        self.game = game
        self.data = lt_hex_solver_new(shape["num_cols"], shape["num_rows"], operator.index(table_bytes))
        if self.data == NULL:
            raise MemoryError(f"no memory for a table of {table_bytes} bytes")

    def __dealloc__(self):
        lt_hex_solver_free(self.data)

    @property
    def nodes(self):
        """The number of positions searched so far."""
        return lt_hex_solver_nodes(self.data)

    def winner(self, state):
        """The player who wins if both play perfectly. Raises `ParameterError` for a state of another game."""
        if state.get_game() != self.game:
            raise ParameterError(f"this solver is for {self.game}, got a state of {state.get_game()}")
        if state.is_terminal():
            return 0 if state.returns()[0] > 0 else 1
        cdef uint64_t[2] stones
        cdef uint64_t more = 1 << 14
        cdef int player = state.current_player(), winner
        for i, row in enumerate(state.record["stones"]):
            stones[i] = int(row[0])
        while True:
            with nogil:
                winner = lt_hex_solve(self.data, stones, player, more)
            if winner >= 0:
                return winner
            PyErr_CheckSignals()  # Ctrl-C ends the search here; the table keeps its results
            more *= 2

    def optimal_actions(self, state):
        """The actions that win; all legal actions if none does."""
        player, legal = state.current_player(), state.legal_actions()
        return [action for action in legal if self.winner(state.child(action)) == player] or legal
