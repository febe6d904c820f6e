// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Broker

/// More of the broker's transcripts: full queues, several producers, limits of topics.
@Suite("Broker's limits")
struct BrokerTranscriptTests {
  typealias Bench = BrokerMachineTests.Bench

  static func worker(_ number: UInt32) -> PeerID { PeerID(.worker, number) }

  @Test func aJobThatDidNotFitIntoAQueueGoesElsewhere() {
    var bench = Bench()
    bench.producer(1)
    bench.worker(1, slots: 2)
    bench.submit(1, "a")
    bench.submit(2, "b")
    _ = bench.said()
    bench.full(Self.worker(1), Header(.job, job: bench.ids[Self.worker(1)]![2]!))
    _ = bench.said()
    // It was not sent, so nobody has tried it.
    bench.worker(2)
    #expect(bench.said() == ["worker-2 welcome", "worker-2 job 2 'b'"])
    // Until it says something, the full one gets nothing; then it does.
    bench.submit(3, "c")
    #expect(bench.said() == [])
    bench.answer(.result, 1, "A", by: 1)
    #expect(bench.said() == ["client-1 result 1 'A'", "worker-1 job 3 'c'"])
  }

  @Test func aWorkerThatWasFullAndHoldsNothingGetsWorkAgain() {
    var bench = Bench()
    bench.producer(1)
    bench.worker(1)
    bench.submit(1, "a")
    bench.full(Self.worker(1), Header(.job, job: bench.ids[Self.worker(1)]![1]!))
    _ = bench.said()
    // It beats, so its queue is read; but it has nothing to answer.
    bench.pass(100, alive: [Self.worker(1), BrokerMachineTests.producer])
    #expect(bench.said() == ["worker-1 job 1 'a'"])
  }

  @Test func fullnessOfAStrangerIsNothing() {
    var bench = Bench()
    bench.producer(1)
    bench.worker(1)
    bench.submit(1, "a")
    bench.full(Self.worker(9), Header(.job, job: JobID(epoch: 1, sequence: 1)))
    // A heartbeat that did not fit does not take a job from its worker.
    bench.full(Self.worker(1), Header(.heartbeat))
    _ = bench.said()
    bench.pass(300, alive: [Self.worker(1), BrokerMachineTests.producer])
    bench.answer(.result, 1, "A", by: 1)
    #expect(bench.said() == ["client-1 result 1 'A'"])
  }

  @Test func aJobGreaterThanTheCreditMayGoAlone() {
    var bench = Bench { $0.bytesMax = 4 }
    bench.producer(1)
    bench.worker(1)
    _ = bench.said()
    bench.submit(1, "abcdef")
    // The producer sends it alone, since refusing it for ever would help nobody.
    #expect(bench.said() == ["worker-1 job 1 'abcdef'"])
  }

  @Test func jobsAreCountedToo() {
    var bench = Bench { $0.jobsMax = 2 }
    bench.producer(1)
    bench.producer(2)
    for sequence in 1...3 as ClosedRange<UInt64> { bench.submit(sequence, "x") }
    #expect(bench.said().last == "client-1 fail 3 code 5")
    // Another's credit is its own.
    bench.submit(4, "y", by: 2)
    #expect(bench.said() == [])
    // What has ended makes room.
    bench.worker(1)
    bench.answer(.result, 1, "X", by: 1)
    _ = bench.said()
    bench.submit(3, "x")
    #expect(!bench.said().contains { $0.contains("fail") })
  }

  @Test func producersGetTheirOwnAnswersInTheirOwnNumbers() {
    var bench = Bench()
    bench.producer(1, [["simulate"], ["price"]])
    bench.producer(2, [["price"]])
    bench.worker(1, ["price", "simulate"], slots: 9)
    _ = bench.said()
    let id = { (epoch: UInt64) in JobID(epoch: epoch, sequence: 1) }
    bench.receive(Header(.job, service: 1, job: id(1)), "a", PeerID(.client, 1))
    bench.receive(Header(.job, service: 0, job: id(2)), "b", PeerID(.client, 2))
    bench.receive(Header(.job, service: 0, job: id(3)), "c", PeerID(.client, 1))
    #expect(bench.said() == ["worker-1 job 1 'a'", "worker-1 job 1 'b'", "worker-1 job 1 'c'"])
    // `price` is service 0 and `simulate` service 1 of the worker.
    func answer(_ epoch: UInt64, _ service: UInt16) -> [Header] {
      var actions: [BrokerMachine<String>.Action] = []
      let instance = Instance(low: epoch == 2 ? 2 : 1, high: 1)
      let name = JobID(epoch: instance.namespaced(epoch), sequence: 1)
      bench.machine.received(
        Header(.result, service: service, job: name), "r", bytes: 1, from: Self.worker(1),
        now: bench.now, &actions)
      return actions.compactMap { action in
        if case .send(let peer, let header, _) = action, peer.side == .client {
          header
        } else {
          nil
        }
      }
    }
    #expect(answer(1, 0).map(\.service) == [1])
    #expect(answer(2, 0).map(\.service) == [0])
    #expect(answer(3, 0).isEmpty)  // The wrong service: not the answer to this stage.
    #expect(answer(3, 1).map(\.service) == [0])
  }

  @Test(
    "A job for a route that was not opened, or without a payload, is malformed",
    arguments: [2, 3, 500] as [UInt16])
  func badRoutes(_ route: UInt16) {
    var bench = Bench()
    bench.producer(1, [["price"], ["simulate"]])
    _ = bench.said()
    let header = Header(.job, service: route, job: JobID(epoch: 1, sequence: 1))
    bench.receive(header, "a", PeerID(.client, 1))
    bench.receive(header, nil, PeerID(.client, 1))
    #expect(bench.said() == ["client-1 refused: malformed", "client-1 refused: malformed"])
    #expect(bench.machine.status(now: bench.now).heldBytes == 0)
  }

  @Test func theBrokerItselfAnswersForItsStatus() {
    var bench = Bench()
    bench.producer(1, [["broker"]])
    _ = bench.said()
    bench.submit(1, "")
    #expect(bench.said() == ["client-1 status"])
    #expect(bench.machine.status(now: bench.now).finished == 0)
  }

  @Test func aProducerThatLeavesTakesItsQueueWithIt() {
    var bench = Bench()
    bench.producer(1)
    bench.producer(2)
    bench.worker(1)
    bench.submit(1, "a")
    bench.submit(2, "b")
    bench.submit(3, "c", by: 2)
    _ = bench.said()
    bench.receive(Header(.bye), nil, PeerID(.client, 1))
    #expect(bench.said() == ["client-1 bye"])
    // What runs may finish, for nobody; what was queued is gone; the other's goes on.
    bench.answer(.result, 1, "A", by: 1)
    #expect(bench.said() == ["worker-1 job 3 'c'"])
    bench.answer(.result, 3, "C", by: 1)
    #expect(bench.said() == ["client-2 result 3 'C'"])
  }

  @Test func anOrphanThatFailsIsNotTriedAgain() {
    var bench = Bench()
    bench.producer(1)
    bench.worker(1)
    bench.submit(1, "a")
    bench.unreachable(PeerID(.client, 1))
    _ = bench.said()
    bench.answer(.fail, 1, by: 1, flags: Header.retryable)
    bench.worker(2)
    #expect(bench.said() == ["worker-2 welcome"])
    #expect(bench.machine.status(now: bench.now).queues.allSatisfy { $0.queued == 0 })
  }

  @Test func moreCreditIsMoreJobs() {
    var bench = Bench()
    bench.producer(1)
    bench.worker(1, slots: 1)
    for sequence in 1...3 as ClosedRange<UInt64> { bench.submit(sequence, "x") }
    _ = bench.said()
    bench.receive(Header(.credit, argument: 1), nil, Self.worker(1))
    #expect(bench.said() == ["worker-1 job 2 'x'"])
    bench.receive(Header(.credit, argument: 5), nil, Self.worker(1))
    #expect(bench.said() == ["worker-1 job 3 'x'"])
    let worker = bench.machine.status(now: bench.now).workers[0]
    #expect(worker.inFlight == 3 && worker.credit == 4)
  }

  @Test func aLateFailureDoesNotFreeThePlaceOfTheNextAttempt() {
    var bench = Bench()
    bench.producer(1)
    bench.worker(1, slots: 2)
    bench.submit(1, "a", lease: 50)
    _ = bench.said()
    // The lease runs out and the job comes back to the same worker, which has a place left …
    bench.pass(100, alive: [Self.worker(1), BrokerMachineTests.producer])
    #expect(bench.said() == ["worker-1 cancel 1", "worker-1 job 1 'a' attempt 1"])
    // … while it was just giving up the first attempt.
    bench.answer(.fail, 1, by: 1, flags: Header.retryable)
    // It ends the attempt under way, since a worker runs a job once; the job comes again.
    #expect(bench.said() == ["worker-1 job 1 'a' attempt 2"])
    bench.submit(2, "b")
    bench.submit(3, "c")
    // Jobs 1 and 2 fill its two slots.
    #expect(bench.said() == ["worker-1 job 2 'b'"])
  }

  @Test func onlyTheWorkerThatHasTheJobTellsItsProgress() {
    var bench = Bench()
    bench.producer(1)
    bench.worker(1)
    bench.worker(2)
    bench.submit(1, "a")
    _ = bench.said()
    bench.answer(.progress, 1, "half", by: 2)
    #expect(bench.said() == [])
    bench.answer(.progress, 1, "half", by: 1)
    #expect(bench.said() == ["client-1 progress 1 'half'"])
  }

  @Test func cancellingWhatIsNotThereIsNothing() {
    var bench = Bench()
    bench.producer(1)
    bench.worker(1)
    bench.submit(1, "a")
    bench.answer(.result, 1, "A", by: 1)
    _ = bench.said()
    for sequence in [1, 7] as [UInt64] {
      bench.receive(
        Header(.cancel, job: JobID(epoch: 1, sequence: sequence)), nil, PeerID(.client, 1))
    }
    #expect(bench.said() == [])
  }

  @Test func noMorePeersThanThereIsRoomFor() {
    var bench = Bench { $0.peersMax = 2 }
    bench.producer(1)
    bench.worker(1)
    _ = bench.said()
    bench.worker(2)
    // It is refused, and its READY is that of a stranger.
    #expect(bench.said() == ["worker-2 refused: full", "worker-2 who"])
  }

  /// The producer counts every message; the broker must count no fewer, or it takes the count for one of an
  /// earlier life and keeps what was read.
  @Test func everythingThatAProducerIsToldIsCounted() {
    var bench = Bench()
    let owner = PeerRole(rawValue: 3)
    bench.producer(1, role: owner)
    bench.worker(1)
    // Another process wants the role, so the owner's connection is tried; and the owner breaks a rule.
    bench.producer(2, role: owner)
    bench.receive(Header(.ready, argument: 1), nil, PeerID(.client, 1))
    bench.submit(1, "a")
    bench.answer(.result, 1, String(repeating: "r", count: 2_000), by: 1)
    #expect(bench.machine.status(now: bench.now).heldBytes == 2_000)
    // HEARTBEAT, ERROR and RESULT.
    bench.receive(Header(.heartbeat, argument: 3), nil, PeerID(.client, 1))
    #expect(bench.machine.status(now: bench.now).heldBytes == 0)
  }

  /// By the death of a worker it was told already; a worker that is stopped in good order left it waiting.
  @Test func aServiceWhoseLastWorkerLeavesTellsWhoWaits() {
    var bench = Bench()
    bench.producer(1)
    bench.worker(1)
    bench.submit(1, "a", waits: false)
    bench.submit(2, "b", waits: false)
    bench.submit(3, "c")
    bench.receive(Header(.bye), nil, Self.worker(1))
    _ = bench.said()
    bench.answer(.result, 1, "A", by: 1)
    // The third waits for whoever comes, as it said.
    #expect(bench.said() == ["client-1 result 1 'A'", "worker-1 bye", "client-1 fail 2 code 4"])
    bench.worker(2)
    #expect(bench.said() == ["worker-2 welcome", "worker-2 job 3 'c'"])
  }

  @Test func nobodyTakesOverOrCancelsTheJobsOfAnother() {
    var bench = Bench()
    bench.producer(1)
    bench.producer(2)
    bench.worker(1, slots: 2)
    bench.submit(1, "a")
    let known = bench.ids[Self.worker(1)]![1]!
    _ = bench.said()
    // By the producer's name for it, and by the worker's.
    for name in [JobID(epoch: 1, sequence: 1), known] {
      bench.receive(Header(.cancel, job: name), nil, PeerID(.client, 2))
      #expect(bench.said() == [])
    }
    bench.receive(Header(.job, job: known), "forged", PeerID(.client, 2))
    #expect(bench.said() == ["worker-1 job 1 'forged'"])
    let answer = Header(.result, job: known)
    bench.receive(answer, "A", Self.worker(1))
    #expect(bench.said() == ["client-1 result 1 'A'"])
  }

  // MARK: Topics

  @Test func noMoreTopicsThanThereIsRoomFor() {
    var bench = Bench { $0.topicsMax = 2 }
    bench.worker(1)
    _ = bench.said()
    for topic in ["a", "b", "c"] { bench.publish(topic, 1, "whole", whole: true) }
    #expect(bench.said() == ["publish a 1 whole", "publish b 1 whole", "worker-1 refused: full"])
    bench.publish("a", 2, "change")  // Those that are there go on.
    #expect(bench.said() == ["publish a 2 change"])
    #expect(bench.machine.status(now: bench.now).topics == 2)
  }

  @Test func manyChangesAskForAWholeStateOnce() {
    var bench = Bench { $0.topicChangesMax = 3 }
    bench.worker(1)
    bench.publish("a", 0, "whole", whole: true)
    _ = bench.said()
    for sequence in 1...5 as ClosedRange<UInt64> { bench.publish("a", sequence, "x") }
    #expect(bench.said().filter { $0.hasSuffix("snapshot") } == ["worker-1 snapshot"])
    // Every change is kept until the whole state comes: a late subscriber gets them all.
    bench.subscribed("")
    #expect(bench.said().count == 6)
    bench.publish("a", 5, "whole", whole: true)
    _ = bench.said()
    bench.subscribed("a")
    #expect(bench.said() == ["publish a 5 whole"])
  }

  @Test func aTopicThatIsTooLargeAsksForAWholeState() {
    // Each message of the bench counts one byte and what an object costs: room for two of them.
    var bench = Bench { $0.topicBytesMax = 2 * 513 }
    bench.worker(1)
    bench.publish("a", 0, "whole", whole: true)
    bench.publish("a", 1, "x")
    #expect(!bench.said().contains { $0.hasSuffix("snapshot") })
    bench.publish("a", 2, "x")
    #expect(bench.said().contains { $0.hasSuffix("snapshot") })
  }

  @Test func largeChangesAskBeforeTheyAreMany() {
    var bench = Bench { $0.topicBytesMax = 3 * 513 }
    bench.worker(1)
    bench.publish("a", 0, "whole", whole: true)
    _ = bench.said()
    for sequence in 1...20 as ClosedRange<UInt64> { bench.publish("a", sequence, "x") }
    // It is asked for once, and what goes beyond is passed on and not kept.
    #expect(bench.said().filter { $0.hasSuffix("snapshot") }.count == 1)
    #expect(bench.machine.status(now: bench.now).heldBytes == 0)
  }

  @Test func aSubscriberGetsOnlyWhatItAskedFor() {
    var bench = Bench()
    bench.worker(1)
    for topic in ["cost/hour", "cost/day", "other"] {
      bench.publish(topic, 1, topic, whole: true)
    }
    _ = bench.said()
    for (prefix, count) in [("cost/", 2), ("cost/day", 1), ("x", 0), ("", 3)] {
      bench.subscribed(prefix)
      #expect(bench.said().count == count, "'\(prefix)'")
    }
  }

  @Test func onlyAKnownWorkerPublishes() {
    var bench = Bench()
    bench.publish("a", 1, "whole", whole: true)
    #expect(bench.said() == ["worker-1 who"])
    bench.subscribed("")
    #expect(bench.said() == [])
  }
}
