// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation
import Ingestion
import Modeling

/// Which model.
struct ModelOptions: ParsableArguments {
  @Option(help: "Model, as in `solvent fleet models`.")
  var model: String?

  @Option(help: "Hugging Face config.json of the model instead.", completion: .file())
  var config: String?

  func validate() throws {
    guard (model == nil) != (config == nil) else {
      throw ValidationError("name a --model, or give its --config")
    }
  }

  /// The architecture, and the precision that its configuration asks for.
  /// - Parameter isPrecisionNamed: whether the configuration's precision does not matter.
  func architecture(
    _ catalogue: FleetCatalogue, isPrecisionNamed: Bool
  ) throws -> (Architecture, Precision?) {
    if let config {
      do {
        let url = URL(filePath: config).standardizedFileURL
        let folder = url.deletingLastPathComponent().lastPathComponent
        let name =
          url.lastPathComponent == "config.json"
          ? folder : url.deletingPathExtension().lastPathComponent
        let contents = try HuggingFaceConfig.read(
          FleetOptions.text(config), file: config, name: name.isEmpty ? "model" : name)
        if let problem = contents.precisionProblem, !isPrecisionNamed { throw problem }
        return (contents.architecture, contents.precision)
      } catch let problem as FileProblem {
        throw Failure(ExitStatus.badFile, problem.description)
      }
    }
    let name = model ?? ""
    return (try catalogue.architectures.entry(name, "model").value, nil)
  }
}

extension FleetCatalogue.Section {
  /// The entry of that name.
  /// - Parameter kind: what it is called: "model", "GPU".
  func entry(_ name: String, _ kind: String) throws -> FleetCatalogue.Entry<Value> {
    guard let entry = self[name] else {
      throw Failure(
        EX_USAGE,
        "there is no \(kind) '\(name)'\(Spelling.hint(for: name, among: spellings)); see: "
          + "solvent fleet \(kind == "GPU" ? "gpus" : "models"), and solvent fleet add --help")
    }
    return entry
  }
}

/// What requests look like and what they may take.
struct ShapeOptions: ParsableArguments {
  @Option(help: "Tokens of a prompt, on average.")
  var inputTokens = 1_000.0

  @Option(help: "Tokens of an answer, on average.")
  var outputTokens = 500.0

  func validate() throws {
    guard inputTokens >= 0, inputTokens <= 1e8, outputTokens >= 1, outputTokens <= 1e8 else {
      throw ValidationError(
        "--input-tokens is from 0 and --output-tokens from 1 to 100,000,000")
    }
  }

  var shape: RequestShape { RequestShape(input: inputTokens, output: outputTokens) }
}

/// How fast it must be.
struct LatencyOptions: ParsableArguments {
  @Option(help: ArgumentHelp("Most milliseconds between tokens.", valueName: "ms"))
  var tpot: Double?

  @Option(
    help: ArgumentHelp("Most milliseconds to the first token, without waiting.", valueName: "ms"))
  var ttft: Double?

  func validate() throws {
    for limit in [tpot, ttft].compactMap({ $0 }) where !(limit >= 1e-3 && limit < 1e7) {
      throw ValidationError("a limit is from 0.001 to 10,000,000 milliseconds")
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

  @Option(help: "Users at once, each with the next request when one is answered.")
  var concurrency: Double?

  func validate() throws {
    if concurrency != nil && latency.tpot != nil {
      throw ValidationError("--concurrency and --tpot exclude each other")
    }
    guard (1...1e9).contains(concurrency ?? 1) else {
      throw ValidationError("--concurrency is 1 to 1,000,000,000")
    }
  }

  var load: ServingLoad { concurrency.map { .closed(concurrency: $0) } ?? latency.load }
}

/// What a GPU-hour costs.
struct PriceOptions: ParsableArguments {
  @Option(help: ArgumentHelp("Rent of a GPU-hour: 2.95, or a range 2.5-3.5.", valueName: "usd"))
  var rent: String?

  @Option(help: "Rent by the catalogue: neocloud, hyperscaler, long-tail, spot, reserved, own-….")
  var tier: String?

  @Flag(help: "Bought instead of rented.")
  var own = false

  @Option(
    help: ArgumentHelp("With --own: a GPU with its share of the server.", valueName: "usd"))
  var capital: String?

  @Option(help: "With --own: years until it is written off.")
  var years = 4.0

  @Option(help: "With --own: interest a year, such as 0.08.")
  var interest = 0.08

  @Option(help: "With --own: part of the price for which it is sold then.")
  var resale = 0.0

  @Option(help: "With --own: place of the catalogue: us, us-own-building, eu.")
  var site = "us"

  @Option(help: "With --own: electricity, instead of the place's, in dollars a kWh.")
  var electricity: Double?

  @Option(help: "With --own: power usage effectiveness, instead of the place's.")
  var pue: Double?

  @Option(help: "Part of the paid time in which the GPUs work, above 0 to 1.")
  var utilization = 1.0

  func validate() throws {
    guard utilization > 0, utilization <= 1 else {
      throw ValidationError("--utilization is above 0, at most 1")
    }
    guard (0.25...20).contains(years), (0...1).contains(interest), (0..<1).contains(resale) else {
      throw ValidationError("--years is 0.25 to 20, --interest 0 to 1, --resale 0 to below 1")
    }
    if own && (rent != nil || tier != nil) {
      throw ValidationError("--own and rent exclude each other")
    }
    for text in [rent, capital].compactMap({ $0 }) { _ = try Self.range(text) }
    guard (1...10).contains(pue ?? 1), (0...100).contains(electricity ?? 0) else {
      throw ValidationError("--pue is 1 to 10, --electricity 0 to 100")
    }
  }

  /// Whether the price is the user's own, not a catalogue's.
  var isTold: Bool { own ? capital != nil : rent != nil }

  /// `2.95` or `2.5-3.5`.
  static func range(_ text: String) throws -> Interval {
    let parts =
      Double(text).map { [$0] }
      ?? text.split(separator: "-", omittingEmptySubsequences: false).map { Double($0) }
    guard parts.count == 1 || parts.count == 2, let low = parts[0], let high = parts.last ?? nil,
      low >= 1e-6, low <= high, high < 1e9
    else { throw ValidationError("'\(text)' is no amount such as 2.95, or range such as 2.5-3.5") }
    return Interval(low: low, estimate: (low * high).squareRoot(), high: high)
  }

  /// Where a price comes from, for people.
  struct Priced {
    var hour: GPUHour
    var origin: String
    var isGuess: Bool
    var place: SiteCosts
  }

  func place(_ catalogue: FleetCatalogue) throws -> SiteCosts {
    guard var place = catalogue.sites.first(where: { $0.name == site }) else {
      let names = catalogue.sites.map(\.name).joined(separator: ", ")
      throw Failure(EX_USAGE, "there is no place '\(site)'; there are \(names)")
    }
    if let electricity { place.electricity = electricity }
    if let pue { place.pue = pue }
    return place
  }

  /// The tier asked for, else all, the usual ones first.
  func tiers() throws -> [HardwarePrice.Tier] {
    let usual: [HardwarePrice.Tier] = [
      .neocloud, .longTail, .reserved, .hyperscaler, .spot, .ownNeocloud, .ownHyperscaler,
    ]
    guard let tier else { return usual }
    guard let wanted = HardwarePrice.Tier(name: tier), wanted != .purchase else {
      let names = usual.map(\.name).joined(separator: ", ")
      throw Failure(EX_USAGE, "there is no tier '\(tier)'; there are \(names)")
    }
    return [wanted]
  }

  /// The sources of prices, each once.
  private static func origins(_ prices: [HardwarePrice]) -> String {
    var seen: Set<String> = []
    return prices.map { "\($0.source.address) (\($0.source.date))" }
      .filter { seen.insert($0).inserted }.joined(separator: "; ")
  }

  func price(_ accelerator: Accelerator, _ catalogue: FleetCatalogue) throws -> Priced {
    let place = try place(catalogue)
    let known = catalogue.prices.filter {
      catalogue.accelerators[$0.accelerator]?.value.name == accelerator.name
    }
    if own {
      let (capital, origin, isGuess) = try capital(known)
      let terms = OwnershipTerms(
        capital: capital, years: years, interest: interest, resale: resale, load: utilization)
      return Priced(
        hour: .owned(accelerator, terms, place), origin: origin, isGuess: isGuess, place: place)
    }
    if let rent {
      return Priced(
        hour: .rented(try Self.range(rent)), origin: "as told", isGuess: false, place: place)
    }
    for tier in try tiers() {
      // What somebody vouches for goes before guesses.
      let of = known.filter { $0.tier == tier }
      let sound = of.filter { !$0.source.isGuess }
      let taken = sound.isEmpty ? of : sound
      guard let first = taken.first else { continue }
      let low = taken.map(\.low).min() ?? first.low
      let high = taken.map(\.high).max() ?? first.high
      let estimate = ErrorTable.quantile(taken.map(\.middle), 0.5)
      return Priced(
        hour: .rented(Interval(low: low, estimate: estimate, high: high)),
        origin: "\(tier.name), \(Self.origins(taken))",
        isGuess: sound.isEmpty, place: place)
    }
    throw Failure(
      EX_USAGE,
      "no price of \(accelerator.name) is known\(tier.map { " for \($0)" } ?? ""); "
        + "give it: --rent 2.95")
  }

  private func capital(_ known: [HardwarePrice]) throws -> (Interval, String, Bool) {
    if let capital { return (try Self.range(capital), "as told", false) }
    let prices = known.filter { $0.tier == .purchase }
    let sound = prices.filter { !$0.source.isGuess }
    let taken = sound.isEmpty ? prices : sound
    guard !taken.isEmpty else {
      throw Failure(EX_USAGE, "no price of purchase is known; give it: --capital 37000")
    }
    let share = OwnershipTerms.acceleratorShare
    let range = Interval(
      low: (taken.map(\.low).min() ?? 0) / share,
      estimate: ErrorTable.quantile(taken.map(\.middle), 0.5) / share,
      high: (taken.map(\.high).max() ?? 0) / share)
    return (
      range,
      "GPU by \(Self.origins(taken)), which is \(Percent.text(share)) of its part of the server",
      sound.isEmpty
    )
  }
}

/// One deployment.
struct DeploymentOptions: ParsableArguments {
  @OptionGroup var which: ModelOptions
  @OptionGroup var shapes: ShapeOptions

  @Option(help: "GPU, as in `solvent fleet gpus`.")
  var gpu: String

  @Option(help: "GPUs in all. Default: as few as hold the model.")
  var gpus: Int?

  @Option(help: "GPUs of a replica that share each layer. Default: all, at most 8.")
  var tp: Int?

  @Flag(help: "Spread experts over the GPUs and attention by request (EP with attention DP).")
  var spreadExperts = false

  @Option(help: "bf16, fp8, fp4, w4a16, or bits of weights/activations/cache such as 8/8/16.")
  var precision: String?

  @Option(help: "vllm, sglang, trtllm, or a measured version such as trtllm-0.14.")
  var engine = "vllm"

  @Option(
    help: ArgumentHelp(
      "Output tokens a second that you measured, here or at another shape: 5200, 5200@2048,128.",
      valueName: "tok/s"))
  var observed: String?

  func validate() throws {
    guard (gpus ?? 1) >= 1, (gpus ?? 1) <= 100_000, (tp ?? 1) >= 1 else {
      throw ValidationError("--gpus and --tp are at least 1")
    }
    if let observed { _ = try observation(observed) }
  }

  private func observation(_ text: String) throws -> (rate: Double, shape: RequestShape?) {
    let parts = text.split(separator: "@", omittingEmptySubsequences: false)
    guard let rate = Double(parts[0]), (1e-3...1e12).contains(rate), parts.count <= 2 else {
      throw ValidationError("--observed is tokens a second: 5200, or 5200@INPUT,OUTPUT")
    }
    guard parts.count == 2 else { return (rate, nil) }
    let sizes = parts[1].split(separator: ",").map { Double($0) }
    guard sizes.count == 2, let input = sizes[0], let output = sizes[1],
      (0...1e8).contains(input), (1...1e8).contains(output)
    else { throw ValidationError("--observed is 5200@INPUT,OUTPUT with tokens of both") }
    return (rate, RequestShape(input: input, output: output))
  }

  static func stack(_ name: String, _ model: PerformanceModel) throws -> ServingStack {
    switch name.lowercased() {
    case "vllm": return .vllm
    case "sglang": return .sglang
    case "trtllm", "tensorrt-llm": return .trtllm
    default: break
    }
    if let record = model.errors.records.last(where: { $0.stack == name }),
      let stack = ServingStack(name: name, month: record.month)
    {
      return stack
    }
    let known = ["vllm", "sglang", "trtllm"] + Set(model.errors.records.map(\.stack)).sorted()
    throw Failure(
      EX_USAGE,
      "there is no engine '\(name)'\(Spelling.hint(for: name, among: known)); there are "
        + known.joined(separator: ", "))
  }

  static func precision(_ text: String?, _ configured: Precision?, _ accelerator: Accelerator)
    throws
    -> Precision
  {
    guard let text else {
      return configured ?? (accelerator.flops8 > 0 ? .fp8 : .bf16)
    }
    guard let precision = Precision(name: text) else {
      throw Failure(
        EX_USAGE,
        "'\(text)' is none of bf16, fp8, fp4, w4a16, or bits such as 8/8/16 of 4, 8 and 16")
    }
    return precision
  }

  /// The deployment, and the model with what was observed.
  func resolve(
    _ catalogue: FleetCatalogue, _ model: PerformanceModel, _ load: ServingLoad
  ) throws -> (Deployment, PerformanceModel) {
    let (architecture, configured) = try which.architecture(
      catalogue, isPrecisionNamed: precision != nil)
    let accelerator = try catalogue.accelerators.entry(gpu, "GPU").value
    var deployment = Deployment(
      architecture, on: accelerator, stack: try Self.stack(engine, model),
      precision: try Self.precision(precision, configured, accelerator), gpus: gpus ?? 1,
      tensorParallel: tp ?? Self.widest(gpus ?? 1, architecture), spreadsExperts: spreadExperts)
    if gpus == nil {
      deployment.gpus = try fewest(deployment, model)
      deployment.tensorParallel = deployment.gpus
    }
    if spreadExperts { deployment.tensorParallel = deployment.gpus }
    guard let observed else { return (deployment, model) }
    let (rate, shape) = try observation(observed)
    do throws(FleetError) {
      return (
        deployment,
        try model.pinned(
          deployment, shape ?? shapes.shape, load, measured: rate, isSameCase: shape == nil)
      )
    } catch {
      throw Failure(EX_USAGE, error.description)
    }
  }

  /// The most GPUs, at most 8, into which both all of them and the heads can be cut.
  private static func widest(_ gpus: Int, _ architecture: Architecture) -> Int {
    (1...8).last { gpus % $0 == 0 && architecture.heads % $0 == 0 } ?? 1
  }

  /// The least number of GPUs that hold the model and a request.
  private func fewest(_ deployment: Deployment, _ model: PerformanceModel) throws -> Int {
    if let tp { return tp }
    var last: FleetError?
    for count in [1, 2, 4, 8] {
      var trial = deployment
      trial.gpus = count
      trial.tensorParallel = count
      do throws(FleetError) {
        _ = try model.performance(of: trial, shapes.shape, .offline(requests: nil))
        return count
      } catch {
        last = error
      }
    }
    throw Failure(EX_USAGE, last?.description ?? "no number of GPUs holds the model")
  }
}

extension Deployment {
  /// `llama3.1-70b fp8 on 4 x H100-SXM, vllm-2026`
  var title: String {
    let cut =
      spreadsExperts
      ? ", experts spread"
      : gpus == tensorParallel ? "" : ", \(gpus / tensorParallel) replicas of \(tensorParallel)"
    return
      "\(architecture.name) \(precision.name) on \(gpus) x \(accelerator.name)\(cut), \(stack.name)"
  }
}
