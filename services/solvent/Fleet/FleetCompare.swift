// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Economics
import Foundation
import Ingestion
import Modeling

extension Fleet {
  struct Compare: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Buy or build: a provider's API beside your own fleet, over volume.",
      discussion: """
        The API's price is of the price book (--api openai/gpt-4o-mini, or only the model), or told: \
        --api-price 0.15,0.60 dollars a million input and output tokens. --plot writes an SVG.
        """)

    @OptionGroup var options: FleetOptions
    @OptionGroup var deployment: DeploymentOptions
    @OptionGroup var latency: LatencyOptions
    @OptionGroup var prices: PriceOptions

    @Option(help: "Provider and model of the API in the price book: openai/gpt-4o-mini.")
    var api: String?

    @Option(help: "Dollars a million input and output tokens of the API: 0.15,0.60.")
    var apiPrice: String?

    @Option(help: "Price book that goes before the shipped one.", completion: .file())
    var book: String?

    @Option(help: "Busiest hour over the mean, for a fleet that does not follow the demand.")
    var peak = 2.0

    @Flag(help: "The fleet follows the demand.")
    var autoscaled = false

    @Option(help: "Room above the demand.")
    var headroom = 0.2

    @Option(help: "Replicas at the least.")
    var minimum = 1

    @Option(help: "Write a plot here (SVG).", completion: .file())
    var plot: String?

    func validate() throws {
      guard (api == nil) != (apiPrice == nil) else {
        throw ValidationError("name the --api, or its --api-price")
      }
      if prices.utilization != 1 {
        throw ValidationError(
          "--utilization follows from the volume here; see --peak and --headroom")
      }
      guard peak >= 1, peak <= 1_000, headroom >= 0, headroom < 100, (1...100_000).contains(minimum)
      else {
        throw ValidationError("--peak is at least 1, --headroom at least 0, --minimum at least 1")
      }
      if let apiPrice { _ = try Self.told(apiPrice) }
    }

    private static func told(_ text: String) throws -> (Double, Double) {
      let parts = text.split(separator: ",").map { Double($0) }
      guard parts.count == 2, let input = parts[0], let output = parts[1],
        (0...1e9).contains(input), (0...1e9).contains(output), input + output > 1e-9
      else { throw ValidationError("--api-price is dollars a million tokens of both: 0.15,0.60") }
      return (input, output)
    }

    func run() async throws {
      let load = latency.load
      let estimate = try FleetEstimate(
        deployment, prices, load: load, ttft: latency.ttft, model: options.model(),
        catalogue: options.catalogues())
      let (input, output, name) = try apiPrices()
      let shape = deployment.shapes.shape
      let replicas = estimate.performance.replicas
      let gpus = Double(estimate.deployment.gpusPerReplica)
      let comparison = BuyOrBuild(
        apiPerRequest: (input * shape.input + output * shape.output) / 1e6,
        rate: estimate.rate.times(1 / replicas),
        replicaPerDay: estimate.priced.hour.total.times(gpus * 24), shape: shape,
        peakToMean: peak,
        terms: .init(headroom: headroom, minimum: minimum, isAutoscaled: autoscaled))
      let printer = ComparePrinter(
        comparison: comparison, estimate: estimate, api: name, input: input, output: output)
      printer.print(options.output.format)
      if let plot {
        do {
          try Data(printer.plot.svg.utf8).write(to: URL(filePath: plot), options: .atomic)
          Terminal.note("plot: \(plot)")
        } catch {
          throw Failure(ExitStatus.failed, "\(plot): \(error.localizedDescription)")
        }
      }
    }

    /// Dollars a million input and output tokens today, and what to call them.
    private func apiPrices() throws -> (Double, Double, String) {
      if let apiPrice {
        let (input, output) = try Self.told(apiPrice)
        return (input, output, "the API")
      }
      let parts = (api ?? "").split(separator: "/", maxSplits: 1).map(String.init)
      let (provider, model) = parts.count == 2 ? (parts[0], parts[1]) : ("", parts.first ?? "")
      var known: PriceBook
      do {
        known = try PriceBookFile.shipped()
        if let book {
          known = try PriceBookFile.read(FleetOptions.text(book), file: book).over(known)
        }
      } catch let problem as FileProblem {
        throw Failure(ExitStatus.badFile, problem.description)
      }
      let now = TimeBucket(containing: Int64(Date().timeIntervalSince1970 * 1_000))
      guard let entry = known.entry(provider: provider, model: model) else {
        let names = known.entries.map(\.model)
        throw Failure(
          EX_USAGE,
          "no price of '\(api ?? "")' is known\(Spelling.hint(for: model, among: names)); "
            + "tell it: --api-price 0.15,0.60")
      }
      let card = known.card(provider: entry.provider, model: entry.model, in: now...now)
      guard let input = card.rate(for: .inputTokens, in: now)?.price.approximate,
        let output = card.rate(for: .outputTokens, in: now)?.price.approximate
      else {
        throw Failure(
          EX_USAGE,
          "\(entry.provider)/\(entry.model) has no price of tokens today; tell it: "
            + "--api-price 0.15,0.60")
      }
      return (input * 1e6, output * 1e6, "\(entry.provider)/\(entry.model)")
    }
  }
}

struct ComparePrinter {
  let comparison: BuyOrBuild
  let estimate: FleetEstimate
  let api: String
  let input: Double
  let output: Double

  private var rows: [BuyOrBuild.Row] {
    let middle = comparison.breakEven.estimate ?? 86_400
    return comparison.rows(from: middle / 30, to: middle * 100, count: 12)
  }

  func print(_ format: OutputOptions.Format) {
    switch format {
    case .json: Terminal.print(json.text)
    case .csv:
      Terminal.print("requests_per_day,api_usd_per_day,fleet_usd_per_day,low,high,replicas")
      for row in rows {
        Terminal.print(
          CSVText.line([
            "\(row.volume)", "\(row.api)", "\(row.fleet.estimate)", "\(row.fleet.low)",
            "\(row.fleet.high)", "\(row.replicas)",
          ]))
      }
    case .table, .md:
      Terminal.print(
        "\(api) at \(FleetEstimate.dollar(input)) in, \(FleetEstimate.dollar(output)) out a million "
          + "tokens, beside \(estimate.deployment.title)")
      Terminal.print()
      var table = Table(columns: [
        .init(title: "REQUESTS A DAY", isNumber: true), .init(title: "API A DAY", isNumber: true),
        .init(title: "FLEET A DAY", isNumber: true), .init(title: "90 %", isNumber: true, rank: 1),
        .init(title: "GPUS", isNumber: true), .init(title: "CHEAPER"),
      ])
      for row in rows {
        let isSure = row.api < row.fleet.low || row.api > row.fleet.high
        table.rows.append([
          Rate.text(row.volume), FleetEstimate.dollar(row.api),
          FleetEstimate.dollar(row.fleet.estimate),
          "\(FleetEstimate.dollar(row.fleet.low)) to \(FleetEstimate.dollar(row.fleet.high))",
          Text.grouped(row.replicas * estimate.deployment.gpusPerReplica),
          (row.api < row.fleet.estimate ? "API" : "fleet") + (isSure ? "" : ", not sure"),
        ])
      }
      table.print(as: format)
      Terminal.print()
      Terminal.print(verdict)
      Terminal.print(
        "a request: API \(FleetEstimate.dollar(comparison.apiPerRequest)), fleet at great volume "
          + FleetEstimate.dollars(comparison.fleetPerRequest)
          + " · GPU-hour \(FleetEstimate.dollars(estimate.priced.hour.total)) · \(estimate.evidence)"
      )
    }
  }

  private var verdict: String {
    func text(_ volume: Double?) -> String {
      volume.map { Rate.text($0.rounded(.up)) } ?? "never"
    }
    let point = comparison.breakEven
    guard point.estimate != nil else {
      return point.low == nil
        ? "break-even: never; the API is cheaper at any volume"
        : "break-even: not at the estimate; from \(text(point.low)) requests a day if all goes well"
    }
    return "break-even: from \(text(point.estimate)) requests a day (90 %: \(text(point.low)) to "
      + "\(text(point.high))); for good, whatever the steps, from \(text(comparison.forGood))"
  }

  var plot: LinePlot {
    let middle = comparison.breakEven.estimate ?? 86_400
    let fine = comparison.rows(from: middle / 30, to: middle * 100, count: 240)
    return LinePlot(
      title: "\(api) or \(estimate.deployment.title)", across: "requests a day",
      up: "US dollars a day",
      band: fine.map { ($0.volume, $0.fleet.low, $0.fleet.high) },
      lines: [
        .init(name: api, points: fine.map { ($0.volume, $0.api) }, colour: "#c2410c"),
        .init(
          name: "own fleet, 90 % range", points: fine.map { ($0.volume, $0.fleet.estimate) },
          colour: "#1d4ed8"),
      ], mark: comparison.breakEven.estimate)
  }

  private var json: JSONText {
    func number(_ value: Double?) -> JSONText { value.map { .number("\($0)") } ?? .null }
    let point = comparison.breakEven
    return .object([
      ("schema", .string("solvent.fleet.compare/v1")), ("api", .string(api)),
      ("api_per_million_input", .number("\(input)")),
      ("api_per_million_output", .number("\(output)")),
      ("api_per_request", .number("\(comparison.apiPerRequest)")),
      ("fleet_per_request", FleetEstimate.json(comparison.fleetPerRequest)),
      (
        "break_even_requests_per_day",
        .object([
          ("low", number(point.low)), ("estimate", number(point.estimate)),
          ("high", number(point.high)), ("for_good", number(comparison.forGood)),
        ])
      ),
      (
        "rows",
        .array(
          rows.map { row in
            .object([
              ("requests_per_day", .number("\(row.volume)")), ("api_usd", .number("\(row.api)")),
              ("fleet_usd", FleetEstimate.json(row.fleet)),
              ("replicas", .number("\(row.replicas)")),
            ])
          })
      ), ("estimate", estimate.json),
    ])
  }
}

/// Lines over a logarithmic plane, as SVG that needs nothing else.
struct LinePlot {
  struct Line {
    var name: String
    var points: [(Double, Double)]
    var colour: String
  }

  let title: String
  let across: String
  let up: String
  /// The range behind the lines: x, low, high.
  let band: [(Double, Double, Double)]
  let lines: [Line]
  /// Where a vertical line stands.
  let mark: Double?

  private static let size = (width: 760.0, height: 460.0)
  private static let frame = (left: 80.0, top: 40.0, right: 20.0, bottom: 56.0)

  private static func escaped(_ text: String) -> String {
    text.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;")
  }

  private static func label(_ value: Double) -> String {
    let units: [(Double, String)] = [(1e9, "B"), (1e6, "M"), (1e3, "k")]
    for (size, unit) in units where value >= size { return "\(Int(value / size))\(unit)" }
    return value >= 1 ? "\(Int(value))" : String(format: "%g", value)
  }

  var svg: String {
    let xs = lines.flatMap { $0.points.map(\.0) }
    let ys = lines.flatMap { $0.points.map(\.1) } + band.flatMap { [$0.1, $0.2] }
    let (xLow, xHigh) = (log10(xs.min() ?? 1), log10(xs.max() ?? 10))
    let (yLow, yHigh) = (log10(max(1e-9, ys.min() ?? 1)), log10(max(1e-8, ys.max() ?? 10)))
    let (size, frame) = (Self.size, Self.frame)
    func x(_ value: Double) -> Double {
      frame.left + (log10(value) - xLow) / max(1e-9, xHigh - xLow)
        * (size.width - frame.left - frame.right)
    }
    func y(_ value: Double) -> Double {
      size.height - frame.bottom - (log10(max(1e-9, value)) - yLow) / max(1e-9, yHigh - yLow)
        * (size.height - frame.top - frame.bottom)
    }
    func point(_ a: Double, _ b: Double) -> String { String(format: "%.1f,%.1f", x(a), y(b)) }
    var body = ""
    let grid = "stroke=\"#e5e7eb\""
    for power in Int(xLow.rounded(.up))...max(Int(xLow.rounded(.up)), Int(xHigh.rounded(.down))) {
      let at = x(pow(10, Double(power)))
      body += String(
        format: "<line x1=\"%.1f\" x2=\"%.1f\" y1=\"%.1f\" y2=\"%.1f\" %@/>\n", at, at, frame.top,
        size.height - frame.bottom, grid)
      body += String(
        format: "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"middle\">%@</text>\n", at,
        size.height - frame.bottom + 18, Self.label(pow(10, Double(power))))
    }
    for power in Int(yLow.rounded(.up))...max(Int(yLow.rounded(.up)), Int(yHigh.rounded(.down))) {
      let at = y(pow(10, Double(power)))
      body += String(
        format: "<line x1=\"%.1f\" x2=\"%.1f\" y1=\"%.1f\" y2=\"%.1f\" %@/>\n", frame.left,
        size.width - frame.right, at, at, grid)
      body += String(
        format: "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"end\">$%@</text>\n", frame.left - 8,
        at + 4, Self.label(pow(10, Double(power))))
    }
    let outline =
      band.map { point($0.0, $0.2) } + band.reversed().map { point($0.0, $0.1) }
    body +=
      "<polygon points=\"\(outline.joined(separator: " "))\" fill=\"#1d4ed8\" opacity=\"0.15\"/>\n"
    if let mark {
      body += String(
        format:
          "<line x1=\"%.1f\" x2=\"%.1f\" y1=\"%.1f\" y2=\"%.1f\" stroke=\"#6b7280\" stroke-dasharray=\"4 4\"/>\n",
        x(mark), x(mark), frame.top, size.height - frame.bottom)
    }
    for (index, line) in lines.enumerated() {
      let path = line.points.map { point($0.0, $0.1) }.joined(separator: " ")
      body +=
        "<polyline points=\"\(path)\" fill=\"none\" stroke=\"\(line.colour)\" stroke-width=\"2\"/>\n"
      body += String(
        format: "<text x=\"%.1f\" y=\"%.1f\" fill=\"%@\">%@</text>\n", frame.left + 12,
        frame.top + 18 + Double(index) * 18, line.colour, Self.escaped(line.name))
    }
    return """
      <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 \(Int(size.width)) \(Int(size.height))" font-family="sans-serif" font-size="12">
      <rect width="100%" height="100%" fill="white"/>
      <text x="\(Int(frame.left))" y="24" font-size="14">\(Self.escaped(title))</text>
      \(body)<text x="\(Int(size.width / 2))" y="\(Int(size.height - 12))" text-anchor="middle">\(Self.escaped(across))</text>
      <text transform="translate(18 \(Int(size.height / 2))) rotate(-90)" text-anchor="middle">\(Self.escaped(up))</text>
      </svg>

      """
  }
}
