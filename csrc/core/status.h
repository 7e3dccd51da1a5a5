/* The status that a compiled search or solver returns: LT_OK, or the reason why it stopped. search/status.pxi is the one
 * place where Python turns a status into an error. */
#ifndef LT_STATUS_H
#define LT_STATUS_H

typedef enum lt_status {
  LT_OK = 0,
  LT_STOPPED = -1,         /* the watch stopped the work; not an error */
  LT_NO_MEMORY = -2,       /* malloc failed */
  LT_OVER_LIMIT = -3,      /* the caller's memory limit is reached */
  LT_RULES_BROKE = -4,     /* the game violates the interface of game.h, or its own functions failed */
  LT_TOO_WIDE = -5,        /* a state has more than 65535 actions */
  LT_TOO_DEEP = -6,        /* a walk is too long for its buffers or for recursion */
  LT_NO_RECALL = -7,       /* no perfect recall: a player forgets what it knew or did */
  LT_OTHER_ACTIONS = -8,   /* two histories of one information state have different legal actions */
  LT_BAD_RESAMPLE = -9,    /* `resample` returned a state that the player can distinguish from the root */
  LT_UNKNOWN_TICKET = -10, /* no leaf with this ticket is waiting for a value */
  LT_BAD_VALUES = -11,     /* a value of a leaf is not finite */
  LT_BAD_PRIORS = -12,     /* priors of a leaf are not finite numbers >= 0, one for each legal action */
  LT_NO_PLAN = -13         /* Gumbel: the number of simulations is unknown */
} lt_status;

#endif
