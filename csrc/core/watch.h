/* Interruption of long work, by Ctrl-C or a time limit. Checking for it enters Python, so the check is made only a few
 * times per second, and the clock is read only once per LT_LOOK steps of work. */
#ifndef LT_WATCH_H
#define LT_WATCH_H
#include <stdint.h>
#include <time.h>

enum { LT_LOOK = 1024 };

typedef struct lt_watch {
  int (*stop)(void *context); /* returns non-zero if the work should stop */
  void *context;
  double patience; /* seconds between two calls of `stop` */
  int64_t steps; /* steps of work left until the clock is read */
  double asked;  /* seconds: when `stop` was last called, or before that, when the clock was first read; 0: never */
} lt_watch;

/* Starts a piece of work: it may run for `patience` seconds before `stop` is called. */
static inline void lt_watch_begin(lt_watch *w) { w->steps = LT_LOOK, w->asked = 0; }

static inline int lt_watch_look(lt_watch *w) {
  struct timespec time;
  timespec_get(&time, TIME_UTC);
  const double now = (double)time.tv_sec + 1e-9 * (double)time.tv_nsec, waited = now - w->asked;
  w->steps = LT_LOOK;
  if (w->asked != 0 && waited >= 0 && waited < w->patience) return 0;
  const int asks = w->asked != 0;
  w->asked = now;
  return asks && w->stop(w->context);
}

/* Returns non-zero if the work should stop, after `steps` steps of work (each takes at least some nanoseconds). If `w` is
 * NULL, returns 0. */
static inline int lt_watch_stops(lt_watch *w, uint32_t steps) {
  return w != NULL && (w->steps -= steps) <= 0 && lt_watch_look(w);
}

#endif
