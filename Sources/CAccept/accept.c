// SPDX-License-Identifier: Apache-2.0
//
// libzmq 4.3.4 aborts the process when accept finds no free descriptor on a local socket (errno_assert in
// ipc_listener.cpp), and a listener cannot be told to stop in time: it belongs to the I/O thread, which goes on to
// accept while a monitor's event waits to be read. So the bound is in accept itself. A program's
// own symbols go before those of its libraries (ld.so(8)): libzmq's calls of accept and accept4 arrive here.
#define _GNU_SOURCE
#include "accept.h"

#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

static atomic_int limit = INT_MAX;
static atomic_ullong refused;

int accept4(int listener, __SOCKADDR_ARG address, socklen_t *restrict length, int flags) {
  int connection =
      (int)syscall(SYS_accept4, listener, address.__sockaddr__, length, flags);
  // A new descriptor has the lowest free number (open(2)): this many are in use.
  int is_full = connection >= atomic_load_explicit(&limit, memory_order_relaxed);
  if (is_full) close(connection);
  // Files took the reserve as well: the connection waits in the kernel's queue.
  if (connection < 0 && errno == EMFILE) is_full = 1;
  if (!is_full) return connection;
  atomic_fetch_add_explicit(&refused, 1, memory_order_relaxed);
  // What the peer may do to us at any time, so every listener goes on after it.
  errno = ECONNABORTED;
  return -1;
}

int accept(int listener, __SOCKADDR_ARG address, socklen_t *restrict length) {
  return accept4(listener, address, length, 0);
}

void caccept_set_limit(int new_limit) {
  atomic_store_explicit(&limit, new_limit, memory_order_relaxed);
}

uint64_t caccept_refused(void) {
  return atomic_load_explicit(&refused, memory_order_relaxed);
}

bool caccept_is_in_place(void) {
  return dlsym(RTLD_DEFAULT, "accept4") == (void *)accept4;
}
