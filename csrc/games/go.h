/* The state of a game of Go, for its rules (go.c) and for what reads positions (games/go_board.pyx). */
#ifndef LT_GO_H
#define LT_GO_H
#include "../go_board.h"
#include "native.h"

/* What a position seen before means for a move. */
typedef enum {
  LT_GO_DRAW,        /* simple ko; a move that repeats the stones of an earlier position ends the game undecided (OpenSpiel) */
  LT_GO_SIMPLE,      /* simple ko alone */
  LT_GO_POSITIONAL,  /* a move that repeats the stones of an earlier position is forbidden */
  LT_GO_SITUATIONAL, /* forbidden where the same player is to move besides */
} lt_go_ko_rule;

typedef struct lt_go_rules {
  int32_t size, handicap, max_game_length, territory;
  lt_go_ko_rule ko;
  double komi;
  lt_go_board *start; /* with its handicap stones */
} lt_go_rules;

/* A state is this, the board, and the keys of all positions so far, [max_game_length + 1]. */
typedef struct lt_go_state {
  int32_t moves;
  uint8_t player, passes, over, repeated; /* passes in a row; `repeated`: over because a position came again */
} lt_go_state;

static inline lt_go_board *lt_go_board_of(const lt_go_state *s) { return (lt_go_board *)(s + 1); }

/* Black's score minus white's, komi and handicap counted. Stones count as they stand: none is taken for dead. */
static inline double lt_go_score(const lt_go_rules *r, const lt_go_board *b) {
  uint16_t stack[LT_GO_MAX_SIZE * LT_GO_MAX_SIZE];
  int score = lt_go_area(b, NULL, stack);
  if (r->territory) { /* without its stones an area is its territory: what was played less what was captured is on the board */
    for (int p = 0; p < b->num_points; p++) score += (b->at[p].color == LT_WHITE) - (b->at[p].color == LT_BLACK);
    score += b->captured[1] - b->captured[0];
  } else if (r->handicap >= 2) {
    score -= r->handicap;
  }
  return score - r->komi;
}

#endif
