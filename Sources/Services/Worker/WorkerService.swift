// SPDX-License-Identifier: Apache-2.0

import Broker
import CBOR
public import Cluster
import ClusterAPI
import ClusterAccess
import Dispatch
import Economics
import Fleet
import Foundation
public import Host
import Logging
import Metrics
import Pricing
import Runway
public import ServiceLifecycle
import ZeroMQ

/// Joins the broker and computes what it is given, one job after another on one thread: more workers
/// are more processes.
public final class WorkerService: Service {
  private let node: WorkerNode
  private let results: AsyncStream<(JobID, JobOutcome)>

  /// - Parameter slots: jobs held at once, the one being computed included.
  /// - Throws: `ZeroMQError`, or `EndpointError` for an address that may not be used.
  public init(parts: ServiceProcess.Parts, address: BrokerAddress, slots: Int) throws {
    let hello = Hello(
      role: .worker, name: "\(parts.name)-\(getpid())", process: Int(getpid()),
      release: solventRelease,
      services: [ServiceName.price, ServiceName.simulate, ServiceName.fleet], instance: .random())
    let computing = DispatchQueue(label: "solvent.compute")
    let (results, continuation) = AsyncStream<(JobID, JobOutcome)>.makeStream()
    let logger = parts.logger
    // There from the start: a count of 0 says more than none.
    _ = (Self.pricing, Self.simulating, Self.fleets)
    logger.notice("simulation kernel", metadata: ["for": "\(RunwayEngine.kernel.rawValue)"])
    let node = try WorkerNode(
      loop: parts.loop, context: parts.context, address: address, hello: hello, slots: slots,
      logger: logger
    ) { job in
      computing.async {
        Self.giveWay()
        continuation.yield((job.id, Self.compute(job, logger)))
      }
    }
    self.node = node
    self.results = results
  }

  public func run() async throws {
    Self.giveWayToOtherSessions()
    await node.start()
    let answering = Task { [node, results] in
      for await (id, outcome) in results { await node.finished(id, outcome) }
    }
    try? await gracefulShutdown()
    await node.drainAndLeave()
    answering.cancel()
    await node.stop()
  }

  /// What the metrics say of the jobs of a service.
  private struct Counts: Sendable {
    let time: Timer
    let rejected: Counter

    init(_ service: String) {
      time = Timer(.jobTime, service)
      rejected = Counter(.jobsRejected, service)
    }
  }

  private static let pricing = Counts(ServiceName.price)
  private static let simulating = Counts(ServiceName.simulate)
  private static let fleets = Counts(ServiceName.fleet)

  private static func counts(of service: String) -> Counts {
    switch service {
    case ServiceName.simulate: simulating
    case ServiceName.fleet: fleets
    default: pricing
    }
  }

  /// On a machine that is busy with computing, whoever hands out jobs, books and answers comes first. On
  /// Linux this is the thread's own priority (setpriority(2), "C library/kernel differences").
  private static func giveWay() { _ = setpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0, 5) }

  /// The same beside other sessions. Linux shares the processors among sessions first (sched(7), "The
  /// autogroup feature"), so that a command in a terminal waited for seconds beside a busy cluster; the
  /// file has effect only where the feature is on. A worker that shares its session leaves it alone.
  private static func giveWayToOtherSessions() {
    guard getsid(0) == getpid() else { return }
    try? "10".write(toFile: "/proc/self/autogroup", atomically: false, encoding: .utf8)
  }

  private static func compute(_ job: Job, _ logger: Logger) -> JobOutcome {
    let began = ContinuousClock.now
    defer { counts(of: job.service).time.record(duration: .now - began) }
    do {
      switch job.service {
      case ServiceName.simulate:
        let outcome = try job.payload.decode(SimulationJob.self).run()
        return .result(try SharedMessage(encoding: outcome))
      case ServiceName.fleet:
        let outcome = try job.payload.decode(FleetJob.self).run()
        return .result(try SharedMessage(encoding: outcome))
      default:
        let outcome = try Costing.price(job.payload.decode(PricingJob.self))
        return .result(try SharedMessage(encoding: outcome))
      }
    } catch {
      // The same job fails the same way everywhere: trying again would not help.
      counts(of: job.service).rejected.increment()
      logger.error("a job was rejected", metadata: ["job": "\(job.id)", "error": "\(error)"])
      return .failed(.rejected, retryable: false, try? SharedMessage(Array("\(error)".utf8)))
    }
  }
}
