/* The state of a game of Go, for its rules (go.c) and for the code that reads positions (games/go/board.pxi). */
#ifndef LT_GO_H
#define LT_GO_H
#include "go/board.h"
#include "games/native.h"

/* The rule for a move that repeats an earlier position. */
typedef enum {
  LT_GO_DRAW,        /* simple ko; a move that repeats the stones of an earlier position ends the game in a draw (OpenSpiel) */
  LT_GO_SIMPLE,      /* only simple ko */
  LT_GO_POSITIONAL,  /* a move that repeats the stones of an earlier position is illegal */
  LT_GO_SITUATIONAL, /* illegal if the same player is also to move */
} lt_go_ko_rule;

typedef struct lt_go_rules {
  int32_t size, handicap, max_game_length;
  int32_t territory; /* territory and prisoners count, otherwise area */
  int32_t cleanup;   /* play continues after two passes, until two more, to settle dead stones */
  lt_go_ko_rule ko;
  double komi;
  lt_go_board *start; /* with the handicap stones */
} lt_go_rules;

/* A state consists of this, the board, and the keys of all positions so far, [max_game_length + 1]. */
typedef struct lt_go_state {
  int32_t moves;
  int32_t lead; /* number of stones played by Black minus White, before the clean-up and outside playouts */
  uint8_t player, passes, over, repeated; /* passes in a row; `repeated`: over because a position repeated */
  uint8_t cleaning, unused[3];
} lt_go_state;

static inline lt_go_board *lt_go_board_of(const lt_go_state *s) { return (lt_go_board *)(s + 1); }

/* The number that Black's area must exceed. */
static inline double lt_go_owed(const lt_go_rules *r, const lt_go_state *s) {
  return r->komi + (r->territory ? s->lead : r->handicap >= 2 ? r->handicap : 0);
}

/* Black's score minus White's, including komi and handicap. All stones on the board count as alive. Territory and prisoners
 * equal the area minus the stones that a side has played, which are on the board or prisoners. Stones played in a clean-up
 * or in a playout only settle ownership, so they cost nothing. */
static inline double lt_go_score(const lt_go_rules *r, const lt_go_state *s) {
  uint16_t stack[LT_GO_MAX_SIZE * LT_GO_MAX_SIZE];
  return lt_go_area(lt_go_board_of(s), NULL, stack) - lt_go_owed(r, s);
}

#endif
