// SPDX-License-Identifier: Apache-2.0

import Broker
import ClusterAccess
import Testing

/// What each role of a cluster may offer, send, publish and say, as a broker with its table answers: every cell
/// of the table in `docs/SECURITY.md`, allowed and forbidden.
@Suite("Who may do what")
struct AccessTests {
  struct Bench: ~Copyable {
    var machine = BrokerMachine<String>(
      settings: .init(access: .cluster), release: "t", identity: 7, now: 0)

    /// What the peer is told: `welcome`, or the code of the refusal.
    mutating func greet(
      _ peer: PeerID, _ role: PeerRole, services: [String] = [], routes: [[String]] = [],
      instance: UInt64? = nil
    ) -> String {
      var actions: [BrokerMachine<String>.Action] = []
      machine.greeted(
        Hello(
          role: role, name: "p", process: 1, release: "t", services: services, routes: routes,
          instance: Instance(low: instance ?? UInt64(peer.number), high: 1)),
        by: peer, now: 0, &actions)
      return Self.told(actions, peer)
    }

    mutating func publish(_ topic: String, by peer: PeerID) -> String {
      var actions: [BrokerMachine<String>.Action] = []
      machine.published(
        Header(.publish, flags: Header.snapshot, job: JobID(epoch: 1, sequence: 0), argument: 1),
        topic: topic, "p", bytes: 1, by: peer, now: 0, &actions)
      return Self.told(actions, peer)
    }

    mutating func say(_ header: Header, _ payload: String? = nil, by peer: PeerID) -> String {
      var actions: [BrokerMachine<String>.Action] = []
      machine.received(header, payload, bytes: 1, from: peer, now: 0, &actions)
      return Self.told(actions, peer)
    }

    static func told(_ actions: [BrokerMachine<String>.Action], _ peer: PeerID) -> String {
      for action in actions {
        switch action {
        case .welcome(peer, _): return "welcome"
        case .refuse(peer, let code, _): return "\(code)"
        case .publish: return "published"
        case .send(peer, let header, _): return "\(header.command)"
        default: continue
        }
      }
      return "nothing"
    }
  }

  static let table = AccessTable.cluster
  static let roles = table.roles.keys.sorted { $0.rawValue < $1.rawValue }
  /// Every service, with an own one and one that nobody knows.
  static let services =
    table.services.keys.sorted() + [ServiceName.broker, "x-own", "y-other", "x", "Price"]
  /// Every route, with an own one and some that would go around the table.
  static let routes =
    Set(table.roles.values.flatMap(\.routes)).sorted { $0.joined() < $1.joined() }
    + services.map { [$0] }
    + [
      [ServiceName.price, ServiceName.books], [ServiceName.ledger, ServiceName.price],
      [ServiceName.price, ServiceName.ledger, ServiceName.ledger], ["x-own", ServiceName.ledger],
      [ServiceName.query, "x-own"], ["x-own", "x-other"],
    ]

  static let worker = PeerID(.worker, 1)
  static let client = PeerID(.client, 1)

  static func isOwn(_ name: String) -> Bool { name.hasPrefix("x-") }

  @Test("A role offers its own services", arguments: roles, services)
  func offers(_ role: PeerRole, _ service: String) throws {
    let rules = try #require(Self.table.roles[role])
    let may = rules.offers.contains(service) || rules.hasOwnServices && Self.isOwn(service)
    var bench = Bench()
    #expect(bench.greet(Self.worker, role, services: [service]) == (may ? "welcome" : "role"))
    // One that it may offer does not carry one that it may not.
    let more = rules.offers.sorted() + [service]
    if Set(more).count == more.count {
      #expect(bench.greet(Self.worker, role, services: more) == (may ? "welcome" : "role"))
    }
    // Services are not offered where jobs are sent.
    if may { #expect(bench.greet(Self.client, role, services: [service]) == "role") }
  }

  @Test("A role sends to its own routes", arguments: roles, routes)
  func opens(_ role: PeerRole, _ route: [String]) throws {
    let rules = try #require(Self.table.roles[role])
    let may =
      rules.routes.contains(route)
      || rules.hasOwnServices && route.count == 1 && Self.isOwn(route[0])
    var bench = Bench()
    #expect(bench.greet(Self.client, role, routes: [route]) == (may ? "welcome" : "role"))
    if may { #expect(bench.greet(Self.worker, role, routes: [route]) == "role") }
  }

  @Test(
    "A role publishes its own topics", arguments: roles,
    ["cost/day/model", "cost/", "cost", "Cost/day", "x-own", "audit/all", "@0123456789/cost/day"])
  func publishes(_ role: PeerRole, _ topic: String) throws {
    let rules = try #require(Self.table.roles[role])
    let may = rules.topics.contains { topic.hasPrefix($0) }
    var bench = Bench()
    #expect(bench.publish(topic, by: Self.worker) == "who")
    #expect(bench.greet(Self.worker, role) == "welcome")
    #expect(bench.publish(topic, by: Self.worker) == (may ? "published" : "role"))
    #expect(may == (role == .report && topic.hasPrefix("cost/")))
  }

  @Test("Only ingest has workers quarantined", arguments: roles)
  func quarantines(_ role: PeerRole) {
    var bench = Bench()
    #expect(bench.greet(Self.worker, .worker, services: [ServiceName.price]) == "welcome")
    #expect(bench.greet(Self.client, role) == "welcome")
    let told = bench.say(Header(.quarantine, argument: 1), by: Self.client)
    #expect(told == (role == .ingest ? "nothing" : "role"))
    let worker = bench.machine.status(now: 0).workers.first { $0.number == 1 }
    #expect(worker?.quarantined == (role == .ingest))
  }

  @Test("One process at a time has an exclusive role", arguments: roles)
  func exclusive(_ role: PeerRole) throws {
    let isExclusive = try #require(Self.table.roles[role]).isExclusive
    #expect(isExclusive == (role == .ingest || role == .report))
    var bench = Bench()
    #expect(bench.greet(Self.worker, role) == "welcome")
    // Another connection of it, and another process.
    #expect(bench.greet(PeerID(.client, 2), role, instance: 1) == "welcome")
    #expect(bench.greet(PeerID(.worker, 3), role) == (isExclusive ? "taken" : "welcome"))
    #expect(bench.greet(PeerID(.client, 4), role) == (isExclusive ? "taken" : "welcome"))
  }

  @Test("A role has so many connections", arguments: roles)
  func connections(_ role: PeerRole) throws {
    let most = try #require(Self.table.roles[role]).peersMax
    var bench = Bench()
    for number in 1...UInt32(most) {
      #expect(bench.greet(PeerID(.worker, number), role, instance: 1) == "welcome")
    }
    #expect(bench.greet(PeerID(.worker, 5_000), role, instance: 1) == "full")
    // Others are not shut out by it.
    for other in Self.roles where other != role {
      #expect(bench.greet(PeerID(.client, 6_000 + UInt32(other.rawValue)), other) == "welcome")
    }
  }

  @Test("No other role is known", arguments: [0, 5, 6, 255] as [UInt8])
  func unknown(_ number: UInt8) {
    var bench = Bench()
    #expect(bench.greet(Self.worker, PeerRole(rawValue: number)) == "role")
    #expect(bench.greet(Self.client, PeerRole(rawValue: number)) == "role")
  }

  @Test("A side says what is the side's to say", arguments: Command.allCases)
  func commands(_ command: Command) {
    if command == .hello { return }
    var bench = Bench()
    #expect(bench.greet(Self.worker, .worker, services: ["x-own"]) == "welcome")
    #expect(bench.greet(Self.client, .client, routes: [["x-own"]]) == "welcome")
    let ofWorkers: Set<Command> = [
      .ready, .result, .commit, .fail, .progress, .credit, .heartbeat, .bye,
    ]
    let ofProducers: Set<Command> = [.job, .cancel, .heartbeat, .bye, .quarantine]
    let worker = bench.say(Header(command), "p", by: Self.worker)
    // PUBLISH has a way of its own; a client may not quarantine.
    #expect((worker == "role") == !ofWorkers.contains(command), "\(worker)")
    let client = bench.say(Header(command), "p", by: Self.client)
    #expect((client == "role") == (!ofProducers.contains(command) || command == .quarantine))
  }

  @Test("Only what commits may say COMMIT", arguments: table.services.keys.sorted() + ["x-own"])
  func commits(_ service: String) throws {
    let rules = Self.table.services[service] ?? AccessTable.Service()
    #expect(rules.commits == [ServiceName.ledger, ServiceName.books].contains(service))
    var bench = Bench()
    let offering = try #require(
      Self.roles.first {
        let role = Self.table.roles[$0]!
        return role.offers.contains(service)
          || role.hasOwnServices && Self.isOwn(service)
            && role.name == "worker"
      })
    let asking = Self.roles.compactMap { role in
      let rules = Self.table.roles[role]!
      return
        (rules.routes.sorted { $0.count > $1.count }.first { $0.last == service }
        ?? (rules.hasOwnServices && Self.isOwn(service) ? [service] : nil)).map { (role, $0) }
    }
    let (role, route) = try #require(asking.first)
    #expect(bench.greet(Self.worker, offering, services: [service]) == "welcome")
    #expect(bench.say(Header(.ready, argument: 1), by: Self.worker) == "nothing")
    if route.count > 1 {
      #expect(bench.greet(PeerID(.worker, 2), .worker, services: [route[0]]) == "welcome")
      _ = bench.say(Header(.ready, argument: 1), by: PeerID(.worker, 2))
    }
    #expect(bench.greet(Self.client, role, routes: [route]) == "welcome")
    var ids: [JobID] = []
    func take(_ actions: [BrokerMachine<String>.Action]) {
      for case .send(_, let header, _) in actions where header.command == .job {
        ids.append(header.job)
      }
    }
    var actions: [BrokerMachine<String>.Action] = []
    let job = Header(.job, flags: Header.waits, job: JobID(epoch: 1, sequence: 1))
    bench.machine.received(job, "p", bytes: 1, from: Self.client, now: 0, &actions)
    take(actions)
    if route.count > 1 {
      actions = []
      let first = Header(.result, job: try #require(ids.last))
      bench.machine.received(first, "r", bytes: 1, from: PeerID(.worker, 2), now: 0, &actions)
      take(actions)
    }
    let told = bench.say(Header(.commit, job: try #require(ids.last)), "c", by: Self.worker)
    #expect(told == (rules.commits ? "nothing" : "role"))
    #expect(bench.machine.status(now: 0).finished == (rules.commits ? 1 : 0))
  }
}
