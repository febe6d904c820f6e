// SPDX-License-Identifier: Apache-2.0

/// Follows topics: nothing is shown before a snapshot is here, every change is applied exactly
/// once and in order, and a gap is noticed and healed.
///
///     per topic      waiting ───snapshot────> following(epoch, sequence)
///                       ^                         │ change sequence + 1: apply
///                       │                         │ change or state not newer: ignore
///                       └──── gap: resubscribe ───┘
///
/// Subscribing (again) makes the broker publish the snapshot anew.
public struct SubscriberMachine<Payload>: ~Copyable {
  /// What the shell must do, in order.
  public enum Action {
    /// Replace everything known of the topic.
    case replace(topic: String, sequence: UInt64, Payload)
    /// Apply a change to what is known.
    case apply(topic: String, sequence: UInt64, Payload)
    /// Unsubscribe and subscribe: something was missed.
    case resubscribe
  }

  struct Position: Equatable {
    var epoch: UInt64
    var sequence: UInt64
  }

  #if PLANTED_FAULTS
    /// For the simulator only.
    public var fault: PlantedFault?
  #endif

  private var positions: [String: Position] = [:]
  private var healingSince: UInt64?
  /// How many gaps were noticed.
  public private(set) var gaps = 0

  /// A subscriber that has seen no message yet.
  public init() {}

  /// The sequence that is shown of a topic.
  public func sequence(of topic: String) -> UInt64? { positions[topic]?.sequence }

  /// A message of the stream.
  public mutating func received(
    _ header: Header, topic: String, _ payload: Payload?, now: UInt64,
    _ actions: inout [Action]
  ) {
    let known = positions[topic]
    // Epochs rise: what comes from an earlier life of the publisher is late.
    if let known, header.job.epoch < known.epoch { return }
    let isSameLife = isSameLife(header, known)
    #if PLANTED_FAULTS
      if let known, fault == .subscriberAppliesTwice, isSameLife, let payload,
        header.flags & Header.snapshot == 0, header.argument <= known.sequence
      {
        actions.append(.apply(topic: topic, sequence: header.argument, payload))
      }
      if let known, fault == .subscriberIgnoresGaps, isSameLife, let payload,
        header.flags & Header.snapshot == 0, header.argument > known.sequence + 1
      {
        positions[topic]?.sequence = header.argument
        actions.append(.apply(topic: topic, sequence: header.argument, payload))
        return
      }
    #endif
    switch (header.command, payload) {
    case (.publish, let payload?) where header.flags & Header.snapshot != 0:
      // An older state of the same life is news to somebody else.
      if isSameLife, let known, header.argument <= known.sequence { return }
      positions[topic] = Position(epoch: header.job.epoch, sequence: header.argument)
      healingSince = nil
      actions.append(.replace(topic: topic, sequence: header.argument, payload))
    case (.publish, let payload?):
      guard isSameLife, let known else { return missed(now, topic, &actions) }
      if header.argument <= known.sequence { return }
      guard header.argument == known.sequence + 1 else { return missed(now, topic, &actions) }
      positions[topic]?.sequence = header.argument
      actions.append(.apply(topic: topic, sequence: header.argument, payload))
    case (.heartbeat, _):
      guard isSameLife, let known, header.argument <= known.sequence else {
        return missed(now, topic, &actions)
      }
    default:
      break
    }
  }

  private func isSameLife(_ header: Header, _ known: Position?) -> Bool {
    #if PLANTED_FAULTS
      if fault == .subscriberIgnoresEpochs && known != nil { return true }
    #endif
    return known?.epoch == header.job.epoch
  }

  private mutating func missed(_ now: UInt64, _ topic: String, _ actions: inout [Action]) {
    // The answer takes a moment; asking again at each message until then would flood the broker.
    if let since = healingSince, now &- since < 500_000_000 { return }
    if positions.removeValue(forKey: topic) != nil { gaps += 1 }
    healingSince = now
    actions.append(.resubscribe)
  }
}
