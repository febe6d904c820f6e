// SPDX-License-Identifier: Apache-2.0

import DequeModule

/// Who is connected, what each may do, and what each may have outstanding.
extension BrokerMachine {
  // Exclusive access of these objects' properties is not checked, which would cost several calls for every
  // message. It cannot be violated: only the machine, on one thread, holds the objects, and every access
  // ends within its expression (a value, a set or a deque is read, set or changed): none calls the machine.
  final class Worker {
    let id: PeerID
    let hello: Hello
    let services: [Service]
    /// Jobs that it takes at once.
    @exclusivity(unchecked) var granted = 0
    /// Jobs that are running on it.
    @exclusivity(unchecked) var inFlight = 0
    /// Jobs that were taken from it and that it has not answered: they fill its slots all the same. With
    /// the time at which it is told that nobody wants them; the last time there is when it was.
    @exclusivity(unchecked) var takenAway: [JobID: UInt64] = [:]
    /// Its queue was full at the last send.
    @exclusivity(unchecked) var isFull = false
    @exclusivity(unchecked) var lastHeard: UInt64
    @exclusivity(unchecked) var isDraining = false
    @exclusivity(unchecked) var isGone = false
    @exclusivity(unchecked) var isQuarantined = false
    /// It is to be empty, for a job over which another worker was lost.
    @exclusivity(unchecked) var isClearing = false
    /// It has such a job, and gets no other beside it.
    @exclusivity(unchecked) var isSolo = false
    @exclusivity(unchecked) var done: UInt64 = 0
    /// Interactive jobs handed to it since a batch job was.
    @exclusivity(unchecked) var streak = 0
    /// Whether it stands in the ready queue of each of its services.
    @exclusivity(unchecked) var isListed: [Bool]

    init(id: PeerID, hello: Hello, services: [Service], now: UInt64) {
      self.id = id
      self.hello = hello
      self.services = services
      lastHeard = now
      isListed = services.map { _ in false }
    }

    var name: String { hello.name }
    var process: Int { hello.process }
    var instance: Instance { hello.instance }
    var used: Int { inFlight + takenAway.count }
    /// Whether it may be given jobs at all.
    var isUsable: Bool { !isDraining && !isGone && !isQuarantined && !isFull && granted > 0 }
    var isReady: Bool { used < granted && isUsable && !isClearing && !isSolo }
  }

  // As above.
  final class Producer {
    let id: PeerID
    let hello: Hello
    let weight: Int
    /// The services of each route.
    let routes: [[Service]]
    /// Its queue at each of these; made when it is needed.
    @exclusivity(unchecked) var flows: [[Flow?]]
    @exclusivity(unchecked) var lastHeard: UInt64
    @exclusivity(unchecked) var jobs = 0
    @exclusivity(unchecked) var bytes = 0
    @exclusivity(unchecked) var isGone = false
    /// Messages sent to it since WELCOME.
    @exclusivity(unchecked) var sent: UInt64 = 0
    /// Large answers that it has not read as far as is known: the number of the message and its bytes.
    @exclusivity(unchecked) var unread: Deque<(number: UInt64, bytes: Int)> = []
    @exclusivity(unchecked) var unreadBytes = 0

    init(id: PeerID, hello: Hello, weight: Int, routes: [[Service]], now: UInt64) {
      self.id = id
      self.hello = hello
      self.weight = weight
      self.routes = routes
      flows = routes.map { $0.map { _ in nil } }
      lastHeard = now
    }

    var name: String { hello.name }
  }

  /// Who has an exclusive role.
  struct Owner {
    let instance: Instance
    var peers: Set<PeerID>
  }

  /// A peer said HELLO: for the first time, or again after it lost us.
  public mutating func greeted(
    _ hello: Hello, by peer: PeerID, now: UInt64, _ actions: inout [Action]
  ) {
    guard let role = settings.access.roles[hello.role] else {
      return refuse(peer, .role, "there is no role \(hello.role.rawValue)", &actions)
    }
    if let problem = forbidden(hello, role, peer.side) {
      return refuse(peer, .role, problem, &actions)
    }
    if greetedAgain(hello, peer, now, &actions) { return }
    // Somebody else on a connection that we know: the earlier peer is gone.
    forget(peer, now, &actions)
    guard isFree(hello, role, peer, &actions), hasRoom(hello, role, peer, &actions) else { return }
    connections[hello.role, default: 0] += 1
    if role.isExclusive {
      owners[hello.role, default: Owner(instance: hello.instance, peers: [])].peers.insert(peer)
    }
    switch peer.side {
    case .worker: join(worker: hello, peer, now)
    case .client: join(producer: hello, peer, weight: role.weight, now)
    }
    actions.append(.welcome(peer, welcome(peer)))
    actions.append(.note(.joined(peer, name: hello.name, role: hello.role)))
    settle(now, &actions)
  }

  /// Why the role may not greet so; `nil` when it may.
  func forbidden(_ hello: Hello, _ role: AccessTable.Role, _ side: PeerID.Side) -> String? {
    switch side {
    case .worker:
      if let service = hello.services.first(where: { !role.mayOffer($0) }) {
        return "the role \(role.name) may not offer '\(service)'"
      }
      return hello.routes.isEmpty ? nil : "routes are opened on the client endpoint"
    case .client:
      if let route = hello.routes.first(where: { !role.mayOpen($0) }) {
        return "the role \(role.name) may not send to '\(route.joined(separator: ", "))'"
      }
      return hello.services.isEmpty ? nil : "services are offered on the worker endpoint"
    }
  }

  /// The same peer on the same connection: nothing of it changes, whatever it has outstanding stays.
  private mutating func greetedAgain(
    _ hello: Hello, _ peer: PeerID, _ now: UInt64, _ actions: inout [Action]
  ) -> Bool {
    if let producer = producers[peer], producer.hello == hello {
      producer.lastHeard = now
      if isPlanted(.brokerRegreetsFresh) {
        join(producer: hello, peer, weight: producer.weight, now)
      }
      actions.append(.welcome(peer, welcome(peer)))
      return true
    }
    if let worker = workers[peer], worker.hello == hello {
      worker.lastHeard = now
      // It thinks that it lost us, so it may lack jobs that we sent; READY says when it takes some.
      worker.granted = 0
      worker.isDraining = false
      takeAllBack(worker, now, &actions)
      dropTopics(of: peer)
      actions.append(.welcome(peer, welcome(peer)))
      return true
    }
    return false
  }

  /// An exclusive role belongs to one instance at a time.
  private func isFree(
    _ hello: Hello, _ role: AccessTable.Role, _ peer: PeerID, _ actions: inout [Action]
  ) -> Bool {
    if isPlanted(.brokerAdmitsTwoOwners) { return true }
    guard let owner = owners[hello.role], owner.instance != hello.instance else { return true }
    refuse(peer, .taken, "another process has the role \(role.name)", &actions)
    // If the owner's connection is gone, trying it tells, and the next greeting is accepted.
    for other in owner.peers.sorted() {
      producers[other]?.sent &+= 1
      actions.append(.send(other, Header(.heartbeat), nil))
    }
    return false
  }

  private func hasRoom(
    _ hello: Hello, _ role: AccessTable.Role, _ peer: PeerID, _ actions: inout [Action]
  ) -> Bool {
    let ofRole = connections[hello.role] ?? 0
    // A role that one process has is never shut out by others.
    guard role.isExclusive || workers.count + producers.count < settings.peersMax,
      ofRole < role.peersMax
    else {
      refuse(
        peer, .full, "the broker takes no more peers of the role \(role.name) (\(ofRole) are here)",
        &actions)
      return false
    }
    let new = Set(hello.services + hello.routes.joined()).count { services[$0] == nil }
    guard services.count + new <= settings.servicesMax else {
      refuse(
        peer, .full, "the broker takes no more services (\(services.count) are here)", &actions)
      return false
    }
    return true
  }

  private mutating func join(worker hello: Hello, _ peer: PeerID, _ now: UInt64) {
    let offered = hello.services.map { service(named: $0) }
    let worker = Worker(id: peer, hello: hello, services: offered, now: now)
    worker.isQuarantined = quarantined.contains(hello.instance)
    workers[peer] = worker
    for service in offered { service.offering.append(worker) }
  }

  private mutating func join(producer hello: Hello, _ peer: PeerID, weight: Int, _ now: UInt64) {
    let routes = hello.routes.map { $0.map { service(named: $0) } }
    for service in routes.joined() { service.routes += 1 }
    producers[peer] = Producer(id: peer, hello: hello, weight: weight, routes: routes, now: now)
  }

  func welcome(_ peer: PeerID) -> Welcome {
    if let producer = producers[peer] { producer.sent = 0 }
    return Welcome(
      broker: identity, release: release, heartbeatMilliseconds: settings.heartbeatMilliseconds,
      livenessMilliseconds: settings.livenessMilliseconds, jobsMax: settings.jobsMax,
      bytesMax: settings.bytesMax, number: peer.number)
  }

  mutating func service(named name: String) -> Service {
    if let known = services[name] { return known }
    let service = Service(name: name, rules: settings.access.service(name))
    services[name] = service
    return service
  }

  /// Nobody offers the service, asks it or waits for it any more.
  mutating func releaseIfUnused(_ service: Service) {
    if service.offering.isEmpty && service.routes == 0 && service.waiting == 0
      && service.inFlight == 0
    {
      services[service.name] = nil
    }
  }

  /// A connection of a role is over.
  mutating func disconnected(_ peer: PeerID, _ role: PeerRole) {
    connections[role, default: 1] -= 1
    owners[role]?.peers.remove(peer)
    if owners[role]?.peers.isEmpty == true { owners[role] = nil }
  }

  // MARK: Answers that are not read

  /// Counts what is sent to a producer; what is large is held by the socket until it is read.
  func countSent(_ bytes: Int, to producer: Producer) -> Int {
    producer.sent &+= 1
    guard bytes > 1_024 else { return 0 }
    producer.unread.append((producer.sent, bytes))
    producer.unreadBytes += bytes
    return bytes
  }

  /// A producer's heartbeat: it has read so many messages since WELCOME.
  mutating func hasRead(_ count: UInt64, _ producer: Producer) {
    guard count <= producer.sent else { return }
    while let first = producer.unread.first, first.number <= count {
      producer.unread.removeFirst()
      producer.unreadBytes -= first.bytes
      unreadBytes -= first.bytes
    }
  }

  // MARK: Quarantine

  /// A producer found a worker's results to be wrong: it gets no more jobs, and what it says of those
  /// that it has counts no more, until its program starts anew.
  mutating func quarantine(
    _ number: UInt64, by producer: Producer, _ now: UInt64, _ actions: inout [Action]
  ) {
    guard settings.access.roles[producer.hello.role]?.mayQuarantine == true else {
      return refuse(producer.id, .role, "the role may not quarantine workers", &actions)
    }
    guard let number = UInt32(exactly: number), let worker = workers[PeerID(.worker, number)],
      !worker.isQuarantined
    else { return }
    worker.isQuarantined = true
    quarantined.append(worker.instance)
    if quarantined.count > 1_024 { quarantined.removeFirst() }
    takeAllBack(worker, now, &actions)
    actions.append(.refuse(worker.id, .quarantined, "results of this worker were wrong"))
    actions.append(.note(.quarantined(worker.id, name: worker.name, by: producer.name)))
    for service in worker.services { tellUnserved(service, &actions) }
  }
}
