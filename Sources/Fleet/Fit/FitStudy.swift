// SPDX-License-Identifier: Apache-2.0

import Determinism

/// A fit and what it is worth: the whole, and fits without a GPU, a model, a source or an eighth of the
/// groups, each judged by the points that it has not seen. The parts are independent of each other.
public struct FitStudy: Sendable {
  /// The number of parts into which the groups are divided: each is left out once.
  public static let folds = 8

  /// What is left out.
  public enum Part: Hashable, Sendable {
    case nothing
    case fold(Int)
    case accelerator(String)
    case architecture(String)
    case source(String)

    func holds(_ point: MeasuredPoint) -> Bool {
      switch self {
      case .nothing: false
      case .fold(let fold): CoefficientFit.fold(point, of: FitStudy.folds) == fold
      case .accelerator(let name): point.deployment.accelerator.name == name
      case .architecture(let name): point.deployment.architecture.family == name
      case .source(let name): point.source == name
      }
    }
  }

  /// A part's fit, and ln(predicted / measured) of the points that it left out, as throughput: a time that
  /// is predicted too long counts as a throughput too low.
  public struct Outcome: Sendable {
    /// What was left out.
    public var part: Part
    /// The fit to the other points.
    public var coefficients: Coefficients
    /// By the index of the left-out point.
    public var errors: [Int: Double]
  }

  /// All points.
  public let points: [MeasuredPoint]
  private let fit: CoefficientFit

  public init(_ points: [MeasuredPoint]) {
    self.points = points
    fit = CoefficientFit(points)
  }

  /// The whole first.
  public var parts: [Part] {
    func names(_ name: (MeasuredPoint) -> String) -> [String] { Set(points.map(name)).sorted() }
    var parts: [Part] = [.nothing]
    for fold in 0..<Self.folds where points.contains(where: Part.fold(fold).holds) {
      parts.append(.fold(fold))
    }
    let others =
      names(\.deployment.accelerator.name).map(Part.accelerator)
      + names(\.deployment.architecture.family).map(Part.architecture)
      + names(\.source).map(Part.source)
    // Nothing can be learned from no points.
    return parts + others.filter { part in points.contains { !part.holds($0) } }
  }

  /// Fits one part, from the guesses.
  public func run(_ part: Part) -> Outcome {
    let reduced = part == .nothing ? fit : fit.without(part.holds)
    let coefficients = reduced.run()
    let model = PerformanceModel(coefficients: coefficients, errors: .none, version: "")
    var errors: [Int: Double] = [:]
    for (index, point) in points.enumerated() where part == .nothing || part.holds(point) {
      errors[index] = point.throughputError(model.predict(point))
    }
    return Outcome(part: part, coefficients: coefficients, errors: errors)
  }

  /// What all parts say together.
  public func report(_ outcomes: [Outcome], version: String) -> FitReport {
    func logs(_ isWanted: (Part) -> Bool) -> [Double?] {
      var logs = [Double?](repeating: nil, count: points.count)
      for outcome in outcomes where isWanted(outcome.part) {
        for (index, error) in outcome.errors { logs[index] = error }
      }
      return logs
    }
    // Without it there is nothing to report but the guesses.
    let whole = outcomes.first { $0.part == .nothing }?.coefficients ?? Coefficients()
    let fitted = logs { $0 == .nothing }
    let folds = logs { if case .fold = $0 { true } else { false } }
    let accelerators = logs { if case .accelerator = $0 { true } else { false } }
    let architectures = logs { if case .architecture = $0 { true } else { false } }
    let sources = logs { if case .source = $0 { true } else { false } }

    let base = Self.band(folds.compactMap { $0 })
    let errors = PredictionErrors(
      base: base, newAccelerator: Self.evenBand(accelerators.compactMap { $0 }).beyond(base),
      newArchitecture: Self.evenBand(architectures.compactMap { $0 }).beyond(base),
      newStack: Self.evenBand(sources.compactMap { $0 }).beyond(base), shared: shared(folds),
      records: records(fitted.map { $0 ?? 0 }))
    var coverage: [FitReport.Coverage] = []
    coverage.append(
      self.coverage("an eighth of the groups", folds, Self.band) {
        CoefficientFit.fold($0, of: Self.folds).description
      })
    coverage.append(
      self.coverage("a GPU", accelerators, Self.evenBand) { $0.deployment.accelerator.name })
    coverage.append(
      self.coverage("a model", architectures, Self.evenBand) {
        $0.deployment.architecture.family
      })
    coverage.append(self.coverage("a source", sources, Self.evenBand) { $0.source })

    func table(_ logs: [Double?], _ label: (MeasuredPoint) -> String) -> [ErrorTable.Row] {
      let known = zip(points, logs).filter { $0.1 != nil }
      // Tables are of what was measured, so times count as times again.
      let errors = known.map { $0.kind == .firstToken ? -$1! : $1! }
      return [ErrorTable.row("all", errors)] + ErrorTable.by(known.map(\.0), errors, label)
    }
    return FitReport(
      model: PerformanceModel(
        coefficients: whole, errors: errors, version: version),
      fitted: fitted.map { $0 ?? 0 },
      byKind: table(fitted) { $0.kind.name },
      byAccelerator: Array(table(fitted) { $0.deployment.accelerator.name }.dropFirst()),
      withoutFold: table(folds) { $0.kind.name },
      withoutAccelerator: table(accelerators) { $0.deployment.accelerator.name },
      withoutArchitecture: table(architectures) { $0.deployment.architecture.family },
      withoutSource: table(sources) { $0.source }, coverage: coverage)
  }

  /// 90% of ln(measured / predicted), from logarithms of predicted over measured.
  private static func band(_ logs: [Double]) -> PredictionErrors.Band {
    guard !logs.isEmpty else { return .init(below: 0, above: 0) }
    return .init(
      below: max(0, ErrorTable.quantile(logs, 0.95)),
      above: max(0, -ErrorTable.quantile(logs, 0.05)))
  }

  /// The same as far below as above: with few GPUs, models and sources, on which side the next one is
  /// wrong is not known.
  private static func evenBand(_ logs: [Double]) -> PredictionErrors.Band {
    guard !logs.isEmpty else { return .init(below: 0, above: 0) }
    let half = ErrorTable.quantile(logs.map { abs($0) }, 0.9)
    return .init(below: half, above: half)
  }

  /// The intraclass correlation of left-out errors within one stack, GPU, model and precision, by one-way
  /// analysis of variance (R. A. Fisher, "Statistical Methods for Research Workers", chapter 7).
  private func shared(_ logs: [Double?]) -> Double {
    var groups: [String: [Double]] = [:]
    for (point, log) in zip(points, logs) {
      guard let log else { continue }
      let deployment = point.deployment
      let key = [
        deployment.stack.name, deployment.accelerator.name, deployment.architecture.family,
        deployment.precision.name, "\(deployment.gpus)", point.kind.name,
      ].joined(separator: "|")
      // Points far off would decide alone.
      groups[key, default: []].append(max(-0.4, min(0.4, log)))
    }
    // In order, so that sums are the same every time.
    let ordered = groups.sorted { $0.key < $1.key }.map(\.value)
    let all = ordered.flatMap(\.self)
    let (count, size) = (Double(groups.count), Double(all.count))
    guard count > 1, size > count else { return 0 }
    let mean = all.reduce(0, +) / size
    var (between, within, squares) = (0.0, 0.0, 0.0)
    for group in ordered {
      let own = group.reduce(0, +) / Double(group.count)
      between += Double(group.count) * (own - mean) * (own - mean)
      within += group.reduce(0) { $0 + ($1 - own) * ($1 - own) }
      squares += Double(group.count * group.count)
    }
    between /= count - 1
    within /= size - count
    let typical = (size - squares / size) / (count - 1)
    return max(0, min(1, (between - within) / (between + (typical - 1) * within)))
  }

  /// How many of the left-out points lie in the range that the *other* groups' errors give.
  private func coverage(
    _ label: String, _ logs: [Double?],
    _ makeBand: ([Double]) -> PredictionErrors.Band, _ group: (MeasuredPoint) -> String
  ) -> FitReport.Coverage {
    var inside = 0
    var all = 0
    let groups = points.map(group)
    for name in Set(groups).sorted() {
      let others = logs.indices.compactMap { groups[$0] == name ? nil : logs[$0] }
      let band = makeBand(others)
      for index in logs.indices where groups[index] == name {
        guard let log = logs[index] else { continue }
        all += 1
        if log <= band.below && log >= -band.above { inside += 1 }
      }
    }
    return .init(leftOut: label, points: all, covered: Double(inside) / Double(max(1, all)))
  }

  private func records(_ logs: [Double]) -> [PredictionErrors.Record] {
    var groups: [String: [Int]] = [:]
    for (index, point) in points.enumerated() {
      let deployment = point.deployment
      let key = [
        deployment.accelerator.name, deployment.architecture.name, deployment.stack.name,
        point.source, deployment.precision.name, "\(deployment.gpus)", point.kind.name,
      ].joined(separator: "|")
      groups[key, default: []].append(index)
    }
    return groups.sorted { $0.key < $1.key }.map { _, indices in
      let point = points[indices[0]]
      let errors = indices.map { abs(PortableMath.exp(logs[$0]) - 1) }
      return PredictionErrors.Record(
        stack: point.deployment.stack.name, month: point.month, source: point.source,
        accelerator: point.deployment.accelerator.name,
        architecture: point.deployment.architecture.name, precision: point.deployment.precision,
        gpus: point.deployment.gpus, kind: point.kind, points: indices.count,
        medianError: ErrorTable.quantile(errors, 0.5), greatestError: errors.max() ?? 0)
    }
  }
}

/// What a fit found.
public struct FitReport: Sendable {
  /// How often the 90% range held.
  public struct Coverage: Hashable, Sendable {
    /// What was left out of the fits.
    public var leftOut: String
    /// The number of left-out points.
    public var points: Int
    /// Part of the left-out points within the 90% range.
    public var covered: Double
  }

  /// The fit to all points, with its ranges.
  public var model: PerformanceModel
  /// ln(predicted / measured) of each point as throughput, all having been seen.
  public var fitted: [Double]
  /// Errors of the fit to all points, by kind.
  public var byKind: [ErrorTable.Row]
  /// Errors of the fit to all points, by GPU.
  public var byAccelerator: [ErrorTable.Row]
  /// Errors on points whose eighth of the groups was left out.
  public var withoutFold: [ErrorTable.Row]
  /// Errors on points whose GPU was left out.
  public var withoutAccelerator: [ErrorTable.Row]
  /// Errors on points whose model was left out.
  public var withoutArchitecture: [ErrorTable.Row]
  /// Errors on points whose source was left out.
  public var withoutSource: [ErrorTable.Row]
  /// One for each way of leaving points out.
  public var coverage: [Coverage]
}
