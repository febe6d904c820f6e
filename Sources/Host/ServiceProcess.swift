// SPDX-License-Identifier: Apache-2.0

public import ArgumentParser
public import Cluster
import Dispatch
import Foundation
public import Logging
import Metrics
public import ServiceLifecycle
import Synchronization
import UnixSignals
public import ZeroMQ

/// The release, as `--version` and every greeting give it.
public let solventRelease = "0.1.0"

/// Options that every service has.
public struct ServiceOptions: ParsableArguments, Sendable {
  @Option(
    help: ArgumentHelp(
      "Data directory.",
      discussion:
        "Default: $SOLVENT_DATA, otherwise $XDG_DATA_HOME/solvent or ~/.local/share/solvent."))
  public var data: String?

  @Option(
    help: ArgumentHelp(
      "Broker address: ipc://DIRECTORY or tcp://127.0.0.1:PORT (and the two ports after it).",
      discussion: "Default: $SOLVENT_BROKER, otherwise the data directory's local sockets."))
  public var broker: String?

  @Flag(
    name: .customLong("insecure-tcp"),
    help: ArgumentHelp(
      "Let a broker listen at a tcp port, which every user of this machine can enter.",
      discussion: "Default: $SOLVENT_INSECURE_TCP."))
  public var insecureTCP = false

  @Option(help: "Name of this process in lists and logs.")
  public var name: String?

  @Option(help: "Lowest level to log: trace, debug, info, notice, warning, error.")
  public var logLevel = "notice"

  @Flag(help: "Log JSON lines.")
  public var logJson = false

  @Option(help: ArgumentHelp("Stop when this process, the parent, ends.", visibility: .hidden))
  public var endWithParent: Int32?

  public init() {}

  public func validate() throws {
    guard Logger.Level(rawValue: logLevel) != nil else {
      throw ValidationError(
        "--log-level is one of \(Logger.Level.allCases.map(\.rawValue).joined(separator: ", "))")
    }
    // It names files.
    if let name,
      name.isEmpty || name.count > 64 || name.hasPrefix(".")
        || !name.allSatisfy(Self.isOfName)
    {
      throw ValidationError("--name is 1 to 64 letters, digits, '-', '_' and '.', no '.' first")
    }
  }

  private static func isOfName(_ character: Character) -> Bool {
    character.isASCII && (character.isLetter || character.isNumber || "-_.".contains(character))
  }

  public var dataDirectory: DataDirectory { DataDirectory(data: data) }

  /// The option's address, else the environment's, else the data directory's.
  /// - Throws: `EndpointError` for an address that may not be used.
  public func brokerAddress() throws -> BrokerAddress {
    let settings = Settings()
    return try BrokerAddress(
      broker ?? settings.broker ?? dataDirectory.broker,
      insecureTCP: insecureTCP || settings.insecureTCP)
  }
}

/// How a service's process begins and ends.
public enum ServiceProcess {
  /// What every service is made of. A program has them from ``run(_:_:make:)``; services that share a
  /// process, as in tests, each have their own loop.
  ///
  /// ```swift
  /// let loop = PollLoop(name: "worker")
  /// loop.start()
  /// let parts = ServiceProcess.Parts(loop: loop, context: context, logger: logger, name: "worker")
  /// let worker = try WorkerService(parts: parts, address: address, slots: 3)
  /// ```
  /// The example is compiled in `Tests/ExampleTests/ServiceExamples.swift`.
  public struct Parts: Sendable {
    /// The thread of the service's sockets; it runs.
    public let loop: PollLoop
    public let context: Context
    public let logger: Logger
    /// In lists and logs.
    public let name: String

    public init(loop: PollLoop, context: Context, logger: Logger, name: String) {
      self.loop = loop
      self.context = context
      self.logger = logger
      self.name = name
    }
  }

  /// Runs services until a signal or an error.
  ///
  /// SIGTERM and SIGINT end gracefully within 5 seconds; a second one ends at once. SIGPIPE and
  /// SIGXFSZ are answered where the write fails.
  /// - Throws: what `make` or a service throws.
  public static func run(
    _ kind: String, _ options: ServiceOptions,
    make: (Parts) async throws -> [any Service]
  ) async throws {
    FreedMemory.keep()
    if let parent = options.endWithParent {
      if getppid() != parent { return }
      ParentWatch.start(parent: parent)
    }
    signal(SIGPIPE, SIG_IGN)
    signal(SIGXFSZ, SIG_IGN)
    SecondSignal.watch()
    let name = options.name ?? kind
    let log = ServiceLog(name, options)
    let logger = log.logger
    makeRoom(logger)
    let registry = MetricsRegistry(common: [("process", name)])
    MetricsSystem.bootstrap(registry)
    let loop = PollLoop(name: "solvent-\(kind)")
    loop.start()
    let parts = Parts(loop: loop, context: try Context(), logger: logger, name: name)
    let services = try await make(parts)
    let metrics = MetricsFile(
      registry: registry, path: "\(options.dataDirectory.metrics)/\(name).prom", logger: logger)
    // Groups stop their services from the last to the first: the metrics are written when all is done.
    var configuration = ServiceGroupConfiguration(
      services: [metrics] + services, gracefulShutdownSignals: [.sigterm, .sigint], logger: logger)
    configuration.maximumGracefulShutdownDuration = .seconds(4)
    configuration.maximumCancellationDuration = .seconds(1)
    try await ServiceGroup(configuration: configuration).run()
    logger.notice("stopped")
    log.end()
  }

  /// Takes all descriptors that the process may have, and refuses connections before they run out.
  private static func makeRoom(_ logger: Logger) {
    let limit = DescriptorLimit.raise()
    ConnectionGate.close(atDescriptors: limit.soft)
    logger.debug("descriptors", metadata: ["soft": "\(limit.soft)", "hard": "\(limit.hard)"])
    if limit.soft < DescriptorLimit.leastForBroker {
      logger.warning(
        "few file descriptors: a broker refuses connections early; raise the hard limit (ulimit -Hn)",
        metadata: ["limit": "\(limit.soft)", "wanted": "\(DescriptorLimit.leastForBroker)"])
    }
    if !ConnectionGate.isInPlace {
      logger.warning("connections cannot be refused in time: libzmq is linked into the program")
    }
  }
}

/// Ends the process at the second signal: whoever asks twice does not want to wait.
enum SecondSignal {
  private static let count = Atomic<Int>(0)

  static func watch() {
    for number in [SIGTERM, SIGINT] {
      let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
      source.setEventHandler {
        if count.add(1, ordering: .relaxed).newValue >= 2 { _exit(128 + number) }
      }
      source.resume()
      // It watches for as long as the process lives.
      _ = Unmanaged.passRetained(source as AnyObject)
    }
  }
}
