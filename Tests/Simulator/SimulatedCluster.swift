// SPDX-License-Identifier: Apache-2.0

import HeapModule

@testable import Broker

/// A whole cluster in one thread: the real machines, and a network, disks, a clock and misfortunes
/// that all come from one seed. The same seed replays the same run.
///
///     clients ──> ingest (journal) ──> broker ──> workers ──> broker ──> ledger ──> subscribers
///     askers  ──────────────────────────> │ <──> workers, ledger
///     impostors, rogues ────────────────> │
///
/// Misfortunes: a process dies after any event it handled, is stopped for a while, a connection
/// breaks with everything in flight, a job hangs, a stream message is lost, a message comes twice, a queue
/// is full, a question kills whoever takes it. Beside them, all the time: an asker that never has enough, a
/// second process that greets as the ledger, and a worker that answers what it was not asked, or says that
/// it has committed. First they happen; then misfortunes stop, and everything must come right within a
/// bound.
///
/// What the broker holds is measured: each payload that it is given is counted from then until nothing
/// refers to it.
final class SimulatedCluster {
  /// What is drawn from the seed.
  struct Weather {
    var crash = 0.0
    var freeze = 0.0
    var breakLink = 0.0
    var hang = 0.0
    var streamLoss = 0.0
    var twice = 0.0
    var full = 0.0
    var poison = 0.0
    var rogue = 0.0
    /// Whether an asker never has enough; every fourth run, since it takes long.
    var isGreedy = false
    var workers = 2
    var batches = 20

    init(_ random: inout Randomness) {
      workers = random.int(1...4)
      batches = random.int(8...30)
      // Every fifth run is fair weather, every fifth has one misfortune only.
      let kind = random.int(0...4)
      let only = random.int(0...5)
      func rate(_ index: Int, _ value: Double) -> Double {
        kind == 0 ? 0 : kind == 1 && only != index ? 0 : random.unit() * value
      }
      crash = rate(0, 0.02)
      freeze = rate(1, 0.01)
      breakLink = rate(2, 0.01)
      hang = rate(3, 0.15)
      streamLoss = rate(4, 0.2)
      twice = rate(5, 0.1)
      full = rate(5, 0.03)
      poison = rate(0, 0.15)
      rogue = kind == 0 ? 0 : 0.3
      isGreedy = random.int(0...3) == 0
    }
  }

  indirect enum Payload: Equatable {
    case batch(UInt64)
    /// What the ledger compares the outcome with.
    case control(UInt64)
    case outcome(UInt64)
    /// An outcome from somebody who was never given the job.
    case forged(UInt64)
    case question(asker: Int, UInt64, kills: Bool)
    case answer(asker: Int, UInt64)
    case change(Int64)
    case whole(Int64)
    case hello(Hello)
    case welcome(Welcome)

    /// As large as such things are beside each other: an outcome is larger than its batch.
    var bytes: Int {
      switch self {
      case .batch(let value): 4 + Int(value % 5)
      case .control: 3
      case .outcome, .forged: 11
      case .question: 2
      case .answer: 7
      case .change: 10
      case .whole: 40
      case .hello, .welcome: 0
      }
    }
  }

  /// Bytes that are referred to by somebody.
  final class Meter {
    var live = 0
  }

  /// A payload as the broker has it, counted as long as it is there.
  final class Held {
    let payload: Payload
    private let meter: Meter

    init(_ payload: Payload, _ meter: Meter) {
      self.payload = payload
      self.meter = meter
      meter.live += payload.bytes
    }

    deinit { meter.live -= payload.bytes }
  }

  struct Wire {
    var header: Header
    var payload: Payload?
    var control: Payload?
    var topic: String?
  }

  enum Node: Hashable {
    case broker, ingest, ledger, impostor, rogue
    case worker(Int)
    case asker(Int)
    case subscriber(Int)
  }

  enum Event {
    case tick(Node, life: Int)
    case arrive(UInt64)
    case synced(life: Int)
    case toBroker(UInt32, Wire)
    case toClient(UInt32, Wire)
    case connect(Node, PeerID.Side?, life: Int)
    case subscribe(UInt32)
    case computed(Int, JobID, Payload, life: Int)
    case commit(JobID, UInt64, life: Int)
    case replied(JobID, Payload, life: Int)
    case lateKey(UInt64, life: Int)
    case lateEffect(UInt64, life: Int)
    case ask(Int, life: Int)
    case misbehave(Node, life: Int)
    case start(Node)
  }

  private struct Scheduled: Comparable {
    let time: UInt64
    let order: Int
    let event: Event
    static func < (a: Scheduled, b: Scheduled) -> Bool { (a.time, a.order) < (b.time, b.order) }
    static func == (a: Scheduled, b: Scheduled) -> Bool { a.order == b.order }
  }

  /// A connection to the broker. Messages in it keep their order; when it breaks they are gone.
  private struct Link {
    let node: Node
    /// `nil` for a subscriber.
    let side: PeerID.Side?
    var isOpen = true
    var lastToBroker: UInt64 = 0
    var lastToClient: UInt64 = 0
  }

  struct Process {
    var isUp = false
    var life = 0
    var frozenUntil: UInt64 = 0
    /// Drawn anew in each life.
    var instance = Instance(low: 0, high: 0)
  }

  // MARK: State

  let seed: UInt64
  let fault: PlantedFault?
  let weather: Weather
  var random: Randomness
  var now: UInt64 = 1_000_000_000
  private var order = 0
  private var queue = Heap<Scheduled>()
  var processes: [Node: Process] = [:]
  private var links: [UInt32: Link] = [:]
  var linkOf: [Node: [PeerID.Side: UInt32]] = [:]
  private var streamLinks: [Int: UInt32] = [:]
  private var nextLink: UInt32 = 1
  var isHealing = false
  private(set) var violations: [String] = []
  private(set) var events = 0
  private(set) var trace: UInt64 = 0xCBF2_9CE4_8422_2325

  // Broker.
  var broker: BrokerMachine<Held>
  private var brokerLives: UInt64 = 0
  /// What this life of the broker holds.
  var meter = Meter()

  // Ingest: what is on its disk survives.
  private var producer: ProducerMachine<Payload>
  private var journal: [(sequence: UInt64, value: UInt64)] = []
  private var unsynced: [(sequence: UInt64, value: UInt64)] = []
  private var noted: Set<UInt64> = []
  private var droppedFromJournal: Set<UInt64> = []
  private var nextSequence: UInt64 = 1
  private var acknowledged: Set<UInt64> = []
  private var answered: Set<UInt64> = []
  private var hasDeadLetters = false

  // Workers.
  private var workers: [Box<WorkerMachine<Payload>>?]
  private var hung: [Int: Set<JobID>] = [:]

  // Askers: what they have asked and not been told.
  var askers: [Asker] = []
  /// Ids that the rogue was given in earlier lives, and in this one.
  var seenByRogue: [JobID] = []
  var givenToRogue: [JobID] = []
  /// Workers that a question has killed, as long as broker and asker know of each other.
  var deaths: [UInt64: Int] = [:]

  // Ledger: keys and effects survive, the rest does not.
  private var ledger: WorkerMachine<Payload>
  private var keys: Set<UInt64> = []
  private var volatileKeys: Set<UInt64> = []
  private var effects: [UInt64: Int] = [:]
  private var total: Int64 = 0
  private var publisherEpoch: UInt64 = 0
  private var streamSequence: UInt64 = 0

  // Subscribers.
  private var subscribers: [Box<SubscriberMachine<Payload>>?]
  private var shown: [Int: Int64] = [:]
  private var lastShown: [Int: (epoch: UInt64, sequence: UInt64)] = [:]

  static let topic = "sum"
  static let slots = 2
  /// A dozen small jobs, each with what an object costs.
  private static let bytesMax = 12 * 520

  init(seed: UInt64, fault: PlantedFault? = nil) {
    self.seed = seed
    self.fault = fault
    var random = Randomness(seed: seed)
    weather = Weather(&random)
    broker = BrokerMachine(
      settings: .init(access: Self.access), release: "sim", identity: 0, now: 0)
    producer = ProducerMachine(Self.producerHello(.init(low: 1, high: 1)), now: 0)
    producer.resendInterval = .max
    ledger = WorkerMachine(Self.ledgerHello("ledger", .init(low: 2, high: 2)), slots: 8, now: 0)
    workers = Array(repeating: nil, count: weather.workers)
    subscribers = Array(repeating: nil, count: 3)
    self.random = random
    askers = (0..<3).map { Asker(number: $0) }
  }

  // MARK: Roles

  static let ingestRole = PeerRole(rawValue: 3)
  static let ledgerRole = PeerRole(rawValue: 4)

  static let access = AccessTable(
    roles: [
      .client: .init(name: "client", peersMax: 20, routes: [["ask"], ["query"]]),
      .worker: .init(name: "worker", peersMax: 20, offers: ["price", "ask"]),
      ingestRole: .init(
        name: "ingest", isExclusive: true, peersMax: 4, routes: [["price", "ledger"]]),
      ledgerRole: .init(
        name: "ledger", isExclusive: true, peersMax: 4, offers: ["ledger", "query"], topics: [topic]
      ),
    ],
    services: [
      "price": .init(), "ask": .init(isInteractive: true),
      "ledger": .init(commits: true, lossesMax: 5),
      "query": .init(isInteractive: true, lossesMax: 5),
    ])

  private static func producerHello(_ instance: Instance) -> Hello {
    Hello(
      role: ingestRole, name: "ingest", process: 1, release: "sim", routes: [["price", "ledger"]],
      instance: instance)
  }

  private static func workerHello(_ name: String, _ instance: Instance) -> Hello {
    Hello(
      role: .worker, name: name, process: 1, release: "sim", services: ["price", "ask"],
      instance: instance)
  }

  static func ledgerHello(_ name: String, _ instance: Instance) -> Hello {
    Hello(
      role: ledgerRole, name: name, process: 1, release: "sim", services: ["ledger", "query"],
      instance: instance)
  }

  // MARK: Running

  /// Runs the bad weather, then the good, then checks.
  func run() {
    for node in nodes { schedule(random.time(0...50), .start(node)) }
    for index in subscribers.indices {
      schedule(random.time(0...3_000), .start(.subscriber(index)))
    }
    for index in askers.indices { schedule(random.time(0...500), .start(.asker(index))) }
    if weather.rogue > 0 {
      schedule(random.time(200...2_000), .start(.impostor))
      schedule(random.time(0...500), .start(.rogue))
    }
    for value in 1...UInt64(weather.batches) {
      schedule(random.time(0...3_000), .arrive(value))
    }
    run(until: now + 4_000_000_000)
    isHealing = true
    for node in [.broker] + everybody {
      if processes[node]?.isUp != true { schedule(0, .start(node)) }
    }
    let deadline = now + 60_000_000_000
    while now < deadline && !isQuiet && violations.isEmpty {
      run(until: now + 500_000_000)
      // Dead letters wait in the journal for the next start.
      if hasDeadLetters { crash(.ingest, restartAfter: 0) }
    }
    run(until: now + 3_000_000_000)
    check()
  }

  private var nodes: [Node] {
    [.broker, .ingest, .ledger] + workers.indices.map { .worker($0) }
  }

  private var everybody: [Node] {
    nodes.dropFirst() + subscribers.indices.map { .subscriber($0) }
      + askers.indices.map { .asker($0) }
  }

  private var isQuiet: Bool {
    journal.allSatisfy { noted.contains($0.sequence) } && unsynced.isEmpty
      && acknowledged.count == weather.batches
      && subscribers.indices.allSatisfy { shown[$0] == total }
      && askers.allSatisfy { $0.isGreedy || $0.open.isEmpty }
  }

  private func run(until end: UInt64) {
    while let next = queue.min, next.time <= end, violations.isEmpty {
      _ = queue.popMin()
      now = max(now, next.time)
      events += 1
      trace = (trace ^ (now &+ UInt64(next.order))) &* 0x0000_0100_0000_01B3
      handle(next.event)
    }
    now = max(now, end)
  }

  func schedule(_ delay: UInt64, _ event: Event) {
    order += 1
    queue.insert(Scheduled(time: now + delay, order: order, event: event))
  }

  func fail(_ what: String) { violations.append("\(what) (at \(now / 1_000_000) ms)") }

  // MARK: Misfortune

  /// After an event: perhaps the process dies, stops, or loses a connection.
  func tempt(_ node: Node) {
    guard !isHealing else { return }
    if random.chance(weather.crash) {
      crash(node, restartAfter: random.time(20...600))
    } else if random.chance(weather.freeze) {
      processes[node]?.frozenUntil = now + random.time(100...3_500)
    } else if random.chance(weather.breakLink),
      let open = openLinks(of: node).randomElement(&random)
    {
      breakLink(open)
    }
  }

  private func openLinks(of node: Node) -> [UInt32] {
    links.filter { $0.value.isOpen && ($0.value.node == node || node == .broker) }.keys.sorted()
  }

  func crash(_ node: Node, restartAfter delay: UInt64) {
    guard var process = processes[node], process.isUp else { return }
    process.isUp = false
    process.life += 1
    processes[node] = process
    for link in openLinks(of: node) { breakLink(link, reconnect: node == .broker) }
    switch node {
    case .broker: deaths = [:]
    case .ingest: crashJournal()
    case .ledger: crashLedger()
    case .asker(let index): askers[index].open = [:]
    default: break
    }
    // Troublemakers come again only while there is trouble.
    if isHealing && (node == .impostor || node == .rogue) { return }
    schedule(delay, .start(node))
  }

  private func breakLink(_ id: UInt32, reconnect: Bool = true) {
    guard let link = links[id], link.isOpen else { return }
    links[id]?.isOpen = false
    if case .asker(let index) = link.node { deaths = deaths.filter { Int($0.key >> 48) != index } }
    if let side = link.side {
      linkOf[link.node]?[side] = nil
    } else if case .subscriber(let index) = link.node {
      streamLinks[index] = nil
    }
    if reconnect, processes[link.node]?.isUp == true {
      let life = processes[link.node]?.life ?? 0
      schedule(random.time(5...100), .connect(link.node, link.side, life: life))
    }
  }

  // MARK: Events

  private func handle(_ event: Event) {
    switch event {
    case .start(let node): start(node)
    case .tick(let node, let life): tick(node, life)
    case .arrive(let value): arrive(value)
    case .synced(let life): synced(life)
    case .connect(let node, let side, let life): connect(node, side, life)
    case .toBroker(let link, let wire): toBroker(link, wire)
    case .toClient(let link, let wire): toClient(link, wire)
    case .subscribe(let link): subscribed(link)
    case .computed(let index, let job, let result, let life): computed(index, job, result, life)
    case .commit(let job, let value, let life): commit(job, value, life)
    case .replied(let job, let payload, let life): replied(job, payload, life)
    case .ask(let index, let life): ask(index, life)
    case .misbehave(let node, let life): misbehave(node, life)
    case .lateKey(let key, let life):
      if isAlive(.ledger, life) { keys.insert(key) }
    case .lateEffect(let value, let life):
      if isAlive(.ledger, life) {
        keys.insert(value)
        apply(value)
      }
    }
  }

  func isAlive(_ node: Node, _ life: Int) -> Bool {
    processes[node]?.isUp == true && processes[node]?.life == life
  }

  /// A stopped process handles nothing: its events wait.
  func waitsFrozen(_ node: Node, _ event: Event) -> Bool {
    guard let until = processes[node]?.frozenUntil, until > now else { return false }
    schedule(until - now + 1, event)
    return true
  }

  private func start(_ node: Node) {
    guard processes[node]?.isUp != true else { return }
    let life = (processes[node]?.life ?? 0) + 1
    let instance = Instance(low: random.next(), high: random.next())
    processes[node] = Process(isUp: true, life: life, instance: instance)
    switch node {
    case .broker: startBroker()
    case .ingest: startIngest(instance)
    case .asker(let index): startAsker(index, instance)
    case .impostor, .rogue: schedule(random.time(50...400), .misbehave(node, life: life))
    case .ledger:
      ledger = WorkerMachine(Self.ledgerHello("ledger", instance), slots: 8, now: now)
      publisherEpoch += 1
      streamSequence = 0
    case .worker(let index):
      var machine = WorkerMachine<Payload>(
        Self.workerHello("worker-\(index)", instance), slots: Self.slots, now: now)
      machine.fault = fault
      workers[index] = Box(machine)
      hung[index] = []
    case .subscriber(let index):
      var machine = SubscriberMachine<Payload>(now: now)
      machine.fault = fault
      subscribers[index] = Box(machine)
      shown[index] = 0
      lastShown[index] = nil
    }
    switch node {
    case .broker: break
    case .subscriber: schedule(random.time(1...20), .connect(node, nil, life: life))
    case .ingest, .asker: schedule(random.time(1...20), .connect(node, .client, life: life))
    case .ledger, .worker, .impostor, .rogue:
      schedule(random.time(1...20), .connect(node, .worker, life: life))
    }
    schedule(random.time(0...50), .tick(node, life: life))
  }

  private func startBroker() {
    brokerLives += 1
    var settings = BrokerMachine<Held>.Settings(access: Self.access)
    settings.heartbeatMilliseconds = 100
    settings.livenessMilliseconds = 600
    settings.leaseMilliseconds = 1_500
    settings.bytesMax = Self.bytesMax
    settings.jobsMax = 24
    settings.topicChangesMax = 16
    // A snapshot and some deltas, each with what an object costs.
    settings.topicBytesMax = 8 * 512 + 120
    settings.fault = fault
    meter = Meter()
    broker = BrokerMachine(settings: settings, release: "sim", identity: brokerLives, now: now)
    for node in everybody + [.impostor, .rogue] {
      guard let process = processes[node], process.isUp else { continue }
      switch node {
      case .ingest, .asker:
        schedule(random.time(5...100), .connect(node, .client, life: process.life))
      case .ledger, .worker, .impostor, .rogue:
        schedule(random.time(5...100), .connect(node, .worker, life: process.life))
      case .subscriber: schedule(random.time(5...100), .connect(node, nil, life: process.life))
      case .broker: break
      }
    }
  }

  private func tick(_ node: Node, _ life: Int) {
    guard isAlive(node, life) else { return }
    if waitsFrozen(node, .tick(node, life: life)) { return }
    schedule(100_000_000, .tick(node, life: life))
    switch node {
    case .broker:
      var actions: [BrokerMachine<Held>.Action] = []
      broker.tick(now: now, &actions)
      perform(&actions)
    case .ingest:
      var actions: [ProducerMachine<Payload>.Action] = []
      producer.tick(now: now, &actions)
      perform(actions)
    case .ledger:
      var actions: [WorkerMachine<Payload>.Action] = []
      ledger.tick(now: now, &actions)
      perform(actions, .ledger)
    case .worker(let index):
      var actions: [WorkerMachine<Payload>.Action] = []
      workers[index]?.value.tick(now: now, &actions)
      perform(actions, node)
    case .asker(let index): tickAsker(index)
    case .subscriber(let index):
      var actions: [SubscriberMachine<Payload>.Action] = []
      subscribers[index]?.value.tick(now: now, &actions)
      for action in actions {
        if case .join = action, let link = streamLinks[index] {
          schedule(random.time(1...20), .subscribe(link))
        }
      }
    case .impostor, .rogue: break
    }
    tempt(node)
  }

  // MARK: Network

  private func connect(_ node: Node, _ side: PeerID.Side?, _ life: Int) {
    guard isAlive(node, life) else { return }
    guard processes[.broker]?.isUp == true else { return }  // Its start connects everybody.
    if let side {
      guard linkOf[node]?[side] == nil else { return }
      linkOf[node, default: [:]][side] = nextLink
    } else if case .subscriber(let index) = node {
      guard streamLinks[index] == nil else { return }
      streamLinks[index] = nextLink
      schedule(random.time(1...20), .subscribe(nextLink))
    }
    links[nextLink] = Link(node: node, side: side)
    nextLink += 1
  }

  func send(_ wire: Wire, from node: Node, _ side: PeerID.Side) {
    guard let id = linkOf[node]?[side], var link = links[id] else { return }
    // In order within the connection, whatever the delays.
    link.lastToBroker = max(link.lastToBroker + 1, now + random.time(0...15))
    links[id] = link
    schedule(link.lastToBroker - now, .toBroker(id, wire))
    let repeatable: Set<Command> = [.result, .commit, .job, .hello, .publish]
    if !isHealing, repeatable.contains(wire.header.command), random.chance(weather.twice) {
      links[id]?.lastToBroker += 1
      schedule(link.lastToBroker + 1 - now, .toBroker(id, wire))
    }
  }

  private func sendToClient(_ wire: Wire, _ id: UInt32) {
    guard var link = links[id] else { return }
    link.lastToClient = max(link.lastToClient + 1, now + random.time(0...15))
    links[id] = link
    schedule(link.lastToClient - now, .toClient(id, wire))
  }

  private func toBroker(_ id: UInt32, _ wire: Wire) {
    guard let link = links[id], link.isOpen, let side = link.side,
      processes[.broker]?.isUp == true
    else { return }
    if waitsFrozen(.broker, .toBroker(id, wire)) { return }
    var actions: [BrokerMachine<Held>.Action] = []
    let peer = PeerID(side, id)
    if case .forged? = wire.payload, isKnownToRogue(wire.header.job) { return }
    switch (wire.header.command, wire.payload) {
    case (.hello, .hello(let hello)?):
      broker.greeted(hello, by: peer, now: now, &actions)
    case (.publish, let payload?):
      broker.published(
        wire.header, topic: wire.topic ?? "", Held(payload, meter), bytes: payload.bytes, by: peer,
        now: now, &actions)
    default:
      let (payload, control) = (wire.payload, wire.control)
      broker.received(
        wire.header, payload.map { Held($0, meter) }, control: control.map { Held($0, meter) },
        controlBytes: control?.bytes ?? 0, bytes: (payload?.bytes ?? 0) + (control?.bytes ?? 0),
        from: peer, now: now, &actions)
    }
    perform(&actions)
    tempt(.broker)
  }

  private func perform(_ actions: inout [BrokerMachine<Held>.Action]) {
    var index = 0
    while index < actions.count {
      switch actions[index] {
      case .send(let peer, let header, let payload):
        send(Wire(header: header, payload: payload?.payload), to: peer, &actions)
      case .sendWithControl(let peer, let header, let payload, let control):
        send(
          Wire(header: header, payload: payload.payload, control: control.payload), to: peer,
          &actions)
      case .welcome(let peer, let welcome):
        sendToClient(Wire(header: Header(.welcome), payload: .welcome(welcome)), peer.number)
      case .refuse(let peer, let code, _):
        sendToClient(Wire(header: Header(.error, argument: code.rawValue)), peer.number)
      case .publish(let topic, let header, let payload):
        publish(Wire(header: header, payload: payload?.payload, topic: topic))
      case .status, .note:
        break
      }
      index += 1
    }
    // Nothing of this event refers to a payload any more: what is left, the broker holds.
    actions = []
    checkBroker()
  }

  private func send(
    _ wire: Wire, to peer: PeerID, _ actions: inout [BrokerMachine<Held>.Action]
  ) {
    guard links[peer.number]?.isOpen == true else {
      return broker.unreachable(peer, now: now, &actions)
    }
    if !isHealing && wire.header.command == .job && random.chance(weather.full) {
      return broker.full(peer, wire.header, now: now, &actions)
    }
    sendToClient(wire, peer.number)
  }

  private func publish(_ wire: Wire) {
    var wire = wire
    var only: Int?
    // What was asked for under a token comes to whoever asked, here named by its number.
    if let topic = wire.topic, topic.hasPrefix("@"), let slash = topic.firstIndex(of: "/") {
      only = Int(topic[topic.index(after: topic.startIndex)..<slash]).map { $0 - 100_000_000 }
      wire.topic = String(topic[topic.index(after: slash)...])
    }
    for (index, id) in streamLinks.sorted(by: { $0.key < $1.key })
    where only == nil || only == index {
      if !isHealing && random.chance(weather.streamLoss) { continue }
      sendToClient(wire, id)
    }
  }

  private func subscribed(_ id: UInt32) {
    guard let link = links[id], link.isOpen, processes[.broker]?.isUp == true,
      case .subscriber(let index) = link.node
    else { return }
    if waitsFrozen(.broker, .subscribe(id)) { return }
    var actions: [BrokerMachine<Held>.Action] = []
    broker.subscribed("@\(100_000_000 + index)/\(Self.topic)", &actions)
    perform(&actions)
  }

  private func toClient(_ id: UInt32, _ wire: Wire) {
    guard let link = links[id], link.isOpen, processes[link.node]?.isUp == true else { return }
    if waitsFrozen(link.node, .toClient(id, wire)) { return }
    switch link.node {
    case .ingest: toIngest(wire)
    case .ledger:
      var actions: [WorkerMachine<Payload>.Action] = []
      if case .welcome(let welcome)? = wire.payload {
        ledger.welcomed(welcome, now: now, &actions)
      } else {
        ledger.received(
          wire.header, wire.payload, control: wire.control, now: now, &actions)
      }
      perform(actions, .ledger)
    case .worker(let index):
      var actions: [WorkerMachine<Payload>.Action] = []
      if case .welcome(let welcome)? = wire.payload {
        workers[index]?.value.welcomed(welcome, now: now, &actions)
      } else {
        workers[index]?.value.received(wire.header, wire.payload, now: now, &actions)
      }
      perform(actions, link.node)
    case .subscriber(let index): toSubscriber(index, id, wire)
    case .asker(let index): toAsker(index, wire)
    case .impostor, .rogue: toTroublemaker(link.node, wire)
    case .broker: break
    }
    tempt(link.node)
  }

  // MARK: Ingest and its journal

  private func arrive(_ value: UInt64) {
    guard processes[.ingest]?.isUp == true, producer.outstanding < 20 else {
      // The client tries again until it is acknowledged.
      return schedule(random.time(20...200), .arrive(value))
    }
    if waitsFrozen(.ingest, .arrive(value)) { return }
    unsynced.append((nextSequence, value))
    nextSequence += 1
    if fault == .journalAcksEarly { acknowledged.insert(value) }
    schedule(random.time(1...6), .synced(life: processes[.ingest]?.life ?? 0))
    // The client that hears nothing in time offers its batch again under a new sequence only after
    // a crash; see ``crashJournal()``.
    tempt(.ingest)
  }

  private func synced(_ life: Int) {
    guard isAlive(.ingest, life) else { return }
    let batch = unsynced
    unsynced = []
    journal += batch
    for (sequence, value) in batch {
      acknowledged.insert(value)
      submit(sequence, value)
    }
    tempt(.ingest)
  }

  private func submit(_ sequence: UInt64, _ value: UInt64) {
    var actions: [ProducerMachine<Payload>.Action] = []
    let batch = Payload.batch(value)
    producer.submit(
      JobID(epoch: 1, sequence: sequence),
      .init(
        route: 0, batch, control: .control(value),
        bytes: batch.bytes + Payload.control(value).bytes,
        waits: true), &actions)
    perform(actions)
    if fault == .journalDropsAtSend { droppedFromJournal.insert(sequence) }
  }

  private func crashJournal() {
    // What was not synced is gone: nothing of it was acknowledged, so its clients offer it again.
    for (_, value) in unsynced where !acknowledged.contains(value) {
      schedule(random.time(50...400), .arrive(value))
    }
    unsynced = []
    // Notes of bookings are not synced either: the last ones may be lost.
    for sequence in noted.sorted().suffix(random.int(0...3)) { noted.remove(sequence) }
    answered = []
  }

  private func startIngest(_ instance: Instance) {
    hasDeadLetters = false
    producer = ProducerMachine(Self.producerHello(instance), now: now)
    producer.resendInterval = .max
    producer.fault = fault
    let last = journal.map(\.sequence).max() ?? 0
    nextSequence = fault == .journalReusesSequence && last > 0 ? last : last + 1
    for (sequence, value) in journal
    where !noted.contains(sequence) && !droppedFromJournal.contains(sequence) {
      submit(sequence, value)
    }
  }

  private func toIngest(_ wire: Wire) {
    var actions: [ProducerMachine<Payload>.Action] = []
    if case .welcome(let welcome)? = wire.payload {
      producer.welcomed(welcome, now: now, &actions)
    } else {
      producer.received(
        wire.header, wire.payload, bytes: wire.payload?.bytes ?? 0, now: now, &actions)
    }
    perform(actions)
  }

  private func perform(_ actions: [ProducerMachine<Payload>.Action]) {
    for action in actions {
      switch action {
      case .hello(let hello):
        send(Wire(header: Header(.hello), payload: .hello(hello)), from: .ingest, .client)
      case .send(let header, let payload):
        send(Wire(header: header, payload: payload), from: .ingest, .client)
      case .sendWithControl(let header, let payload, let control):
        send(Wire(header: header, payload: payload, control: control), from: .ingest, .client)
      case .ended(let id, .committed, _):
        if !answered.insert(id.sequence).inserted { fail("a booking was counted twice") }
        noted.insert(id.sequence)
        if let value = journal.last(where: { $0.sequence == id.sequence })?.value,
          !keys.contains(value), !volatileKeys.contains(value)
        {
          fail("I1: \(id) was answered and is not in the ledger")
        }
      case .ended(let id, .result, _): fail("\(id) ended without the ledger")
      case .ended(_, .failed, _): hasDeadLetters = true
      case .progress, .connection, .unserved: break
      }
    }
  }

  // MARK: Workers and ledger

  private func perform(_ actions: [WorkerMachine<Payload>.Action], _ node: Node) {
    for action in actions {
      switch action {
      case .hello(let hello):
        send(Wire(header: Header(.hello), payload: .hello(hello)), from: node, .worker)
      case .send(let header, let payload):
        send(Wire(header: header, payload: payload), from: node, .worker)
      case .run(let header, _, let payload, let control):
        begin(node, header.job, payload, control)
      case .cancel(let id):
        if case .worker(let index) = node, hung[index]?.remove(id) != nil {
          finish(index, id, .failed(.unavailable, retryable: true, nil))
        }
      case .publishAll: if node == .ledger { publishSnapshot() }
      case .connection, .left: break
      }
    }
  }

  private func begin(_ node: Node, _ job: JobID, _ payload: Payload, _ control: Payload?) {
    let life = processes[node]?.life ?? 0
    switch (node, payload) {
    case (.worker, .question(let asker, let number, kills: true)):
      countDeath(asker, number)
      crash(node, restartAfter: random.time(20...300))
    case (.worker(let index), .question(let asker, let number, _)):
      schedule(
        random.time(1...60), .computed(index, job, .answer(asker: asker, number), life: life))
    case (.worker(let index), .batch(let value)):
      if !isHealing && random.chance(weather.hang) {
        hung[index, default: []].insert(job)
      } else {
        schedule(
          random.time(1...120), .computed(index, job, .outcome(value &* 3), life: life))
      }
    case (.ledger, .question(let asker, let number, _)):
      schedule(random.time(1...10), .replied(job, .answer(asker: asker, number), life: life))
    case (.ledger, .outcome(let value)):
      guard control == .control(value / 3) else {
        return fail("A3: the outcome \(value) came with the control \(String(describing: control))")
      }
      schedule(random.time(1...12), .commit(job, value, life: life))
    case (.ledger, .forged): fail("A3: the result of a stranger was taken")
    default:
      fail("I12: \(node) got \(payload)")
    }
  }

  private func computed(_ index: Int, _ job: JobID, _ result: Payload, _ life: Int) {
    guard isAlive(.worker(index), life) else { return }
    if waitsFrozen(.worker(index), .computed(index, job, result, life: life)) { return }
    finish(index, job, .result(result))
    tempt(.worker(index))
  }

  private func finish(_ index: Int, _ job: JobID, _ outcome: WorkerMachine<Payload>.Outcome) {
    var actions: [WorkerMachine<Payload>.Action] = []
    workers[index]?.value.finished(job, outcome, &actions)
    perform(actions, .worker(index))
  }

  private func replied(_ job: JobID, _ answer: Payload, _ life: Int) {
    guard isAlive(.ledger, life) else { return }
    if waitsFrozen(.ledger, .replied(job, answer, life: life)) { return }
    var actions: [WorkerMachine<Payload>.Action] = []
    ledger.finished(job, .result(answer), &actions)
    perform(actions, .ledger)
    tempt(.ledger)
  }

  private func commit(_ job: JobID, _ value: UInt64, _ life: Int) {
    guard isAlive(.ledger, life) else { return }
    if waitsFrozen(.ledger, .commit(job, value, life: life)) { return }
    let batch = value / 3
    let isKnown = keys.contains(batch) || volatileKeys.contains(batch)
    if !isKnown { book(batch, life) }
    var actions: [WorkerMachine<Payload>.Action] = []
    ledger.finished(job, .committed(nil), &actions)
    perform(actions, .ledger)
    tempt(.ledger)
  }

  /// The transaction: key and effect together, unless a fault says otherwise.
  private func book(_ batch: UInt64, _ life: Int) {
    switch fault {
    case .ledgerCommitsTwice:
      apply(batch)
      volatileKeys.insert(batch)
      schedule(random.time(1...8), .lateKey(batch, life: life))
    case .ledgerForgetsKeys:
      apply(batch)
      volatileKeys.insert(batch)
    case .ledgerAnswersEarly:
      volatileKeys.insert(batch)
      schedule(random.time(5...60), .lateEffect(batch, life: life))
    default:
      keys.insert(batch)
      apply(batch)
    }
  }

  private func apply(_ batch: UInt64) {
    let value = batch &* 3
    effects[batch, default: 0] += 1
    total += Int64(value)
    streamSequence += 1
    publish(.change(Int64(value)), isSnapshot: false)
    if streamSequence % 8 == 0 { publishSnapshot() }
  }

  private func publishSnapshot() { publish(.whole(total), isSnapshot: true) }

  private func publish(_ payload: Payload, isSnapshot: Bool) {
    guard ledger.isLive else { return }
    let header = Header(
      .publish, flags: isSnapshot ? Header.snapshot : 0,
      job: JobID(epoch: publisherEpoch, sequence: 0), argument: streamSequence)
    send(Wire(header: header, payload: payload, topic: Self.topic), from: .ledger, .worker)
  }

  private func crashLedger() { volatileKeys = [] }

  // MARK: Subscribers

  private func toSubscriber(_ index: Int, _ link: UInt32, _ wire: Wire) {
    var actions: [SubscriberMachine<Payload>.Action] = []
    subscribers[index]?.value.received(
      wire.header, topic: wire.topic ?? "", wire.payload, now: now, &actions)
    for action in actions {
      switch action {
      case .replace(_, let sequence, .whole(let value)):
        shown[index] = value
        lastShown[index] = (wire.header.job.epoch, sequence)
      case .apply(_, let sequence, .change(let value)):
        shown[index, default: 0] += value
        if let last = lastShown[index], last.epoch == wire.header.job.epoch,
          sequence != last.sequence + 1
        {
          fail("I10: subscriber \(index) went from \(last.sequence) to \(sequence)")
        }
        lastShown[index] = (wire.header.job.epoch, sequence)
      case .join: schedule(random.time(1...20), .subscribe(link))
      case .caughtUp: break
      default: fail("a subscriber was told something else")
      }
    }
  }

  // MARK: What must be true at the end

  private func check() {
    for value in 1...UInt64(weather.batches) where !acknowledged.contains(value) {
      fail("I6: batch \(value) was never acknowledged")
    }
    for value in acknowledged.sorted() where effects[value] != 1 {
      fail("I1, I2: batch \(value) counts \(effects[value] ?? 0) times: \(describe())")
    }
    for (value, count) in effects where !acknowledged.contains(value) && count > 0 {
      fail("I2: batch \(value) was never acknowledged and counts")
    }
    let expected = acknowledged.reduce(0) { $0 + Int64($1) * 3 }
    if total != expected { fail("I3: the sum is \(total), not \(expected)") }
    for (sequence, _) in journal where !noted.contains(sequence) {
      fail("I6: batch \(sequence) of the journal is not known to be booked")
      break
    }
    for index in subscribers.indices where shown[index] != total {
      fail("I11: subscriber \(index) shows \(shown[index] ?? -1), the ledger has \(total)")
    }
    for index in subscribers.indices where subscribers[index]?.value.isLive != true {
      fail("I11: subscriber \(index) was never told that it has caught up")
    }
    for asker in askers where !asker.isGreedy && !asker.open.isEmpty {
      fail("I13: asker \(asker.number) waits for \(asker.open.count) answers")
    }
  }
}

/// Holds a noncopyable machine in an array.
private final class Box<Value: ~Copyable> {
  var value: Value
  init(_ value: consuming Value) { self.value = value }
}

/// All chance in a run.
struct Randomness {
  private var state: UInt64

  init(seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 &+ 0x1234_5678_9ABC_DEF1 }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }

  mutating func unit() -> Double { Double(next() >> 11) * 0x1p-53 }
  mutating func chance(_ probability: Double) -> Bool { probability > 0 && unit() < probability }
  mutating func int(_ range: ClosedRange<Int>) -> Int {
    range.lowerBound + Int(next().multipliedFullWidth(by: UInt64(range.count)).high)
  }
  /// Milliseconds as nanoseconds, with a fraction so that ties are rare.
  mutating func time(_ milliseconds: ClosedRange<Int>) -> UInt64 {
    UInt64(int(milliseconds)) * 1_000_000 + next() % 1_000_000
  }
}

extension Array {
  func randomElement(_ random: inout Randomness) -> Element? {
    isEmpty ? nil : self[random.int(0...count - 1)]
  }
}
