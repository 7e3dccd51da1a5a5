/* Unrolling a game. Read in this order: growing arrays, keys, one history, passes over the arrays. */
#include "regret/hands.h"
#include <stdlib.h>

enum { NONE = UINT32_MAX };

/* The histories of one depth. State bytes, chance, node, and the last sequence of each player are in parallel arrays. A
 * level is unrolled into the next one, then the two are swapped. */
typedef struct level {
  uint8_t *states;
  double *chance;
  uint32_t *node, *last; /* last: [room, num_players] */
  uint64_t size, room;
} level;

typedef struct lt_unroll {
  level now, next;
  uint64_t at;               /* number of finished histories of `now` */
  uint32_t depth;            /* number of actions that lead to those of `now` */
  uint32_t *node_parent;     /* indexed by node: its parent */
  int32_t *node_action;      /* and the action that leads to it */
  uint64_t nodes, node_room;
  uint8_t *keys;             /* indexed by information state, in order of discovery: player and key */
  uint32_t *slots;           /* hash table of information states; NONE if empty */
  uint64_t key_room, slot_count;
  uint64_t info_room, seq_room;
  uint32_t *terminal_last;        /* indexed by terminal: last sequences [num_players] */
  double *terminal_payoff;         /* and chance x utility [num_players] */
  uint64_t terminal_room;
  int32_t *actions;
  double *probabilities, *returns;
  uint8_t *key;
} lt_unroll;

/* ---- Growing arrays ---- */

lt_status lt_game_tree_resize(lt_game_tree *t, void **array, uint64_t old, uint64_t new, size_t entry) {
  size_t more = (new > old ? new - old : 0) * entry;
  if (t->memory_bytes + more > t->memory_limit) return LT_OVER_LIMIT;
  void *moved = realloc(*array, (new ? new : 1) * entry);
  if (moved == NULL) return LT_NO_MEMORY;
  *array = moved;
  t->memory_bytes += new * entry - old * entry;
  return LT_OK;
}

#define TRY LT_TRY
#define RESIZE(array, old, new, entry) LT_RESIZE(t, array, old, new, entry)

static uint64_t doubled(uint64_t room, uint64_t needed) {
  uint64_t new = room ? 2 * room : 64;
  return new < needed ? needed : new;
}

static lt_status level_room(lt_game_tree *t, level *l, uint64_t needed) {
  if (needed <= l->room) return LT_OK;
  uint64_t new = doubled(l->room, needed), players = (uint64_t)t->num_players;
  RESIZE(l->states, l->room, new, t->game->state_bytes);
  RESIZE(l->chance, l->room, new, sizeof *l->chance);
  RESIZE(l->node, l->room, new, sizeof *l->node);
  RESIZE(l->last, l->room, new, players * sizeof *l->last);
  l->room = new;
  return LT_OK;
}

static lt_status node_room(lt_game_tree *t, uint64_t needed) {
  lt_unroll *u = t->unroll;
  if (needed <= u->node_room) return LT_OK;
  if (needed >= NONE) return LT_OVER_LIMIT;
  uint64_t new = doubled(u->node_room, needed);
  RESIZE(u->node_parent, u->node_room, new, sizeof *u->node_parent);
  RESIZE(u->node_action, u->node_room, new, sizeof *u->node_action);
  u->node_room = new;
  return LT_OK;
}

static lt_status terminal_room(lt_game_tree *t) {
  lt_unroll *u = t->unroll;
  if (t->num_terminals < u->terminal_room) return LT_OK;
  uint64_t new = doubled(u->terminal_room, 0), players = (uint64_t)t->num_players;
  RESIZE(u->terminal_last, u->terminal_room, new, players * sizeof *u->terminal_last);
  RESIZE(u->terminal_payoff, u->terminal_room, new, players * sizeof *u->terminal_payoff);
  u->terminal_room = new;
  return LT_OK;
}

static lt_status info_room(lt_game_tree *t, uint32_t actions) {
  lt_unroll *u = t->unroll;
  if (t->num_infostates >= u->info_room) {
    uint64_t new = doubled(u->info_room, 0), old = u->info_room;
    RESIZE(t->player, old, new, sizeof *t->player);
    RESIZE(t->parent, old, new, sizeof *t->parent);
    RESIZE(t->first, old, new, sizeof *t->first);
    RESIZE(t->stride, old, new, sizeof *t->stride);
    RESIZE(t->count, old, new, sizeof *t->count);
    RESIZE(t->node, old, new, sizeof *t->node);
    u->info_room = new;
  }
  if (t->num_sequences + (uint64_t)actions > u->seq_room) {
    uint64_t new = doubled(u->seq_room, t->num_sequences + (uint64_t)actions);
    if (new >= NONE) return LT_OVER_LIMIT;
    RESIZE(t->action, u->seq_room, new, sizeof *t->action);
    u->seq_room = new;
  }
  return LT_OK;
}

/* ---- Keys ---- */

static size_t key_bytes(const lt_game *g) { return 1 + g->information_state_bytes; }

static lt_status more_slots(lt_game_tree *t) {
  lt_unroll *u = t->unroll;
  uint64_t new = u->slot_count ? 2 * u->slot_count : 256;
  const size_t bytes = key_bytes(t->game);
  RESIZE(u->slots, u->slot_count, new, sizeof *u->slots);
  u->slot_count = new;
  for (uint64_t i = 0; i < new; i++) u->slots[i] = NONE;
  for (uint32_t id = 0; id < t->num_infostates; id++) {
    uint64_t slot = lt_hash_bytes(u->keys + id * bytes, bytes) & (new - 1);
    while (u->slots[slot] != NONE) slot = (slot + 1) & (new - 1);
    u->slots[slot] = id;
  }
  return LT_OK;
}

/* Returns the slot of the key in u->key, or the empty slot where it belongs. */
static uint64_t find_slot(const lt_game_tree *t) {
  const lt_unroll *u = t->unroll;
  const size_t bytes = key_bytes(t->game);
  uint64_t slot = lt_hash_bytes(u->key, bytes) & (u->slot_count - 1);
  while (u->slots[slot] != NONE && memcmp(u->keys + u->slots[slot] * bytes, u->key, bytes) != 0)
    slot = (slot + 1) & (u->slot_count - 1);
  return slot;
}

/* Finds or adds the information state of `player` at a history. Its legal actions are in u->actions. */
static lt_status infostate(lt_game_tree *t, const uint8_t *state, int32_t player, uint32_t parent, uint32_t node,
                           uint32_t count, uint32_t *id) {
  lt_unroll *u = t->unroll;
  const lt_game *g = t->game;
  uint64_t slot = 0;
  if (g->information_state != NULL) {
    if (2 * ((uint64_t)t->num_infostates + 1) > u->slot_count) TRY(more_slots(t));
    memset(u->key, 0, key_bytes(g));
    u->key[0] = (uint8_t)player;
    g->information_state(g->context, state, player, u->key + 1);
    if (lt_failed(g)) return LT_RULES_BROKE;
    slot = find_slot(t);
    *id = u->slots[slot];
    if (*id != NONE) {
      t->broken_node = node, t->earlier_node = t->node[*id];
      if (t->parent[*id] != parent) return LT_NO_RECALL;
      if (t->count[*id] != count || memcmp(&t->action[t->first[*id]], u->actions, count * sizeof *u->actions) != 0)
        return LT_OTHER_ACTIONS;
      return LT_OK;
    }
  }
  TRY(info_room(t, count));
  *id = t->num_infostates;
  if (g->information_state != NULL) {
    if (*id >= u->key_room) {
      uint64_t new = doubled(u->key_room, 0);
      RESIZE(u->keys, u->key_room, new, key_bytes(g));
      u->key_room = new;
    }
    memcpy(u->keys + *id * key_bytes(g), u->key, key_bytes(g));
    u->slots[slot] = *id;
  }
  t->player[*id] = player, t->parent[*id] = parent, t->node[*id] = node;
  t->first[*id] = t->num_sequences, t->stride[*id] = 1, t->count[*id] = count;
  memcpy(&t->action[t->num_sequences], u->actions, count * sizeof *u->actions);
  t->num_infostates++, t->num_sequences += count;
  return LT_OK;
}

/* ---- One history ---- */

/* Adds the history after `action` to the next level; `last` is the new last sequence of `mover`. */
static lt_status add_child(lt_game_tree *t, uint64_t from, int32_t action, double chance, int32_t mover,
                           uint32_t last) {
  lt_unroll *u = t->unroll;
  const lt_game *g = t->game;
  const size_t bytes = g->state_bytes;
  const uint64_t players = (uint64_t)t->num_players;
  level *now = &u->now, *next = &u->next;
  TRY(level_room(t, next, next->size + 1));
  TRY(node_room(t, u->nodes + 1));
  uint8_t *state = next->states + next->size * bytes;
  memcpy(state, now->states + from * bytes, bytes);
  if (!g->apply(g->context, state, action) || lt_failed(g)) {
    t->broken_node = now->node[from];
    return LT_RULES_BROKE;
  }
  memcpy(&next->last[next->size * players], &now->last[from * players], players * sizeof *now->last);
  if (mover >= 0) next->last[next->size * players + (uint64_t)mover] = last;
  next->chance[next->size] = now->chance[from] * chance;
  next->node[next->size++] = (uint32_t)u->nodes;
  u->node_parent[u->nodes] = now->node[from], u->node_action[u->nodes++] = action;
  return LT_OK;
}

/* Visits one history of `now`. A game that exceeds its declared limits also has broken rules. */
static lt_status visit(lt_game_tree *t, uint64_t at) {
  lt_unroll *u = t->unroll;
  const lt_game *g = t->game;
  const uint64_t players = (uint64_t)t->num_players;
  const uint8_t *state = u->now.states + at * g->state_bytes;
  const uint32_t node = u->now.node[at], *last = &u->now.last[at * players];
  int32_t player = g->current_player(g->context, state);
  t->num_histories++;
  t->broken_node = node;
  if (lt_failed(g)) return LT_RULES_BROKE;
  if (player == LT_TERMINAL) {
    TRY(terminal_room(t));
    g->returns(g->context, state, u->returns);
    if (lt_failed(g)) return LT_RULES_BROKE;
    for (uint64_t p = 0; p < players; p++) {
      u->terminal_last[t->num_terminals * players + p] = last[p];
      u->terminal_payoff[t->num_terminals * players + p] = u->now.chance[at] * u->returns[p];
    }
    t->num_terminals++;
    return LT_OK;
  }
  if (u->depth >= (uint32_t)lt_max_history(g)) return LT_RULES_BROKE;
  if (player == LT_CHANCE) {
    if (g->chance_outcomes == NULL) return LT_RULES_BROKE;
    int32_t n = g->chance_outcomes(g->context, state, u->actions, u->probabilities);
    if (n <= 0 || n > g->max_chance_outcomes || lt_failed(g)) return LT_RULES_BROKE;
    for (int32_t i = 0; i < n; i++) TRY(add_child(t, at, u->actions[i], u->probabilities[i], -1, 0));
    return LT_OK;
  }
  if (player < 0 || player >= t->num_players) return LT_RULES_BROKE;
  int32_t n = g->legal_actions(g->context, state, u->actions);
  if (n <= 0 || n > g->num_distinct_actions || lt_failed(g)) return LT_RULES_BROKE;
  uint32_t id = NONE;
  TRY(infostate(t, state, player, last[player], node, (uint32_t)n, &id));
  const uint32_t first = t->first[id];
  for (uint32_t i = 0; i < (uint32_t)n; i++) TRY(add_child(t, at, t->action[first + i], 1.0, player, first + i));
  return LT_OK;
}

/* ---- Start and end ---- */

static void free_level(lt_game_tree *t, level *l) {
  t->memory_bytes -= l->room * (t->game->state_bytes + sizeof *l->chance + sizeof *l->node +
                                (size_t)t->num_players * sizeof *l->last);
  free(l->states), free(l->chance), free(l->node), free(l->last);
  memset(l, 0, sizeof *l);
}

static size_t action_room(const lt_game *game) { return (size_t)lt_max_actions(game) + 1; }

/* Frees the data needed only during growth. The nodes remain, for histories. */
static void free_scaffold(lt_game_tree *t) {
  lt_unroll *u = t->unroll;
  free_level(t, &u->now), free_level(t, &u->next);
  t->memory_bytes -= u->key_room * key_bytes(t->game) + u->slot_count * sizeof *u->slots +
                     u->terminal_room * (size_t)t->num_players * (sizeof *u->terminal_last + sizeof *u->terminal_payoff);
  if (u->actions) t->memory_bytes -= action_room(t->game) * (sizeof *u->actions + sizeof *u->probabilities);
  free(u->keys), free(u->slots), free(u->terminal_last), free(u->terminal_payoff);
  free(u->actions), free(u->probabilities), free(u->returns), free(u->key);
  u->keys = NULL, u->slots = NULL, u->terminal_last = NULL, u->terminal_payoff = NULL;
  u->actions = NULL, u->probabilities = NULL, u->returns = NULL, u->key = NULL;
  u->key_room = u->slot_count = u->terminal_room = 0;
}

lt_game_tree *lt_game_tree_new(const lt_game *game, size_t memory_limit) {
  lt_game_tree *t = calloc(1, sizeof *t);
  lt_unroll *u = calloc(1, sizeof *u);
  if (t == NULL || u == NULL) return free(t), free(u), NULL;
  const uint32_t players = (uint32_t)game->num_players;
  const size_t room = action_room(game);
  t->game = game, t->unroll = u, t->num_players = game->num_players, t->memory_limit = memory_limit;
  if (room * (sizeof *u->actions + sizeof *u->probabilities) <= memory_limit) {
    u->actions = calloc(room, sizeof *u->actions);
    u->probabilities = calloc(room, sizeof *u->probabilities);
    t->memory_bytes = room * (sizeof *u->actions + sizeof *u->probabilities);
  }
  u->returns = malloc(players * sizeof *u->returns);
  u->key = malloc(key_bytes(game));
  t->num_sequences = players; /* the empty sequences */
  if (u->actions && u->probabilities && u->returns && u->key && level_room(t, &u->now, 1) == LT_OK &&
      node_room(t, 1) == LT_OK && info_room(t, 1) == LT_OK) {
    lt_initial_state(game, u->now.states);
    u->now.chance[0] = 1.0, u->now.node[0] = 0, u->now.size = 1;
    for (uint32_t p = 0; p < players; p++) u->now.last[p] = p;
    u->node_parent[0] = NONE, u->node_action[0] = -1, u->nodes = 1;
    return t;
  }
  lt_game_tree_free(t);
  return NULL;
}

void lt_game_tree_free(lt_game_tree *t) {
  if (t == NULL) return;
  free_scaffold(t);
  free(t->unroll->node_parent), free(t->unroll->node_action), free(t->unroll);
  free(t->player), free(t->parent), free(t->first), free(t->stride), free(t->count), free(t->node), free(t->action);
  free(t->blocks), free(t->parts), free(t->leaves), free(t->matrices), free(t->row), free(t->payoff), free(t->others);
  free(t);
}

lt_status lt_game_tree_grow(lt_game_tree *t, lt_watch *watch) {
  lt_unroll *u = t->unroll;
  for (;;) {
    if (u->at == u->now.size) {
      level done = u->now;
      u->now = u->next, u->next = done, u->next.size = 0, u->at = 0, u->depth++;
      if (u->now.size == 0) break;
    }
    if (lt_watch_stops(watch, 1)) return LT_STOPPED;
    TRY(visit(t, u->at));
    u->at++;
  }
  free_level(t, &u->now), free_level(t, &u->next);
  TRY(lt_game_tree_lay_out(t, u->terminal_last, u->terminal_payoff, watch));
  free_scaffold(t);
  return LT_OK;
}

uint32_t lt_game_tree_history(const lt_game_tree *t, uint32_t node, int32_t *actions) {
  uint32_t length = 0;
  for (uint32_t at = node; t->unroll->node_parent[at] != NONE; at = t->unroll->node_parent[at]) length++;
  if (actions == NULL) return length;
  for (uint32_t i = length; i > 0; i--, node = t->unroll->node_parent[node]) actions[i - 1] = t->unroll->node_action[node];
  return length;
}

/* ---- Passes over the arrays ---- */

void lt_game_tree_part_reach(const lt_game_tree *t, lt_game_tree_part part, const double *strategy, double *reach) {
  for (uint32_t b = part.block; b < part.end_block; b++) {
    const lt_game_tree_block block = t->blocks[b];
    const uint32_t *restrict const parent = &t->parent[block.infostate];
    double *restrict own = &reach[block.sequence];
    const double *restrict chosen = &strategy[block.sequence];
    for (uint32_t i = 0; i < block.size; i++) own[i] = reach[parent[i]];
    for (uint32_t a = block.actions; a-- > 1;)
      for (uint32_t i = 0; i < block.size; i++) own[a * block.size + i] = own[i] * chosen[a * block.size + i];
    for (uint32_t i = 0; i < block.size; i++) own[i] *= chosen[i];
  }
}

void lt_game_tree_part_gradient(const lt_game_tree *t, lt_game_tree_part part, const double *reach, double *gradient) {
  const uint32_t width = (uint32_t)t->num_players - 1;
  uint64_t e = t->row[part.sequence];
  if (e == t->row[part.end_sequence]) {
    memset(&gradient[part.sequence], 0, (part.end_sequence - part.sequence) * sizeof *gradient);
  } else if (width == 1) { /* two players: a sparse matrix times a vector */
    for (uint32_t s = part.sequence; s < part.end_sequence; s++) {
      double sum = 0;
      for (const uint64_t end = t->row[s + 1]; e < end; e++) sum += t->payoff[e] * reach[t->others[e]];
      gradient[s] = sum;
    }
  } else {
    for (uint32_t s = part.sequence; s < part.end_sequence; s++) {
      double sum = 0;
      for (const uint64_t end = t->row[s + 1]; e < end; e++) {
        double product = t->payoff[e];
        for (uint32_t w = 0; w < width; w++) product *= reach[t->others[e * width + w]];
        sum += product;
      }
      gradient[s] = sum;
    }
  }
  lt_hands_add_leaves(t, part, reach, gradient);
}

/* The top of a player's tree (0) and then its parts. */
static lt_game_tree_part part_at(const lt_game_tree *t, int32_t player, uint32_t k) {
  return k == 0 ? t->top[player] : t->parts[t->first_part[player] + k - 1];
}

static uint32_t num_parts(const lt_game_tree *t, int32_t player) {
  return 1 + t->first_part[player + 1] - t->first_part[player];
}

void lt_game_tree_reach(const lt_game_tree *t, int32_t player, const double *strategy, double *reach) {
  reach[t->first_sequence[player]] = 1.0;
  for (uint32_t k = 0; k < num_parts(t, player); k++) lt_game_tree_part_reach(t, part_at(t, player, k), strategy, reach);
}

int lt_game_tree_gradient(const lt_game_tree *t, int32_t player, const double *reach, double *gradient, lt_watch *watch) {
  for (uint32_t k = 0; k < num_parts(t, player); k++) {
    const lt_game_tree_part part = part_at(t, player, k);
    if (lt_watch_stops(watch, part.end_sequence - part.sequence)) return 0;
    lt_game_tree_part_gradient(t, part, reach, gradient);
  }
  return 1;
}

double lt_game_tree_best_response(const lt_game_tree *t, int32_t player, double *gradient, double *best) {
  for (uint32_t id = t->first_infostate[player + 1]; id-- > t->first_infostate[player];) {
    const uint32_t end = t->first[id] + t->count[id] * t->stride[id];
    uint32_t chosen = t->first[id];
    for (uint32_t s = t->first[id]; s < end; s += t->stride[id]) {
      if (gradient[s] > gradient[chosen]) chosen = s;
      if (best) best[s] = 0.0;
    }
    if (best) best[chosen] = 1.0;
    gradient[t->parent[id]] += gradient[chosen];
  }
  return gradient[t->first_sequence[player]];
}

uint64_t lt_game_tree_payoffs(const lt_game_tree *t, int32_t player, uint32_t *own, uint32_t *others, double *payoff) {
  const uint32_t width = (uint32_t)t->num_players - 1;
  uint64_t n = 0;
  for (uint32_t k = 0; k < num_parts(t, player); k++) {
    const lt_game_tree_part part = part_at(t, player, k);
    for (uint32_t s = part.sequence; s < part.end_sequence; s++)
      for (uint64_t e = t->row[s]; e < t->row[s + 1]; e++, n++) {
        if (own == NULL) continue;
        own[n] = s, payoff[n] = t->payoff[e];
        for (uint32_t w = 0; w < width; w++) others[n * width + w] = t->others[e * width + w];
      }
    for (uint32_t l = part.leaf; l < part.end_leaf; l++) {
      const lt_game_tree_leaf leaf = t->leaves[l];
      for (uint32_t i = 0; i < leaf.rows; i++)
        for (uint32_t j = 0; j < leaf.columns; j++) {
          const double here = t->matrices[lt_game_tree_cell(leaf, i, j)];
          if (here == 0) continue;
          if (own != NULL) own[n] = leaf.row + i, others[n] = leaf.column + j, payoff[n] = here;
          n++;
        }
    }
  }
  return n;
}
