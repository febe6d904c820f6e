// SPDX-License-Identifier: Apache-2.0
// What Swift needs of Linux that it cannot import by itself.
#include <malloc.h>
#include <signal.h>
#include <sys/prctl.h>

// The kernel ends this process (SIGTERM) when its parent ends, however that ends (prctl(2)).
static inline int chost_end_with_parent(void) {
  return prctl(PR_SET_PDEATHSIG, SIGTERM, 0, 0, 0);
}

// Blocks below `mmap_bytes` come from the heaps, and each heap keeps up to `keep_bytes` of free memory at its
// end instead of handing them back (mallopt(3)).
static inline void chost_keep_freed_memory(int mmap_bytes, int keep_bytes) {
  mallopt(M_MMAP_THRESHOLD, mmap_bytes);
  mallopt(M_TRIM_THRESHOLD, keep_bytes);
}
