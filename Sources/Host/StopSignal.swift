// SPDX-License-Identifier: Apache-2.0

import Dispatch
import Glibc
import Synchronization

/// SIGINT and SIGTERM as a stream; the second one ends the process at once.
public enum StopSignal {
  public static func watch() -> AsyncStream<Int32> {
    AsyncStream { continuation in
      for number in [SIGINT, SIGTERM] {
        signal(number, SIG_IGN)
        let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
        source.setEventHandler {
          if seen.add(1, ordering: .relaxed).newValue > 1 { _exit(128 + number) }
          continuation.yield(number)
        }
        source.resume()
        // It watches for as long as the process lives.
        _ = Unmanaged.passRetained(source as AnyObject)
      }
    }
  }

  private static let seen = Atomic<Int>(0)
}
