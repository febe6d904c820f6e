// SPDX-License-Identifier: Apache-2.0

import Broker
import CBOR
import ClusterAccess
import Economics
import Reporting

/// What the machines of a broker and its peers say to one another, as the frames that the sockets carry.
/// Nothing in it is drawn at random, so that it can be written down (`docs/vectors`).
struct Conversation: ~Copyable {
  /// A message: who says it to whom, and its frames.
  struct Line: Equatable {
    /// A remark before it; empty for none.
    var remark: String
    var way: String
    var frames: [[UInt8]]
  }

  private static let release = "0.2.0"

  private var broker: BrokerMachine<[UInt8]>
  /// Letters that stand for connections.
  private var letters: [PeerID: String] = [:]
  private var now: UInt64 = 1_000_000_000
  private var remark = ""
  private(set) var lines: [Line] = []
  /// Jobs that a worker was given, in order.
  private(set) var given: [Header] = []

  init() {
    broker = BrokerMachine(
      settings: .init(access: .cluster), release: Self.release, identity: 0x1122_3344_5566_7788,
      now: 1_000_000_000)
  }

  /// Says before the next message what it is.
  mutating func note(_ text: String) { remark = text }

  private mutating func add(_ way: String, _ frames: [[UInt8]]) {
    lines.append(Line(remark: remark, way: way, frames: frames))
    remark = ""
  }

  static func bytes(_ header: Header) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: Header.byteCount)
    bytes.withUnsafeMutableBytes { header.write(to: $0) }
    return bytes
  }

  // MARK: Peers

  /// Gives a connection its letter before it has greeted.
  mutating func introduce(_ letter: String, _ peer: PeerID) { letters[peer] = letter }

  /// An instance whose bytes rise from `first`.
  static func instance(_ first: UInt8) -> Instance {
    let bytes = (0..<16).map { first &+ $0 }
    func word(_ offset: Int) -> UInt64 {
      bytes[offset..<(offset + 8)].reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }
    return Instance(low: word(0), high: word(8))
  }

  /// Connects a peer, whose letter is in the lines from now on, and greets.
  mutating func greet(
    _ letter: String, _ peer: PeerID, role: PeerRole, name: String, services: [String] = [],
    routes: [[String]] = [], instance: UInt8
  ) throws {
    letters[peer] = letter
    let hello = Hello(
      role: role, name: name, process: 4_711, release: Self.release, services: services,
      routes: routes, instance: Self.instance(instance))
    add("\(letter) > B", [Self.bytes(Header(.hello)), try CBOREncoder().encode(hello)])
    var actions: [BrokerMachine<[UInt8]>.Action] = []
    broker.greeted(hello, by: peer, now: now, &actions)
    try take(actions)
  }

  /// A peer says something.
  mutating func say(
    _ peer: PeerID, _ header: Header, _ payload: [UInt8]? = nil, control: [UInt8]? = nil
  ) throws {
    add(
      "\(letters[peer] ?? "?") > B", [Self.bytes(header)] + [payload, control].compactMap(\.self))
    var actions: [BrokerMachine<[UInt8]>.Action] = []
    broker.received(
      header, payload, control: control, controlBytes: control?.count ?? 0,
      bytes: (payload?.count ?? 0) + (control?.count ?? 0), from: peer, now: now, &actions)
    try take(actions)
  }

  mutating func publish(_ peer: PeerID, _ header: Header, _ topic: String, _ payload: [UInt8])
    throws
  {
    add("\(letters[peer] ?? "?") > B", [Self.bytes(header), Array(topic.utf8), payload])
    var actions: [BrokerMachine<[UInt8]>.Action] = []
    broker.published(
      header, topic: topic, payload, bytes: payload.count, by: peer, now: now, &actions)
    try take(actions)
  }

  /// A subscriber subscribes: what its socket sends upwards is libzmq's, so the line holds the prefix alone.
  mutating func subscribe(_ prefix: String) throws {
    add("S subscribes", [Array(prefix.utf8)])
    var actions: [BrokerMachine<[UInt8]>.Action] = []
    broker.subscribed(prefix, &actions)
    try take(actions)
  }

  /// The broker's next heartbeat; heads of topics too.
  mutating func tick() throws {
    now += 1_000_000_000
    var actions: [BrokerMachine<[UInt8]>.Action] = []
    // Too late to blame anybody.
    broker.tick(now: now, &actions)
    try take(actions)
  }

  private mutating func take(_ actions: [BrokerMachine<[UInt8]>.Action]) throws {
    for action in actions {
      switch action {
      case .send(let peer, let header, let payload): told(peer, header, payload, nil)
      case .sendWithControl(let peer, let header, let payload, let control):
        told(peer, header, payload, control)
      case .welcome(let peer, let welcome):
        told(peer, Header(.welcome), try CBOREncoder().encode(welcome), nil)
      case .status(let peer, let header, let status):
        told(peer, header, try CBOREncoder().encode(status), nil)
      case .publish(let topic, let header, let payload):
        add(
          "B > S", [Array(topic.utf8) + [0], Self.bytes(header)] + [payload].compactMap(\.self))
      case .refuse(let peer, let code, let reason):
        told(peer, Header(.error, argument: code.rawValue), Array(reason.utf8), nil)
      case .note: break
      }
    }
  }

  private mutating func told(
    _ peer: PeerID, _ header: Header, _ payload: [UInt8]?, _ control: [UInt8]?
  ) {
    if header.command == .job { given.append(header) }
    add(
      "B > \(letters[peer] ?? "?")", [Self.bytes(header)] + [payload, control].compactMap(\.self))
  }
}
