// SPDX-License-Identifier: Apache-2.0

import CHost

/// What becomes of memory that is freed.
public enum FreedMemory {
  /// Lets the process keep what a batch frees, for the next batch. Call it first in a program.
  ///
  /// glibc hands the end of a heap back when 128 KiB of it are free, which every batch reaches: the next
  /// one pays a page fault for every page again, a tenth of what pricing a log costs. glibc would raise this by
  /// itself only after a block of its own mapping was freed, which depends on chance.
  public static func keep() {
    chost_keep_freed_memory(4 * 1024 * 1024, 8 * 1024 * 1024)
  }
}
