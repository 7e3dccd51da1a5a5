/* The layout of an unrolled game. Read in this order: public states, parts, blocks, terminals. */
#include "regret/game_tree.h"
#include <stdlib.h>

enum { NONE = UINT32_MAX };

/* The sort key of an information state, compared from the first field to the last. */
typedef struct place {
  uint32_t player, part, inner, moves, actions, public, old;
} place;

/* Intermediate results, indexed by the old numbers of information states unless noted otherwise. */
typedef struct plan {
  uint32_t *owner;        /* by sequence: its information state; NONE for empty sequences */
  uint32_t *moves;        /* number of the player's previous moves */
  uint32_t *public;       /* another information state of its public state, itself for the first: a forest */
  uint64_t *work, *weight; /* of public states: number of sequences and terminals at them, and in their subtrees */
  uint64_t *own_work, *own_weight; /* the same for the information state alone */
  uint32_t *part;         /* 0: top */
  place *order;
  uint32_t *new_sequence; /* by old sequence */
  uint32_t *vector;       /* by new sequence: the first of its vector of hands */
} plan;

/* ---- Public states ----
 *
 * Information states of a player belong to one public state if some other player cannot distinguish them. The sequence
 * form shows this at the end of the game: those that can end it against the same sequence of another player, and, because
 * of perfect recall, those that led to them. Only the order of the arrays depends on this, so a partition finer or
 * coarser than common knowledge does no harm. */

static uint32_t find(uint32_t *public, uint32_t id) {
  while (public[id] != id) id = public[id] = public[public[id]];
  return id;
}

static void join(uint32_t *public, uint32_t a, uint32_t b) {
  a = find(public, a), b = find(public, b);
  if (a < b) public[b] = a;
  else public[a] = b;
}

static void find_owners(const lt_game_tree *t, const plan *n) {
  for (int32_t p = 0; p < t->num_players; p++) n->owner[p] = NONE;
  for (uint32_t id = 0; id < t->num_infostates; id++) {
    const uint32_t above = n->owner[t->parent[id]];
    n->moves[id] = above == NONE ? 0 : n->moves[above] + 1;
    n->public[id] = id;
    for (uint32_t a = 0; a < t->count[id]; a++) n->owner[t->first[id] + a] = id;
  }
}

/* `met` is scratch space, by sequence: an information state that ends the game against it. */
static void find_public_states(const lt_game_tree *t, const plan *n, const uint32_t *terminal_last, uint32_t *met) {
  const uint32_t players = (uint32_t)t->num_players;
  for (uint32_t p = 0; p < players; p++) {
    for (uint32_t s = 0; s < t->num_sequences; s++) met[s] = NONE;
    for (const uint32_t *last = terminal_last; last < terminal_last + t->num_terminals * players; last += players) {
      const uint32_t id = n->owner[last[p]];
      for (uint32_t q = 0; q < players; q++) {
        if (q == p || id == NONE) continue;
        const uint32_t other = met[last[q]];
        if (other != NONE && n->moves[other] == n->moves[id]) join(n->public, id, other);
        met[last[q]] = id;
      }
    }
  }
  for (uint32_t id = t->num_infostates; id-- > 0;) {
    const uint32_t above = n->owner[t->parent[id]], other = n->owner[t->parent[find(n->public, id)]];
    if (above != NONE) join(n->public, above, other);
  }
}

/* ---- Parts ---- */

enum { PARTS = 64, PART_WEIGHT = 8192 };

static void weigh(const lt_game_tree *t, const plan *n, const uint32_t *terminal_last) {
  for (uint32_t id = 0; id < t->num_infostates; id++) n->own_work[id] = t->count[id];
  for (uint64_t e = 0; e < t->num_terminals * (uint32_t)t->num_players; e++)
    if (n->owner[terminal_last[e]] != NONE) n->own_work[n->owner[terminal_last[e]]]++;
  for (uint32_t id = 0; id < t->num_infostates; id++) {
    n->own_weight[id] = n->own_work[id];
    n->work[id] = n->weight[id] = 0;
  }
  for (uint32_t id = t->num_infostates; id-- > 0;) {
    const uint32_t above = n->owner[t->parent[id]], public = find(n->public, id);
    if (above != NONE) n->own_weight[above] += n->own_weight[id];
    n->work[public] += n->own_work[id];
    n->weight[public] += n->own_weight[id];
  }
}

/* Assigns the information states of a player to parts. Public states with heavy subtrees form the top; the subtrees below
 * are grouped into parts of about equal weight, and those of one public state stay together. A public state that is too
 * much work for one thread is divided. Returns the number of parts, at most PARTS + 1. */
static uint32_t divide(const lt_game_tree *t, const plan *n, int32_t player, uint32_t *part_of) {
  uint64_t total = 0, filled = 0;
  for (uint32_t id = 0; id < t->num_infostates; id++)
    if (t->player[id] == player && n->moves[id] == 0) total += n->own_weight[id];
  const uint64_t limit = total < 2 * PART_WEIGHT ? 0 : total / PARTS > PART_WEIGHT ? total / PARTS : PART_WEIGHT;
  uint32_t parts = 0;
  for (uint32_t id = 0; id < t->num_infostates; id++) {
    if (t->player[id] != player) continue;
    const uint32_t above = n->owner[t->parent[id]], public = find(n->public, id);
    const int whole = n->work[public] <= limit;
    if (public == id) part_of[id] = 0;
    if (above != NONE && n->part[above] != 0) {
      n->part[id] = n->part[above];
    } else if (limit == 0 || (n->weight[public] > limit && (whole || n->own_weight[id] > limit))) {
      n->part[id] = 0;
    } else if (whole && part_of[public] != 0) {
      n->part[id] = part_of[public];
    } else {
      if (parts == 0 || (filled >= limit && parts <= PARTS)) parts++, filled = 0;
      filled += whole ? n->weight[public] : n->own_weight[id];
      n->part[id] = part_of[public] = parts;
    }
  }
  return parts;
}

/* ---- Blocks ---- */

static int by_place(const void *a, const void *b) {
  const uint32_t *x = a, *y = b;
  for (size_t i = 0; i < sizeof(place) / sizeof *x; i++)
    if (x[i] != y[i]) return x[i] < y[i] ? -1 : 1;
  return 0;
}

static int same_block(place a, place b) {
  return a.player == b.player && a.part == b.part && a.inner == b.inner && a.moves == b.moves && a.actions == b.actions;
}

/* The top of a player's tree (k = 0) or one of its parts. */
static lt_game_tree_part *part_at(lt_game_tree *t, int32_t player, uint32_t k) {
  return k == 0 ? &t->top[player] : &t->parts[t->first_part[player] + k - 1];
}

/* Numbers the sequences of the blocks of one part, from information state `id` on, and marks the vectors of hands. */
static uint32_t number_part(lt_game_tree *t, const plan *n, lt_game_tree_part *part, uint32_t id, uint32_t sequence) {
  const place first = n->order[id];
  part->block = part->inner_block = t->num_blocks;
  while (id < t->num_infostates && n->order[id].player == first.player && n->order[id].part == first.part) {
    lt_game_tree_block block = {.infostate = id, .sequence = sequence, .actions = n->order[id].actions};
    while (id < t->num_infostates && same_block(n->order[id], n->order[block.infostate])) id++;
    block.size = id - block.infostate;
    for (uint32_t i = 0; i < block.size; i++) {
      const place *here = &n->order[block.infostate + i];
      const int begins = i == 0 || here->public != here[-1].public;
      for (uint32_t a = 0, s = sequence + i; a < block.actions; a++, s += block.size) {
        n->new_sequence[t->first[here->old] + a] = s;
        n->vector[s] = begins ? s : n->vector[s - 1];
      }
    }
    if (!n->order[block.infostate].inner) part->inner_block++;
    t->blocks[t->num_blocks++] = block;
    sequence += block.size * block.actions;
  }
  part->end_block = t->num_blocks, part->end_sequence = sequence;
  return id;
}

/* Assigns new numbers by player, then by part, then by block. */
static void number(lt_game_tree *t, const plan *n, uint32_t *part_of) {
  for (int32_t p = 0; p < t->num_players; p++) {
    const uint32_t parts = divide(t, n, p, part_of);
    t->first_part[p + 1] = t->first_part[p] + parts;
  }
  for (uint32_t id = 0; id < t->num_infostates; id++) {
    const uint32_t above = n->owner[t->parent[id]], part = n->part[id];
    const int inner = part == 0 || (above != NONE && n->part[above] == part);
    n->order[id] = (place){(uint32_t)t->player[id], part, (uint32_t)inner, n->moves[id], t->count[id],
                           find(n->public, id), id};
  }
  qsort(n->order, t->num_infostates, sizeof *n->order, by_place);
  uint32_t id = 0, sequence = 0;
  for (uint32_t p = 0; p < (uint32_t)t->num_players; p++) {
    t->first_infostate[p] = id, t->first_sequence[p] = sequence;
    n->new_sequence[p] = n->vector[sequence] = sequence;
    for (uint32_t k = 0; k <= t->first_part[p + 1] - t->first_part[p]; k++) {
      lt_game_tree_part *part = part_at(t, (int32_t)p, k);
      part->sequence = sequence, part->end_sequence = sequence += k == 0; /* the empty sequence */
      part->block = part->inner_block = part->end_block = t->num_blocks;
      if (id < t->num_infostates && n->order[id].player == p && n->order[id].part == k)
        id = number_part(t, n, part, id, sequence), sequence = part->end_sequence;
    }
  }
  t->first_infostate[t->num_players] = id, t->first_sequence[t->num_players] = sequence;
}

static void reorder(uint32_t *column, uint32_t *copy, const place *order, uint32_t size) {
  memcpy(copy, column, size * sizeof *copy);
  for (uint32_t i = 0; i < size; i++) column[i] = copy[order[i].old];
}

/* Gives information states and sequences their final numbers, also in the terminals. */
static void renumber(lt_game_tree *t, const plan *n, uint32_t *terminal_last, uint32_t *copy) {
  const uint32_t infos = t->num_infostates, sequences = t->num_sequences, players = (uint32_t)t->num_players;
  number(t, n, copy);
  uint32_t *columns[] = {(uint32_t *)t->player, t->parent, t->first, t->count, t->node};
  for (int c = 0; c < 5; c++) reorder(columns[c], copy, n->order, infos);
  for (uint32_t b = 0; b < t->num_blocks; b++)
    for (uint32_t id = t->blocks[b].infostate; id < t->blocks[b].infostate + t->blocks[b].size; id++) {
      t->parent[id] = n->new_sequence[t->parent[id]];
      t->first[id] = n->new_sequence[t->first[id]];
      t->stride[id] = t->blocks[b].size;
    }
  for (uint32_t p = 0; p < players; p++) t->action[p] = -1;
  memcpy(copy, t->action, sequences * sizeof *copy);
  for (uint32_t s = 0; s < sequences; s++) t->action[n->new_sequence[s]] = (int32_t)copy[s];
  for (uint64_t e = 0; e < t->num_terminals * players; e++) terminal_last[e] = n->new_sequence[terminal_last[e]];
}

/* ---- Terminals ---- */

enum { MIN_TERMINALS = 4, CELLS_PER_TERMINAL = 2 };

/* A candidate leaf: the range of its terminals in two vectors of hands, and their number. */
typedef struct box {
  uint64_t terminals;
  uint32_t row, end_row, column, end_column;
  uint32_t leaf; /* its index; NONE if it does not become a leaf */
} box;

typedef struct terminal_lists {
  uint32_t *order, *other_order; /* [num_terminals] */
  uint32_t *own;                 /* [num_terminals] by entry of the player: its sequence */
  uint32_t *starts;              /* by sequence: counters for sorting; later the boxes in use, by the vectors of their
                                  * columns */
  box *boxes;                    /* by sequence, the first of the columns' vector */
  uint64_t *known;               /* hash table of matrices; `slots` is its size, a power of two */
  uint64_t slots;
  uint64_t leaf_room, matrix_room;
} terminal_lists;

/* Sorts the terminals by the last sequences of `player`. The sort is stable. */
static void sort_by(const lt_game_tree *t, terminal_lists *x, const uint32_t *terminal_last, uint32_t player) {
  const uint32_t players = (uint32_t)t->num_players;
  memset(x->starts, 0, ((size_t)t->num_sequences + 1) * sizeof *x->starts);
  for (uint64_t e = 0; e < t->num_terminals; e++) x->starts[terminal_last[e * players + player] + 1]++;
  for (uint32_t s = 0; s < t->num_sequences; s++) x->starts[s + 1] += x->starts[s];
  for (uint64_t i = 0; i < t->num_terminals; i++) {
    const uint32_t e = x->order[i];
    x->other_order[x->starts[terminal_last[(uint64_t)e * players + player]]++] = e;
  }
  uint32_t *sorted = x->other_order;
  x->other_order = x->order, x->order = sorted;
}

static int same(const uint32_t *a, const uint32_t *b, uint32_t n) {
  for (uint32_t i = 0; i < n; i++)
    if (a[i] != b[i]) return 0;
  return 1;
}

/* Writes the terminals for one player, sorted by its sequences and then by the others', from t->num_entries on. Terminals
 * that differ only in chance are merged into one entry. Returns the end of the entries. */
static uint64_t fill_entries(lt_game_tree *t, terminal_lists *x, const uint32_t *terminal_last,
                             const double *terminal_payoff, uint32_t player) {
  const uint32_t players = (uint32_t)t->num_players, width = players - 1;
  for (uint32_t e = 0; e < t->num_terminals; e++) x->order[e] = e;
  for (uint32_t q = players; q-- > 0;)
    if (q != player) sort_by(t, x, terminal_last, q);
  sort_by(t, x, terminal_last, player);
  const uint64_t from = t->num_entries;
  uint64_t n = from;
  for (uint64_t i = 0; i < t->num_terminals; i++) {
    const uint32_t *last = &terminal_last[(uint64_t)x->order[i] * players];
    uint32_t *others = &t->others[n * width];
    for (uint32_t q = 0, w = 0; q < players; q++)
      if (q != player) others[w++] = last[q];
    const double payoff = terminal_payoff[(uint64_t)x->order[i] * players + player];
    if (n > from && x->own[n - 1 - from] == last[player] && same(others - width, others, width)) {
      t->payoff[n - 1] += payoff;
      continue;
    }
    x->own[n - from] = last[player];
    t->payoff[n++] = payoff;
  }
  return n;
}

static uint64_t matrix_size(lt_game_tree_leaf leaf) {
  return (leaf.rows + leaf.rows % 2) * (uint64_t)leaf.columns;
}

/* The last `size` numbers of the matrices are a new matrix. Removes it if an equal one exists. Returns its index. */
static uint64_t share_matrix(lt_game_tree *t, terminal_lists *x, uint64_t size) {
  const uint64_t at = t->matrix_size - size;
  const size_t bytes = size * sizeof *t->matrices;
  uint64_t slot = lt_hash_bytes(&t->matrices[at], bytes) & (x->slots - 1);
  for (; x->known[slot] != UINT64_MAX; slot = (slot + 1) & (x->slots - 1)) {
    const uint64_t known = x->known[slot];
    if (known + size > at || memcmp(&t->matrices[known], &t->matrices[at], bytes) != 0) continue;
    t->matrix_size = at;
    return known;
  }
  return x->known[slot] = at;
}

/* Allocates one more leaf and a zeroed matrix of `size` numbers. */
static lt_status leaf_room(lt_game_tree *t, terminal_lists *x, uint64_t size) {
  if (t->num_leaves == x->leaf_room) {
    LT_RESIZE(t, t->leaves, x->leaf_room, 2 * x->leaf_room + 64, sizeof *t->leaves);
    x->leaf_room = 2 * x->leaf_room + 64;
  }
  if (t->matrix_size + size > x->matrix_room) {
    LT_RESIZE(t, t->matrices, x->matrix_room, 2 * x->matrix_room + size, sizeof *t->matrices);
    x->matrix_room = 2 * x->matrix_room + size;
  }
  memset(&t->matrices[t->matrix_size], 0, size * sizeof *t->matrices);
  return LT_OK;
}

/* The entries [from, to) belong to one vector of hands. Those that form leaves are moved to matrices; the others are
 * moved to t->num_entries. `first` is the player's first entry. */
static lt_status take_leaves(lt_game_tree *t, const plan *n, terminal_lists *x, uint64_t first, uint64_t from, uint64_t to) {
  uint32_t used = 0;
  for (uint64_t e = from; e < to; e++) {
    const uint32_t own = x->own[e - first], column = t->others[e];
    box *b = &x->boxes[n->vector[column]];
    if (b->terminals++ == 0) {
      *b = (box){1, own, own, column, column + 1, NONE};
      x->starts[used++] = n->vector[column];
    }
    b->end_row = own + 1; /* entries are in ascending order */
    if (column < b->column) b->column = column;
    if (column >= b->end_column) b->end_column = column + 1;
  }
  const uint64_t new_leaves = t->num_leaves;
  for (uint32_t k = 0; k < used; k++) {
    box *b = &x->boxes[x->starts[k]];
    const lt_game_tree_leaf leaf = {b->row, b->end_row - b->row, b->column, b->end_column - b->column, t->matrix_size};
    if (b->terminals < MIN_TERMINALS || CELLS_PER_TERMINAL * b->terminals < (uint64_t)leaf.rows * leaf.columns) continue;
    LT_TRY(leaf_room(t, x, matrix_size(leaf)));
    b->leaf = (uint32_t)t->num_leaves;
    t->matrix_size += matrix_size(leaf);
    t->leaves[t->num_leaves++] = leaf;
  }
  for (uint64_t e = from; e < to; e++) {
    const uint32_t own = x->own[e - first], column = t->others[e], l = x->boxes[n->vector[column]].leaf;
    if (l == NONE) {
      t->payoff[t->num_entries] = t->payoff[e], t->others[t->num_entries++] = column;
      t->row[own + 1]++;
    } else {
      const lt_game_tree_leaf leaf = t->leaves[l];
      t->matrices[lt_game_tree_cell(leaf, own - leaf.row, column - leaf.column)] = t->payoff[e];
    }
  }
  /* The new matrices are contiguous. Each is moved down and compared with those before it. */
  uint64_t made = new_leaves < t->num_leaves ? t->leaves[new_leaves].matrix : t->matrix_size;
  t->matrix_size = made;
  for (uint64_t l = new_leaves; l < t->num_leaves; l++) {
    const uint64_t size = matrix_size(t->leaves[l]);
    memmove(&t->matrices[t->matrix_size], &t->matrices[made], size * sizeof *t->matrices);
    made += size, t->matrix_size += size;
    t->leaves[l].matrix = share_matrix(t, x, size);
  }
  while (used-- > 0) x->boxes[x->starts[used]].terminals = 0;
  return LT_OK;
}

static lt_status fill(lt_game_tree *t, const plan *n, terminal_lists *x, const uint32_t *terminal_last,
                      const double *terminal_payoff, lt_watch *watch) {
  const uint32_t players = (uint32_t)t->num_players, width = players - 1;
  const uint64_t room = t->num_terminals * players, columns = width ? width : 1;
  LT_RESIZE(t, t->row, 0, (uint64_t)t->num_sequences + 1, sizeof *t->row);
  LT_RESIZE(t, t->payoff, 0, room, sizeof *t->payoff);
  LT_RESIZE(t, t->others, 0, room * columns, sizeof *t->others);
  memset(t->row, 0, ((size_t)t->num_sequences + 1) * sizeof *t->row);
  for (uint64_t s = 0; s < x->slots; s++) x->known[s] = UINT64_MAX;
  for (uint32_t s = 0; s < t->num_sequences; s++) x->boxes[s].terminals = 0;
  for (uint32_t p = 0; p < players; p++) {
    const uint64_t first = t->num_entries, end = fill_entries(t, x, terminal_last, terminal_payoff, p);
    for (uint64_t from = first, to; from < end; from = to) {
      const uint32_t vector = n->vector[x->own[from - first]];
      for (to = from + 1; to < end && n->vector[x->own[to - first]] == vector;) to++;
      if (lt_watch_stops(watch, 1)) return LT_STOPPED;
      if (width == 1) {
        LT_TRY(take_leaves(t, n, x, first, from, to));
        continue;
      }
      for (uint64_t e = from; e < to; e++) t->row[x->own[e - first] + 1]++;
      t->num_entries += to - from;
    }
  }
  for (uint32_t s = 0; s < t->num_sequences; s++) t->row[s + 1] += t->row[s];
  LT_RESIZE(t, t->leaves, x->leaf_room, t->num_leaves, sizeof *t->leaves);
  LT_RESIZE(t, t->matrices, x->matrix_room, t->matrix_size, sizeof *t->matrices);
  LT_RESIZE(t, t->payoff, room, t->num_entries, sizeof *t->payoff);
  LT_RESIZE(t, t->others, room * columns, t->num_entries * columns, sizeof *t->others);
  uint32_t leaf = 0;
  for (uint32_t p = 0; p < players; p++)
    for (uint32_t k = 0; k <= t->first_part[p + 1] - t->first_part[p]; k++) {
      lt_game_tree_part *part = part_at(t, (int32_t)p, k);
      part->leaf = leaf;
      while (leaf < t->num_leaves && t->leaves[leaf].row < part->end_sequence) leaf++;
      part->end_leaf = leaf;
    }
  return LT_OK;
}

/* ---- The whole layout ---- */

/* Scratch space within the memory limit. Arrays are cut from one block of memory, the widest entries first. */
static lt_status new_scratch(lt_game_tree *t, size_t bytes, uint8_t **block) {
  if (bytes > t->memory_limit - t->memory_bytes) return LT_OVER_LIMIT;
  *block = malloc(bytes + 1);
  if (*block == NULL) return LT_NO_MEMORY;
  t->memory_bytes += bytes;
  return LT_OK;
}

static void free_scratch(lt_game_tree *t, size_t bytes, uint8_t *block) {
  t->memory_bytes -= bytes;
  free(block);
}

static void *cut(uint8_t **from, uint64_t size, size_t entry) {
  void *array = *from;
  *from += size * entry;
  return array;
}

static lt_status order(lt_game_tree *t, const plan *n, uint32_t *terminal_last, const double *terminal_payoff,
                       lt_watch *watch) {
  const uint64_t sequences = t->num_sequences, terminals = t->num_terminals;
  terminal_lists x = {.slots = 64};
  while (x.slots < t->num_terminals * (uint32_t)t->num_players / 2) x.slots *= 2;
  const size_t bytes = x.slots * 8 + sequences * sizeof(box) + (3 * terminals + sequences + 1) * 4;
  uint8_t *block;
  LT_TRY(new_scratch(t, bytes, &block));
  uint8_t *rest = block;
  x.known = cut(&rest, x.slots, 8);
  x.boxes = cut(&rest, sequences, sizeof(box));
  x.order = cut(&rest, terminals, 4), x.other_order = cut(&rest, terminals, 4), x.own = cut(&rest, terminals, 4);
  x.starts = cut(&rest, sequences + 1, 4);
  const lt_status status = fill(t, n, &x, terminal_last, terminal_payoff, watch);
  free_scratch(t, bytes, block);
  return status;
}

lt_status lt_game_tree_lay_out(lt_game_tree *t, uint32_t *terminal_last, const double *terminal_payoff, lt_watch *watch) {
  const uint64_t infos = t->num_infostates, sequences = t->num_sequences;
  LT_RESIZE(t, t->blocks, 0, infos, sizeof *t->blocks);
  LT_RESIZE(t, t->parts, 0, (PARTS + 1) * (uint64_t)t->num_players, sizeof *t->parts);
  const size_t bytes = infos * (4 * 8 + sizeof(place) + 3 * 4) + sequences * 4 * 4;
  uint8_t *block;
  if (infos * sizeof(place) + bytes > t->memory_limit - t->memory_bytes) return LT_OVER_LIMIT; /* qsort makes a copy */
  LT_TRY(new_scratch(t, bytes, &block));
  uint8_t *rest = block;
  plan n;
  n.work = cut(&rest, infos, 8), n.weight = cut(&rest, infos, 8);
  n.own_work = cut(&rest, infos, 8), n.own_weight = cut(&rest, infos, 8);
  n.order = cut(&rest, infos, sizeof(place));
  n.moves = cut(&rest, infos, 4), n.public = cut(&rest, infos, 4), n.part = cut(&rest, infos, 4);
  n.owner = cut(&rest, sequences, 4), n.new_sequence = cut(&rest, sequences, 4), n.vector = cut(&rest, sequences, 4);
  uint32_t *scratch = cut(&rest, sequences, 4);
  find_owners(t, &n);
  find_public_states(t, &n, terminal_last, scratch);
  weigh(t, &n, terminal_last);
  renumber(t, &n, terminal_last, scratch);
  lt_status status = order(t, &n, terminal_last, terminal_payoff, watch);
  free_scratch(t, bytes, block);
  if (status == LT_OK) LT_RESIZE(t, t->blocks, infos, t->num_blocks, sizeof *t->blocks);
  return status;
}
