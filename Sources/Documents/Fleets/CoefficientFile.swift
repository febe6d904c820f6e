// SPDX-License-Identifier: Apache-2.0

public import Economics
public import Fleet

/// Fitted coefficients as a file: `docs/FLEET.md`. `solvent fleet fit` writes it.
public enum CoefficientFile {
  /// What comes with the program.
  /// - Throws: ``FileProblem`` for a mistake in what ships, which tests rule out.
  public static func shipped() throws(FileProblem) -> PerformanceModel {
    try read(
      String(decoding: PackageResources.performance_yaml, as: UTF8.self),
      file: "built-in performance.yaml")
  }

  /// Reads a file.
  /// - Throws: ``FileProblem`` with line, key and remedy.
  public static func read(_ text: String, file: String) throws(FileProblem) -> PerformanceModel {
    let root = try StrictYAML(text, file: file)
    let map = try root.map([
      "performance", "fitted_to", "points", "sha256", "coefficients", "effects", "intervals",
      "records",
    ])
    var coefficients = Coefficients()
    let given = try root.require("coefficients", in: map)
    let values = try given.map(Coefficient.allCases.map(\.name))
    for coefficient in Coefficient.allCases {
      let value = try number(given.require(coefficient.name, in: values))
      guard coefficient.isAllowed(value) else {
        throw given.problem("\(coefficient.name) cannot be \(value)")
      }
      coefficients[coefficient] = value
    }
    if let effects = map["effects"] {
      let kinds = try effects.map(["gpus", "series", "models", "stacks"])
      coefficients.accelerators = try numbers(kinds["gpus"])
      coefficients.series = try numbers(kinds["series"])
      coefficients.architectures = try numbers(kinds["models"])
      coefficients.stacks = try numbers(kinds["stacks"])
    }
    let intervals = try root.require("intervals", in: map)
    let bands = try intervals.map(["base", "new_gpu", "new_model", "new_stack", "shared"])
    func band(_ key: String) throws(FileProblem) -> PredictionErrors.Band {
      let yaml = try intervals.require(key, in: bands)
      let ends = try yaml.map(["below", "above"])
      let band = PredictionErrors.Band(
        below: try number(yaml.require("below", in: ends)),
        above: try number(yaml.require("above", in: ends)))
      guard (0...10).contains(band.below), (0...10).contains(band.above) else {
        throw yaml.problem("is not a valid range")
      }
      return band
    }
    let shared = try number(intervals.require("shared", in: bands))
    guard (0...1).contains(shared) else { throw intervals.problem("shared must be from 0 to 1") }
    var records: [PredictionErrors.Record] = []
    for item in try map["records"]?.items() ?? [] { records.append(try record(item)) }
    return PerformanceModel(
      coefficients: coefficients,
      errors: PredictionErrors(
        base: try band("base"), newAccelerator: try band("new_gpu"),
        newArchitecture: try band("new_model"), newStack: try band("new_stack"),
        shared: shared, records: records),
      version: try root.require("performance", in: map).text())
  }

  private static func number(_ yaml: StrictYAML) throws(FileProblem) -> Double {
    let text = try yaml.text()
    guard let value = Double(text), value.isFinite else {
      throw yaml.problem("'\(text)' is not a valid number")
    }
    return value
  }

  private static func numbers(_ yaml: StrictYAML?) throws(FileProblem) -> [String: Double] {
    var numbers: [String: Double] = [:]
    for (name, value) in try yaml?.entries() ?? [] {
      let effect = try number(value)
      guard abs(effect) < 5 else {
        throw value.problem("an effect must be from -5 to 5, not \(effect)")
      }
      numbers[name] = effect
    }
    return numbers
  }

  /// `trtllm-1.0 2025-09 trtllm-docs-v1.0 H200 llama3.1-8b 8/8/8 x1 max_load 7 3.1% 8.0%`
  private static func record(_ yaml: StrictYAML) throws(FileProblem) -> PredictionErrors.Record {
    let words = try yaml.text().split(separator: " ").map(String.init)
    func percent(_ text: String) -> Double? {
      text.hasSuffix("%") ? Double(text.dropLast()).map { $0 / 100 } : nil
    }
    guard words.count == 11, let precision = Precision(name: words[5]),
      words[6].hasPrefix("x"), let gpus = Int(words[6].dropFirst()),
      let kind = MeasuredPoint.Kind(name: words[7]),
      let points = Int(words[8]), let median = percent(words[9]),
      let greatest = percent(words[10]), (1...1_000_000).contains(gpus),
      (0...1_000_000_000).contains(points), (0...1e15).contains(median),
      (0...1e15).contains(greatest)
    else {
      throw yaml.problem(
        "expected: stack month source gpu model weights/activations/cache xGPUS kind points "
          + "median% greatest%")
    }
    return PredictionErrors.Record(
      stack: words[0], month: words[1], source: words[2], accelerator: words[3],
      architecture: words[4], precision: precision, gpus: gpus, kind: kind, points: points,
      medianError: median, greatestError: greatest)
  }

  // MARK: Writing

  /// The text of a file.
  public static func text(
    _ model: PerformanceModel, fittedTo file: String, points: Int, sha256: String
  ) -> String {
    func short(_ value: Double) -> String {
      guard value != 0 else { return "0" }
      // Six significant digits: far finer than the coefficients are known.
      var scale = 1.0
      while abs(value) * scale < 100_000 && scale < 1e18 { scale *= 10 }
      while abs(value) * scale >= 1_000_000 && scale > 1e-12 { scale /= 10 }
      return "\((value * scale).rounded() / scale)"
    }
    func percent(_ value: Double) -> String { "\((value * 1_000).rounded() / 10)%" }
    var text = """
      # Coefficients of the performance equations (docs/FLEET.md), fitted by `solvent fleet fit`.
      performance: \(model.version)
      fitted_to: \(file)
      points: \(points)
      sha256: \(sha256)
      coefficients:

      """
    for coefficient in Coefficient.allCases {
      text += "  \(coefficient.name): \(short(model.coefficients[coefficient]))\n"
    }
    text +=
      "# Logarithm of measured over predicted throughput, by GPU, model and version.\neffects:\n"
    for (name, effects) in [
      ("gpus", model.coefficients.accelerators), ("series", model.coefficients.series),
      ("models", model.coefficients.architectures), ("stacks", model.coefficients.stacks),
    ] {
      text += "  \(name):\(effects.isEmpty ? " {}" : "")\n"
      for (key, value) in effects.sorted(by: { $0.key < $1.key }) {
        text += "    \(key): \(short((value * 1e5).rounded() / 1e5))\n"
      }
    }
    text += "# 90% range of ln(measured / predicted) of points left out; new parts are added "
    text += "in squares.\n"
    text += "intervals:\n"
    for (name, band) in [
      ("base", model.errors.base), ("new_gpu", model.errors.newAccelerator),
      ("new_model", model.errors.newArchitecture), ("new_stack", model.errors.newStack),
    ] {
      text += "  \(name): {below: \(short(band.below)), above: \(short(band.above))}\n"
    }
    text += "  shared: \(short(model.errors.shared))\n"
    text += "# stack month source gpu model weights/activations/cache GPUs kind points, and the "
    text += "median and\n# largest error of the fit.\nrecords:\n"
    for record in model.errors.records {
      let bits = record.precision
      text += "  - \(record.stack) \(record.month) \(record.source) \(record.accelerator) "
      text += "\(record.architecture) \(bits.weights)/\(bits.activations)/\(bits.cache) "
      text += "x\(record.gpus) \(record.kind.name) \(record.points) "
      text += "\(percent(record.medianError)) \(percent(record.greatestError))\n"
    }
    return text
  }
}
