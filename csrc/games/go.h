/* The state of a game of Go, for its rules (go.c) and for what reads positions (games/go/board.pyx). */
#ifndef LT_GO_H
#define LT_GO_H
#include "go/board.h"
#include "games/native.h"

/* What a position seen before means for a move. */
typedef enum {
  LT_GO_DRAW,        /* simple ko; a move that repeats the stones of an earlier position ends the game undecided (OpenSpiel) */
  LT_GO_SIMPLE,      /* simple ko alone */
  LT_GO_POSITIONAL,  /* a move that repeats the stones of an earlier position is forbidden */
  LT_GO_SITUATIONAL, /* forbidden where the same player is to move besides */
} lt_go_ko_rule;

typedef struct lt_go_rules {
  int32_t size, handicap, max_game_length;
  int32_t territory; /* territory and prisoners count, else area */
  int32_t cleanup;   /* after two passes play goes on, to settle who is dead, until two more */
  lt_go_ko_rule ko;
  double komi;
  lt_go_board *start; /* with its handicap stones */
} lt_go_rules;

/* A state is this, the board, and the keys of all positions so far, [max_game_length + 1]. */
typedef struct lt_go_state {
  int32_t moves;
  int32_t lead; /* stones that black has played more than white, before the clean-up and outside playouts */
  uint8_t player, passes, over, repeated; /* passes in a row; `repeated`: over because a position came again */
  uint8_t cleaning, unused[3];
} lt_go_state;

static inline lt_go_board *lt_go_board_of(const lt_go_state *s) { return (lt_go_board *)(s + 1); }

/* What black's area has to exceed. */
static inline double lt_go_owed(const lt_go_rules *r, const lt_go_state *s) {
  return r->komi + (r->territory ? s->lead : r->handicap >= 2 ? r->handicap : 0);
}

/* Black's score minus white's, komi and handicap counted. Stones count as they stand: none is taken for dead. Territory and
 * prisoners are the area less the stones that a side has played: those are on the board, or prisoners. What is played in a
 * clean-up or in a playout settles who owns what and costs nothing. */
static inline double lt_go_score(const lt_go_rules *r, const lt_go_state *s) {
  uint16_t stack[LT_GO_MAX_SIZE * LT_GO_MAX_SIZE];
  return lt_go_area(lt_go_board_of(s), NULL, stack) - lt_go_owed(r, s);
}

#endif
