// SPDX-License-Identifier: Apache-2.0
// accept(2) and accept4(2) of this process, with a bound on the descriptors that connections may take.
#ifndef CACCEPT_H
#define CACCEPT_H

#include <stdbool.h>
#include <stdint.h>

// Connections whose descriptor would have this number or a higher one are closed as they come.
void caccept_set_limit(int limit);

// How many connections were closed so since the process began.
uint64_t caccept_refused(void);

// Whether the libraries of this process find our accept4 rather than the C library's.
bool caccept_is_in_place(void);

#endif
