// SPDX-License-Identifier: Apache-2.0

import CProcessor
import KernelLayout
import SimulationKernel

#if HAS_X86_64_V3
  import SimulationKernelV3
#endif

/// Runs programs on the fastest kernel that the processor can run. All kernels give the same bits.
///
/// ```swift
/// let scenario = RunwayScenario.runway60
/// let program = try RunwayProgram(scenario)
/// let run = RunwayEngine.simulate(program, seed: scenario.seed, first: 0, count: 8_000)
/// let ruin = RunwaySummary(run.counts, of: scenario).ruin(by: 36)  // P(ruin in 36 months)
/// ```
/// The example is compiled in `Tests/ExampleTests/RunwayExamples.swift`.
public enum RunwayEngine {
  /// A build of the simulation kernel.
  public enum Kernel: String, Sendable, CaseIterable {
    /// For any processor of the architecture. On arm64 it is the fast one.
    case portable
    /// x86-64 with AVX2 and FMA.
    case avx2 = "x86-64-v3"
  }

  /// The fastest that runs here.
  public static let kernel: Kernel = {
    #if HAS_X86_64_V3
      return cprocessor_has_x86_64_v3() != 0 ? .avx2 : .portable
    #else
      return .portable
    #endif
  }()

  /// Simulates paths.
  /// - Parameters:
  ///   - first: the number of the first path, a multiple of 8.
  ///   - count: a multiple of 8.
  /// - Returns: the counts, and the step of ruin of each path (0 for never).
  public static func simulate(
    _ program: RunwayProgram, seed: UInt64, first: UInt64, count: Int, on kernel: Kernel = kernel
  ) -> (counts: RunwayCounts, ruinOfPath: [UInt8]) {
    precondition(first % 8 == 0 && count % 8 == 0, "paths come eight at a time")
    var counts = RunwayCounts(steps: program.steps)
    var ruins = [UInt8](repeating: 0, count: count)
    counts.paths = UInt64(count)
    counts.withKernelOutput(&ruins) { output in
      switch kernel {
      case .portable:
        SimulationKernel.RunwayKernel.simulate(
          program.input, output, seed: seed, first: first, count: count)
      case .avx2:
        #if HAS_X86_64_V3
          SimulationKernelV3.RunwayKernel.simulate(
            program.input, output, seed: seed, first: first, count: count)
        #else
          preconditionFailure("this build has no kernel for \(kernel.rawValue)")
        #endif
      }
    }
    return (counts, ruins)
  }
}
