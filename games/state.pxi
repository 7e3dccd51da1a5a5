# `State`: a flat buffer that the functions of a `Game` read and write, and the history of actions that led to it.

cdef State _new_state(Game game):
    cdef State state = State.__new__(State)
    state.game = game
    state.actions = []
    state.data = <uint8_t *>calloc(1, game.table.state_bytes)
    if state.data == NULL:
        raise MemoryError(f"no memory for a state of {game} ({game.table.state_bytes} bytes)")
    return state


def _restore(Game game, buffer, list history):
    return game.state_from_buffer(buffer, history)


cdef class State:
    """A state of a game: the acting player, the legal actions, the returns. Made by `game.new_initial_state()`."""

    cdef Game game
    cdef uint8_t *data
    cdef list actions

    def __init__(self):
        raise TypeError("make a state with game.new_initial_state()")

    def __dealloc__(self):
        free(self.data)

    def current_player(self):
        """The acting player, -1 (chance) or -4 (terminal)."""
        cdef int32_t player = self.game.table.current_player(self.game.table.context, self.data)
        self.game.raise_failure(self.actions)
        return player

    def is_terminal(self):
        return self.current_player() == LT_TERMINAL

    def is_chance_node(self):
        return self.current_player() == LT_CHANCE

    def is_player_node(self):
        return self.current_player() >= 0

    def is_simultaneous_node(self):
        return False

    def legal_actions(self, player=None):
        """The legal actions of `player` in ascending order. By default of the acting player; empty for other players."""
        acting = self.current_player()
        if player is not None and player != acting:
            return []
        if acting == LT_CHANCE:
            return [action for action, _ in self.chance_outcomes()]
        if acting < 0:
            return []
        cdef int32_t *actions = <int32_t *>malloc(sizeof(int32_t) * max(1, lt_max_actions(&self.game.table)))
        if actions == NULL:
            raise MemoryError("no memory for a list of actions")
        try:
            n = self.game.table.legal_actions(self.game.table.context, self.data, actions)
            self.game.raise_failure(self.actions)
            return [actions[i] for i in range(n)]
        finally:
            free(actions)

    def legal_actions_mask(self, player=None):
        """A list over all distinct actions (or chance outcomes): 1 for each legal action of `player`, otherwise 0."""
        chance = self.is_chance_node() and (player is None or player == LT_CHANCE)
        mask = [0] * (self.game.table.max_chance_outcomes if chance else self.game.table.num_distinct_actions)
        for action in self.legal_actions(player):
            mask[action] = 1
        return mask

    def chance_outcomes(self):
        """`[(action, probability)]` at a chance node. Raises `IllegalActionError` at other nodes."""
        if not self.is_chance_node():
            raise IllegalActionError(f"{self.game}: chance does not act here, player {self.current_player()} does")
        actions = np.empty(max(1, self.game.table.max_chance_outcomes), np.int32)
        probabilities = np.empty(len(actions))
        cdef int32_t[::1] a = actions
        cdef double[::1] p = probabilities
        n = self.game.table.chance_outcomes(self.game.table.context, self.data, &a[0], &p[0])
        self.game.raise_failure(self.actions)
        return list(zip(actions[:n].tolist(), probabilities[:n].tolist()))

    def apply_action(self, action):
        """Apply an action of the current player or of chance.

        Raises `IllegalActionError` for an illegal action; the state does not change then."""
        try:
            index = operator.index(action)
        except TypeError:
            raise IllegalActionError(f"{self.game}: an action is a whole number, got {shown(action)}") from None
        cdef int32_t accepted = 0
        if -(2**31) <= index < 2**31:
            accepted = self.game.table.apply(self.game.table.context, self.data, index)
            self.game.raise_failure(self.actions)
        if not accepted:
            legal = self.legal_actions()
            raise IllegalActionError(
                f"{self.game}: action {shown(index)} is not legal for player {self.current_player()} after {self.actions}; "
                + (f"legal: {legal}" if legal else "the game is over"))
        self.actions.append(index)

    def child(self, action):
        """The state after `action`. This state does not change."""
        state = self.clone()
        state.apply_action(action)
        return state

    def returns(self):
        """The return of each player, `[P]`: the utilities at a terminal state, zeros before."""
        out = np.zeros(self.game.table.num_players)
        cdef double[::1] view = out
        if self.is_terminal():
            self.game.table.returns(self.game.table.context, self.data, &view[0])
            self.game.raise_failure(self.actions)
        return out.tolist()

    def player_return(self, player):
        return self.returns()[self._player(player)]

    rewards = returns

    def history(self):
        """All actions so far, including those of chance."""
        return list(self.actions)

    def move_number(self):
        return len(self.actions)

    def num_players(self):
        return self.game.table.num_players

    def num_distinct_actions(self):
        return self.game.table.num_distinct_actions

    def get_game(self):
        return self.game

    def _player(self, player):
        """`player` after a check, or the acting player if it is None."""
        if player is None:
            player = self.current_player()
        if type(player) is int and 0 <= player < self.game.table.num_players:
            return player
        return whole_number(f"{self.game}: player", player, 0, self.game.table.num_players - 1)

    def information_state_key(self, player=None):
        """What `player` knows, as bytes. Two histories have equal keys if and only if the player cannot distinguish them."""
        player = self._player(player)
        if self.game.table.information_state == NULL:
            return np.array(self.actions, np.int32).tobytes()
        key = np.zeros(self.game.table.information_state_bytes, np.uint8)
        cdef uint8_t[::1] view = key
        self.game.table.information_state(self.game.table.context, self.data, player, &view[0])
        self.game.raise_failure(self.actions)
        return key.tobytes()

    def information_state_string(self, player=None):
        return self.game.text.information_state(self, self._player(player))

    def observation_string(self, player=None):
        return self.game.text.observation(self, self._player(player))

    def action_to_string(self, player_or_action, action=None):
        """An action as text: `action_to_string(action)` or, as in OpenSpiel, `action_to_string(player, action)`.

        The action need not be legal here. Raises `ParameterError` for an action that the game does not have."""
        table = self.game.table
        player, action = (self.current_player(), player_or_action) if action is None else (player_or_action, action)
        player = whole_number("player", player, LT_TERMINAL, table.num_players - 1)
        most = table.max_chance_outcomes if player == LT_CHANCE else table.num_distinct_actions
        return self.game.text.action(self, player, whole_number("action", action, 0, most - 1))

    def string_to_action(self, player_or_text, text=None):
        """The legal action with this text. Raises `IllegalActionError` if there is none."""
        player, words = (self.current_player(), player_or_text) if text is None else (player_or_text, text)
        for action in self.legal_actions(player):
            if isinstance(words, str) and self.game.text.action(self, player, action) == words:
                return action
        raise IllegalActionError(f"{self.game}: {shown(words)} is not a legal action here; "
                                 f"legal: {[self.action_to_string(player, a) for a in self.legal_actions(player)]}")

    @property
    def buffer(self):
        """The bytes of the state, `[state_bytes]`."""
        return self.data[:self.game.table.state_bytes]

    @property
    def record(self):
        """The state as a read-only NumPy record of the game's `state_dtype`."""
        if self.game.state_dtype is None:
            raise ParameterError(f"the states of {self.game} are not NumPy records")
        return np.frombuffer(self.buffer, self.game.state_dtype)[0]

    def resample(self, player, seed=0):
        """A random state that `player` cannot distinguish from this one. Its history is unknown and left empty.

        Raises `GameError` if the game cannot resample what a player does not see."""
        if self.game.table.resample == NULL:
            raise GameError(f"{self.game} has no `resample`, so what a player does not see cannot be resampled")
        cdef State state = _new_state(self.game)
        cdef lt_rng rng = lt_rng_stream(seed_number(seed), 0)
        cdef int32_t observer = self._player(player)
        memcpy(state.data, self.data, self.game.table.state_bytes)
        self.game.table.resample(self.game.table.context, state.data, observer, &rng)
        self.game.raise_failure(self.actions)
        return state

    def clone(self):
        cdef State state = _new_state(self.game)
        memcpy(state.data, self.data, self.game.table.state_bytes)
        state.actions = list(self.actions)
        return state

    __copy__ = clone

    def __deepcopy__(self, memo):
        return self.clone()

    def __eq__(self, other):
        """Whether both are the same position of the same game. Their histories may differ."""
        if not isinstance(other, State) or self.game != (<State>other).game:
            return False
        return memcmp(self.data, (<State>other).data, self.game.table.state_bytes) == 0

    def __hash__(self):
        return <Py_hash_t>(lt_hash_bytes(self.data, self.game.table.state_bytes) >> 1)

    def __str__(self):
        return self.game.text.state(self)

    def __repr__(self):
        return f"<State of {self.game} after {self.actions}>"

    def __reduce__(self):
        return _restore, (self.game, self.buffer, list(self.actions))
