// SPDX-License-Identifier: Apache-2.0

public import Economics
public import Fleet

/// Reads files of measured points (CSV): one line a measurement, columns in `docs/FLEET.md`.
public enum PointsFile {
  private static let required = [
    "id", "source", "date", "engine", "kind", "model", "weight_bits", "act_bits", "kv_bits", "gpu",
    "n_gpus", "input_len", "output_len",
  ]

  /// What a file holds: every line is a point or a problem.
  public struct Contents: Sendable {
    /// The points that could be read.
    public var points: [MeasuredPoint] = []
    /// One for each line that could not be read.
    public var problems: [FileProblem] = []
  }

  /// Reads a file.
  /// - Throws: ``FileProblem`` when the file or its header cannot be read; bad lines are returned.
  public static func read(
    _ path: String, _ catalogue: FleetCatalogue
  ) throws(FileProblem) -> Contents {
    let table = try SmallTable(path: path, required: required)
    var contents = Contents()
    for row in table.rows {
      do throws(FileProblem) {
        contents.points.append(try point(row, catalogue))
      } catch {
        contents.problems.append(error)
      }
    }
    return contents
  }

  private static func point(
    _ row: SmallTable.Row, _ catalogue: FleetCatalogue
  ) throws(FileProblem) -> MeasuredPoint {
    let kindText = try row.text("kind")
    guard let kind = MeasuredPoint.Kind(name: kindText) else {
      let names = MeasuredPoint.Kind.allCases.map(\.name).joined(separator: ", ")
      throw row.problem("kind", "'\(kindText)' is not a known kind; choose one of \(names)")
    }
    let gpuText = try row.text("gpu")
    guard let accelerator = catalogue.accelerators[gpuText]?.value else {
      throw row.problem(
        "gpu",
        "'\(gpuText)' is not in the catalogue"
          + Spelling.hint(for: gpuText, among: catalogue.accelerators.spellings)
          + "; see solvent fleet gpus, or add it with --catalogue FILE")
    }
    let stackText = try row.text("engine")
    let month = try row.text("date")
    guard let stack = ServingStack(name: stackText, month: String(month.prefix(7))) else {
      throw row.problem("date", "'\(month)' is not a valid month; write 2025-09")
    }
    func bits(_ column: String) throws(FileProblem) -> Int {
      guard let bits = try row.whole(column, 2...32) else {
        throw row.problem(column, "is empty")
      }
      return bits
    }
    guard let gpus = try row.whole("n_gpus", 1...100_000) else {
      throw row.problem("n_gpus", "is empty")
    }
    let parallel = try row.whole("tp", 1...100_000)
    let spreads = try row.number("attn_dp") ?? 0 > 0
    let tensorParallel = spreads ? gpus : min(gpus, parallel ?? 1)
    guard gpus % tensorParallel == 0 else {
      throw row.problem("tp", "\(gpus) GPUs cannot be divided into replicas of \(tensorParallel)")
    }
    let deployment = Deployment(
      try architecture(row, catalogue), on: accelerator, stack: stack,
      precision: Precision(
        weights: try bits("weight_bits"), activations: try bits("act_bits"),
        cache: try bits("kv_bits")), gpus: gpus, tensorParallel: tensorParallel,
      spreadsExperts: spreads)
    let output = kind == .firstToken ? 1 : try row.positive("output_len", most: 1e8)
    let measured = try row.positive(kind == .firstToken ? "ttft_ms" : "output_tokens_per_s")
    let concurrency = try row.atLeastOne("concurrency_or_batch")
    if kind == .batch || kind == .closed, concurrency == nil {
      throw row.problem("concurrency_or_batch", "is required for a point of this kind")
    }
    return MeasuredPoint(
      id: try row.text("id"), source: try row.text("source"), citation: row["citation"],
      month: String(month.prefix(7)), kind: kind, deployment: deployment,
      isParallelismKnown: parallel != nil,
      shape: RequestShape(input: try row.positive("input_len", most: 1e8), output: output),
      concurrency: concurrency, requests: try row.atLeastOne("num_requests"),
      timePerTokenLimit: kind == .limited ? limit(deployment.architecture, row) : nil,
      measured: measured)
  }

  /// From the catalogue, or from what the row gives.
  private static func architecture(
    _ row: SmallTable.Row, _ catalogue: FleetCatalogue
  ) throws(FileProblem) -> Architecture {
    let name = try row.text("model")
    if let known = catalogue.architectures[name]?.value { return known }
    func count(_ column: String) throws(FileProblem) -> Int {
      guard let value = try row.whole(column, 1...100_000_000) else {
        throw row.problem(
          "model",
          "'\(name)' is not in the catalogue"
            + Spelling.hint(for: name, among: catalogue.architectures.spellings)
            + ", and \(column) is missing; see solvent fleet models, or add it with --catalogue")
      }
      return value
    }
    let (layers, width, heads) = (try count("n_layers"), try count("d_model"), try count("n_heads"))
    var architecture = Architecture(
      name: name, layers: layers, width: width, heads: heads, cacheHeads: try count("n_kv_heads"),
      headDimension: max(1, width / heads), innerWidth: try count("d_ff"),
      vocabulary: try count("vocab"), contextMax: 1_000_000)
    // Experts show in the difference of all and active weights; their number does not.
    if let total = try row.number("params_total_b"), let active = try row.number("params_active_b"),
      active > 0, active < 0.9 * total, total < 1e6
    {
      let each = 3 * Double(width) * Double(architecture.innerWidth) * Double(layers) / 1e9
      let perToken = max(1, Int(min(8, (active / each / 2).rounded())))
      architecture.experts = .init(
        count: max(perToken, Int(min(1e5, (total / each).rounded()))), perToken: perToken,
        width: architecture.innerWidth, sharedWidth: 0, layers: layers)
    }
    if let problem = architecture.problem { throw row.problem("model", "'\(name)': \(problem)") }
    return architecture
  }

  /// Seconds between tokens that MLPerf Inference allows at the 99th percentile: rules of v4.1 to v5.1
  /// (mlcommons/inference, 2024-08 to 2025-09), by data set and scenario.
  private static func limit(_ architecture: Architecture, _ row: SmallTable.Row) -> Double {
    let isInteractive = row["scenario"].lowercased().contains("interactive")
    return switch architecture.family {
    case "llama3.1-405b": isInteractive ? 0.08 : 0.175
    case "llama3-8b": isInteractive ? 0.03 : 0.1
    case "deepseek-r1": isInteractive ? 0.015 : 0.08
    case "llama2-70b": isInteractive ? 0.04 : 0.2
    default: 0.2
    }
  }
}
