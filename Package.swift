// swift-tools-version: 6.2
// SPDX-License-Identifier: Apache-2.0

import PackageDescription

// MARK: What every target is built with

let settings: [SwiftSetting] = [
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
  .treatAllWarnings(as: .error),
]

/// A library: `Sources/NAME` unless it lies elsewhere.
func library(
  _ name: String, at path: String? = nil, _ dependencies: [Target.Dependency] = [],
  resources: [Resource] = [], more: [SwiftSetting] = []
) -> Target {
  .target(
    name: name, dependencies: dependencies, path: path, resources: resources,
    swiftSettings: settings + more)
}

/// A program of `services/`: `@main`, options and wiring.
func program(
  _ name: String, at path: String, _ dependencies: [Target.Dependency],
  more: [SwiftSetting] = []
) -> Target {
  .executableTarget(
    name: name, dependencies: dependencies, path: path, swiftSettings: settings + more)
}

/// The tests of a module: `Tests/NAME`.
func tests(
  _ name: String, _ dependencies: [Target.Dependency], exclude: [String] = [],
  more: [SwiftSetting] = []
) -> Target {
  .testTarget(
    name: name, dependencies: dependencies, exclude: exclude, swiftSettings: settings + more)
}

/// Compiler flags for release builds only; each use says what it is for and why it is safe.
func release(_ flags: String...) -> SwiftSetting {
  .unsafeFlags(flags, .when(configuration: .release))
}

let argumentParser: Target.Dependency = .product(
  name: "ArgumentParser", package: "swift-argument-parser")
let configuration: Target.Dependency = .product(
  name: "Configuration", package: "swift-configuration")
let crypto: Target.Dependency = .product(name: "Crypto", package: "swift-crypto")
let deque: Target.Dependency = .product(name: "DequeModule", package: "swift-collections")
let grdb: Target.Dependency = .product(name: "GRDB", package: "GRDB.swift")
let heap: Target.Dependency = .product(name: "HeapModule", package: "swift-collections")
let coreMetrics: Target.Dependency = .product(name: "CoreMetrics", package: "swift-metrics")
let metrics: Target.Dependency = .product(name: "Metrics", package: "swift-metrics")
let lifecycle: Target.Dependency = .product(
  name: "ServiceLifecycle", package: "swift-service-lifecycle")
let logging: Target.Dependency = .product(name: "Logging", package: "swift-log")
let ordered: Target.Dependency = .product(
  name: "OrderedCollections", package: "swift-collections")
let signals: Target.Dependency = .product(
  name: "UnixSignals", package: "swift-service-lifecycle")
let subprocess: Target.Dependency = .product(name: "Subprocess", package: "swift-subprocess")
let system: Target.Dependency = .product(name: "SystemPackage", package: "swift-system")
let yams: Target.Dependency = .product(name: "Yams", package: "Yams")

// MARK: The kernel's second build

#if arch(x86_64)
  // The kernel's sources once more for processors with AVX2 and FMA (x86-64-v3, from 2013 on): 19
  // times as fast, the same bits. A worker asks the processor which to call. The links in
  // Sources/SimulationKernelV3 lead to the one source. Debug builds optimise it too, since tests run
  // millions of steps, and leave the portable one alone, so that tests compare the two.
  let kernels: [Target] = [
    library("SimulationKernel", ["KernelLayout"]),
    library(
      "SimulationKernelV3", ["KernelLayout"],
      more: [
        .unsafeFlags(["-Xcc", "-march=x86-64-v3"]),
        .unsafeFlags(["-O"], .when(configuration: .debug)),
      ]),
  ]
  let fastKernel: [Target.Dependency] = ["SimulationKernelV3"]
  let hasFastKernel: [SwiftSetting] = [.define("HAS_X86_64_V3")]
#else
  let kernels: [Target] = [
    library(
      "SimulationKernel", ["KernelLayout"],
      more: [.unsafeFlags(["-O"], .when(configuration: .debug))])
  ]
  let fastKernel: [Target.Dependency] = []
  let hasFastKernel: [SwiftSetting] = []
#endif

// MARK: Targets

// Mistakes that the cluster simulator must find. Release builds have no trace of them.
let plantedFaults: SwiftSetting = .define("PLANTED_FAULTS", .when(configuration: .debug))

/// Transport: knows nothing of money, files or services.
let transport: [Target] = [
  .systemLibrary(name: "CZeroMQ", providers: [.apt(["libzmq3-dev"])]),
  // A symbol of its own, which no module map of headers can have.
  .target(name: "CAccept"),
  // Spans of a message that the compiler checks: only the wrapper declares lifetimes.
  library("ZeroMQ", ["CAccept", "CZeroMQ"], more: [.enableExperimentalFeature("Lifetimes")]),
  library("CBOR"),
  // The machines are generic in their payload; without their bodies the shells would run them
  // unspecialised, looking up metadata for every message.
  library(
    "Broker", [deque],
    more: [
      plantedFaults, release("-cross-module-optimization"),
    ]),
  library(
    "Cluster", ["Broker", "CBOR", "ZeroMQ", logging]),
]

/// Economics: knows nothing of sockets.
let economics: [Target] = [
  .systemLibrary(name: "CProcessor"),
  .systemLibrary(name: "CZlib", providers: [.apt(["zlib1g-dev"])]),
  library("Determinism"),
  library("Economics"),
  library("Pricing", ["Economics"]),
  library("Fleet", ["Determinism", "Economics", ordered]),
  library("KernelLayout"),
  library(
    "Runway",
    ["CProcessor", "Determinism", "Economics", "KernelLayout", "SimulationKernel"] + fastKernel,
    more: hasFastKernel),
  library(
    "Usage", ["CZlib", "Economics", crypto, system]),
  library("Journal", ["CBOR", "Economics", "Usage", crypto, system]),
  library(
    "Documents", ["Economics", "Fleet", "Runway", "Usage", crypto, yams],
    resources: [
      "chatgpt-2023", "gpus", "hardware-prices", "mappings", "models", "performance", "prices",
    ].map { .embedInCode("Resources/\($0).yaml") }),
  library("Ledger", ["CBOR", "Economics", crypto, grdb]),
  library("Reporting", ["Economics", "Ledger"]),
]

/// Where the two meet.
let services: [Target] = [
  .systemLibrary(name: "CHost"),
  // Who may do what, apart from the engines: the broker has the table and nothing else.
  library("ClusterAccess", ["Broker"]),
  library("FileHandover", ["CHost", system]),
  library(
    "ClusterAPI",
    [
      "Broker", "CBOR", "Cluster", "ClusterAccess", "Economics", "FileHandover", "Fleet",
      "Reporting", "Runway", "Usage", "ZeroMQ", system,
    ]),
  library(
    "Rendering",
    ["Broker", "ClusterAPI", "Documents", "Economics", "Fleet", "Ledger", "Reporting", "Runway"]),
  library(
    "Host",
    ["CHost", "Cluster", "ZeroMQ"]
      + [
        argumentParser, configuration, coreMetrics, lifecycle, logging, metrics, signals,
      ]),
  library(
    "Supervision",
    ["Broker", "Cluster", "ClusterAccess", "Host", "ZeroMQ", logging, subprocess, system]),
  library(
    "BrokerService", at: "Sources/Services/Broker",
    ["Broker", "Cluster", "ClusterAccess", "Host", "ZeroMQ", lifecycle, logging, metrics]),
  library(
    "IngestService", at: "Sources/Services/Ingest",
    [
      "Broker", "CBOR", "Cluster", "ClusterAccess", "ClusterAPI", "Documents", "Economics",
      "FileHandover", "Host", "Journal", "Ledger", "Pricing", "Usage", "ZeroMQ", crypto, lifecycle,
      logging, metrics, system,
    ]),
  library(
    "ReportService", at: "Sources/Services/Report",
    [
      "Broker", "CBOR", "Cluster", "ClusterAccess", "ClusterAPI", "Documents", "Economics", "Fleet",
      "Host", "Ledger", "Reporting", "Runway", "ZeroMQ", crypto, lifecycle, logging, metrics,
    ]),
  library(
    "WorkerService", at: "Sources/Services/Worker",
    [
      "Broker", "CBOR", "Cluster", "ClusterAccess", "ClusterAPI", "Economics", "Fleet", "Host",
      "Pricing", "Runway", "ZeroMQ", lifecycle, logging, metrics,
    ]),
  program(
    "solvent-broker", at: "services/broker",
    ["Broker", "BrokerService", "Host", "ZeroMQ", argumentParser]),
  program(
    "solvent-ingest", at: "services/ingest", ["Host", "IngestService", argumentParser]),
  program(
    "solvent-report", at: "services/report", ["Host", "ReportService", argumentParser]),
  program(
    "solvent-worker", at: "services/worker", ["Host", "WorkerService", argumentParser]),
  program(
    "solvent", at: "services/solvent",
    [
      "Broker", "CBOR", "Cluster", "ClusterAPI", "Determinism", "Documents", "Economics", "Fleet",
      "Host", "Journal", "Ledger", "Pricing", "Rendering", "Reporting", "Runway", "Supervision",
      "Usage", "ZeroMQ", argumentParser, crypto, logging, system,
    ]),
  program("kernel-bench", at: "Benchmarks/runway/kernel", ["Documents", "Runway"]),
]

/// One target a module, a simulated cluster, and real processes.
let allTests: [Target] = [
  library(
    "TestSupport", at: "Tests/TestSupport", ["Documents", "Economics", "Reporting", "Usage"]),
  tests("ZeroMQTests", ["TestSupport", "ZeroMQ"]),
  tests(
    "CBORTests",
    [
      "Broker", "CBOR", "ClusterAPI", "ClusterAccess", "Economics", "FileHandover", "Fleet",
      "Reporting", "Runway", "Usage",
    ]),
  tests("BrokerTests", ["Broker", "Determinism", deque]),
  tests("ClusterAccessTests", ["Broker", "ClusterAccess"]),
  tests("ClusterTests", ["Broker", "Cluster", "TestSupport", "ZeroMQ", logging]),
  tests("DeterminismTests", ["Determinism"]),
  tests("EconomicsTests", ["Determinism", "Economics"]),
  tests("PricingTests", ["CBOR", "Determinism", "Economics", "Pricing"]),
  tests("FleetTests", ["CBOR", "Determinism", "Economics", "Fleet"]),
  tests("RunwayTests", ["CBOR", "Determinism", "Economics", "Runway"]),
  tests("KernelTests", ["SimulationKernel"] + fastKernel, more: hasFastKernel),
  tests(
    "UsageTests",
    ["Determinism", "Documents", "Economics", "Usage", "TestSupport", crypto, system]),
  tests(
    "JournalTests",
    ["CBOR", "Determinism", "Documents", "Economics", "Journal", "Usage", "TestSupport"]),
  tests(
    "DocumentsTests", ["Documents", "Economics", "Fleet", "Runway", "TestSupport"],
    exclude: ["Resources"]),
  tests(
    "LedgerTests",
    ["CBOR", "Determinism", "Economics", "Ledger", "Pricing", "Reporting", grdb]),
  tests(
    "ReportingTests",
    ["CBOR", "Determinism", "Economics", "Ledger", "Pricing", "Reporting", "TestSupport"]),
  tests(
    "RenderingTests",
    [
      "Broker", "ClusterAPI", "Determinism", "Documents", "Economics", "Fleet", "Ledger",
      "Rendering",
      "Reporting", "Runway",
    ]),
  tests(
    "HostTests", ["Cluster", "Host", "ZeroMQ", argumentParser, coreMetrics, logging]),
  tests("BrokerServiceTests", ["Broker", "BrokerService", "Host", "ZeroMQ", coreMetrics]),
  tests("SupervisionTests", ["Supervision", "TestSupport", system]),
  tests("FileHandoverTests", ["FileHandover", "TestSupport", system]),
  tests("IngestServiceTests", ["Broker", "IngestService", "Journal", "Usage"]),
  tests(
    "ReportServiceTests",
    [
      "CBOR", "Documents", "Economics", "Ledger", "Pricing", "ReportService", "Reporting", "Runway",
      "TestSupport",
    ]),
  tests(
    "ExampleTests",
    [
      "Broker", "BrokerService", "CBOR", "Cluster", "ClusterAPI", "Determinism", "Documents",
      "Economics", "FileHandover", "Fleet", "Host", "IngestService", "Journal", "Ledger", "Pricing",
      "Rendering",
      "ReportService", "Reporting", "Runway", "Supervision", "TestSupport", "Usage",
      "WorkerService", "ZeroMQ", lifecycle, logging, system,
    ]),
  tests("Simulator", ["Broker", heap], more: [plantedFaults]),
  tests(
    "ProcessTests",
    [
      "Broker", "CBOR", "Cluster", "ClusterAPI", "Economics", "FileHandover", "Host", "Reporting",
      "Usage", "ZeroMQ", logging, system,
    ],
    exclude: ["Resources"]),
]

// The fuzzer, which only Tests/Fuzz/run builds: its flags are of no use to anything else.
let fuzzer: [Target] =
  Context.environment["SOLVENT_FUZZ"] == nil
  ? []
  : [
    .executableTarget(
      name: "solvent-fuzz",
      dependencies: [
        "Broker", "CBOR", "ClusterAPI", "ClusterAccess", "Documents", "Economics", "FileHandover",
        "Fleet", "Journal", "Ledger", "Pricing", "Rendering", "Reporting", "Runway", "Usage",
      ],
      path: "Tests/Fuzz", exclude: ["corpus", "run"], swiftSettings: settings,
      // gold, which Swift takes on Debian, fails on two functions main: libFuzzer's is not used.
      linkerSettings: [.unsafeFlags(["-use-ld=lld"])])
  ]

let package = Package(
  name: "solvent",
  products: [
    .executable(name: "solvent", targets: ["solvent"])
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
    .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
    .package(url: "https://github.com/apple/swift-configuration", from: "1.4.0", traits: []),
    .package(url: "https://github.com/apple/swift-crypto", from: "4.5.0"),
    .package(url: "https://github.com/apple/swift-log", from: "1.16.0"),
    .package(url: "https://github.com/apple/swift-metrics", from: "2.13.0"),
    .package(url: "https://github.com/apple/swift-system", from: "1.8.0"),
    .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
    .package(url: "https://github.com/jpsim/Yams", from: "6.2.0"),
    .package(url: "https://github.com/swiftlang/swift-subprocess", from: "1.0.0"),
    .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
  ],
  targets: transport + economics + kernels + services + allTests + fuzzer,
  swiftLanguageModes: [.v6]
)
