// SPDX-License-Identifier: Apache-2.0
// What Swift needs of libzmq and of Linux that it cannot import by itself.
#include <pthread.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <zmq.h>

// prctl is variadic, so Swift does not import it.
static inline int czmq_name_this_thread(const char *name) {
  return prctl(PR_SET_NAME, name, 0, 0, 0);
}
