// SPDX-License-Identifier: Apache-2.0

import Determinism
import Synchronization

/// What is known of a number.
public enum Distribution: Hashable, Sendable {
  case fixed(Double)
  /// With 90% between the two, both positive.
  case lognormal(p5: Double, p95: Double)
  case normal(p5: Double, p95: Double)
  /// Between 0 and 1, with mean a / (a + b).
  case beta(a: Double, b: Double)
  case triangular(low: Double, mode: Double, high: Double)

  /// Why it is not a valid distribution; `nil` when it is.
  public var problem: String? {
    let numbers: [Double] =
      switch self {
      case .fixed(let value): [value]
      case .lognormal(let a, let b), .normal(let a, let b), .beta(let a, let b): [a, b]
      case .triangular(let a, let b, let c): [a, b, c]
      }
    guard numbers.allSatisfy({ abs($0) <= 1e15 }) else {
      return "its numbers must be finite, at most 10^15"
    }
    switch self {
    case .fixed: return nil
    case .lognormal(let p5, let p95):
      return p5 > 0 && p95 > p5 ? nil : "a range 'LOW to HIGH' needs 0 < LOW < HIGH"
    case .normal(let p5, let p95): return p95 > p5 ? nil : "normal(LOW, HIGH) needs LOW < HIGH"
    case .beta(let a, let b):
      return a >= 0.01 && b >= 0.01 && a < 1e4 && b < 1e4
        ? nil : "beta(A, B) needs A and B from 0.01 to 10,000"
    case .triangular(let low, let mode, let high):
      return low <= mode && mode <= high && low < high
        ? nil : "triangular(LOW, MODE, HIGH) needs LOW <= MODE <= HIGH"
    }
  }

  /// The least value that it can take.
  var least: Double {
    switch self {
    case .fixed(let value): value
    case .lognormal, .beta: 0
    case .normal: -.infinity
    case .triangular(let low, _, _): low
    }
  }

  /// The distribution of a multiple.
  func times(_ factor: Double) -> Distribution? {
    switch self {
    case .fixed(let value): .fixed(value * factor)
    case .lognormal(let p5, let p95):
      factor > 0 ? .lognormal(p5: p5 * factor, p95: p95 * factor) : nil
    case .normal(let p5, let p95):
      factor > 0 ? .normal(p5: p5 * factor, p95: p95 * factor) : nil
    case .beta: factor == 1 ? self : nil
    case .triangular(let low, let mode, let high):
      factor > 0
        ? .triangular(low: low * factor, mode: mode * factor, high: high * factor) : nil
    }
  }

  /// The median.
  public var median: Double { quantile(0) }

  /// The value at a normal quantile.
  func quantile(_ z: Double) -> Double {
    switch self {
    case .fixed(let value): return value
    case .lognormal(let p5, let p95):
      let (low, high) = (PortableMath.log(p5), PortableMath.log(p95))
      return PortableMath.exp((low + high) / 2 + (high - low) / (2 * PortableMath.z95) * z)
    case .normal(let p5, let p95): return (p5 + p95) / 2 + (p95 - p5) / (2 * PortableMath.z95) * z
    case .beta(let a, let b): return BetaTable.of(a, b).quantile(PortableMath.normalCDF(z))
    case .triangular(let low, let mode, let high):
      let u = PortableMath.normalCDF(z)
      let peak = (mode - low) / (high - low)
      return u < peak
        ? low + (u * (high - low) * (mode - low)).squareRoot()
        : high - ((1 - u) * (high - low) * (high - mode)).squareRoot()
    }
  }
}

/// The distribution function of a beta distribution on a fine grid, by the midpoint rule, which the
/// poles of a density with a or b below 1 do not break.
struct BetaTable: Sendable {
  private static let cells = 40_000
  private static let known = Mutex<[[Double]: BetaTable]>([:])
  private let sums: [Double]

  /// The table of a distribution; the last ones are kept, since making one takes milliseconds and
  /// scenarios that differ in something else share it.
  static func of(_ a: Double, _ b: Double) -> BetaTable {
    if let table = known.withLock({ $0[[a, b]] }) { return table }
    let made = BetaTable(a, b)
    known.withLock { tables in
      if tables.count >= 16 { tables.removeAll() }
      tables[[a, b]] = made
    }
    return made
  }

  private init(_ a: Double, _ b: Double) {
    var sums = [0.0]
    sums.reserveCapacity(Self.cells + 1)
    // Scaled by the density at the mean, so that large a and b do not underflow.
    let mean = a / (a + b)
    func logDensity(_ x: Double) -> Double {
      (a - 1) * PortableMath.log(x) + (b - 1) * PortableMath.log(1 - x)
    }
    let top = logDensity(mean)
    for cell in 0..<Self.cells {
      let x = (Double(cell) + 0.5) / Double(Self.cells)
      sums.append(sums[cell] + PortableMath.exp(logDensity(x) - top))
    }
    self.sums = sums
  }

  func quantile(_ probability: Double) -> Double {
    let target = probability * sums[Self.cells]
    var (low, high) = (0, Self.cells)
    while high - low > 1 {
      let middle = (low + high) / 2
      if sums[middle] <= target { low = middle } else { high = middle }
    }
    let width = sums[low + 1] - sums[low]
    let part = width > 0 ? min(1, max(0, (target - sums[low]) / width)) : 0
    return (Double(low) + part) / Double(Self.cells)
  }
}

extension Distribution: Codable {
  /// `[kind, number, …]`, kinds in the order of the cases.
  public init(from decoder: any Decoder) throws {
    var container = try decoder.unkeyedContainer()
    let kind = try container.decode(Int.self)
    func number() throws -> Double { try container.decode(Double.self) }
    switch kind {
    case 0: self = .fixed(try number())
    case 1: self = .lognormal(p5: try number(), p95: try number())
    case 2: self = .normal(p5: try number(), p95: try number())
    case 3: self = .beta(a: try number(), b: try number())
    case 4: self = .triangular(low: try number(), mode: try number(), high: try number())
    default:
      throw DecodingError.dataCorruptedError(
        in: container, debugDescription: "\(kind) is not a known distribution")
    }
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.unkeyedContainer()
    func put(_ kind: Int, _ numbers: Double...) throws {
      try container.encode(kind)
      for number in numbers { try container.encode(number) }
    }
    switch self {
    case .fixed(let value): try put(0, value)
    case .lognormal(let a, let b): try put(1, a, b)
    case .normal(let a, let b): try put(2, a, b)
    case .beta(let a, let b): try put(3, a, b)
    case .triangular(let a, let b, let c): try put(4, a, b, c)
    }
  }
}

extension Distribution: CustomStringConvertible {
  /// As a scenario file writes it.
  public var description: String {
    func text(_ value: Double) -> String {
      value == value.rounded() && abs(value) < 1e15 ? "\(Int(value))" : "\(value)"
    }
    return switch self {
    case .fixed(let value): text(value)
    case .lognormal(let a, let b): "\(text(a)) to \(text(b))"
    case .normal(let a, let b): "normal(\(text(a)), \(text(b)))"
    case .beta(let a, let b): "beta(\(text(a)), \(text(b)))"
    case .triangular(let a, let b, let c): "triangular(\(text(a)), \(text(b)), \(text(c)))"
    }
  }
}
