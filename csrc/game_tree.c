/* Unrolling a game. Read in this order: growing arrays, keys, one history, the layout, passes over the arrays. */
#include "game_tree.h"
#include <stdlib.h>

enum { NONE = UINT32_MAX };

/* A history on the frontier: `state` bytes, chance, node, and the last sequence of each player are kept in
 * parallel arrays; a level is unrolled into the next one, then they change places. */
typedef struct level {
  uint8_t *states;
  double *chance;
  uint32_t *node, *last; /* last: [room, num_players] */
  uint64_t size, room;
} level;

typedef struct lt_unroll {
  level now, next;
  uint64_t at;               /* histories of `now` done */
  uint32_t *node_parent;     /* by node: where it came from, */
  int32_t *node_action;      /* and by which action */
  uint64_t nodes, node_room;
  uint8_t *keys;             /* by information state, in the order of discovery: player and key */
  uint32_t *slots;           /* hash table of information states, NONE where empty */
  uint64_t key_room, slot_count;
  uint64_t info_room, seq_room;
  uint32_t *end_last;        /* by end of the game: last sequences [num_players], */
  double *end_worth;         /* and chance x utility [num_players] */
  uint64_t end_room;
  int32_t *actions;
  double *probabilities, *returns;
  uint8_t *key, *scratch;
} lt_unroll;

/* ---- Growing arrays ---- */

/* Resize an array from `old` to `new` entries within the memory limit. */
static lt_tree_status resize(lt_game_tree *t, void **array, uint64_t old, uint64_t new, size_t entry) {
  size_t more = (new > old ? new - old : 0) * entry;
  if (t->memory_bytes + more > t->memory_limit) return LT_TREE_OVER_LIMIT;
  void *moved = realloc(*array, (new ? new : 1) * entry);
  if (moved == NULL) return LT_TREE_NO_MEMORY;
  *array = moved;
  t->memory_bytes += new * entry - old * entry;
  return LT_TREE_DONE;
}

#define TRY(call)                            \
  do {                                       \
    lt_tree_status status_ = (call);         \
    if (status_ < 0) return status_;         \
  } while (0)

#define RESIZE(array, old, new, entry)       \
  do {                                       \
    void *array_ = (array);                  \
    TRY(resize(t, &array_, old, new, entry)); \
    (array) = array_;                        \
  } while (0)

static uint64_t doubled(uint64_t room, uint64_t needed) {
  uint64_t new = room ? 2 * room : 64;
  return new < needed ? needed : new;
}

static lt_tree_status level_room(lt_game_tree *t, level *l, uint64_t needed) {
  if (needed <= l->room) return LT_TREE_DONE;
  uint64_t new = doubled(l->room, needed), players = (uint64_t)t->num_players;
  RESIZE(l->states, l->room, new, t->game->state_bytes);
  RESIZE(l->chance, l->room, new, sizeof *l->chance);
  RESIZE(l->node, l->room, new, sizeof *l->node);
  RESIZE(l->last, l->room, new, players * sizeof *l->last);
  l->room = new;
  return LT_TREE_DONE;
}

static lt_tree_status node_room(lt_game_tree *t, uint64_t needed) {
  lt_unroll *u = t->unroll;
  if (needed <= u->node_room) return LT_TREE_DONE;
  if (needed >= NONE) return LT_TREE_OVER_LIMIT;
  uint64_t new = doubled(u->node_room, needed);
  RESIZE(u->node_parent, u->node_room, new, sizeof *u->node_parent);
  RESIZE(u->node_action, u->node_room, new, sizeof *u->node_action);
  u->node_room = new;
  return LT_TREE_DONE;
}

static lt_tree_status end_room(lt_game_tree *t) {
  lt_unroll *u = t->unroll;
  if (t->num_terminals < u->end_room) return LT_TREE_DONE;
  uint64_t new = doubled(u->end_room, 0), players = (uint64_t)t->num_players;
  RESIZE(u->end_last, u->end_room, new, players * sizeof *u->end_last);
  RESIZE(u->end_worth, u->end_room, new, players * sizeof *u->end_worth);
  u->end_room = new;
  return LT_TREE_DONE;
}

static lt_tree_status info_room(lt_game_tree *t, uint32_t actions) {
  lt_unroll *u = t->unroll;
  if (t->num_infostates >= u->info_room) {
    uint64_t new = doubled(u->info_room, 0), old = u->info_room;
    RESIZE(t->player, old, new, sizeof *t->player);
    RESIZE(t->parent, old, new, sizeof *t->parent);
    RESIZE(t->first, old, new, sizeof *t->first);
    RESIZE(t->count, old, new, sizeof *t->count);
    RESIZE(t->node, old, new, sizeof *t->node);
    u->info_room = new;
  }
  if (t->num_sequences + (uint64_t)actions > u->seq_room) {
    uint64_t new = doubled(u->seq_room, t->num_sequences + (uint64_t)actions);
    if (new >= NONE) return LT_TREE_OVER_LIMIT;
    RESIZE(t->action, u->seq_room, new, sizeof *t->action);
    u->seq_room = new;
  }
  return LT_TREE_DONE;
}

/* ---- Keys ---- */

static size_t key_bytes(const lt_game *g) { return 1 + g->information_state_bytes; }

static lt_tree_status more_slots(lt_game_tree *t) {
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
  return LT_TREE_DONE;
}

/* The slot of the key in u->key: its information state's, or the empty one where a new one belongs. */
static uint64_t find_slot(const lt_game_tree *t) {
  const lt_unroll *u = t->unroll;
  const size_t bytes = key_bytes(t->game);
  uint64_t slot = lt_hash_bytes(u->key, bytes) & (u->slot_count - 1);
  while (u->slots[slot] != NONE && memcmp(u->keys + u->slots[slot] * bytes, u->key, bytes) != 0)
    slot = (slot + 1) & (u->slot_count - 1);
  return slot;
}

/* The information state of `player` at a history, made where it is new. Its legal actions are in u->actions. */
static lt_tree_status infostate(lt_game_tree *t, const uint8_t *state, int32_t player, uint32_t parent, uint32_t node,
                                uint32_t count, uint32_t *id) {
  lt_unroll *u = t->unroll;
  const lt_game *g = t->game;
  uint64_t slot = 0;
  if (g->information_state != NULL) {
    if (2 * ((uint64_t)t->num_infostates + 1) > u->slot_count) TRY(more_slots(t));
    memset(u->key, 0, key_bytes(g));
    u->key[0] = (uint8_t)player;
    g->information_state(g->context, state, player, u->key + 1);
    if (lt_failed(g)) return LT_TREE_RULES_BROKE;
    slot = find_slot(t);
    *id = u->slots[slot];
    if (*id != NONE) {
      t->culprit = node, t->known = t->node[*id];
      if (t->parent[*id] != parent) return LT_TREE_FORGETS;
      if (t->count[*id] != count || memcmp(&t->action[t->first[*id]], u->actions, count * sizeof *u->actions) != 0)
        return LT_TREE_OTHER_ACTIONS;
      return LT_TREE_DONE;
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
  t->first[*id] = t->num_sequences, t->count[*id] = count;
  memcpy(&t->action[t->num_sequences], u->actions, count * sizeof *u->actions);
  t->num_infostates++, t->num_sequences += count;
  return LT_TREE_DONE;
}

/* ---- One history ---- */

/* Put the history behind `action` on the next level; `last` is what its mover's last sequence becomes. */
static lt_tree_status add_child(lt_game_tree *t, uint64_t from, int32_t action, double chance, int32_t mover,
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
    t->culprit = now->node[from];
    return LT_TREE_RULES_BROKE;
  }
  memcpy(&next->last[next->size * players], &now->last[from * players], players * sizeof *now->last);
  if (mover >= 0) next->last[next->size * players + (uint64_t)mover] = last;
  next->chance[next->size] = now->chance[from] * chance;
  next->node[next->size++] = (uint32_t)u->nodes;
  u->node_parent[u->nodes] = now->node[from], u->node_action[u->nodes++] = action;
  return LT_TREE_DONE;
}

static lt_tree_status visit(lt_game_tree *t, uint64_t at) {
  lt_unroll *u = t->unroll;
  const lt_game *g = t->game;
  const uint64_t players = (uint64_t)t->num_players;
  const uint8_t *state = u->now.states + at * g->state_bytes;
  const uint32_t node = u->now.node[at], *last = &u->now.last[at * players];
  int32_t player = g->current_player(g->context, state);
  t->num_histories++;
  t->culprit = node;
  if (lt_failed(g)) return LT_TREE_RULES_BROKE;
  if (player == LT_TERMINAL) {
    TRY(end_room(t));
    g->returns(g->context, state, u->returns);
    if (lt_failed(g)) return LT_TREE_RULES_BROKE;
    for (uint64_t p = 0; p < players; p++) {
      u->end_last[t->num_terminals * players + p] = last[p];
      u->end_worth[t->num_terminals * players + p] = u->now.chance[at] * u->returns[p];
    }
    t->num_terminals++;
    return LT_TREE_DONE;
  }
  if (player == LT_CHANCE) {
    int32_t n = g->chance_outcomes(g->context, state, u->actions, u->probabilities);
    if (n <= 0 || lt_failed(g)) return LT_TREE_RULES_BROKE;
    for (int32_t i = 0; i < n; i++) TRY(add_child(t, at, u->actions[i], u->probabilities[i], -1, 0));
    return LT_TREE_DONE;
  }
  int32_t n = g->legal_actions(g->context, state, u->actions);
  if (n <= 0 || player >= t->num_players || lt_failed(g)) return LT_TREE_RULES_BROKE;
  uint32_t id = NONE;
  TRY(infostate(t, state, player, last[player], node, (uint32_t)n, &id));
  const uint32_t first = t->first[id];
  for (uint32_t i = 0; i < (uint32_t)n; i++) TRY(add_child(t, at, t->action[first + i], 1.0, player, first + i));
  return LT_TREE_DONE;
}

/* ---- The layout ---- */

enum { PARTS = 64, WORTH_PARTS = 8192 };

/* What renumbering knows, by the old numbers of information states. */
typedef struct numbering {
  uint64_t *weight;        /* sequences and ends of the game in the subtree of each */
  uint32_t *owner;         /* by sequence: its information state, NONE for the empty ones */
  uint32_t *group;         /* 0: top; 2k: the roots of part k's subtrees; 2k + 1: what hangs below them */
  uint32_t *order;         /* the old numbers in the new order */
  uint32_t *new_sequence;  /* by old sequence */
} numbering;

static void weigh(const lt_game_tree *t, const numbering *n) {
  const uint32_t players = (uint32_t)t->num_players;
  for (uint32_t p = 0; p < players; p++) n->owner[p] = NONE;
  for (uint32_t id = 0; id < t->num_infostates; id++) {
    n->weight[id] = t->count[id];
    for (uint32_t a = 0; a < t->count[id]; a++) n->owner[t->first[id] + a] = id;
  }
  for (uint64_t e = 0; e < t->num_terminals * players; e++) {
    const uint32_t owner = n->owner[t->unroll->end_last[e]];
    if (owner != NONE) n->weight[owner]++;
  }
  for (uint32_t id = t->num_infostates; id-- > 0;) {
    const uint32_t above = n->owner[t->parent[id]];
    if (above != NONE) n->weight[above] += n->weight[id];
  }
}

/* Group a player's information states: those with heavy subtrees are the top, the subtrees below fall into parts of
 * about the same weight. Gives the number of parts, at most PARTS + 1. */
static uint32_t group(const lt_game_tree *t, const numbering *n, int32_t player) {
  uint64_t total = 0, filled = 0;
  for (uint32_t id = 0; id < t->num_infostates; id++)
    if (t->player[id] == player && n->owner[t->parent[id]] == NONE) total += n->weight[id];
  const uint64_t limit = total >= WORTH_PARTS ? total / PARTS : 0;
  uint32_t parts = 0;
  for (uint32_t id = 0; id < t->num_infostates; id++) {
    if (t->player[id] != player) continue;
    const uint32_t above = n->owner[t->parent[id]];
    if (n->weight[id] > limit) {
      n->group[id] = 0;
    } else if (above != NONE && n->group[above] != 0) {
      n->group[id] = n->group[above] | 1;
    } else {
      if (parts == 0 || filled >= limit) parts++, filled = 0;
      filled += n->weight[id];
      n->group[id] = 2 * parts;
    }
  }
  return parts;
}

/* Put a player's information states in order: by group, then as they were found. Marks where its parts begin and end;
 * gives where the information states end. */
static uint32_t arrange(lt_game_tree *t, const numbering *n, int32_t player, uint32_t id, uint32_t sequence) {
  const uint32_t parts = group(t, n, player);
  lt_tree_part *part = &t->parts[t->first_part[player]];
  uint32_t start[2 * (PARTS + 1) + 3] = {0}, sequences[PARTS + 2] = {0};
  for (uint32_t old = 0; old < t->num_infostates; old++)
    if (t->player[old] == player) start[n->group[old] + 1]++, sequences[n->group[old] / 2] += t->count[old];
  for (uint32_t g = 0; g < 2 * (parts + 1); g++) start[g + 1] += start[g];
  sequences[0]++; /* the empty one */
  for (uint32_t k = 0; k <= parts; k++) {
    const lt_tree_part made = {sequence, sequence + sequences[k], id + start[2 * k], id + start[2 * k + 2]};
    if (k == 0) t->top[player] = made;
    else part[k - 1] = made;
    sequence += sequences[k];
  }
  t->first_part[player + 1] = t->first_part[player] + parts;
  for (uint32_t old = 0; old < t->num_infostates; old++)
    if (t->player[old] == player) n->order[id + start[n->group[old]]++] = old;
  return id + start[2 * parts + 1];
}

/* New numbers by player, then by part. */
static void number(lt_game_tree *t, const numbering *n) {
  const uint32_t players = (uint32_t)t->num_players;
  uint32_t id = 0, sequence = 0;
  for (uint32_t p = 0; p < players; p++) {
    t->first_infostate[p] = id, t->first_sequence[p] = sequence;
    const uint32_t end = arrange(t, n, (int32_t)p, id, sequence);
    n->new_sequence[p] = sequence++;
    for (; id < end; id++) {
      const uint32_t old = n->order[id];
      for (uint32_t a = 0; a < t->count[old]; a++) n->new_sequence[t->first[old] + a] = sequence++;
    }
  }
  t->first_infostate[players] = id, t->first_sequence[players] = sequence;
}

static void reorder(uint32_t *column, uint32_t *copy, const uint32_t *order, uint32_t size) {
  memcpy(copy, column, size * sizeof *copy);
  for (uint32_t i = 0; i < size; i++) column[i] = copy[order[i]];
}

/* Give information states and sequences, and the ends of the game that name them, their final numbers. */
static lt_tree_status renumber(lt_game_tree *t) {
  const uint32_t infos = t->num_infostates, sequences = t->num_sequences, players = (uint32_t)t->num_players;
  RESIZE(t->parts, 0, (PARTS + 1) * players, sizeof *t->parts);
  uint64_t *weight = malloc((infos + 1) * sizeof *weight);
  uint32_t *block = malloc((3 * (size_t)sequences + 2 * (size_t)infos) * sizeof *block);
  lt_tree_status status = LT_TREE_NO_MEMORY;
  if (weight && block) {
    uint32_t *copy = block + 2 * sequences;
    const numbering n = {weight, block, copy + sequences, copy + sequences + infos, block + sequences};
    weigh(t, &n);
    number(t, &n);
    uint32_t *columns[] = {(uint32_t *)t->player, t->parent, t->first, t->count, t->node};
    for (int c = 0; c < 5; c++) reorder(columns[c], copy, n.order, infos);
    for (uint32_t id = 0; id < infos; id++) {
      t->parent[id] = n.new_sequence[t->parent[id]];
      t->first[id] = n.new_sequence[t->first[id]];
    }
    for (uint32_t p = 0; p < players; p++) t->action[p] = -1;
    memcpy(copy, t->action, sequences * sizeof *copy);
    for (uint32_t s = 0; s < sequences; s++) t->action[n.new_sequence[s]] = (int32_t)copy[s];
    for (uint64_t e = 0; e < t->num_terminals * players; e++)
      t->unroll->end_last[e] = n.new_sequence[t->unroll->end_last[e]];
    status = LT_TREE_DONE;
  }
  free(weight), free(block);
  return status;
}

/* An end of the game in one player's row: its others' sequences, to be sorted. */
static int same(const uint32_t *a, const uint32_t *b, uint32_t n) {
  for (uint32_t i = 0; i < n; i++)
    if (a[i] != b[i]) return 0;
  return 1;
}

/* Sort the ends of the game into rows. Ends that differ in chance alone are one entry. */
static lt_tree_status fill_rows(lt_game_tree *t) {
  lt_unroll *u = t->unroll;
  const uint32_t players = (uint32_t)t->num_players, width = players - 1;
  const uint64_t ends = t->num_terminals;
  RESIZE(t->row, 0, (uint64_t)t->num_sequences + 1, sizeof *t->row);
  RESIZE(t->worth, 0, ends * players, sizeof *t->worth);
  RESIZE(t->others, 0, ends * players * (width ? width : 1), sizeof *t->others);
  memset(t->row, 0, ((size_t)t->num_sequences + 1) * sizeof *t->row);
  for (uint64_t e = 0; e < ends * players; e++) t->row[u->end_last[e] + 1]++;
  for (uint32_t s = 0; s < t->num_sequences; s++) t->row[s + 1] += t->row[s];
  for (uint64_t e = 0; e < ends; e++)
    for (uint32_t p = 0; p < players; p++) {
      uint64_t to = t->row[u->end_last[e * players + p]]++;
      t->worth[to] = u->end_worth[e * players + p];
      for (uint32_t q = 0, w = 0; q < players; q++)
        if (q != p) t->others[to * width + w++] = u->end_last[e * players + q];
    }
  for (uint32_t s = t->num_sequences; s > 0; s--) t->row[s] = t->row[s - 1];
  t->row[0] = 0;

  uint64_t kept = 0;
  for (uint32_t s = 0; s < t->num_sequences; s++) {
    uint64_t from = t->row[s], to = t->row[s + 1], start = kept;
    t->row[s] = kept;
    for (uint64_t e = from; e < to; e++) {
      const uint32_t *mine = &t->others[e * width];
      /* ends with the same sequences come from one betting line: the latest entries are the likely ones */
      uint64_t known = kept, tries = 0;
      while (known > start && tries++ < 64 && !same(&t->others[(known - 1) * width], mine, width)) known--;
      if (known > start && tries <= 64) {
        t->worth[known - 1] += t->worth[e];
        continue;
      }
      t->worth[kept] = t->worth[e];
      for (uint32_t w = 0; w < width; w++) t->others[kept * width + w] = mine[w];
      kept++;
    }
  }
  t->row[t->num_sequences] = t->num_entries = kept;
  return LT_TREE_DONE;
}

static void free_level(lt_game_tree *t, level *l) {
  t->memory_bytes -= l->room * (t->game->state_bytes + sizeof *l->chance + sizeof *l->node +
                                (size_t)t->num_players * sizeof *l->last);
  free(l->states), free(l->chance), free(l->node), free(l->last);
  memset(l, 0, sizeof *l);
}

/* Give back what only growing needs; the nodes stay, for histories. */
static void free_scaffold(lt_game_tree *t) {
  lt_unroll *u = t->unroll;
  free_level(t, &u->now), free_level(t, &u->next);
  t->memory_bytes -= u->key_room * key_bytes(t->game) + u->slot_count * sizeof *u->slots +
                     u->end_room * (size_t)t->num_players * (sizeof *u->end_last + sizeof *u->end_worth);
  free(u->keys), free(u->slots), free(u->end_last), free(u->end_worth);
  free(u->actions), free(u->probabilities), free(u->returns), free(u->key);
  u->keys = NULL, u->slots = NULL, u->end_last = NULL, u->end_worth = NULL;
  u->actions = NULL, u->probabilities = NULL, u->returns = NULL, u->key = NULL;
  u->key_room = u->slot_count = u->end_room = 0;
}

static lt_tree_status lay_out(lt_game_tree *t) {
  TRY(renumber(t));
  TRY(fill_rows(t));
  free_scaffold(t);
  return LT_TREE_DONE;
}

lt_game_tree *lt_game_tree_new(const lt_game *game, size_t memory_limit) {
  lt_game_tree *t = calloc(1, sizeof *t);
  lt_unroll *u = calloc(1, sizeof *u);
  if (t == NULL || u == NULL) return free(t), free(u), NULL;
  const uint32_t players = (uint32_t)game->num_players, room = (uint32_t)lt_max_actions(game) + 1;
  t->game = game, t->unroll = u, t->num_players = game->num_players, t->memory_limit = memory_limit;
  u->actions = malloc(room * sizeof *u->actions);
  u->probabilities = malloc(room * sizeof *u->probabilities);
  u->returns = malloc(players * sizeof *u->returns);
  u->key = malloc(key_bytes(game));
  t->num_sequences = players; /* the empty ones */
  if (u->actions && u->probabilities && u->returns && u->key && level_room(t, &u->now, 1) == LT_TREE_DONE &&
      node_room(t, 1) == LT_TREE_DONE && info_room(t, 1) == LT_TREE_DONE) {
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
  free(t->player), free(t->parent), free(t->first), free(t->count), free(t->node), free(t->action);
  free(t->row), free(t->worth), free(t->others), free(t->parts);
  free(t);
}

lt_tree_status lt_game_tree_grow(lt_game_tree *t, uint64_t histories) {
  lt_unroll *u = t->unroll;
  for (; histories > 0; histories--) {
    if (u->at == u->now.size) {
      level done = u->now;
      u->now = u->next, u->next = done, u->next.size = 0, u->at = 0;
      if (u->now.size == 0) return lay_out(t);
    }
    TRY(visit(t, u->at));
    u->at++;
  }
  return LT_TREE_GROWING;
}

uint32_t lt_game_tree_history(const lt_game_tree *t, uint32_t node, int32_t *actions) {
  uint32_t length = 0;
  for (uint32_t at = node; t->unroll->node_parent[at] != NONE; at = t->unroll->node_parent[at]) length++;
  for (uint32_t i = length; i > 0; i--, node = t->unroll->node_parent[node]) actions[i - 1] = t->unroll->node_action[node];
  return length;
}

/* ---- Passes over the arrays ---- */

void lt_tree_part_reach(const lt_game_tree *t, lt_tree_part part, const double *strategy, double *reach) {
  for (uint32_t id = part.infostate; id < part.end_infostate; id++) {
    const double here = reach[t->parent[id]];
    for (uint32_t s = t->first[id]; s < t->first[id] + t->count[id]; s++) reach[s] = here * strategy[s];
  }
}

void lt_tree_part_gradient(const lt_game_tree *t, lt_tree_part part, const double *reach, double *gradient) {
  const uint32_t width = (uint32_t)t->num_players - 1;
  if (width == 1) { /* two players: a sparse matrix times a vector */
    uint64_t e = t->row[part.sequence];
    for (uint32_t s = part.sequence; s < part.end_sequence; s++) {
      double sum = 0;
      for (const uint64_t end = t->row[s + 1]; e < end; e++) sum += t->worth[e] * reach[t->others[e]];
      gradient[s] = sum;
    }
    return;
  }
  for (uint32_t s = part.sequence; s < part.end_sequence; s++) {
    double sum = 0;
    for (uint64_t e = t->row[s]; e < t->row[s + 1]; e++) {
      double product = t->worth[e];
      for (uint32_t w = 0; w < width; w++) product *= reach[t->others[e * width + w]];
      sum += product;
    }
    gradient[s] = sum;
  }
}

/* All of a player's tree as one part: the top and the parts follow each other. */
static lt_tree_part whole(const lt_game_tree *t, int32_t player) {
  return (lt_tree_part){t->first_sequence[player], t->first_sequence[player + 1], t->first_infostate[player],
                        t->first_infostate[player + 1]};
}

void lt_tree_reach(const lt_game_tree *t, int32_t player, const double *strategy, double *reach) {
  reach[t->first_sequence[player]] = 1.0;
  lt_tree_part_reach(t, whole(t, player), strategy, reach);
}

void lt_tree_gradient(const lt_game_tree *t, int32_t player, const double *reach, double *gradient) {
  lt_tree_part_gradient(t, whole(t, player), reach, gradient);
}

double lt_tree_best_response(const lt_game_tree *t, int32_t player, double *gradient, double *best) {
  for (uint32_t id = t->first_infostate[player + 1]; id-- > t->first_infostate[player];) {
    uint32_t chosen = t->first[id];
    for (uint32_t s = t->first[id]; s < t->first[id] + t->count[id]; s++) {
      if (gradient[s] > gradient[chosen]) chosen = s;
      if (best) best[s] = 0.0;
    }
    if (best) best[chosen] = 1.0;
    gradient[t->parent[id]] += gradient[chosen];
  }
  return gradient[t->first_sequence[player]];
}
