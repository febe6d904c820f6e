// SPDX-License-Identifier: Apache-2.0

import DequeModule

/// The stream side of the broker: it passes on what is published and keeps, for each topic, the last
/// snapshot and the deltas since, so that a late subscriber can start anywhere.
///
///     publisher                  broker keeps              a subscriber that joins now gets
///     snapshot, sequence 7       [snapshot 7]
///     delta 8                    [snapshot 7] [8]
///     delta 9                    [snapshot 7] [8] [9]      snapshot 7, deltas 8 and 9, CAUGHT UP, then live
///     snapshot, sequence 9       [snapshot 9]              snapshot 9, CAUGHT UP, then live
///
/// Who joins subscribes to `@TOKEN/PREFIX` beside `PREFIX`, with a token of its own; what is kept is then
/// published under `@TOKEN/` and reaches nobody else.
///
/// A topic belongs to the connection that published it first and ends with it.
extension BrokerMachine {
  struct Topic {
    var epoch: UInt64
    var sequence: UInt64
    var snapshot: Payload?
    var changes: [(sequence: UInt64, payload: Payload)] = []
    var bytes = 0
    /// A snapshot was asked for, and deltas are not kept until it is here.
    var isAsked = false
    let publisher: PeerID
  }

  /// Subscribers that wait for what is kept, each with its token and prefix.
  struct JoinQueue {
    var waiting: Deque<(token: String, prefix: String)> = []
    /// Bytes published for joiners since the last heartbeat.
    var bytes = 0
    static var max: Int { 1_024 }
  }

  /// A publisher's message: the snapshot of a topic, or the next change of it.
  public mutating func published(
    _ header: Header, topic name: String, _ payload: Payload, bytes: Int, by peer: PeerID,
    now: UInt64, _ actions: inout [Action]
  ) {
    guard let worker = workers[peer] else { return askWho(peer, &actions) }
    worker.lastHeard = now
    guard Hello.isName(name), header.argument < .max else {
      return refuse(peer, .malformed, "not the name of a topic, or not a sequence", &actions)
    }
    guard settings.access.roles[worker.hello.role]?.mayPublish(name) == true else {
      return refuse(peer, .role, "the role may not publish '\(name)'", &actions)
    }
    if let known = topics[name], known.publisher != peer {
      return refuse(peer, .taken, "another peer publishes '\(name)'", &actions)
    }
    guard topics[name] != nil || topics.count < settings.topicsMax else {
      return refuse(peer, .full, "the broker keeps no more topics (\(topics.count))", &actions)
    }
    let held = bytes + Settings.overhead
    var topic =
      topics[name]
      ?? Topic(epoch: header.job.epoch, sequence: header.argument, snapshot: nil, publisher: peer)
    let before = topic.bytes
    if header.flags & Header.snapshot != 0 {
      keepSnapshot(header, payload, held, &topic)
    } else {
      keepChange(header, payload, held, &topic, &actions)
    }
    topicBytes += topic.bytes - before
    topics[name] = topic
    actions.append(.publish(topic: name, header, payload))
  }

  private func keepSnapshot(_ header: Header, _ payload: Payload, _ held: Int, _ topic: inout Topic)
  {
    topic.epoch = header.job.epoch
    topic.sequence = header.argument
    topic.changes = []
    topic.isAsked = false
    let hasRoom =
      held <= settings.topicBytesMax && heldBytes - topic.bytes + held <= settings.memoryMax
    topic.snapshot = hasRoom ? payload : nil
    topic.bytes = hasRoom ? held : 0
  }

  private func keepChange(
    _ header: Header, _ payload: Payload, _ held: Int, _ topic: inout Topic,
    _ actions: inout [Action]
  ) {
    let isNext = topic.sequence < header.argument && header.argument - topic.sequence == 1
    let follows = topic.snapshot != nil && topic.epoch == header.job.epoch && isNext
    let fits =
      isPlanted(.brokerIgnoresTopicBytes)
      || topic.bytes + held <= settings.topicBytesMax && heldBytes + held <= settings.memoryMax
    topic.epoch = header.job.epoch
    topic.sequence = header.argument
    guard follows, fits else {
      // A change without what it changes, or more than we keep: it is no state any more. Ask for one.
      topic.snapshot = nil
      topic.changes = []
      topic.bytes = 0
      return ask(&topic, &actions)
    }
    topic.changes.append((header.argument, payload))
    topic.bytes += held
    if topic.changes.count >= settings.topicChangesMax { ask(&topic, &actions) }
  }

  /// Once: not at each change that follows before the answer is here.
  private func ask(_ topic: inout Topic, _ actions: inout [Action]) {
    if topic.isAsked { return }
    topic.isAsked = true
    actions.append(.send(topic.publisher, Header(.snapshot), nil))
  }

  /// What a publisher leaves behind goes with it.
  mutating func dropTopics(of peer: PeerID) {
    if isPlanted(.brokerKeepsTopics) { return }
    for (name, topic) in topics where topic.publisher == peer {
      topicBytes -= topic.bytes
      topics[name] = nil
    }
  }

  // MARK: Joining

  /// Somebody subscribed, to a prefix of topics as they are sent: each ends with a zero. `@TOKEN/PREFIX` asks for what is kept of the topics with the prefix; other
  /// subscriptions cost nothing and change nothing.
  public mutating func subscribed(_ subscription: String, _ actions: inout [Action]) {
    guard subscription.utf8.first == UInt8(ascii: "@"), subscription.utf8.count <= 256,
      let slash = subscription.firstIndex(of: "/")
    else { return }
    let token = String(subscription[...slash])
    let prefix = String(subscription[subscription.index(after: slash)...])
    guard (10...34).contains(token.utf8.count), joining.waiting.count < JoinQueue.max else {
      return
    }
    joining.waiting.append((token, prefix))
    replay(&actions)
  }

  /// A new heartbeat interval has a new measure of bytes for joiners.
  mutating func replayForJoiners(_ actions: inout [Action]) {
    joining.bytes = 0
    replay(&actions)
  }

  private mutating func replay(_ actions: inout [Action]) {
    while joining.bytes < settings.joinBytesMax, let (token, prefix) = joining.waiting.popFirst() {
      for (name, topic) in topics.sorted(by: { $0.key < $1.key })
      where "\(name)\0".hasPrefix(prefix) {
        guard let snapshot = topic.snapshot else { continue }
        joining.bytes += topic.bytes
        replay(topic, snapshot, as: token + name, &actions)
      }
      joining.bytes += Settings.overhead
      if isPlanted(.brokerSkipsMark) { continue }
      actions.append(.publish(topic: token + prefix, Header(.caughtUp), nil))
    }
  }

  private func replay(
    _ topic: Topic, _ snapshot: Payload, as name: String, _ actions: inout [Action]
  ) {
    let id = JobID(epoch: topic.epoch, sequence: 0)
    let first = topic.sequence &- UInt64(topic.changes.count)
    actions.append(
      .publish(
        topic: name, Header(.publish, flags: Header.snapshot, job: id, argument: first), snapshot))
    if isPlanted(.brokerForgetsChanges) { return }
    for change in topic.changes {
      actions.append(
        .publish(
          topic: name, Header(.publish, job: id, argument: change.sequence), change.payload))
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
