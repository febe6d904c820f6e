// SPDX-License-Identifier: Apache-2.0

import Supervision
import Testing

/// The examples in the doc comments of Supervision, compiled and run.
@Suite("Supervision examples")
struct SupervisionExamples {
  @Test func whatEndsIsStartedAgain() {
    let worker = SupervisorMachine.Child("worker-1", .worker)
    var machine = SupervisorMachine([worker])
    let first = machine.started(worker, pid: 42, now: 0)  // members changed
    let next = machine.ended(worker, .signal(9), now: 5_000_000_000)  // start it again at once
    #expect(first == [.membersChanged])
    #expect(next.contains(.start(worker, afterMilliseconds: 0)))
  }
}
