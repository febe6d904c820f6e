// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation
import Ingestion
import Modeling

/// Where a price book is written, and from when on it holds.
struct BookOptions: ParsableArguments {
  @Option(help: "Provider in the price book.")
  var provider = "own"

  @Option(help: "Model in the price book. Default: the model's name.")
  var called: String?

  @Option(help: "The rates hold from this date on: 2026-12-01. Default: today.")
  var from: String?

  @Option(help: "Write the price book here instead of to standard output.", completion: .file())
  var to: String?

  func validate() throws {
    if let from, ISO8601DateFormatter.day(from) == nil {
      throw ValidationError("--from is a date such as 2026-12-01, not '\(from)'")
    }
  }

  var today: String {
    ISO8601DateFormatter.string(from: Date(), timeZone: .gmt, formatOptions: .withFullDate)
  }

  /// A price book of one entry.
  func book(
    model: String, input: Double, output: Double, source: String, evidence: String, note: String
  ) -> String {
    func price(_ value: Double) -> String {
      var text = String(format: "%.9f", value)
      while text.hasSuffix("0") { text.removeLast() }
      return text.hasSuffix(".") ? String(text.dropLast()) : text
    }
    func quoted(_ text: String) -> String { "'" + text.replacing("'", with: "''") + "'" }
    return """
      # Written by solvent fleet; usage of this provider and model is priced with it:
      # solvent ingest LOG.csv --prices THIS_FILE
      book: own-fleet
      version: \(today)
      currency: USD
      models:
        - provider: \(quoted(provider))
          model: \(quoted(called ?? model))
          rates:
            - from: \(from ?? today)
              per_million_tokens: {input: \(price(input)), output: \(price(output))}
              source: \(quoted(source))
              retrieved: \(today)
              evidence: \(evidence)
              note: \(quoted(note))

      """
  }

  /// Writes a file that is not there yet.
  static func write(_ text: String, to path: String?) throws {
    guard let path else { return Terminal.write(text, to: 1) }
    do {
      try Data(text.utf8).write(to: URL(filePath: path), options: .withoutOverwriting)
    } catch {
      throw Failure(ExitStatus.failed, "\(path): \(error.localizedDescription)")
    }
  }
}

extension ISO8601DateFormatter {
  /// Midnight UTC of a date.
  static func day(_ text: String) -> Date? {
    let formatter = ISO8601DateFormatter()
    formatter.formatOptions = .withFullDate
    guard text.utf8.count == 10, let date = formatter.date(from: text),
      formatter.string(from: date) == text
    else { return nil }
    return date
  }
}

extension Fleet {
  struct Rates: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Writes a price book from an estimate: own hardware beside API prices.",
      discussion: """
        Usage of the provider 'own' is then priced as any other: solvent ingest --prices FILE, solvent \
        cost. The evidence is "estimated", or "assumed" where the price of the GPU is a guess.
        """)

    @OptionGroup var options: FleetOptions
    @OptionGroup var deployment: DeploymentOptions
    @OptionGroup var latency: LatencyOptions
    @OptionGroup var prices: PriceOptions
    @OptionGroup var book: BookOptions

    func validate() throws {
      guard options.output.format == .table else {
        throw ValidationError("a price book is YAML; --json, --csv and -o md do not apply")
      }
    }

    func run() async throws {
      let load = latency.load
      let estimate = try FleetEstimate(
        deployment, prices, load: load, ttft: latency.ttft, model: options.model(),
        catalogue: options.catalogues())
      let cost = estimate.cost
      let text = book.book(
        model: estimate.deployment.architecture.name, input: cost.perMillionInput.estimate,
        output: cost.perMillionOutput.estimate,
        source: "solvent fleet estimate: \(estimate.deployment.title); GPU-hour "
          + FleetEstimate.dollars(estimate.priced.hour.total) + ", \(estimate.priced.origin)",
        evidence: estimate.evidence,
        note: "90 %: \(FleetEstimate.dollar(cost.perMillionInput.low)) to "
          + "\(FleetEstimate.dollar(cost.perMillionInput.high)) in, "
          + "\(FleetEstimate.dollar(cost.perMillionOutput.low)) to "
          + "\(FleetEstimate.dollar(cost.perMillionOutput.high)) out; utilization "
          + Percent.text(cost.utilization))
      try BookOptions.write(text, to: book.to)
    }
  }

  struct Measure: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Rates from what was measured: metered GPU-hours and vLLM's counters.",
      discussion: """
        Save the engine's page twice: curl -s http://HOST:8000/metrics > before.txt, an hour later \
        after.txt. What was idle is shown apart; --spread-idle puts it into the rates, else --books \
        writes it as an entry for solvent book.
        """)

    @OptionGroup var options: FleetOptions
    @OptionGroup var deployment: DeploymentOptions
    @OptionGroup var prices: PriceOptions
    @OptionGroup var book: BookOptions

    @Option(help: "Hours between the two pages.")
    var hours: Double

    @Option(help: "Metered GPU-hours. Default: GPUs x hours.")
    var gpuHours: Double?

    @Option(
      help: "Output tokens a second at full load, measured. Default: what the equations say.")
    var capacity: Double?

    @Flag(help: "Rates that carry what was idle, too.")
    var spreadIdle = false

    @Option(help: "Write what was idle as an entry for `solvent book`.", completion: .file())
    var books: String?

    @Argument(help: "The engine's page before.", completion: .file())
    var before: String

    @Argument(help: "The engine's page after.", completion: .file())
    var after: String

    func validate() throws {
      let bounds = [hours, gpuHours ?? 1, capacity ?? 1]
      guard bounds.allSatisfy({ $0 > 0 && $0 <= 1e12 }) else {
        throw ValidationError("--hours, --gpu-hours and --capacity are above 0, at most 10^12")
      }
      if spreadIdle && books != nil {
        throw ValidationError(
          "--spread-idle and --books exclude each other: idle would count twice")
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
      let metered = gpuHours ?? Double(estimate.deployment.gpus) * hours
      // As many such deployments as the meter counted.
      let size = metered / (Double(estimate.deployment.gpus) * hours)
      let full = capacity ?? estimate.rate.estimate * size
      let fleet: MeasuredFleet
      do throws(FleetError) {
        fleet = try MeasuredFleet(
          inputTokens: counted.promptTokens, outputTokens: counted.outputTokens, hours: hours,
          gpuHours: metered,
          dollarsPerGPUHour: estimate.priced.hour.total.estimate,
          capacity: full,
          prefillShare: estimate.performance.prefillShare)
      } catch {
        throw Failure(ExitStatus.dataError, error.description)
      }
      if fleet.outputRate > full {
        Terminal.note(
          "more was done (\(Rate.text(fleet.outputRate)) tokens/s) than full load should allow "
            + "(\(Rate.text(full))): it counts as always busy; measure --capacity")
      }
      if book.to != nil {
        try BookOptions.write(bookText(fleet, estimate, metered), to: book.to)
      }
      if let books { try BookOptions.write(entry(fleet, estimate), to: books) }
      MeasurePrinter(
        fleet: fleet, counted: counted, estimate: estimate, gpuHours: metered,
        hasCapacity: capacity != nil, hasPrice: prices.isTold,
        evidence: evidence
      ).print(options.output.format)
    }

    /// Measured when everything is: the price paid and, unless idle time is in the rates anyway, the
    /// throughput at full load.
    private var evidence: String {
      prices.isTold && (spreadIdle || capacity != nil) ? "measured" : "estimated"
    }

    private func bookText(
      _ fleet: MeasuredFleet, _ estimate: FleetEstimate, _ metered: Double
    ) -> String {
      book.book(
        model: estimate.deployment.architecture.name,
        input: spreadIdle ? fleet.perMillionInputWithIdle : fleet.perMillionInput,
        output: spreadIdle ? fleet.perMillionOutputWithIdle : fleet.perMillionOutput,
        source: "metered: \(Rate.text(metered)) GPU-hours of \(estimate.deployment.title) at "
          + FleetEstimate.dollar(estimate.priced.hour.total.estimate),
        evidence: evidence,
        note: spreadIdle
          ? "idle GPUs included" : "work only; idle GPUs were \(FleetEstimate.dollar(fleet.idle))")
    }

    private func entry(_ fleet: MeasuredFleet, _ estimate: FleetEstimate) -> String {
      let note = "idle GPUs, \(estimate.deployment.title)".replacing("'", with: "''")
      return """
        # What was paid for and did no work; solvent book THIS_FILE
        books: own fleet
        currency: USD
        source: metered GPU-hours and vLLM's counters
        entries:
          - {date: \(book.from ?? book.today), cost: \(String(format: "%.2f", fleet.idle)), account: hosting, evidence: \(evidence), note: '\(note)'}

        """
    }
  }
}

struct MeasurePrinter {
  let fleet: MeasuredFleet
  let counted: EngineCounters
  let estimate: FleetEstimate
  let gpuHours: Double
  let hasCapacity: Bool
  let hasPrice: Bool
  /// Of the rates.
  let evidence: String

  func print(_ format: OutputOptions.Format) {
    switch format {
    case .json:
      Terminal.print(
        JSONText.object([
          ("schema", .string("solvent.fleet.measure/v1")), ("evidence", .string(evidence)),
          ("input_tokens", .number("\(counted.promptTokens)")),
          ("output_tokens", .number("\(counted.outputTokens)")),
          ("gpu_hours", .number("\(gpuHours)")), ("usd", .number("\(fleet.cost)")),
          ("allocated_usd", .number("\(fleet.allocated)")), ("idle_usd", .number("\(fleet.idle)")),
          ("output_tokens_per_second", .number("\(fleet.outputRate)")),
          ("utilization", .number("\(fleet.utilization)")),
          ("per_million_input_tokens", .number("\(fleet.perMillionInput)")),
          ("per_million_output_tokens", .number("\(fleet.perMillionOutput)")),
          ("per_million_input_tokens_with_idle", .number("\(fleet.perMillionInputWithIdle)")),
          ("per_million_output_tokens_with_idle", .number("\(fleet.perMillionOutputWithIdle)")),
        ]).text)
    case .csv, .table, .md:
      var table = Table(columns: [
        .init(title: estimate.deployment.title), .init(title: "", isNumber: true),
        .init(title: "KNOWN"),
      ])
      func add(_ label: String, _ value: String, _ known: String) {
        table.rows.append([label, value, known])
      }
      add("tokens in", Rate.text(counted.promptTokens), "measured")
      add("tokens out", Rate.text(counted.outputTokens), "measured")
      add("output tokens a second", Rate.text(fleet.outputRate), "measured")
      add("GPU-hours", Rate.text(gpuHours), "measured")
      add(
        "paid", FleetEstimate.dollar(fleet.cost),
        (hasPrice ? "measured" : "estimated: a catalogue's price; tell yours: --rent, --capital")
          + ", "
          + FleetEstimate.dollar(estimate.priced.hour.total.estimate) + " an hour")
      add(
        "busy", Percent.text(fleet.utilization),
        hasCapacity ? "measured" : "estimated: of the throughput at full load")
      add("for work", FleetEstimate.dollar(fleet.allocated), "")
      add("idle", FleetEstimate.dollar(fleet.idle), "")
      add(
        "a million tokens in", FleetEstimate.dollar(fleet.perMillionInput),
        "with idle \(FleetEstimate.dollar(fleet.perMillionInputWithIdle))")
      add(
        "a million tokens out", FleetEstimate.dollar(fleet.perMillionOutput),
        "with idle \(FleetEstimate.dollar(fleet.perMillionOutputWithIdle))")
      add(
        "time of prompts", Percent.text(estimate.performance.prefillShare),
        "estimated: engines do not count it")
      add("rates", "", evidence)
      if format == .csv {
        Terminal.print("figure,value")
        for (name, value) in [
          ("input_tokens", counted.promptTokens), ("output_tokens", counted.outputTokens),
          ("gpu_hours", gpuHours), ("usd", fleet.cost), ("allocated_usd", fleet.allocated),
          ("idle_usd", fleet.idle), ("output_tokens_per_second", fleet.outputRate),
          ("utilization", fleet.utilization), ("per_million_input_tokens", fleet.perMillionInput),
          ("per_million_output_tokens", fleet.perMillionOutput),
          ("per_million_input_tokens_with_idle", fleet.perMillionInputWithIdle),
          ("per_million_output_tokens_with_idle", fleet.perMillionOutputWithIdle),
        ] { Terminal.print("\(name),\(value)") }
      } else {
        table.print(as: format)
      }
    }
  }
}
