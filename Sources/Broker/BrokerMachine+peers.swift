// SPDX-License-Identifier: Apache-2.0

/// Who is connected, and what each may have outstanding.
extension BrokerMachine {
  // Exclusive access of these objects' properties is not checked, which would cost several calls for every
  // message. It cannot be violated: only the machine, on one thread, holds the objects, and every access
  // ends within its expression (a value, a set or a deque is read, set or changed): none calls the machine.
  final class Worker {
    let id: PeerID
    let name: String
    let process: Int
    let services: [Service]
    /// Jobs that it takes at once.
    @exclusivity(unchecked) var granted = 0
    /// Jobs that it was given and has not answered; one whose lease ran out is still its own.
    @exclusivity(unchecked) var held: Set<JobID> = []
    /// Its queue was full at the last send.
    @exclusivity(unchecked) var isFull = false
    @exclusivity(unchecked) var lastHeard: UInt64
    @exclusivity(unchecked) var isDraining = false
    @exclusivity(unchecked) var isGone = false
    @exclusivity(unchecked) var done: UInt64 = 0
    /// Whether it stands in the ready queue of each of its services.
    @exclusivity(unchecked) var isListed: [Bool]

    init(id: PeerID, hello: Hello, services: [Service], now: UInt64) {
      self.id = id
      name = hello.name
      process = hello.process
      self.services = services
      lastHeard = now
      isListed = services.map { _ in false }
    }

    var isReady: Bool { held.count < granted && !isFull && !isDraining && !isGone }
  }

  final class Producer {
    let id: PeerID
    let name: String
    let routes: [[Service]]
    @exclusivity(unchecked) var lastHeard: UInt64
    @exclusivity(unchecked) var jobs = 0
    @exclusivity(unchecked) var bytes = 0
    @exclusivity(unchecked) var isGone = false

    init(id: PeerID, name: String, routes: [[Service]], now: UInt64) {
      self.id = id
      self.name = name
      self.routes = routes
      lastHeard = now
    }
  }

  /// A peer said HELLO: for the first time, or again after it lost us.
  public mutating func greeted(
    _ hello: Hello, by peer: PeerID, now: UInt64, _ actions: inout [Action]
  ) {
    let fits = (hello.role == .worker) == (peer.side == .worker)
    guard fits, workers.count + producers.count < settings.peersMax else {
      refuse(peer, .role, &actions)
      return
    }
    switch hello.role {
    case .worker: greetedByWorker(hello, peer, now, &actions)
    case .producer: greetedByProducer(hello, peer, now, &actions)
    }
    actions.append(.note(.joined(peer, name: hello.name, role: hello.role)))
  }

  mutating func greetedByWorker(
    _ hello: Hello, _ peer: PeerID, _ now: UInt64, _ actions: inout [Action]
  ) {
    if let earlier = workers[peer] { lose(earlier, .replaced, now, &actions) }
    let offered = hello.services.map { service(named: $0) }
    workers[peer] = Worker(id: peer, hello: hello, services: offered, now: now)
    actions.append(.welcome(peer, welcome(offered.map { Int($0.number) })))
  }

  mutating func greetedByProducer(
    _ hello: Hello, _ peer: PeerID, _ now: UInt64, _ actions: inout [Action]
  ) {
    let routes = hello.routes.map { $0.map { service(named: $0) } }
    let producer = Producer(id: peer, name: hello.name, routes: routes, now: now)
    if let earlier = producers.updateValue(producer, forKey: peer) { earlier.isGone = true }
    actions.append(.welcome(peer, welcome(Array(routes.indices))))
  }

  func welcome(_ numbers: [Int]) -> Welcome {
    Welcome(
      broker: identity, release: release, heartbeatMilliseconds: settings.heartbeatMilliseconds,
      livenessMilliseconds: settings.livenessMilliseconds, numbers: numbers,
      jobsMax: settings.jobsMax, bytesMax: settings.bytesMax)
  }

  mutating func service(named name: String) -> Service {
    if let known = services.first(where: { $0.name == name }) { return known }
    let service = Service(number: UInt16(services.count), name: name)
    services.append(service)
    return service
  }
}
