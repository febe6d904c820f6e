// SPDX-License-Identifier: Apache-2.0

import Broker
import Determinism
import Testing

/// A subscriber beside a publisher whose log is a list: whatever the network does, what is shown is
/// always a beginning of a life of the publisher, and in the end it is all of the last one.
@Suite("Subscriber by seed")
struct SubscriberOracleTests {
  /// A message on its way: a part of the list, or the place of its end.
  struct Message {
    var epoch: UInt64
    var sequence: UInt64
    /// The whole list up to the sequence; a change holds only the last element.
    var isSnapshot = false
    var isHead = false
    /// The end of what a subscriber that joined did not have.
    var isMark = false
    var elements: [Int] = []

    var header: Header {
      Header(
        isMark ? .caughtUp : isHead ? .heartbeat : .publish,
        flags: isSnapshot ? Header.snapshot : 0,
        job: JobID(epoch: epoch, sequence: 0), argument: sequence)
    }
  }

  /// One topic of a publisher that starts anew now and then; the list of each life is kept.
  struct Publisher {
    var lives: [[Int]] = [[]]
    var epoch: UInt64 { UInt64(lives.count) }
    var list: [Int] { lives[lives.count - 1] }

    var whole: Message {
      Message(epoch: epoch, sequence: UInt64(list.count), isSnapshot: true, elements: list)
    }

    var head: Message { Message(epoch: epoch, sequence: UInt64(list.count), isHead: true) }

    var mark: Message { Message(epoch: 0, sequence: 0, isMark: true) }

    mutating func append(_ element: Int) -> Message {
      lives[lives.count - 1].append(element)
      return Message(epoch: epoch, sequence: UInt64(list.count), elements: [element])
    }
  }

  /// What a follower shows.
  struct Shown {
    var list: [Int]?
    var asks = 0

    /// Carries out the actions; false where a change does not follow what is shown.
    mutating func take(_ actions: [SubscriberMachine<[Int]>.Action], topic: String) -> Bool {
      for action in actions {
        switch action {
        case .replace(let name, let sequence, let elements):
          guard name == topic, sequence == UInt64(elements.count) else { return false }
          list = elements
        case .apply(let name, let sequence, let elements):
          guard name == topic, let before = list, sequence == UInt64(before.count) + 1 else {
            return false
          }
          list = before + elements
        case .join: asks += 1
        case .caughtUp: break
        }
      }
      return true
    }
  }

  @Test("Drops, duplicates, reordering, new lives", arguments: 0..<300 as Range<UInt64>)
  func anything(_ seed: UInt64) {
    var random = SplitMix64(seed: seed)
    var publisher = Publisher()
    var machine = SubscriberMachine<[Int]>(now: 0)
    var shown = Shown()
    var network: [Message] = [publisher.whole, publisher.mark]
    var now: UInt64 = 0

    func deliver(_ message: Message, _ machine: inout SubscriberMachine<[Int]>) {
      now += 100_000_000
      var actions: [SubscriberMachine<[Int]>.Action] = []
      let payload = message.isHead || message.isMark ? nil : message.elements
      machine.received(message.header, topic: "t", payload, now: now, &actions)
      machine.tick(now: now, &actions)
      let fits = shown.take(actions, topic: "t")
      #expect(fits, "seed \(seed): \(message)")
      if case .join? = actions.last { network += [publisher.whole, publisher.mark] }
      guard let list = shown.list else { return }
      // A gap forgets the place, not what was shown.
      if let place = machine.sequence(of: "t") {
        #expect(place == UInt64(list.count), "seed \(seed)")
      }
      #expect(
        publisher.lives.contains { $0.starts(with: list) }, "seed \(seed): \(list) is of no life")
    }

    for step in 0..<200 {
      switch random.below(20) {
      case 0: publisher.lives.append([])
      case 1...2: network.append(publisher.whole)
      case 3...4: network.append(publisher.head)
      default: network.append(publisher.append(step))
      }
      guard !network.isEmpty else { continue }
      let place =
        random.below(3) == 0 ? Int(random.below(UInt64(network.count))) : 0
      let message = network[place]
      switch random.below(10) {
      case 0: network.remove(at: place)  // Lost.
      case 1: deliver(message, &machine)  // And comes again.
      default:
        network.remove(at: place)
        deliver(message, &machine)
      }
    }
    // Now everything arrives, and the head is told until there is nothing to ask for.
    for _ in 0..<40 {
      let waiting = network
      network = []
      for message in waiting { deliver(message, &machine) }
      network.append(publisher.head)
    }
    #expect(shown.list == publisher.list, "seed \(seed)")
    #expect(machine.sequence(of: "t") == UInt64(publisher.list.count), "seed \(seed)")
  }

  @Test("Without misfortunes nothing is asked for", arguments: 0..<20 as Range<UInt64>)
  func calm(_ seed: UInt64) {
    var random = SplitMix64(seed: seed)
    var publisher = Publisher()
    var machine = SubscriberMachine<[Int]>(now: 0)
    var shown = Shown()
    var messages = [publisher.whole, publisher.mark]
    for step in 0..<100 {
      if random.below(5) == 0 { messages.append(publisher.whole) }
      if random.below(5) == 0 { messages.append(publisher.head) }
      messages.append(publisher.append(step))
    }
    for (now, message) in messages.enumerated() {
      var actions: [SubscriberMachine<[Int]>.Action] = []
      machine.received(
        message.header, topic: "t", message.isHead || message.isMark ? nil : message.elements,
        now: UInt64(now),
        &actions)
      let fits = shown.take(actions, topic: "t")
      #expect(fits, "seed \(seed)")
    }
    #expect(shown.list == publisher.list && shown.asks == 0 && machine.gaps == 0, "seed \(seed)")
  }
}

@Suite("Subscriber's rules")
struct SubscriberRuleTests {
  typealias Machine = SubscriberMachine<String>

  static func head(_ sequence: UInt64, epoch: UInt64 = 1) -> Header {
    Header(.heartbeat, job: JobID(epoch: epoch, sequence: 0), argument: sequence)
  }

  /// Whole state 5 of life 3, then one message: what comes of it.
  @Test(
    "One message after a whole state",
    arguments: [
      // what, header, payload, actions
      ("the next change", SubscriberMachineTests.header(6, epoch: 3), "x", ["apply 6 x"]),
      ("the change that is shown", SubscriberMachineTests.header(5, epoch: 3), "x", []),
      ("an old change", SubscriberMachineTests.header(1, epoch: 3), "x", []),
      ("a change too far", SubscriberMachineTests.header(7, epoch: 3), "x", ["join"]),
      ("an earlier life's change", SubscriberMachineTests.header(6, epoch: 2), "x", []),
      (
        "an earlier life's whole state",
        SubscriberMachineTests.header(9, epoch: 2, whole: true), "x", []
      ),
      (
        "a later life's change", SubscriberMachineTests.header(6, epoch: 4), "x", ["join"]
      ),
      (
        "a later life's whole state", SubscriberMachineTests.header(0, epoch: 4, whole: true), "x",
        ["replace 0 x"]
      ),
      (
        "the same whole state", SubscriberMachineTests.header(5, epoch: 3, whole: true), "x", []
      ),
      (
        "a newer whole state", SubscriberMachineTests.header(9, epoch: 3, whole: true), "x",
        ["replace 9 x"]
      ),
      ("the head that is shown", SubscriberRuleTests.head(5, epoch: 3), nil, []),
      ("a head behind", SubscriberRuleTests.head(4, epoch: 3), nil, []),
      ("a head before", SubscriberRuleTests.head(6, epoch: 3), nil, ["join"]),
      ("an earlier life's head", SubscriberRuleTests.head(9, epoch: 2), nil, []),
      ("a later life's head", SubscriberRuleTests.head(0, epoch: 4), nil, ["join"]),
      ("a change without a payload", SubscriberMachineTests.header(6, epoch: 3), nil, []),
      ("something else", Header(.bye, job: JobID(epoch: 3, sequence: 0)), nil, []),
    ] as [(String, Header, String?, [String])])
  func rules(_ what: String, _ header: Header, _ payload: String?, _ expected: [String]) {
    var machine = SubscriberMachineTests.live()
    var actions: [Machine.Action] = []
    machine.received(
      SubscriberMachineTests.header(5, epoch: 3, whole: true), topic: "t", "V", now: 1, &actions)
    actions = []
    machine.received(header, topic: "t", payload, now: 2, &actions)
    #expect(SubscriberMachineTests.text(actions) == expected, "\(what)")
  }

  @Test func topicsAreFollowedApart() {
    var machine = SubscriberMachineTests.live()
    var actions: [Machine.Action] = []
    machine.received(
      SubscriberMachineTests.header(1, whole: true), topic: "a", "A", now: 1, &actions)
    machine.received(
      SubscriberMachineTests.header(7, whole: true), topic: "b", "B", now: 2, &actions)
    machine.received(SubscriberMachineTests.header(2), topic: "a", "a", now: 3, &actions)
    machine.received(SubscriberMachineTests.header(8), topic: "b", "b", now: 4, &actions)
    #expect(
      SubscriberMachineTests.text(actions) == [
        "replace 1 A", "replace 7 B", "apply 2 a", "apply 8 b",
      ])
    #expect(machine.sequence(of: "a") == 2 && machine.sequence(of: "b") == 8)
    #expect(machine.sequence(of: "c") == nil)
    // A gap in one is none in the other.
    actions = []
    machine.received(SubscriberMachineTests.header(9), topic: "a", "?", now: 5, &actions)
    machine.received(SubscriberMachineTests.header(9), topic: "b", "b", now: 6, &actions)
    #expect(SubscriberMachineTests.text(actions) == ["join", "apply 9 b"])
    #expect(machine.sequence(of: "a") == nil && machine.gaps == 1)
  }

  @Test func joiningIsTriedAgainWhenNoMarkComes() {
    var machine = SubscriberMachineTests.live()
    var actions: [Machine.Action] = []
    let second: UInt64 = 1_000_000_000
    // Nothing is known: the first head asks, and then the time that passes without a mark.
    for tenth in 0...24 as ClosedRange<UInt64> {
      let now = second + tenth * second / 10
      machine.received(Self.head(3), topic: "t", nil, now: now, &actions)
      machine.tick(now: now, &actions)
    }
    #expect(SubscriberMachineTests.text(actions) == ["join", "join", "join"])
    #expect(machine.gaps == 0)  // Nothing was shown, so nothing was missed.
  }
}
