// SPDX-License-Identifier: Apache-2.0

/// The stream side of the broker: it passes on what is published and keeps, for each topic, the last
/// snapshot and the deltas since, so that a late subscriber can start anywhere.
///
///     publisher                  broker keeps              a subscriber that joins now gets
///     snapshot, sequence 7       [snapshot 7]
///     delta 8                    [snapshot 7] [8]
///     delta 9                    [snapshot 7] [8] [9]      snapshot 7, deltas 8 and 9, then live
///     snapshot, sequence 9       [snapshot 9]              snapshot 9, then live
extension BrokerMachine {
  struct Topic {
    var epoch: UInt64
    var sequence: UInt64
    var snapshot: Payload?
    var changes: [(sequence: UInt64, payload: Payload)] = []
    var bytes = 0
    var publisher: PeerID
  }

  /// A publisher's message: the snapshot of a topic, or the next change of it.
  public mutating func published(
    _ header: Header, topic name: String, _ payload: Payload, bytes: Int, by peer: PeerID,
    now: UInt64, _ actions: inout [Action]
  ) {
    guard let worker = workers[peer] else {
      actions.append(.send(peer, Header(.who, argument: identity), nil))
      return
    }
    worker.lastHeard = now
    guard topics[name] != nil || topics.count < settings.topicsMax else { return }
    if header.flags & Header.snapshot != 0 {
      topics[name] = Topic(
        epoch: header.job.epoch, sequence: header.argument, snapshot: payload, bytes: bytes,
        publisher: peer)
    } else {
      keepChange(header, name, payload, bytes, peer, &actions)
    }
    actions.append(.publish(topic: name, header, payload))
  }

  mutating func keepChange(
    _ header: Header, _ name: String, _ payload: Payload, _ bytes: Int, _ peer: PeerID,
    _ actions: inout [Action]
  ) {
    guard var topic = topics[name], topic.epoch == header.job.epoch, topic.snapshot != nil,
      header.argument == topic.sequence + 1
    else {
      // A change without what it changes: what we keep is no longer a state. Ask for one.
      topics[name] = Topic(
        epoch: header.job.epoch, sequence: header.argument, snapshot: nil, publisher: peer)
      actions.append(.send(peer, Header(.snapshot), nil))
      return
    }
    topic.sequence = header.argument
    topic.changes.append((header.argument, payload))
    topic.bytes += bytes
    topic.publisher = peer
    // Ask once per overrun, not at each change that follows before the answer is here.
    let isOver =
      topic.changes.count >= settings.topicChangesMax || topic.bytes > settings.topicBytesMax
    if isOver && topic.changes.count % settings.topicChangesMax == 0 {
      actions.append(.send(peer, Header(.snapshot), nil))
    }
    topics[name] = topic
  }

  /// Somebody subscribed to `prefix`: the state of every such topic is published again. Those who
  /// have it see by epoch and sequence that nothing is new.
  public func subscribed(prefix: String, _ actions: inout [Action]) {
    for (name, topic) in topics.sorted(by: { $0.key < $1.key }) where name.hasPrefix(prefix) {
      guard let snapshot = topic.snapshot else { continue }
      let first = topic.changes.first.map { $0.sequence - 1 } ?? topic.sequence
      let id = JobID(epoch: topic.epoch, sequence: 0)
      actions.append(
        .publish(
          topic: name, Header(.publish, flags: Header.snapshot, job: id, argument: first), snapshot)
      )
      #if PLANTED_FAULTS
        if settings.fault == .brokerForgetsChanges { continue }
      #endif
      for change in topic.changes {
        actions.append(
          .publish(
            topic: name, Header(.publish, job: id, argument: change.sequence), change.payload))
      }
    }
  }

  /// Once a second each topic's head sequence is published: a subscriber that lost the last change
  /// would otherwise not know.
  func announceHeads(_ now: UInt64, _ actions: inout [Action]) {
    for (name, topic) in topics.sorted(by: { $0.key < $1.key }) where topic.snapshot != nil {
      let header = Header(
        .heartbeat, job: JobID(epoch: topic.epoch, sequence: 0), argument: topic.sequence)
      actions.append(.publish(topic: name, header, nil))
    }
  }
}
