/* Memory management of the search tree: allocation, compaction, recycling, re-rooting, reading. */
#if defined(__linux__)
#define _DEFAULT_SOURCE /* madvise */
#include <sys/mman.h>
#endif
#include "search/tree.h"
#include <math.h>
#include <stdlib.h>

enum { LINE = 64, MOST_BATCH = 64, MOST_BATCH_BYTES = 4 << 20 };

/* ---- Workers ---- */

/* The number of simulations that go down the tree together. */
static int32_t batch_capacity(const lt_game *g) {
  size_t each = g->state_bytes + ((size_t)lt_max_history(g) + 1) * sizeof(lt_step);
  size_t fit = MOST_BATCH_BYTES / each;
  return fit < 1 ? 1 : fit < MOST_BATCH ? (int32_t)fit : MOST_BATCH;
}

/* One block of memory per worker. Each part starts on its own cache line: threads that write to the same line slow each
 * other down. */
lt_worker *lt_worker_new(const lt_tree *t) {
  const lt_game *g = t->game;
  const int32_t capacity = batch_capacity(g);
  const size_t n = (size_t)capacity, room = (size_t)lt_max_actions(g) + 1, history = (size_t)lt_max_history(g) + 1;
  const size_t players = (size_t)g->num_players, entries = t->amaf ? players * (size_t)g->num_distinct_actions : 0;
  lt_worker layout, *w = &layout, *self = NULL;
  uint8_t *block = NULL, *states = NULL;
  lt_step *paths = NULL;
  for (int pass = 0; pass < 2; pass++) { /* the first pass only adds up the sizes */
    const uintptr_t start = ((uintptr_t)block + LINE - 1) / LINE * LINE;
    size_t used = 0;
#define PART(pointer, count) \
  pointer = (void *)(start + used), used += ((count) * sizeof *(pointer) + LINE - 1) / LINE * LINE
    PART(self, 1);
    PART(w->cursors, n);
    PART(states, n * g->state_bytes);
    PART(paths, n * history);
    PART(w->rngs, n);
    PART(w->returns, n * players);
    PART(w->order, n);
    PART(w->outcomes, n);
    PART(w->state, g->state_bytes);
    PART(w->actions, room);
    PART(w->probabilities, room);
    PART(w->values, players);
    PART(w->prior, room);
    PART(w->known_visits, room);
    PART(w->known_values, room);
    PART(w->ranked, t->rule.widen_k > 0 ? room : 0);
    PART(w->trace, t->amaf ? (size_t)g->max_game_length + 1 : 0);
    PART(w->played, entries);
    PART(w->lender, players);
    PART(w->borrowed, entries);
    PART(w->lender_stamp, players);
#undef PART
    if (pass == 0 && (block = calloc(1, used + 2 * LINE)) == NULL) return NULL;
  }
  if (t->rule.widen_k <= 0) w->ranked = NULL;
  w->block = block, w->capacity = capacity, w->trace_length = 0, w->stamp = 0, w->broken = NULL;
  w->run_capacity = g->playouts && !t->amaf && !t->options.informed ? capacity : 1; /* traces need single ones */
  for (size_t i = 0; i < n; i++) w->cursors[i].state = states + i * g->state_bytes, w->cursors[i].path = paths + i * history;
  *self = layout;
  return self;
}

void lt_worker_free(lt_worker *w) {
  if (w != NULL) free(w->block);
}

/* ---- Memory ---- */

/* Bytes per entry in each side array of the nodes; 0: the search does not use the array. */
static void side_bytes(const lt_game *g, const lt_rule *rule, const lt_options *options, size_t bytes[LT_SIDE_ARRAYS]) {
  const int amaf = rule->kind == LT_RAVE || rule->kind == LT_GRAVE;
  const int known = g->priors != NULL && (options->priors > 0 || (options->amaf > 0 && amaf));
  bytes[0] = lt_max_actions(g) > UINT16_MAX + 1 ? sizeof(int32_t) : 0;
  bytes[1] = rule->kind == LT_PUCT || rule->kind == LT_GUMBEL ? sizeof(float) : 0;
  bytes[2] = amaf ? sizeof(lt_mean) : 0;
  bytes[3] = known ? sizeof(lt_mean) : 0;
  bytes[4] = rule->kind == LT_UCB1_TUNED ? sizeof(double) : 0;
  bytes[5] = rule->kind == LT_GUMBEL ? sizeof(float) : 0;
  bytes[6] = rule->unobserved ? sizeof(uint32_t) : 0;
}

size_t lt_tree_bytes_per_node(const lt_game *game, const lt_rule *rule, const lt_options *options) {
  size_t side[LT_SIDE_ARRAYS], node = sizeof(lt_node);
  side_bytes(game, rule, options, side);
  for (int i = 0; i < LT_SIDE_ARRAYS; i++) node += side[i];
  return node;
}

/* Allocates an array that is read in random order. It uses large pages if the system has them, after an initial part in
 * small pages, so that a short search does not pay for clearing a large page. */
static void *array_new(size_t bytes, int *failed) {
  void *array = NULL;
#if defined(MADV_HUGEPAGE)
  enum { PAGE = 1 << 21, SMALL = 2 * PAGE };
  if (bytes >= 8 * PAGE) {
    array = aligned_alloc(PAGE, (bytes + PAGE - 1) / PAGE * PAGE);
    if (array != NULL) madvise((uint8_t *)array + SMALL, (bytes - SMALL) / PAGE * PAGE, MADV_HUGEPAGE);
    else *failed = 1;
    return array;
  }
#endif
  array = aligned_alloc(LINE, (bytes + LINE - 1) / LINE * LINE);
  if (array == NULL) *failed = 1;
  return array;
}

lt_tree *lt_tree_new(const lt_game *game, lt_rule rule, lt_options options, uint64_t seed, size_t memory_bytes,
                     lt_worker *worker) {
  size_t nodes = memory_bytes / lt_tree_bytes_per_node(game, &rule, &options);
  lt_tree *t = calloc(1, sizeof *t);
  if (t == NULL) return NULL;
  t->game = game, t->rule = rule, t->options = options, t->seed = seed;
  t->options.solve = options.solve && (game->num_players == 1 || (game->num_players == 2 && game->zero_sum));
  t->middle = 0.5 * (game->max_utility + game->min_utility);
  t->half_range = game->max_utility > game->min_utility ? 0.5 * (game->max_utility - game->min_utility) : 1.0;
  t->loss = rule.unobserved ? 0 : (int64_t)(rule.virtual_loss * (double)LT_ONE);
  t->limit = nodes < UINT32_MAX - 64 ? (uint32_t)nodes : UINT32_MAX - 64;
  int failed = 0;
  t->nodes = array_new(((size_t)t->limit + 8) * sizeof *t->nodes, &failed); /* padding: selection reads eight nodes, */
  side_bytes(game, &rule, &options, t->side_bytes);             /* and their side arrays, at a time */
  for (int i = 0; i < LT_SIDE_ARRAYS; i++)
    if (t->side_bytes[i]) t->side[i] = array_new(((size_t)t->limit + 8) * t->side_bytes[i], &failed);
  t->wide_actions = t->side[0], t->priors = t->side[1], t->amaf = t->side[2], t->known = t->side[3];
  t->squares = t->side[4], t->raw = t->side[5], t->unobserved = t->side[6];
  if (rule.kind == LT_GUMBEL || rule.noise > 0) {
    const size_t room = (size_t)lt_max_actions(game) + 1;
    t->root_numbers = calloc(room, sizeof *t->root_numbers), t->planned = calloc(room, sizeof *t->planned);
    if (!t->root_numbers || !t->planned) failed = 1;
  }
  lt_tree_fill_tables();
  t->root_state = calloc(1, game->state_bytes);
  t->owns_worker = worker == NULL;
  t->worker = worker ? worker : lt_worker_new(t);
  if (!failed && t->root_state && t->worker) return t;
  lt_tree_free(t);
  return NULL;
}

void lt_tree_free(lt_tree *t) {
  if (t == NULL) return;
  if (t->owns_worker) lt_worker_free(t->worker);
  for (int i = 0; i < LT_SIDE_ARRAYS; i++) free(t->side[i]);
  free(t->nodes), free(t->root_numbers), free(t->planned), free(t->root_state);
  free(t->pending), free(t->pending_data);
  free(t);
}

void lt_tree_reset(lt_tree *t, const void *state) {
  memcpy(t->root_state, state, t->game->state_bytes);
  memset(&t->nodes[0], 0, sizeof t->nodes[0]);
  for (int i = 0; i < LT_SIDE_ARRAYS; i++)
    if (t->side[i]) memset(t->side[i], 0, t->side_bytes[i]);
  t->noisy = 0;
  memset(&t->plan, 0, sizeof t->plan);
  STORE(t->size, 1);
  STORE(t->full, 0);
  for (uint32_t i = 0; i < t->pending_capacity; i++) t->pending[i].serial = 0;
  t->pending_count = 0;
}

/* ---- Compaction ---- */

static inline void move_node(lt_tree *t, uint32_t from, uint32_t to) {
  memcpy(&t->nodes[to], &t->nodes[from], sizeof(lt_node));
  for (int i = 0; i < LT_SIDE_ARRAYS; i++) {
    const size_t bytes = t->side_bytes[i];
    if (bytes) memcpy((uint8_t *)t->side[i] + to * bytes, (uint8_t *)t->side[i] + from * bytes, bytes);
  }
}

/* Returns whether a node keeps its children whatever its visits. `pinned` has one bit per node; NULL: none is pinned. */
static inline int is_pinned(const uint8_t *pinned, uint32_t id) { return pinned && pinned[id / 8] >> id % 8 & 1; }

/* Moves a node that is kept. If its children are kept too, the first child is marked and exchanges links with the node:
 * it stores the node's new index, and the node stores the child's own link. */
static void slide(lt_tree *t, uint32_t from, uint32_t to, uint32_t min_visits, const uint8_t *pinned) {
  if (from != to) move_node(t, from, to);
  lt_node *node = &t->nodes[to];
  const uint32_t first = LOAD(node->first_child);
  if (first == 0) return;
  if (to != 0 && stats_visits(LOAD(node->stats)) < min_visits && !is_pinned(pinned, from)) {
    STORE(node->first_child, 0);
    node->num_children = 0;
    return;
  }
  lt_node *child = &t->nodes[first];
  STORE(node->first_child, LOAD(child->first_child));
  STORE(child->first_child, to);
  STORE(child->stats, LOAD(child->stats) | LT_MARK);
}

/* Makes `root` the root and keeps only its subtree, and in it only the children of nodes that have at least `min_visits`
 * visits or are `pinned`. One pass slides the kept nodes towards the start and needs no extra memory (pointers are
 * threaded, as in Jonkers, "A fast garbage compaction algorithm", 1979). Parents precede their children, so a parent has
 * already moved when the pass reaches its children, and its mark tells where they belong. Unmarked children are dropped. */
static void compact(lt_tree *t, uint32_t root, uint32_t min_visits, const uint8_t *pinned) {
  lt_node *const nodes = t->nodes;
  const uint32_t size = LOAD(t->size);
  uint32_t kept = 0, id = root + 1;
  slide(t, root, kept++, min_visits, pinned);
  while (id < size) {
    const uint64_t stats = LOAD(nodes[id].stats);
    if (!(stats & LT_MARK)) {
      id++;
      continue;
    }
    lt_node *parent = &nodes[LOAD(nodes[id].first_child)];
    STORE(nodes[id].stats, stats & ~(uint64_t)LT_MARK);
    STORE(nodes[id].first_child, LOAD(parent->first_child));
    STORE(parent->first_child, kept);
    for (const uint32_t end = id + parent->num_children; id < end; id++) slide(t, id, kept++, min_visits, pinned);
  }
  STORE(t->size, kept);
  STORE(t->full, 0);
}

/* While nodes move, the paths of pending leaves identify a node by its index among its siblings. */
static void name_by_place(lt_tree *t, uint8_t *pinned) {
  for (uint32_t slot = 0; slot < t->pending_capacity; slot++) {
    if (t->pending[slot].serial == 0) continue;
    lt_step *path = slot_path(t, slot);
    for (int32_t d = t->pending[slot].depth; d > 0; d--) {
      const uint32_t parent = path[d - 1].node;
      pinned[parent / 8] |= (uint8_t)(1 << parent % 8);
      path[d].node -= LOAD(t->nodes[parent].first_child);
    }
  }
}

static void name_by_number(lt_tree *t) {
  for (uint32_t slot = 0; slot < t->pending_capacity; slot++) {
    if (t->pending[slot].serial == 0) continue;
    lt_step *path = slot_path(t, slot);
    for (int32_t d = 1; d <= t->pending[slot].depth; d++) path[d].node += LOAD(t->nodes[path[d - 1].node].first_child);
  }
}

void lt_tree_recycle(lt_tree *t) {
  enum { EXACT = 4096 };
  uint32_t children[EXACT + 1] = {0}, size = LOAD(t->size), kept = 1, min_visits = EXACT;
  uint8_t *pinned = NULL;
  if (t->pending_count) {
    if ((pinned = calloc(1, size / 8 + 1)) == NULL) return; /* the arena stays full */
    name_by_place(t, pinned);
  }
  for (uint32_t id = 1; id < size; id++) {
    if (LOAD(t->nodes[id].first_child) == 0) continue;
    uint32_t visits = stats_visits(LOAD(t->nodes[id].stats));
    children[visits < EXACT && !is_pinned(pinned, id) ? visits : EXACT] += t->nodes[id].num_children;
  }
  kept += t->nodes[0].num_children + children[EXACT];
  while (min_visits > 2 && kept + children[min_visits - 1] <= t->limit / 2) kept += children[--min_visits];
  if (kept > t->limit / 2) min_visits = UINT32_MAX; /* all nodes have many visits: keep only the root's children */
  compact(t, 0, min_visits, pinned);
  if (pinned) name_by_number(t);
  free(pinned);
  t->recycled += size - LOAD(t->size);
}

int lt_tree_advance(lt_tree *t, int32_t action, const void *state) {
  uint32_t first = LOAD(t->nodes[0].first_child);
  for (uint32_t i = first; first && i < first + t->nodes[0].num_children; i++) {
    if (action_of(t, i) != action) continue;
    memcpy(t->root_state, state, t->game->state_bytes);
    compact(t, i, 0, NULL);
    /* The root's value is seen by the player who acts there, and a proven root must know which child proves it, so the
     * proof is dropped. */
    STORE(t->nodes[0].stats, make_stats(stats_visits(LOAD(t->nodes[0].stats)), 0));
    t->noisy = 0;
    memset(&t->plan, 0, sizeof t->plan);
    return 1;
  }
  return 0;
}

/* ---- Reading ---- */

uint32_t lt_tree_size(const lt_tree *t) { return LOAD(t->size); }
uint32_t lt_tree_visits(const lt_tree *t, uint32_t node) { return stats_visits(LOAD(t->nodes[node].stats)); }
int lt_tree_proven(const lt_tree *t) { return stats_solved(LOAD(t->nodes[0].stats)); }
uint32_t lt_tree_num_children(const lt_tree *t, uint32_t node) {
  return LOAD(t->nodes[node].first_child) ? t->nodes[node].num_children : 0;
}

uint32_t lt_tree_children(const lt_tree *t, uint32_t node, uint32_t *ids, int32_t *actions, uint32_t *visits,
                          double *values, double *priors, uint8_t *proven) {
  uint32_t first = LOAD(t->nodes[node].first_child), count = lt_tree_num_children(t, node);
  for (uint32_t i = 0; i < count; i++) {
    const uint64_t stats = LOAD(t->nodes[first + i].stats);
    ids[i] = first + i;
    actions[i] = action_of(t, first + i);
    visits[i] = stats_visits(stats);
    proven[i] = (uint8_t)stats_solved(stats);
    values[i] = visits[i] || proven[i] ? stats_mean(stats) * t->half_range + t->middle : NAN;
    priors[i] = t->priors ? t->priors[first + i] : 1.0 / count;
  }
  return count;
}
