// SPDX-License-Identifier: Apache-2.0
#pragma once

// Whether the processor runs code for x86-64-v3 (AVX2, FMA and what goes with them).
static inline int cprocessor_has_x86_64_v3(void) {
#if defined(__x86_64__)
  __builtin_cpu_init();
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
         __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2");
#else
  return 0;
#endif
}
