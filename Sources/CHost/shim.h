// SPDX-License-Identifier: Apache-2.0
// What Swift needs of Linux that it cannot import by itself.
#include <signal.h>
#include <sys/prctl.h>

// The kernel ends this process (SIGTERM) when its parent ends, however that ends (prctl(2)).
static inline int chost_end_with_parent(void) {
  return prctl(PR_SET_PDEATHSIG, SIGTERM, 0, 0, 0);
}
