// SPDX-License-Identifier: Apache-2.0

import Determinism

/// Fits coefficients to measured points: least squares of logarithms, with a loss that grows only
/// linearly for points far off (soft L1), weights that keep large groups from deciding alone, and
/// priors that keep what the points do not tell at its guess. Levenberg-Marquardt (D. W. Marquardt,
/// SIAM J. Appl. Math. 11, 1963) with derivatives by differences.
public struct CoefficientFit: Sendable {
  /// Points that differ by that much in the logarithm count as a usual error.
  static let usualError = 0.12
  /// One standard deviation of what single GPUs, models and versions may differ from the equations.
  static let effectSpread = 0.05
  private static let difference = 1e-4
  /// The fit ends when a step lowers the cost by a smaller part.
  private static let tolerance = 1e-5

  /// The points, in the order of the file.
  public let points: [MeasuredPoint]
  private let logs: [Double]
  private let weights: [Double]
  private let accelerators: [String]
  private let series: [String]
  private let architectures: [String]
  private let stacks: [String]

  public init(_ points: [MeasuredPoint]) {
    self.points = points
    logs = points.map { PortableMath.log($0.measured) }
    var sizes: [String: Double] = [:]
    for point in points { sizes[point.group, default: 0] += 1 }
    let raw = points.map { 1 / sizes[$0.group, default: 1].squareRoot() }
    let mean = raw.reduce(0) { $0 + $1 * $1 } / Double(max(1, raw.count))
    weights = raw.map { $0 / mean.squareRoot() }
    accelerators = Set(points.map(\.deployment.accelerator.name)).sorted()
    series = Set(points.map(\.deployment.architecture.series)).sorted()
    architectures = Set(points.map(\.deployment.architecture.family)).sorted()
    stacks = Set(points.map(\.deployment.stack.name)).sorted()
  }

  // MARK: The vector that is varied

  private static let count = Coefficient.allCases.count

  private var size: Int {
    Self.count + accelerators.count + series.count + architectures.count + stacks.count
  }

  private static func inward(_ coefficient: Coefficient, _ value: Double) -> Double {
    switch coefficient.prior.range {
    case .unit: PortableMath.log(value / (1 - value))
    case .positive: PortableMath.log(value)
    case .free: value
    }
  }

  private static func outward(_ coefficient: Coefficient, _ value: Double) -> Double {
    switch coefficient.prior.range {
    case .unit: 1 / (1 + PortableMath.exp(-value))
    case .positive: PortableMath.exp(value)
    case .free: value
    }
  }

  private func coefficients(_ vector: [Double]) -> Coefficients {
    var result = Coefficients()
    for coefficient in Coefficient.allCases {
      result[coefficient] = Self.outward(coefficient, vector[coefficient.rawValue])
    }
    var position = Self.count
    func take(_ names: [String]) -> [String: Double] {
      defer { position += names.count }
      return Dictionary(
        uniqueKeysWithValues: names.enumerated().map { ($1, vector[position + $0]) })
    }
    result.accelerators = take(accelerators)
    result.series = take(series)
    result.architectures = take(architectures)
    result.stacks = take(stacks)
    return result
  }

  private func vector(_ coefficients: Coefficients) -> [Double] {
    Coefficient.allCases.map { Self.inward($0, coefficients[$0]) }
      + accelerators.map { coefficients.accelerators[$0] ?? 0 }
      + series.map { coefficients.series[$0] ?? 0 }
      + architectures.map { coefficients.architectures[$0] ?? 0 }
      + stacks.map { coefficients.stacks[$0] ?? 0 }
  }

  // MARK: The fit

  private func predictions(_ vector: [Double]) -> [Double] {
    let model = PerformanceModel(
      coefficients: coefficients(vector), errors: .none, version: "")
    return points.map { PortableMath.log(model.predict($0)) }
  }

  /// Half the sum of squares: of points, and of distances from the priors.
  private func cost(_ predicted: [Double], _ vector: [Double]) -> Double {
    var sum = 0.0
    for index in points.indices {
      let z = (predicted[index] - logs[index]) / Self.usualError
      let loss = 2 * ((1 + z * z).squareRoot() - 1)
      sum += weights[index] * weights[index] * loss
    }
    for (position, (guess, spread)) in priors.enumerated() {
      let distance = (vector[position] - guess) / spread
      sum += distance * distance
    }
    return sum / 2
  }

  private var priors: [(Double, Double)] {
    Coefficient.allCases.map { (Self.inward($0, $0.prior.value), $0.prior.spread) }
      + Array(repeating: (0, Self.effectSpread), count: size - Self.count)
  }

  /// The coefficients that describe the points best.
  public func run() -> Coefficients {
    var vector = vector(Coefficients())
    let priors = priors
    let size = size
    var predicted = predictions(vector)
    var cost = cost(predicted, vector)
    var damping = 1e-2
    for _ in 0..<60 {
      // Normal equations of the loss, reweighted: the derivative of soft L1 is z / sqrt(1 + z^2).
      var gradient = [Double](repeating: 0, count: size)
      var matrix = [Double](repeating: 0, count: size * size)
      let slopes = slopes(vector, predicted)
      for index in points.indices {
        let z = (predicted[index] - logs[index]) / Self.usualError
        let pull = weights[index] * weights[index] / (1 + z * z).squareRoot()
        let row = slopes[index]
        for (i, a) in row {
          gradient[i] += pull * z * a
          for (j, b) in row where j <= i { matrix[i * size + j] += pull * a * b }
        }
      }
      for (position, (guess, spread)) in priors.enumerated() {
        gradient[position] += (vector[position] - guess) / (spread * spread)
        matrix[position * size + position] += 1 / (spread * spread)
      }
      var improved = false
      var gained = 0.0
      for _ in 0..<8 {
        var damped = matrix
        for position in 0..<size { damped[position * size + position] *= 1 + damping }
        guard let step = Cholesky.solve(damped, gradient) else {
          damping *= 10
          continue
        }
        let trial = zip(vector, step).map { $0 - max(-1, min(1, $1)) }
        let trialPredicted = predictions(trial)
        let trialCost = self.cost(trialPredicted, trial)
        if trialCost < cost {
          gained = (cost - trialCost) / cost
          (vector, predicted, cost) = (trial, trialPredicted, trialCost)
          damping = max(1e-6, damping / 5)
          improved = true
          break
        }
        damping *= 5
      }
      if !improved || gained < Self.tolerance { break }
    }
    return coefficients(vector)
  }

  /// Derivatives of each point's scaled logarithm, where they are not 0.
  private func slopes(_ vector: [Double], _ predicted: [Double]) -> [[(Int, Double)]] {
    var slopes = [[(Int, Double)]](repeating: [], count: points.count)
    for position in 0..<Self.count {
      var moved = vector
      moved[position] += Self.difference
      let changed = predictions(moved)
      for index in points.indices where changed[index] != predicted[index] {
        slopes[index].append(
          (position, (changed[index] - predicted[index]) / (Self.difference * Self.usualError)))
      }
    }
    // Effects are factors, whose derivative is known; under a limit they change the batch, too.
    let effects = points.indices.map { index -> Double in
      switch points[index].kind {
      case .firstToken: return -1 / Self.usualError
      case .limited:
        var moved = coefficients(vector)
        moved.stacks[points[index].deployment.stack.name, default: 0] += Self.difference
        let model = PerformanceModel(coefficients: moved, errors: .none, version: "")
        let changed = PortableMath.log(model.predict(points[index]))
        return (changed - predicted[index]) / (Self.difference * Self.usualError)
      case .offline, .batch, .closed: return 1 / Self.usualError
      }
    }
    var position = Self.count
    for (names, key) in [
      (accelerators, \MeasuredPoint.deployment.accelerator.name),
      (series, \MeasuredPoint.deployment.architecture.series),
      (architectures, \MeasuredPoint.deployment.architecture.family),
      (stacks, \MeasuredPoint.deployment.stack.name),
    ] {
      let positions = Dictionary(uniqueKeysWithValues: names.enumerated().map { ($1, $0) })
      for (index, point) in points.enumerated() {
        guard let own = positions[point[keyPath: key]] else { continue }
        slopes[index].append((position + own, effects[index]))
      }
      position += names.count
    }
    return slopes
  }

  // MARK: Points left out

  /// The points without some.
  public func without(_ isLeftOut: (MeasuredPoint) -> Bool) -> CoefficientFit {
    CoefficientFit(points.filter { !isLeftOut($0) })
  }

  /// Which of `folds` parts the points of a group are in: FNV-1a of its name, so that it depends on
  /// nothing else.
  public static func fold(_ point: MeasuredPoint, of folds: Int) -> Int {
    var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    for byte in point.group.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
    var mixed = SplitMix64(seed: hash)
    return Int(mixed.below(UInt64(folds)))
  }
}

extension PredictionErrors {
  /// Where errors are not asked for.
  static let none = PredictionErrors(
    base: Band(below: 0, above: 0), newAccelerator: Band(below: 0, above: 0),
    newArchitecture: Band(below: 0, above: 0), newStack: Band(below: 0, above: 0), shared: 0,
    records: [])
}

/// Solves symmetric positive definite systems.
enum Cholesky {
  /// The solution of `matrix` x = `right`, from its lower half by rows; `nil` when it is not positive
  /// definite.
  static func solve(_ matrix: [Double], _ right: [Double]) -> [Double]? {
    let n = right.count
    var factor = matrix
    for i in 0..<n {
      for j in 0...i {
        var sum = factor[i * n + j]
        for k in 0..<j { sum -= factor[i * n + k] * factor[j * n + k] }
        if i == j {
          guard sum > 0 else { return nil }
          factor[i * n + i] = sum.squareRoot()
        } else {
          factor[i * n + j] = sum / factor[j * n + j]
        }
      }
    }
    var solution = right
    for i in 0..<n {
      for k in 0..<i { solution[i] -= factor[i * n + k] * solution[k] }
      solution[i] /= factor[i * n + i]
    }
    for i in (0..<n).reversed() {
      for k in (i + 1)..<n { solution[i] -= factor[k * n + i] * solution[k] }
      solution[i] /= factor[i * n + i]
    }
    return solution
  }
}
