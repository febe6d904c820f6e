// SPDX-License-Identifier: Apache-2.0

import Determinism

/// How far predictions were from what was measured, for points that the fit had not seen.
public struct PredictionErrors: Codable, Hashable, Sendable {
  /// A range of ln(measured / predicted) around 0.
  public struct Band: Codable, Hashable, Sendable {
    /// How far below: at least 0.
    public var below: Double
    /// How far above: at least 0.
    public var above: Double

    public init(below: Double, above: Double) {
      self.below = below
      self.above = above
    }

    enum CodingKeys: Int, CodingKey {
      case below = 1
      case above
    }

    public init(from decoder: any Decoder) throws {
      let container = try decoder.container(keyedBy: CodingKeys.self)
      below = try container.decode(Double.self, forKey: .below)
      above = try container.decode(Double.self, forKey: .above)
      guard (0...10).contains(below), (0...10).contains(above) else {
        throw FleetError("a range of errors of \(below) and \(above)")
      }
    }

    /// Independent reasons to be wrong add up by their squares.
    func and(_ more: Band) -> Band {
      Band(
        below: (below * below + more.below * more.below).squareRoot(),
        above: (above * above + more.above * more.above).squareRoot())
    }

    /// What must be added to `base` to reach this.
    func beyond(_ base: Band) -> Band {
      func rest(_ whole: Double, _ part: Double) -> Double {
        max(0, whole * whole - part * part).squareRoot()
      }
      return Band(below: rest(below, base.below), above: rest(above, base.above))
    }
  }

  /// Points of one source, stack, GPU, model and precision, and how well the fit describes them.
  public struct Record: Codable, Hashable, Sendable {
    /// The engine and version.
    public var stack: String
    /// The month of the measurement, `2025-09`.
    public var month: String
    /// Who published the points.
    public var source: String
    /// The GPU's name in the catalogue.
    public var accelerator: String
    /// The model's name in the catalogue.
    public var architecture: String
    /// The bits that were used.
    public var precision: Precision
    /// GPUs over all replicas.
    public var gpus: Int
    /// What was measured.
    public var kind: MeasuredPoint.Kind
    /// The number of points in the group.
    public var points: Int
    /// Medians and greatest of |predicted / measured - 1|.
    public var medianError: Double
    /// The largest |predicted / measured - 1|.
    public var greatestError: Double

    public init(
      stack: String, month: String, source: String, accelerator: String, architecture: String,
      precision: Precision, gpus: Int, kind: MeasuredPoint.Kind, points: Int, medianError: Double,
      greatestError: Double
    ) {
      self.stack = stack
      self.month = month
      self.source = source
      self.accelerator = accelerator
      self.architecture = architecture
      self.precision = precision
      self.gpus = gpus
      self.kind = kind
      self.points = points
      self.medianError = medianError
      self.greatestError = greatestError
    }

    enum CodingKeys: Int, CodingKey {
      case stack = 1
      case month, source, accelerator, architecture, precision, gpus, kind, points
      case medianError, greatestError
    }

    public init(from decoder: any Decoder) throws {
      let container = try decoder.container(keyedBy: CodingKeys.self)
      stack = try container.decode(String.self, forKey: .stack)
      month = try container.decode(String.self, forKey: .month)
      source = try container.decode(String.self, forKey: .source)
      accelerator = try container.decode(String.self, forKey: .accelerator)
      architecture = try container.decode(String.self, forKey: .architecture)
      precision = try container.decode(Precision.self, forKey: .precision)
      gpus = try container.decode(Int.self, forKey: .gpus)
      kind = try container.decode(MeasuredPoint.Kind.self, forKey: .kind)
      points = try container.decode(Int.self, forKey: .points)
      medianError = try container.decode(Double.self, forKey: .medianError)
      greatestError = try container.decode(Double.self, forKey: .greatestError)
      guard (1...1_000_000).contains(gpus), (0...1_000_000_000).contains(points),
        (0...1e15).contains(medianError), (0...1e15).contains(greatestError)
      else { throw FleetError("a record of \(points) points on \(gpus) GPUs") }
    }
  }

  /// 90% of left-out points, whose GPU, model and engine were in the fit with other points.
  public var base: Band
  /// What comes on top when the GPU, the model or the version of the engine was not in the fit.
  public var newAccelerator: Band
  /// For a model that was not in the fit.
  public var newArchitecture: Band
  /// For an engine version that was not in the fit.
  public var newStack: Band
  /// Part of the error that all points of one stack, GPU, model and precision share (the intraclass
  /// correlation): what one measurement says about the others.
  public var shared: Double
  /// The groups of points that the fit used.
  public var records: [Record]

  public init(
    base: Band, newAccelerator: Band, newArchitecture: Band, newStack: Band, shared: Double,
    records: [Record]
  ) {
    self.base = base
    self.newAccelerator = newAccelerator
    self.newArchitecture = newArchitecture
    self.newStack = newStack
    self.shared = shared
    self.records = records
  }

  enum CodingKeys: Int, CodingKey {
    case base = 1
    case newAccelerator, newArchitecture, newStack, shared, records
  }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    base = try container.decode(Band.self, forKey: .base)
    newAccelerator = try container.decode(Band.self, forKey: .newAccelerator)
    newArchitecture = try container.decode(Band.self, forKey: .newArchitecture)
    newStack = try container.decode(Band.self, forKey: .newStack)
    shared = try container.decode(Double.self, forKey: .shared)
    records = try container.decode([Record].self, forKey: .records)
    guard (0...1).contains(shared) else { throw FleetError("a shared part of \(shared)") }
  }

  /// The record that is most like a deployment; the earlier of two that are alike.
  public func nearest(to deployment: Deployment, _ catalogue: FleetCatalogue) -> Record? {
    records.min { a, b in
      Self.distance(a, deployment, catalogue) < Self.distance(b, deployment, catalogue)
    }
  }

  /// The point of a list that is most like a deployment with such requests; the earlier of two.
  public static func nearest(
    of points: [MeasuredPoint], to deployment: Deployment, _ shape: RequestShape,
    _ catalogue: FleetCatalogue
  ) -> MeasuredPoint? {
    func distance(_ point: MeasuredPoint) -> Double {
      let other = point.deployment
      let record = Record(
        stack: other.stack.name, month: point.month, source: point.source,
        accelerator: other.accelerator.name, architecture: other.architecture.name,
        precision: other.precision, gpus: other.gpusPerReplica, kind: point.kind, points: 1,
        medianError: 0, greatestError: 0)
      let input = PortableMath.log((point.shape.input + 1) / (shape.input + 1))
      let output = PortableMath.log((point.shape.output + 1) / (shape.output + 1))
      return Self.distance(record, deployment, catalogue) + 0.2 * (abs(input) + abs(output))
    }
    return points.map { ($0, distance($0)) }.min { $0.1 < $1.1 }?.0
  }

  private static func distance(
    _ record: Record, _ deployment: Deployment, _ catalogue: FleetCatalogue
  ) -> Double {
    var distance = 0.0
    if record.accelerator != deployment.accelerator.name {
      let other = catalogue.accelerators[record.accelerator]?.value
      distance +=
        other?.generation == deployment.accelerator.generation
        ? 2 : other?.vendor == deployment.accelerator.vendor ? 4 : 7
    }
    if record.architecture != deployment.architecture.name {
      let other = catalogue.architectures[record.architecture]?.value
      distance += (other?.experts == nil) == (deployment.architecture.experts == nil) ? 1.5 : 4
      if let other {
        let ratio = PortableMath.log(other.parameters / deployment.architecture.parameters)
        distance += 0.7 * abs(ratio)
      }
    }
    if record.precision.activations != deployment.precision.activations { distance += 1.5 }
    if record.precision.weights != deployment.precision.weights { distance += 0.5 }
    if record.stack != deployment.stack.name { distance += 0.3 }
    let engine = ServingStack(name: record.stack, month: record.month)?.engine
    if engine != deployment.stack.engine { distance += 1 }
    distance +=
      0.4 * abs(PortableMath.log(Double(record.gpus) / Double(deployment.gpusPerReplica)))
    return distance
  }
}

/// A predicted number with the range that holds 90% of what was measured in such cases.
public struct Interval: Hashable, Sendable {
  /// The lower end of the 90% range.
  public var low: Double
  /// The most likely value.
  public var estimate: Double
  /// The upper end of the 90% range.
  public var high: Double

  public init(low: Double, estimate: Double, high: Double) {
    self.low = low
    self.estimate = estimate
    self.high = high
  }

  /// The range of what is in inverse proportion.
  public func inverse(_ numerator: Double) -> Interval {
    Interval(low: numerator / high, estimate: numerator / estimate, high: numerator / low)
  }

  /// All three numbers times a positive factor.
  public func times(_ factor: Double) -> Interval {
    Interval(low: low * factor, estimate: estimate * factor, high: high * factor)
  }

  /// The standard deviation of the logarithm of the lognormal with these ends.
  public var logSpread: Double {
    PortableMath.log(high / low) / (2 * PortableMath.z95)
  }
}

extension PerformanceModel {
  /// The range for a deployment: wider where its GPU, model or engine was not in the fit.
  public func band(_ deployment: Deployment) -> PredictionErrors.Band {
    var band = errors.base
    if coefficients.accelerators[deployment.accelerator.name] == nil {
      band = band.and(errors.newAccelerator)
    }
    if coefficients.architectures[deployment.architecture.family] == nil {
      band = band.and(errors.newArchitecture)
    }
    if coefficients.stacks[deployment.stack.name] == nil { band = band.and(errors.newStack) }
    return band
  }

  /// 90% around an estimate of throughput.
  public func interval(_ estimate: Double, _ band: PredictionErrors.Band) -> Interval {
    Interval(
      low: estimate * PortableMath.exp(-band.below), estimate: estimate,
      high: estimate * PortableMath.exp(band.above))
  }
}

extension PerformanceModel {
  /// Logarithms of measurements of throughput scatter by that much when repeated: MLPerf submitters with
  /// like hardware differ by 5.7%.
  static let measurementSpread = 0.05

  /// The same model, with one measurement of a deployment taken into account: a normal prior with the
  /// band's spread, of which the part ``PredictionErrors/shared`` is common to all requests' shapes.
  /// - Parameters:
  ///   - measured: output tokens per second, of those requests and that load.
  ///   - isSameCase: whether predictions are wanted for just what was measured.
  /// - Throws: ``FleetError`` when the deployment cannot be predicted.
  public func pinned(
    _ deployment: Deployment, _ shape: RequestShape, _ load: ServingLoad, measured: Double,
    isSameCase: Bool
  ) throws(FleetError) -> PerformanceModel {
    let predicted = try performance(of: deployment, shape, load).outputRate
    let band = band(deployment)
    let spread = max(1e-6, (band.below + band.above) / 2 / PortableMath.z95)
    let noise = Self.measurementSpread
    let common = isSameCase ? 1 : errors.shared
    let weight = spread * spread / (spread * spread + noise * noise)
    let wanted = common * weight * PortableMath.log(measured / predicted)
    var model = self
    func shift(_ amount: Double) {
      model.coefficients.stacks[deployment.stack.name] =
        (coefficients.stacks[deployment.stack.name] ?? 0) + amount
    }
    shift(wanted)
    if case .limited = load {
      // A faster engine also takes more requests within the limit: find the shift that does both.
      var (low, high) = (-4.0, 4.0)
      for _ in 0..<50 {
        let middle = (low + high) / 2
        shift(middle)
        let reached = (try? model.performance(of: deployment, shape, load).outputRate) ?? 0
        if reached > 0 && PortableMath.log(reached / predicted) >= wanted {
          high = middle
        } else {
          low = middle
        }
      }
      shift(high)
    }
    // From here on nothing about it is new.
    for (key, name) in [
      (\Coefficients.accelerators, deployment.accelerator.name),
      (\Coefficients.architectures, deployment.architecture.family),
    ] where model.coefficients[keyPath: key][name] == nil {
      model.coefficients[keyPath: key][name] = 0
    }
    let left = (1 - common * common * weight).squareRoot()
    model.errors.base = .init(below: band.below * left, above: band.above * left)
    return model
  }
}

/// Errors of predictions, summed up.
public enum ErrorTable {
  /// One line of an error table.
  public struct Row: Hashable, Sendable {
    /// The group of points.
    public var label: String
    /// The number of points in the group.
    public var points: Int
    /// Median and 90% quantile of |predicted / measured - 1|, and median of predicted / measured - 1.
    public var median: Double
    /// The 90% quantile of |predicted / measured - 1|.
    public var p90: Double
    /// The median of predicted / measured - 1.
    public var bias: Double
  }

  /// Of ln(predicted / measured).
  public static func row(_ label: String, _ logs: [Double]) -> Row {
    let ratios = logs.map { PortableMath.exp($0) - 1 }
    let absolute = ratios.map { abs($0) }
    return Row(
      label: label, points: logs.count, median: quantile(absolute, 0.5),
      p90: quantile(absolute, 0.9), bias: quantile(ratios, 0.5))
  }

  /// All points, then by each label.
  public static func by(
    _ points: [MeasuredPoint], _ logs: [Double], _ label: (MeasuredPoint) -> String
  ) -> [Row] {
    var groups: [String: [Double]] = [:]
    for (point, log) in zip(points, logs) { groups[label(point), default: []].append(log) }
    return groups.sorted { $0.key < $1.key }.map { row($0.key, $0.value) }
  }

  /// Linear between the nearest two, as NumPy does by default.
  public static func quantile(_ values: [Double], _ share: Double) -> Double {
    guard !values.isEmpty else { return .nan }
    let sorted = values.sorted()
    let position = share * Double(sorted.count - 1)
    let low = Int(position.rounded(.down))
    let high = min(low + 1, sorted.count - 1)
    return sorted[low] + (sorted[high] - sorted[low]) * (position - Double(low))
  }
}
