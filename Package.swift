// swift-tools-version: 6.2
// SPDX-License-Identifier: Apache-2.0

import PackageDescription

let settings: [SwiftSetting] = [
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
  .treatAllWarnings(as: .error),
]

let argumentParser = Target.Dependency.product(
  name: "ArgumentParser", package: "swift-argument-parser")
let collections = Target.Dependency.product(
  name: "DequeModule", package: "swift-collections")
let heap = Target.Dependency.product(name: "HeapModule", package: "swift-collections")
let crypto = Target.Dependency.product(name: "Crypto", package: "swift-crypto")
let grdb = Target.Dependency.product(name: "GRDB", package: "GRDB.swift")
let lifecycle = Target.Dependency.product(
  name: "ServiceLifecycle", package: "swift-service-lifecycle")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let signals = Target.Dependency.product(
  name: "UnixSignals", package: "swift-service-lifecycle")
let service = [argumentParser, lifecycle, logging, signals]
let yams = Target.Dependency.product(name: "Yams", package: "Yams")

let package = Package(
  name: "solvent",
  platforms: [.macOS(.v15)],
  products: [
    .executable(name: "solvent", targets: ["solvent"])
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
    .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
    .package(url: "https://github.com/apple/swift-crypto", from: "4.5.0"),
    .package(url: "https://github.com/apple/swift-log", from: "1.16.0"),
    .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
    .package(url: "https://github.com/jpsim/Yams", from: "6.2.0"),
    .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
  ],
  targets: [
    // Transport: knows nothing of money.
    .systemLibrary(name: "CZeroMQ", providers: [.apt(["libzmq3-dev"])]),
    .systemLibrary(name: "CProcessor"),
    .systemLibrary(name: "CZlib", providers: [.apt(["zlib1g-dev"])]),
    .target(name: "ZeroMQ", dependencies: ["CZeroMQ"]),
    .target(name: "CBOR"),
    .target(name: "Broker", dependencies: [collections]),
    .target(
      name: "Cluster", dependencies: ["Broker", "CBOR", "CZeroMQ", "ZeroMQ"] + service),

    // Economics: knows nothing of sockets.
    .target(name: "Economics"),
    .target(
      name: "Modeling",
      dependencies: ["CProcessor", "Economics", "KernelLayout", "SimulationKernel"]),

    // The simulation kernel, alone in its module: see the end of this file.
    .target(name: "KernelLayout"),
    .target(name: "SimulationKernel", dependencies: ["KernelLayout"]),
    .target(
      name: "Ingestion", dependencies: ["CBOR", "CZlib", "Economics", "Modeling", crypto, yams],
      resources: [
        .embedInCode("Resources/prices.yaml"),
        .embedInCode("Resources/mappings.yaml"),
        .embedInCode("Resources/chatgpt-2023.yaml"),
        .embedInCode("Resources/gpus.yaml"),
        .embedInCode("Resources/hardware-prices.yaml"),
        .embedInCode("Resources/models.yaml"),
        .embedInCode("Resources/performance.yaml"),
      ]),
    .target(name: "Ledger", dependencies: ["CBOR", "Economics", crypto, grdb]),
    .target(name: "Reporting", dependencies: ["Economics", "Ledger"]),

    // Services: the only places where the two meet.
    .executableTarget(
      name: "solvent-broker", dependencies: ["Broker", "Cluster", "ZeroMQ"] + service,
      path: "services/broker"),
    .executableTarget(
      name: "solvent-ingest",
      dependencies: ["Broker", "CBOR", "Cluster", "Economics", "Ingestion", "Ledger", "ZeroMQ"]
        + service,
      path: "services/ingest"),
    .executableTarget(
      name: "solvent-worker",
      dependencies: ["Broker", "CBOR", "Cluster", "Economics", "Modeling", "ZeroMQ"] + service,
      path: "services/worker"),
    .executableTarget(
      name: "solvent-report",
      dependencies: ["Broker", "CBOR", "Cluster", "Economics", "Ledger", "Reporting", "ZeroMQ"]
        + service,
      path: "services/report"),
    .executableTarget(
      name: "solvent",
      dependencies: [
        "Broker", "CBOR", "Cluster", "Economics", "Ingestion", "Ledger", "Modeling", "Reporting",
        "ZeroMQ",
      ] + service,
      path: "services/solvent"),

    .executableTarget(
      name: "kernel-bench", dependencies: ["Modeling"], path: "Benchmarks/runway/kernel"),

    // Tests: one target a module, a simulated cluster, and real processes.
    .testTarget(name: "ZeroMQTests", dependencies: ["ZeroMQ"]),
    .testTarget(
      name: "CBORTests", dependencies: ["Broker", "CBOR", "Economics", "Modeling", "Reporting"]),
    .testTarget(name: "BrokerTests", dependencies: ["Broker"]),
    .testTarget(name: "EconomicsTests", dependencies: ["Economics"]),
    .testTarget(name: "ModelingTests", dependencies: ["CBOR", "Economics", "Modeling"]),
    .testTarget(name: "KernelTests", dependencies: ["SimulationKernel"]),
    .testTarget(
      name: "IngestionTests", dependencies: ["CBOR", "Economics", "Ingestion", "Modeling"]),
    .testTarget(
      name: "LedgerTests",
      dependencies: ["CBOR", "Economics", "Ledger", "Modeling", "Reporting", grdb]),
    .testTarget(name: "ReportingTests", dependencies: ["Economics", "Ledger", "Reporting"]),
    .testTarget(
      name: "ClusterSimulator", dependencies: ["Broker", heap], path: "Tests/ClusterSimulator"),
    .testTarget(
      name: "ProcessTests",
      dependencies: ["Broker", "Cluster", "Economics", "Reporting", "ZeroMQ", logging]),
  ],
  swiftLanguageModes: [.v6]
)
for target in package.targets where target.type != .system {
  target.swiftSettings = settings
}

// Mistakes that the cluster simulator must find. Release builds have no trace of them.
for name in ["Broker", "ClusterSimulator"] {
  package.targets.first { $0.name == name }?.swiftSettings?.append(
    .define("PLANTED_FAULTS", .when(configuration: .debug)))
}

#if arch(x86_64)
  // The kernel's sources once more for processors with AVX2 and FMA (x86-64-v3, from 2013 on): 19
  // times as fast, the same bits. A worker asks the processor which to call. The links in
  // Sources/SimulationKernelV3 lead to the one source. Debug builds optimise it too, since tests run
  // millions of steps, and leave the portable one alone, so that tests compare the two.
  let fast = Target.target(name: "SimulationKernelV3", dependencies: ["KernelLayout"])
  fast.swiftSettings =
    settings + [
      .unsafeFlags(["-Xcc", "-march=x86-64-v3"]),
      .unsafeFlags(["-O"], .when(configuration: .debug)),
    ]
  package.targets.append(fast)
  let modeling = package.targets.first { $0.name == "Modeling" }
  modeling?.dependencies.append("SimulationKernelV3")
  let kernelTests = package.targets.first { $0.name == "KernelTests" }
  kernelTests?.dependencies.append("SimulationKernelV3")
  for target in [modeling, kernelTests] {
    target?.swiftSettings?.append(.define("HAS_X86_64_V3"))
  }
#else
  package.targets.first { $0.name == "SimulationKernel" }?.swiftSettings?.append(
    .unsafeFlags(["-O"], .when(configuration: .debug)))
#endif

// Spans of a message that the compiler checks: only the wrapper declares lifetimes.
package.targets.first { $0.name == "ZeroMQ" }?.swiftSettings?.append(
  .enableExperimentalFeature("Lifetimes"))

// The row loop touches class properties at every field of every row, the broker at every message. Debug
// builds, and so the tests, check each access for exclusivity; release builds do not.
for name in ["Broker", "Cluster", "Ingestion"] {
  package.targets.first { $0.name == name }?.swiftSettings?.append(
    .unsafeFlags(["-enforce-exclusivity=unchecked"], .when(configuration: .release)))
}

// The machines are generic in their payload; without their bodies the shells would run them
// unspecialised, looking up metadata for every message.
package.targets.first { $0.name == "Broker" }?.swiftSettings?.append(
  .unsafeFlags(["-cross-module-optimization"], .when(configuration: .release)))

// Swift 6.3.1 crashes when it optimises the commands ("While splitting coroutine", an LLVM pass). They
// only parse words and print; everything that takes time is in the libraries.
package.targets.first { $0.name == "solvent" }?.swiftSettings?.append(
  .unsafeFlags(["-Onone"], .when(configuration: .release)))
