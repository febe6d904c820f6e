// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Documents
import Economics
import Fleet
import Foundation
import Host
import Rendering

extension Fleet {
  struct Measure: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Computes rates from metered GPU-hours and vLLM's counters.",
      discussion: """
        Save the engine's metrics twice: curl -s http://HOST:8000/metrics > before.txt and, an \
        hour later, after.txt. Idle cost is shown separately; --spread-idle includes it in the \
        rates, and --books writes it as an entry for solvent book.
        """)

    @OptionGroup var options: FleetOptions
    @OptionGroup var deployment: DeploymentOptions
    @OptionGroup var prices: PriceOptions
    @OptionGroup var book: BookOptions

    @Option(help: "Hours between the two files.")
    var hours: Double

    @Option(help: "Metered GPU-hours. Default: GPUs x hours.")
    var gpuHours: Double?

    @Option(
      help: "Measured output tokens per second at full load. Default: the equations' estimate.")
    var capacity: Double?

    @Flag(help: "Include idle cost in the rates.")
    var spreadIdle = false

    @Option(help: "Write the idle cost as an entry for `solvent book`.", completion: .file())
    var books: String?

    @Argument(help: "The engine's metrics before.", completion: .file())
    var before: String

    @Argument(help: "The engine's metrics after.", completion: .file())
    var after: String

    func validate() throws {
      let bounds = [hours, gpuHours ?? 1, capacity ?? 1]
      guard bounds.allSatisfy({ $0 > 0 && $0 <= 1e12 }) else {
        throw ValidationError(
          "--hours, --gpu-hours and --capacity must be above 0 and at most 10^12")
      }
      if spreadIdle && books != nil {
        throw ValidationError(
          "use either --spread-idle or --books: with both, idle cost would count twice")
      }
    }

    func run() async throws {
      let counted: EngineCounters
      do {
        counted = try EngineCounters(FleetOptions.text(after), file: after)
          .since(EngineCounters(FleetOptions.text(before), file: before))
      } catch let problem as FileProblem {
        throw Failure(ExitStatus.badFile, problem.description)
      }
      var wanted = deployment
      if counted.requests > 0, counted.outputTokens >= counted.requests {
        wanted.shapes.inputTokens = counted.promptTokens / counted.requests
        wanted.shapes.outputTokens = counted.outputTokens / counted.requests
      }
      let estimate = try FleetEstimate(
        wanted, prices, load: .offline(requests: nil), model: options.model(),
        catalogue: options.catalogues())
      let fleet: MeasuredFleet
      do throws(FleetError) {
        fleet = try MeasuredFleet(
          inputTokens: counted.promptTokens, outputTokens: counted.outputTokens, like: estimate,
          hours: hours, gpuHours: gpuHours, capacity: capacity)
      } catch {
        throw Failure(ExitStatus.dataError, error.description)
      }
      if fleet.exceedsCapacity {
        Terminal.note(
          "the engine delivered more (\(Rate.text(fleet.outputRate)) tokens/s) than the "
            + "estimate at full load "
            + "(\(Rate.text(fleet.capacity))), so it counts as always busy; measure --capacity")
      }
      if book.to != nil {
        try BookOptions.write(bookText(fleet, estimate), to: book.to)
      }
      if let books { try BookOptions.write(entry(fleet, estimate), to: books) }
      MeasurePrinter(
        fleet: fleet, counted: counted, estimate: estimate, hasCapacity: capacity != nil,
        hasPrice: prices.isUserSupplied,
        evidence: evidence
      ).print(on: options.output.page)
    }

    /// Measured when everything is: the price paid and, unless idle time is in the rates anyway, the
    /// throughput at full load.
    private var evidence: String {
      prices.isUserSupplied && (spreadIdle || capacity != nil) ? "measured" : "estimated"
    }

    private func bookText(_ fleet: MeasuredFleet, _ estimate: FleetEstimate) -> String {
      book.book(
        model: estimate.deployment.architecture.name,
        input: spreadIdle ? fleet.perMillionInputWithIdle : fleet.perMillionInput,
        output: spreadIdle ? fleet.perMillionOutputWithIdle : fleet.perMillionOutput,
        source:
          "metered: \(Rate.text(fleet.gpuHours)) GPU-hours of \(estimate.deployment.title) at "
          + FleetEstimate.dollar(estimate.priced.hour.total.estimate),
        evidence: evidence,
        note: spreadIdle
          ? "idle GPUs included"
          : "without idle GPUs, which cost \(FleetEstimate.dollar(fleet.idle))")
    }

    private func entry(_ fleet: MeasuredFleet, _ estimate: FleetEstimate) -> String {
      OwnRatesFile.idleEntry(
        fleet.idle, day: book.from ?? book.today, evidence: evidence,
        note: "idle GPUs, \(estimate.deployment.title)")
    }
  }
}
