// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Fleet
import Foundation

/// What requests look like and what they may take.
struct ShapeOptions: ParsableArguments {
  @Option(help: "Average tokens per prompt.")
  var inputTokens = 1_000.0

  @Option(help: "Average tokens per answer.")
  var outputTokens = 500.0

  func validate() throws {
    guard inputTokens >= 0, inputTokens <= 1e8, outputTokens >= 1, outputTokens <= 1e8 else {
      throw ValidationError(
        "--input-tokens must be from 0 and --output-tokens from 1 to 100,000,000")
    }
  }

  var shape: RequestShape { RequestShape(input: inputTokens, output: outputTokens) }
}

/// How fast it must be.
struct LatencyOptions: ParsableArguments {
  @Option(help: ArgumentHelp("Limit on the milliseconds between tokens.", valueName: "ms"))
  var tpot: Double?

  @Option(
    help: ArgumentHelp(
      "Limit on the milliseconds to the first token, without queueing.", valueName: "ms"))
  var ttft: Double?

  func validate() throws {
    for limit in [tpot, ttft].compactMap({ $0 }) where !(limit >= 1e-3 && limit < 1e7) {
      throw ValidationError("a latency limit must be from 0.001 to 10,000,000 milliseconds")
    }
  }

  /// As many requests at once as the limit takes, or as memory does.
  var load: ServingLoad {
    tpot.map { .limited(timePerToken: $0 / 1_000) } ?? .offline(requests: nil)
  }
}

/// How many requests there are at once: as many as fit, as a limit takes, or a number.
struct LoadOptions: ParsableArguments {
  @OptionGroup var latency: LatencyOptions

  @Option(help: "Concurrent users, each sending the next request when one is answered.")
  var concurrency: Double?

  func validate() throws {
    if concurrency != nil && latency.tpot != nil {
      throw ValidationError("use either --concurrency or --tpot, not both")
    }
    guard (1...1e9).contains(concurrency ?? 1) else {
      throw ValidationError("--concurrency must be from 1 to 1,000,000,000")
    }
  }

  var load: ServingLoad { concurrency.map { .closed(concurrency: $0) } ?? latency.load }
}
