/* Sampled regret minimisation. Read in this order: information states, histories, public chance, the strategy, sampling
 * of actions, the walk, run, arrays, memory. */
#include "regret/mccfr.h"
#include <math.h>
#include <stdlib.h>

/* `number` holds, by action: regrets, averages, baselines [players] (if kept), the strategy of a walk (if kept). The
 * actions follow as int32_t. */
typedef struct infostate_t {
  lt_name name;
  uint32_t walk; /* the last walk that computed the strategy */
  uint16_t count;
  int8_t player, spare;
  double number[];
} infostate_t;

/* At a terminal, `number` holds all players' returns. At a chance node, it holds the probabilities and then the actions
 * as int32_t. At a player's node, the actions are those of the information state; if that found no memory, they are
 * stored here. A stored history ends with the indices of its successors as uint32_t, 0 if unknown. */
typedef struct history_t {
  uint32_t infostate;
  uint16_t count;
  int8_t player;
  uint8_t flags;
  double number[];
} history_t;

enum { REMEMBERED = 1, PUBLIC = 2 };

/* Contiguous records of 8-byte words. A record is identified by the index of its first word. */
typedef struct arena { uint64_t *words; uint32_t used, room; } arena;

typedef struct step { const history_t *history; uint32_t i; } step;

/* A followed action: the weight of its result in its regret (one over the probability that it is followed), the weight in
 * the value of the node (that weight times the strategy's probability), and the result. */
typedef struct choice { uint32_t i; double inverse, ratio, result; } choice;

struct lt_mccfr {
  const lt_game *game;
  lt_mccfr_options options;
  uint64_t seed, iterations;
  uint32_t fields;        /* number of values that an information state stores per action */
  int keeps_strategy;     /* a walk may reach an information state of the learner twice; its strategy must not change */
  arena infostates, histories, stack;
  uint32_t *table, table_size, table_limit; /* indices of information states, by name */
  uint64_t num_infostates, num_actions, num_histories;
  lt_status status;
  int full; /* an information state found no memory */
  /* The current walk: */
  int32_t learner, averages; /* the player whose regrets and the player whose averages are updated */
  double regret_weight, average_weight;
  lt_watch *watch;
  uint32_t broken_depth;     /* depth of the last history that was described */
  lt_rng rng;
  uint64_t walk;             /* its number, starting with 1 */
  uint64_t common;           /* start of the random numbers for public chance */
  uint32_t root;
  step *path;
  uint8_t *states;           /* by depth; those up to `known` are states of the path */
  uint32_t known, max_depth;
  size_t state_stride;
  int32_t *actions;
  double *probabilities;
  uint8_t *key;
  void *block;
};

static inline size_t in_words(size_t bytes) { return (bytes + 7) / 8; }
static inline void *record(const arena *a, uint32_t place) { return a->words + place; }

/* Adds an uninitialised record. Returns its index, or 0 if there is no memory. Indices start with 1. */
static inline uint32_t add_record(arena *a, size_t words) {
  if (words > a->room - a->used) return 0;
  const uint32_t place = a->used;
  a->used += (uint32_t)words;
  return place;
}

/* ---- Information states ---- */

static inline double *regrets_of(infostate_t *info) { return info->number; }
static inline double *averages_of(infostate_t *info) { return info->number + info->count; }
static inline double *baselines_of(infostate_t *info) { return info->number + 2 * (size_t)info->count; }
static inline double *strategy_of(const lt_mccfr *m, infostate_t *info) {
  return info->number + (m->fields - 1) * (size_t)info->count;
}
static inline int32_t *infostate_actions(const lt_mccfr *m, infostate_t *info) {
  return (int32_t *)(info->number + m->fields * (size_t)info->count);
}
static inline size_t infostate_words(const lt_mccfr *m, uint32_t count) {
  return in_words(sizeof(infostate_t)) + m->fields * (size_t)count + in_words(count * sizeof(int32_t));
}

static inline int same_name(lt_name a, lt_name b) { return a.key == b.key && a.other == b.other; }

/* Returns the slot of a name, or the empty slot where it belongs. */
static uint32_t find(const lt_mccfr *m, lt_name name) {
  uint32_t slot = (uint32_t)lt_mix(name.key) & (m->table_size - 1);
  while (m->table[slot] && !same_name(((infostate_t *)record(&m->infostates, m->table[slot]))->name, name))
    slot = (slot + 1) & (m->table_size - 1);
  return slot;
}

static void grow_table(lt_mccfr *m) {
  m->table_size *= 2;
  memset(m->table, 0, m->table_size * sizeof *m->table);
  for (uint32_t place = 1; place < m->infostates.used;) {
    const infostate_t *info = record(&m->infostates, place);
    m->table[find(m, info->name)] = place;
    place += (uint32_t)infostate_words(m, info->count);
  }
}

/* Adds a zeroed information state. Returns its index, or 0 if there is no memory. */
static uint32_t add_infostate(lt_mccfr *m, lt_name name, int32_t player, const int32_t *actions, uint32_t count) {
  if (m->num_infostates >= m->table_size / 4 * 3) {
    if (m->table_size == m->table_limit) return 0;
    grow_table(m);
  }
  const size_t words = infostate_words(m, count);
  const uint32_t place = add_record(&m->infostates, words);
  if (place == 0) return 0;
  infostate_t *info = record(&m->infostates, place);
  memset(info, 0, words * sizeof(uint64_t));
  info->name = name, info->player = (int8_t)player, info->count = (uint16_t)count;
  memcpy(infostate_actions(m, info), actions, count * sizeof *actions);
  m->table[find(m, name)] = place;
  m->num_infostates++, m->num_actions += count;
  return place;
}

/* Finds or adds the information state of the acting player, whose `count` actions are in m->actions. Returns its index;
 * 0: no memory, or an error. */
static uint32_t infostate_at(lt_mccfr *m, const void *state, int32_t player, uint32_t count) {
  const lt_name name = lt_infostate_name(m->game, state, player, m->key);
  if (lt_failed(m->game)) return m->status = LT_RULES_BROKE, 0;
  uint32_t place = m->table[find(m, name)];
  if (place == 0) {
    place = add_infostate(m, name, player, m->actions, count);
    if (place == 0) m->full = 1;
    return place;
  }
  infostate_t *info = record(&m->infostates, place);
  const int same = info->player == player && info->count == count &&
                   !memcmp(infostate_actions(m, info), m->actions, count * sizeof *m->actions);
  if (same) return place;
  m->status = LT_OTHER_ACTIONS;
  return 0;
}

/* ---- Histories ---- */

static inline const int32_t *chance_actions(const history_t *h) { return (const int32_t *)(h->number + h->count); }

static int32_t action_of(const lt_mccfr *m, const history_t *h, uint32_t i) {
  if (h->player == LT_CHANCE) return chance_actions(h)[i];
  if (h->infostate) return infostate_actions(m, record(&m->infostates, h->infostate))[i];
  return ((const int32_t *)h->number)[i];
}

static inline uint32_t *followers(const history_t *h) {
  double *after = (double *)h->number;
  if (h->player == LT_CHANCE) after += h->count + in_words(h->count * sizeof(int32_t));
  return (uint32_t *)after;
}

static int is_public(lt_mccfr *m, const uint8_t *state, uint8_t *scratch, uint32_t count);

/* Records what the game says of states[depth]: on the stack, or, if `*place` is non-zero and there is memory, as a stored
 * history, whose index becomes `*place`. Returns NULL after an error. */
static const history_t *describe(lt_mccfr *m, uint32_t depth, uint32_t *place) {
  const lt_game *game = m->game;
  const uint8_t *state = m->states + depth * m->state_stride;
  const int32_t player = game->current_player(game->context, state);
  const int terminal = player == LT_TERMINAL, chance = player == LT_CHANCE;
  int32_t count = 0;
  uint32_t info = 0;
  int all_see = 0;
  m->broken_depth = depth;
  if (!terminal) {
    const int known = chance ? game->chance_outcomes != NULL : player >= 0 && player < game->num_players;
    if (lt_failed(game) || !known || depth + 1 >= m->max_depth) return m->status = LT_RULES_BROKE, NULL;
    if (depth >= LT_DEEPEST) return m->status = LT_TOO_DEEP, NULL;
    count = chance ? game->chance_outcomes(game->context, state, m->actions, m->probabilities)
                   : game->legal_actions(game->context, state, m->actions);
    const int32_t most = chance ? game->max_chance_outcomes : game->num_distinct_actions;
    if (lt_failed(game) || count <= 0 || count > most) return m->status = LT_RULES_BROKE, NULL;
    if (count > UINT16_MAX) return m->status = LT_TOO_WIDE, NULL;
    if (!chance)
      info = infostate_at(m, state, player, (uint32_t)count);
    else if (m->options.chance == LT_FOLLOW_PRIVATE)
      all_see = is_public(m, state, m->states + (depth + 1) * m->state_stride, (uint32_t)count);
  }
  if (lt_failed(game)) m->status = LT_RULES_BROKE;
  if (m->status != LT_OK) return NULL;

  const size_t numbers = terminal ? (size_t)game->num_players : chance ? (size_t)count : 0;
  const size_t actions = chance || (!terminal && !info) ? in_words((size_t)count * sizeof(int32_t)) : 0;
  const size_t links = in_words((size_t)count * sizeof(uint32_t));
  const size_t words = in_words(sizeof(history_t)) + numbers + actions;
  const int remember = *place && (player < 0 || info);
  *place = remember ? add_record(&m->histories, words + links) : 0;
  history_t *h;
  if (*place) {
    h = record(&m->histories, *place);
    m->num_histories++;
  } else {
    const uint32_t top = add_record(&m->stack, words);
    if (top == 0) return m->status = LT_TOO_DEEP, NULL;
    h = record(&m->stack, top);
  }
  *h = (history_t){.infostate = info, .count = (uint16_t)count, .player = (int8_t)player,
                   .flags = (uint8_t)((*place ? REMEMBERED : 0) | (all_see ? PUBLIC : 0))};
  if (terminal) game->returns(game->context, state, h->number);
  else if (chance) memcpy(h->number, m->probabilities, numbers * sizeof *h->number);
  if (actions) memcpy(h->number + numbers, m->actions, (size_t)count * sizeof *m->actions);
  if (*place && links) memset(followers(h), 0, links * sizeof(uint64_t));
  if (lt_failed(game)) return m->status = LT_RULES_BROKE, NULL;
  return h;
}

/* Returns the successor of `h` by its i-th action, if it is not stored. The states of the path are computed up to there. */
static const history_t *discover(lt_mccfr *m, const history_t *h, uint32_t depth, uint32_t i) {
  const lt_game *game = m->game;
  for (; m->known <= depth; m->known++) {
    uint8_t *state = m->states + m->known * m->state_stride, *next = state + m->state_stride;
    memcpy(next, state, game->state_bytes);
    const step *s = &m->path[m->known];
    if (!game->apply(game->context, next, action_of(m, s->history, s->i)) || lt_failed(game))
      return m->broken_depth = m->known, m->status = LT_RULES_BROKE, NULL;
  }
  uint32_t place = h->flags & REMEMBERED;
  const history_t *next = describe(m, depth + 1, &place);
  if (next && place) followers(h)[i] = place;
  return next;
}

/* ---- Public chance ---- */

/* Returns whether every player can distinguish all chance outcomes at `state`, by the information-state keys after each
 * outcome. */
static int is_public(lt_mccfr *m, const uint8_t *state, uint8_t *scratch, uint32_t count) {
  const lt_game *game = m->game;
  if (game->information_state == NULL) return 1;
  const uint32_t top = m->stack.used, place = add_record(&m->stack, count);
  if (place == 0) return m->status = LT_TOO_DEEP, 0;
  uint64_t *keys = record(&m->stack, place);
  int all = 1;
  for (int32_t player = 0; player < game->num_players && all; player++)
    for (uint32_t i = 0; i < count && all; i++) {
      memcpy(scratch, state, game->state_bytes);
      if (!game->apply(game->context, scratch, m->actions[i])) return m->status = LT_RULES_BROKE, 0;
      keys[i] = lt_infostate_key(game, scratch, player, m->key);
      if (lt_watch_stops(m->watch, 1 + i / 16)) return m->status = LT_STOPPED, 0;
      for (uint32_t k = 0; k < i && all; k++) all = keys[k] != keys[i];
    }
  m->stack.used = top;
  return all;
}

/* Samples an outcome of public chance by its probability, and correlates the samples of all histories of one depth. Each
 * outcome gets an exponentially distributed time with its probability as rate, and the outcome with the smallest time is
 * chosen. The times come from random numbers that all histories share. So the same card is dealt for all private hands,
 * unless it is one of their cards. */
static uint32_t draw_alike(const lt_mccfr *m, const history_t *h, uint32_t depth) {
  const int32_t *actions = chance_actions(h);
  double first = INFINITY;
  uint32_t drawn = 0;
  for (uint32_t i = 0; i < h->count; i++) {
    const uint64_t number = (uint64_t)depth * (uint64_t)m->game->max_chance_outcomes + (uint64_t)actions[i];
    lt_rng rng = {m->common + number * UINT64_C(0x9e3779b97f4a7c15)};
    const double time = -log(1.0 - lt_rng_uniform(&rng)) / h->number[i];
    if (time < first) first = time, drawn = i;
  }
  return drawn;
}

/* ---- The strategy ---- */

/* The current strategy at a history by regret matching; uniform if nothing is stored. Returns NULL if there is no memory. */
static double *current_strategy(lt_mccfr *m, infostate_t *info, uint32_t count) {
  double *strategy;
  if (info && m->keeps_strategy) {
    strategy = strategy_of(m, info);
    if (info->walk == (uint32_t)m->walk) return strategy;
    info->walk = (uint32_t)m->walk;
  } else {
    const uint32_t place = add_record(&m->stack, count);
    if (place == 0) return m->status = LT_TOO_DEEP, NULL;
    strategy = record(&m->stack, place);
  }
  double *regret = info ? regrets_of(info) : NULL;
  for (uint32_t i = 0; i < count; i++) {
    if (info && regret[i] < m->options.floor) regret[i] = m->options.floor;
    strategy[i] = info ? regret[i] : 0;
  }
  lt_match_regrets(strategy, count);
  return strategy;
}

/* ---- Sampling of actions ---- */

/* Follows all actions. With pruning, an action of the learner that has probability 0 and a regret below the threshold is
 * skipped with probability `prune_share`; otherwise its weight is larger. */
static uint32_t choose_all(lt_mccfr *m, infostate_t *info, const double *strategy, uint32_t count, int mine,
                           choice *chosen) {
  const double share = m->options.prune_share;
  uint32_t n = 0;
  for (uint32_t i = 0; i < count; i++) {
    chosen[n] = (choice){.i = i, .inverse = 1, .ratio = strategy[i]};
    if (mine && share > 0 && info && strategy[i] == 0 && regrets_of(info)[i] < m->options.prune_below) {
      if (lt_rng_uniform(&m->rng) < share) continue;
      chosen[n].inverse = 1 / (1 - share);
    }
    n++;
  }
  return n;
}

/* Follows one action, sampled from the strategy. For the learner it is mixed with uniform play. */
static uint32_t choose_drawn(lt_mccfr *m, const double *strategy, uint32_t count, int mine, choice *chosen) {
  const double epsilon = mine ? m->options.epsilon : 0, uniform = epsilon / count;
  double u = lt_rng_uniform(&m->rng), chance = 0;
  uint32_t i = 0;
  for (;; i++) {
    chance = mine ? (1 - epsilon) * strategy[i] + uniform : strategy[i];
    u -= chance;
    if (u < 0 || i == count - 1) break;
  }
  while (chance == 0) chance = strategy[--i]; /* rounding errors may select an action of probability 0 */
  *chosen = (choice){.i = i, .inverse = 1 / chance, .ratio = mine ? strategy[i] / chance : 1};
  return 1;
}

/* Follows a random subset of actions; all subsets of that size are equally likely (Knuth, The Art of Computer Programming
 * 2, algorithm S). */
static uint32_t choose_some(lt_mccfr *m, const double *strategy, uint32_t count, choice *chosen) {
  const uint32_t wanted = m->options.some < count ? m->options.some : count;
  const double inverse = (double)count / wanted;
  uint32_t n = 0;
  for (uint32_t i = 0; n < wanted; i++) {
    if (lt_rng_uniform(&m->rng) * (count - i) >= wanted - n) continue;
    chosen[n++] = (choice){.i = i, .inverse = inverse, .ratio = strategy[i] * inverse};
  }
  return n;
}

/* ---- The walk ---- */

static double walk(lt_mccfr *m, const history_t *h, uint32_t depth, double weight, double share);

/* Returns the value of the successor of `h` by its i-th action. */
static inline double follow(lt_mccfr *m, const history_t *h, uint32_t depth, uint32_t i, double weight, double share) {
  m->path[depth] = (step){h, i};
  if (m->known > depth) m->known = depth;
  const uint32_t place = h->flags & REMEMBERED ? followers(h)[i] : 0;
  const history_t *next = place ? record(&m->histories, place) : discover(m, h, depth, i);
  return next ? walk(m, next, depth + 1, weight, share) : 0;
}

static double chance_node(lt_mccfr *m, const history_t *h, uint32_t depth, double weight, double share) {
  if (m->options.chance == LT_FOLLOW_DRAWN || h->flags & PUBLIC) {
    uint32_t i = h->flags & PUBLIC ? draw_alike(m, h, depth) : (uint32_t)lt_sample(h->number, h->count, &m->rng);
    return follow(m, h, depth, i, weight, share);
  }
  double value = 0;
  for (uint32_t i = 0; i < h->count && m->status == LT_OK; i++)
    value += h->number[i] * follow(m, h, depth, i, weight * h->number[i], share * h->number[i]);
  return value;
}

/* With strategy p, baselines b, sampling probabilities q and results x:
 *   value of an action     v(a) = b(a) + [followed] (x - b(a)) / q(a)
 *   value of the node      v = sum of p(a) v(a)
 *   learner's regrets      R(a) += weight (v(a) - v)
 * If all actions are followed, no baseline is needed, and a pruned action has p = 0 and keeps its regret. */
static double player_node(lt_mccfr *m, const history_t *h, uint32_t depth, double weight, double share) {
  infostate_t *info = h->infostate ? record(&m->infostates, h->infostate) : NULL;
  const uint32_t count = h->count, players = (uint32_t)m->game->num_players;
  const int mine = h->player == m->learner, averaged = h->player == m->averages;
  const lt_follow rule = mine ? m->options.learner : m->options.others;
  const double *strategy = current_strategy(m, info, count);
  const uint32_t room = rule == LT_FOLLOW_DRAWN ? 1 : count;
  const uint32_t place = add_record(&m->stack, room * in_words(sizeof(choice)));
  if (strategy == NULL || place == 0) return m->status = LT_TOO_DEEP, 0;
  if (averaged && info)
    for (uint32_t i = 0; i < count; i++) averages_of(info)[i] += m->average_weight * share * strategy[i];

  choice *chosen = record(&m->stack, place);
  uint32_t n = rule == LT_FOLLOW_ALL     ? choose_all(m, info, strategy, count, mine, chosen)
               : rule == LT_FOLLOW_DRAWN ? choose_drawn(m, strategy, count, mine, chosen)
                                         : choose_some(m, strategy, count, chosen);
  double *baseline = info && rule != LT_FOLLOW_ALL && m->options.baseline > 0 ? baselines_of(info) + m->learner : NULL;
  double value = 0;
  if (baseline)
    for (uint32_t i = 0; i < count; i++) value += strategy[i] * baseline[i * players];
  for (choice *c = chosen; c < chosen + n; c++) {
    const double next_weight = weight * (mine ? c->inverse : c->ratio);
    const double next_share = share * (averaged ? c->ratio : c->inverse);
    c->result = 0;
    if (next_weight == 0 && next_share == 0) continue; /* nothing is learned below, and the value has weight 0 */
    c->result = follow(m, h, depth, c->i, next_weight, next_share);
    if (m->status != LT_OK) return 0;
    value += c->ratio * (c->result - (baseline ? baseline[c->i * players] : 0));
  }

  if (mine && info) {
    double *regret = regrets_of(info);
    const double scale = m->regret_weight * weight;
    if (rule == LT_FOLLOW_ALL) {
      for (const choice *c = chosen; c < chosen + n; c++) regret[c->i] += scale * c->inverse * (c->result - value);
    } else {
      for (uint32_t i = 0; i < count; i++) regret[i] += scale * ((baseline ? baseline[i * players] : 0) - value);
      for (const choice *c = chosen; c < chosen + n; c++)
        regret[c->i] += scale * c->inverse * (c->result - (baseline ? baseline[c->i * players] : 0));
    }
  }
  if (baseline)
    for (const choice *c = chosen; c < chosen + n; c++)
      baseline[c->i * players] += m->options.baseline * (c->result - baseline[c->i * players]);
  return value;
}

/* Returns the value of `h` for the learner. Updates the learner's regrets and the averages of one player. `weight` is the
 * weight of a regret here: the reach probability of the other players and chance, divided by that of the walk. `share` is
 * the weight of a strategy in the average: the reach probability of its player and chance, divided by that of the walk. */
static double walk(lt_mccfr *m, const history_t *h, uint32_t depth, double weight, double share) {
  if (h->player == LT_TERMINAL) return h->number[m->learner];
  if (lt_watch_stops(m->watch, 1)) return m->status = LT_STOPPED, 0;
  const uint32_t top = m->stack.used;
  const double value =
      h->player == LT_CHANCE ? chance_node(m, h, depth, weight, share) : player_node(m, h, depth, weight, share);
  m->stack.used = top;
  return value;
}

/* ---- Run ---- */

static const history_t *root(lt_mccfr *m) {
  if (m->root) return record(&m->histories, m->root);
  uint32_t place = 1;
  const history_t *h = describe(m, 0, &place);
  if (h) m->root = place;
  return h;
}

static void iterate(lt_mccfr *m) {
  const int32_t players = m->game->num_players;
  const double now = (double)(m->iterations + 1);
  m->regret_weight = pow(now, m->options.regret_power), m->average_weight = pow(now, m->options.average_power);
  for (int32_t p = 0; p < players && m->status == LT_OK; p++) {
    const uint64_t number = m->iterations * (uint64_t)players + (uint64_t)p;
    m->learner = p, m->averages = (p + 1) % players, m->walk = number + 1;
    m->rng = lt_rng_stream(m->seed, number), m->common = lt_rng_stream(~m->seed, number).counter;
    m->known = 0, m->stack.used = 1;
    const history_t *start = root(m);
    if (start) walk(m, start, 0, 1, 1);
  }
  if (m->status == LT_OK) m->iterations++;
}

lt_status lt_mccfr_run(lt_mccfr *m, uint64_t count, lt_watch *watch) {
  m->watch = watch;
  if (m->status != LT_OK) m->status = LT_OK, m->full = 0;
  while (count-- > 0 && m->status == LT_OK && !m->full) {
    lt_watch_begin(watch);
    iterate(m);
  }
  return m->status == LT_OK && m->full ? LT_OVER_LIMIT : m->status;
}

uint32_t lt_mccfr_broken_path(const lt_mccfr *m, int32_t *actions) {
  for (uint32_t d = 0; d < m->broken_depth; d++) actions[d] = action_of(m, m->path[d].history, m->path[d].i);
  return m->broken_depth;
}

/* ---- Arrays ---- */

uint64_t lt_mccfr_iterations(const lt_mccfr *m) { return m->iterations; }
uint64_t lt_mccfr_num_infostates(const lt_mccfr *m) { return m->num_infostates; }
uint64_t lt_mccfr_num_actions(const lt_mccfr *m) { return m->num_actions; }
uint64_t lt_mccfr_num_histories(const lt_mccfr *m) { return m->num_histories; }

lt_name lt_mccfr_name(lt_mccfr *m, const void *state) {
  return lt_infostate_name(m->game, state, m->game->current_player(m->game->context, state), m->key);
}

uint32_t lt_mccfr_average(const lt_mccfr *m, lt_name name, double *strategy) {
  const uint32_t place = m->table[find(m, name)];
  if (place == 0) return 0;
  infostate_t *info = record(&m->infostates, place);
  memcpy(strategy, averages_of(info), info->count * sizeof *strategy);
  lt_match_regrets(strategy, info->count);
  return info->count;
}

void lt_mccfr_export(const lt_mccfr *m, lt_mccfr_arrays a) {
  const uint32_t players = m->options.baseline > 0 ? (uint32_t)m->game->num_players : 0;
  for (uint32_t place = 1; place < m->infostates.used;) {
    infostate_t *info = record(&m->infostates, place);
    const uint32_t count = info->count;
    *a.name++ = info->name, *a.player++ = info->player, *a.count++ = info->count;
    memcpy(a.action, infostate_actions(m, info), count * sizeof *a.action), a.action += count;
    memcpy(a.regret, regrets_of(info), count * sizeof *a.regret), a.regret += count;
    memcpy(a.average, averages_of(info), count * sizeof *a.average), a.average += count;
    if (players) memcpy(a.baseline, baselines_of(info), count * players * sizeof *a.baseline), a.baseline += count * players;
    place += (uint32_t)infostate_words(m, count);
  }
}

lt_status lt_mccfr_import(lt_mccfr *m, uint64_t iterations, uint64_t infostates, lt_mccfr_arrays a) {
  const uint32_t players = m->options.baseline > 0 ? (uint32_t)m->game->num_players : 0;
  for (; infostates > 0; infostates--) {
    const uint32_t count = *a.count++;
    if (m->table[find(m, *a.name)]) return LT_OTHER_ACTIONS;
    const uint32_t place = add_infostate(m, *a.name++, *a.player++, a.action, count);
    if (place == 0) return LT_OVER_LIMIT;
    infostate_t *info = record(&m->infostates, place);
    memcpy(regrets_of(info), a.regret, count * sizeof *a.regret), a.regret += count;
    memcpy(averages_of(info), a.average, count * sizeof *a.average), a.average += count;
    if (players) memcpy(baselines_of(info), a.baseline, count * players * sizeof *a.baseline), a.baseline += count * players;
    a.action += count;
  }
  m->iterations = iterations;
  return LT_OK;
}

/* ---- Memory ---- */

/* The memory that any walk needs: states, the path, and scratch space. */
static size_t fixed_bytes(const lt_game *game) {
  const size_t depths = (size_t)lt_max_history(game) + 2, actions = (size_t)lt_max_actions(game) + 1;
  return depths * (in_words(game->state_bytes) * 8 + sizeof(step)) + actions * (sizeof(double) + 2 * sizeof(int32_t)) +
         lt_infostate_scratch(game) + 64;
}

/* The minimum also has space for some of the widest nodes in every section. */
size_t lt_mccfr_least_bytes(const lt_game *game) {
  return fixed_bytes(game) + 64 * 8 * ((size_t)lt_max_actions(game) * (5 + (size_t)game->num_players) + 64);
}

/* Takes the next `bytes` of a block, rounded up to whole words. */
static void *take(uint8_t **block, size_t bytes) {
  void *start = *block;
  *block += in_words(bytes) * 8;
  return start;
}

static arena take_arena(uint8_t **block, size_t bytes) {
  const size_t words = bytes / 8 < UINT32_MAX ? bytes / 8 : UINT32_MAX;
  return (arena){.words = take(block, words * 8), .used = 1, .room = (uint32_t)words};
}

lt_mccfr *lt_mccfr_new(const lt_game *game, lt_mccfr_options options, uint64_t seed, size_t memory_bytes) {
  lt_mccfr *m = calloc(1, sizeof *m);
  uint8_t *block = malloc(memory_bytes);
  if (m == NULL || block == NULL) return free(m), free(block), NULL;
  m->game = game, m->options = options, m->seed = seed, m->block = block;
  m->keeps_strategy = options.others == LT_FOLLOW_ALL || game->information_state == NULL;
  m->fields = 2 + (options.baseline > 0 ? (uint32_t)game->num_players : 0) + (m->keeps_strategy ? 1 : 0);
  m->max_depth = (uint32_t)lt_max_history(game) + 1;
  m->state_stride = in_words(game->state_bytes) * 8;
  const size_t depths = (size_t)m->max_depth + 1, actions = (size_t)lt_max_actions(game) + 1;
  size_t rest = memory_bytes - fixed_bytes(game), table = 64;
  while (table < UINT32_C(1) << 31 && 2 * table * sizeof *m->table <= rest / 8) table *= 2;
  m->states = take(&block, depths * m->state_stride);
  m->path = take(&block, depths * sizeof *m->path);
  m->probabilities = take(&block, actions * sizeof *m->probabilities);
  m->actions = take(&block, actions * sizeof *m->actions);
  m->key = take(&block, lt_infostate_scratch(game));
  m->table = take(&block, table * sizeof *m->table);
  m->stack = take_arena(&block, rest / 8);
  m->histories = take_arena(&block, rest / 4);
  m->infostates = take_arena(&block, rest - table * sizeof *m->table - rest / 8 - rest / 4 - 64);
  m->table_limit = (uint32_t)table, m->table_size = 64;
  memset(m->table, 0, m->table_size * sizeof *m->table);
  lt_initial_state(game, m->states);
  return m;
}

void lt_mccfr_free(lt_mccfr *m) {
  if (m == NULL) return;
  free(m->block), free(m);
}
