#ifndef NETLAB_PREFETCH_H
#define NETLAB_PREFETCH_H

/// Has the processor fetch what stands at `place`, which will be looked at soon. Reads nothing, so that
/// any address will do.
static inline void netlab_prefetch(const void *place) { __builtin_prefetch(place); }

#endif
