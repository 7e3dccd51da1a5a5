/* Long work asks from time to time whether it is to stop: at Ctrl-C, or at a time limit. Asking enters Python, so it is
 * done some times a second only, and the clock is read after every LT_LOOK steps of work only. */
#ifndef LT_WATCH_H
#define LT_WATCH_H
#include <stdint.h>
#include <time.h>

enum { LT_LOOK = 1024 };

typedef struct lt_watch {
  int (*stop)(void *context); /* whether to stop */
  void *context;
  double patience; /* seconds between two times that `stop` is asked */
  int64_t steps; /* of work until the clock is read */
  double asked;  /* when `stop` was last asked, in seconds; before that, when the work was first looked at; 0: not yet */
} lt_watch;

/* A piece of work begins: it may run for `patience` before `stop` is asked. */
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

/* Whether to stop, after so many steps of work (each some nanoseconds at least). `w` may be NULL: never. */
static inline int lt_watch_stops(lt_watch *w, uint32_t steps) {
  return w != NULL && (w->steps -= steps) <= 0 && lt_watch_look(w);
}

#endif
