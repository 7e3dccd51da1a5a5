# The errors of compiled code: one table from a status (csrc/core/status.h) to its error. They are raised only here.

_STATUS_ERRORS = {
    LT_NO_MEMORY: (MemoryError, "{game}: out of memory; use a smaller memory_bytes"),
    LT_OVER_LIMIT: (MemoryLimitError, "{game} does not fit in memory_bytes={memory_bytes}: {num_histories} histories and "
                    "{num_information_states} information states reach it; give more, or a smaller game"),
    LT_TOO_WIDE: (GameError, "{game}: the state after {history} has more than 65535 actions, more than a node can hold"),
    LT_TOO_DEEP: (MemoryLimitError, "{game}: a walk to the end of the game is longer than 8192 actions, or does not fit in "
                  "memory_bytes={memory_bytes}; give more memory, or a shorter game"),
    LT_NO_RECALL: (GameError, "{game} has no perfect recall: a player forgets what it knew or did. The histories {other} "
                   "and {history} look the same to the player who acts; the information state must include all that the "
                   "player has seen and done"),
    LT_OTHER_ACTIONS: (GameError, "{game} lists different legal actions in one information state; {history} is one of its "
                       "histories. {hint}"),
    LT_BAD_RESAMPLE: (GameError, "{game}: its `resample` returned a state that the player can distinguish from the root"),
    LT_UNKNOWN_TICKET: (ParameterError, "expected a ticket of a leaf that ask returned and that tell or forget has not "
                        "received since"),
    LT_BAD_VALUES: (ParameterError, "values expects finite numbers, got {given}"),
    LT_BAD_PRIORS: (ParameterError, "priors expects {expected} finite numbers >= 0, one for each legal action, got {given}"),
    LT_NO_PLAN: (ParameterError, "Gumbel plans its simulations; give Gumbel(simulations=...) for ask and tell"),
}


def _raise_status(status, game, history, where="", **facts):
    """Raise the error of a status that is neither LT_OK nor LT_STOPPED.

    history: the actions that lead to the state of the error, as far as they are known. where: for broken rules, what
    happened after `history`, such as " in a playout from there". facts: the other fields of the status's text.
    """
    game.raise_failure(history)  # the reason, if the rules gave one
    if status == LT_RULES_BROKE:
        raise game.rules_broke(history, where)
    error, text = _STATUS_ERRORS[status]
    raise error(text.format(game=game, history=shown(history, 400), **facts))
