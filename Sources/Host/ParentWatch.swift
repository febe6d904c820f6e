// SPDX-License-Identifier: Apache-2.0

import CHost
import Foundation

/// Ends this process when its parent ends, however that ends.
enum ParentWatch {
  /// The kernel sends its signal for the thread that asked for it, and forgets the wish when that thread
  /// ends (prctl(2), PR_SET_PDEATHSIG). Swift's own threads come and go, so one waits for nothing else.
  static func start(parent: Int32) {
    let thread = Thread {
      _ = chost_end_with_parent()
      // The parent may have ended before the call: then nothing would be reported.
      if getppid() != parent { kill(getpid(), SIGTERM) }
      while true { pause() }
    }
    thread.name = "solvent-parent"
    thread.stackSize = 64 * 1_024
    thread.start()
  }
}
