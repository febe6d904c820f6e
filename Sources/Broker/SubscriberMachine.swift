// SPDX-License-Identifier: Apache-2.0

/// Follows topics: nothing is shown before a snapshot is here, every change is applied exactly
/// once and in order, and a gap is noticed and healed.
///
///     joining ──CAUGHT UP──> live ──gap, or a topic that is not known──> joining
///        └── no mark for ``joinInterval``: joining again
///
///     per topic      unknown ───snapshot────> at (epoch, sequence)
///                                                 │ delta sequence + 1: apply
///                                                 │ delta or snapshot not newer: ignore
///
/// What the broker keeps is asked for under a token of the subscriber's own and comes to it alone.
public struct SubscriberMachine<Payload>: ~Copyable {
  /// What the shell must do, in order.
  public enum Action {
    /// Replace everything known of the topic.
    case replace(topic: String, sequence: UInt64, Payload)
    /// Apply a change to what is known.
    case apply(topic: String, sequence: UInt64, Payload)
    /// Subscribe to `@TOKEN/` and each prefix, with a new token.
    case join
    /// Everything that the broker has was shown: what follows is news.
    case caughtUp
  }

  struct Position: Equatable {
    var epoch: UInt64
    var sequence: UInt64
  }

  enum State: Equatable {
    /// - Parameter marks: that are still to come, one for each prefix.
    case joining(since: UInt64, marks: Int)
    case live
  }

  #if PLANTED_FAULTS
    /// For the simulator only.
    public var fault: PlantedFault?
  #endif

  /// Nanoseconds without a mark after which the subscriber joins again.
  public static var joinInterval: UInt64 { 1_000_000_000 }

  private let prefixes: Int
  private var state: State
  private var positions: [String: Position] = [:]
  /// How many gaps were noticed.
  public private(set) var gaps = 0

  /// A subscriber that subscribes now.
  /// - Parameter prefixes: how many prefixes it joins with, each of which is marked.
  public init(prefixes: Int = 1, now: UInt64) {
    self.prefixes = prefixes
    state = .joining(since: now, marks: prefixes)
  }

  /// The sequence that is shown of a topic.
  public func sequence(of topic: String) -> UInt64? { positions[topic]?.sequence }
  /// Whether everything that the broker had was shown.
  public var isLive: Bool { state == .live }

  /// Call a few times a second: a mark may be lost, or the broker.
  public mutating func tick(now: UInt64, _ actions: inout [Action]) {
    guard case .joining(let since, _) = state, now &- since >= Self.joinInterval else { return }
    #if PLANTED_FAULTS
      if fault == .subscriberNeverRejoins { return }
    #endif
    join(now, &actions)
  }

  /// A message of the stream.
  /// - Parameter topic: without the token, if it came under one.
  public mutating func received(
    _ header: Header, topic: String, _ payload: Payload?, now: UInt64,
    _ actions: inout [Action]
  ) {
    switch (header.command, payload) {
    case (.caughtUp, _):
      guard case .joining(let since, let marks) = state else { return }
      state = marks > 1 ? .joining(since: since, marks: marks - 1) : .live
      if state == .live { actions.append(.caughtUp) }
    case (.publish, let payload?):
      if header.flags & Header.snapshot != 0 {
        snapshot(header, topic, payload, &actions)
      } else {
        delta(header, topic, payload, now, &actions)
      }
    case (.heartbeat, _):
      let known = positions[topic]
      if let known, header.job.epoch < known.epoch { return }
      guard isSameLife(header, known), let known, header.argument <= known.sequence else {
        return missed(now, topic, &actions)
      }
    default:
      break
    }
  }

  private mutating func snapshot(
    _ header: Header, _ topic: String, _ payload: Payload, _ actions: inout [Action]
  ) {
    if let known = positions[topic] {
      // Epochs rise: what comes from an earlier life of the publisher is late.
      if header.job.epoch < known.epoch { return }
      // An older state of the same life is news to nobody here.
      if isSameLife(header, known), header.argument <= known.sequence { return }
    }
    positions[topic] = Position(epoch: header.job.epoch, sequence: header.argument)
    actions.append(.replace(topic: topic, sequence: header.argument, payload))
  }

  private mutating func delta(
    _ header: Header, _ topic: String, _ payload: Payload, _ now: UInt64,
    _ actions: inout [Action]
  ) {
    let known = positions[topic]
    if let known, header.job.epoch < known.epoch { return }
    let isSameLife = isSameLife(header, known)
    #if PLANTED_FAULTS
      if let known, fault == .subscriberAppliesTwice, isSameLife, header.argument <= known.sequence
      {
        actions.append(.apply(topic: topic, sequence: header.argument, payload))
      }
      if let known, fault == .subscriberIgnoresGaps, isSameLife, header.argument > known.sequence {
        positions[topic]?.sequence = header.argument
        actions.append(.apply(topic: topic, sequence: header.argument, payload))
        return
      }
    #endif
    guard isSameLife, let known else { return missed(now, topic, &actions) }
    if header.argument <= known.sequence { return }
    guard header.argument - known.sequence == 1 else { return missed(now, topic, &actions) }
    positions[topic]?.sequence = header.argument
    actions.append(.apply(topic: topic, sequence: header.argument, payload))
  }

  private func isSameLife(_ header: Header, _ known: Position?) -> Bool {
    #if PLANTED_FAULTS
      if fault == .subscriberIgnoresEpochs && known != nil { return true }
    #endif
    return known?.epoch == header.job.epoch
  }

  /// Something is not here. While joining, it is on its way.
  private mutating func missed(_ now: UInt64, _ topic: String, _ actions: inout [Action]) {
    guard state == .live else { return }
    if positions.removeValue(forKey: topic) != nil { gaps += 1 }
    join(now, &actions)
  }

  private mutating func join(_ now: UInt64, _ actions: inout [Action]) {
    state = .joining(since: now, marks: prefixes)
    actions.append(.join)
  }
}
