// SPDX-License-Identifier: Apache-2.0

import KernelLayout

/// What simulated paths came to, as counts: shards are merged by addition, so any number of workers,
/// any cut and any order give the same.
public struct RunwayCounts: Hashable, Sendable {
  /// Steps of a path, at most 240.
  public private(set) var steps: Int
  /// Paths that were counted.
  public var paths: UInt64 = 0
  /// Paths by step and cash bin, a row of ``KernelInput/cashHistogramWidth`` a step; bin 0 is ruined.
  public private(set) var cashHistogram: [UInt32]
  /// Paths by the step of ruin; 0 is never.
  public private(set) var ruin: [UInt32]
  /// Paths by the step of break-even; 0 is never.
  public private(set) var breakEven: [UInt32]
  /// Paths, and ruined paths, by parameter and equiprobable bin.
  public private(set) var drawn: [UInt32]
  /// Ruined paths by parameter and equiprobable bin.
  public private(set) var ruined: [UInt32]

  /// Counts of no paths.
  public init(steps: Int) {
    self.steps = steps
    cashHistogram = [UInt32](repeating: 0, count: steps * KernelInput.cashHistogramWidth)
    ruin = [UInt32](repeating: 0, count: steps + 1)
    breakEven = ruin
    drawn = [UInt32](repeating: 0, count: KernelInput.parameterCount * KernelInput.binCount)
    ruined = drawn
  }

  /// - Throws: ``ScenarioError`` for counts of another length, or of more than 2^32 paths.
  public mutating func add(_ other: RunwayCounts) throws(ScenarioError) {
    guard steps == other.steps, cashHistogram.count == other.cashHistogram.count,
      ruin.count == other.ruin.count,
      breakEven.count == other.breakEven.count, drawn.count == other.drawn.count,
      ruined.count == other.ruined.count
    else { throw ScenarioError("counts of different simulations cannot be added") }
    let (sum, overflow) = paths.addingReportingOverflow(other.paths)
    guard !overflow, sum <= UInt64(UInt32.max) else { throw ScenarioError("more than 2^32 paths") }
    paths = sum
    for index in cashHistogram.indices { cashHistogram[index] &+= other.cashHistogram[index] }
    for index in ruin.indices { ruin[index] &+= other.ruin[index] }
    for index in breakEven.indices { breakEven[index] &+= other.breakEven[index] }
    for index in drawn.indices { drawn[index] &+= other.drawn[index] }
    for index in ruined.indices { ruined[index] &+= other.ruined[index] }
  }

  mutating func withKernelOutput(_ ruins: inout [UInt8], _ body: (KernelOutput) -> Void) {
    cashHistogram.withUnsafeMutableBufferPointer { cashHistogram in
      ruin.withUnsafeMutableBufferPointer { ruin in
        breakEven.withUnsafeMutableBufferPointer { breakEven in
          drawn.withUnsafeMutableBufferPointer { drawn in
            ruined.withUnsafeMutableBufferPointer { ruined in
              ruins.withUnsafeMutableBufferPointer { ruins in
                guard let cashHistogram = cashHistogram.baseAddress, let ruin = ruin.baseAddress,
                  let breakEven = breakEven.baseAddress, let drawn = drawn.baseAddress,
                  let ruined = ruined.baseAddress, let ruins = ruins.baseAddress
                else { return }
                body(
                  KernelOutput(
                    cashHistogram: cashHistogram, ruin: ruin, breakEven: breakEven, drawn: drawn,
                    ruined: ruined,
                    ruinOfPath: ruins))
              }
            }
          }
        }
      }
    }
  }

  /// FNV-1a of the cash histogram: the fingerprint that golden tests compare.
  public var cashFingerprint: UInt64 {
    cashHistogram.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x0000_0100_0000_01B3 }
  }
}

/// On the wire the histogram is what is not zero: the positions, each as the distance from the one before, and
/// the counts.
extension RunwayCounts: Codable {
  enum CodingKeys: Int, CodingKey {
    case steps = 1
    case paths, gaps, values, ruin, breakEven, drawn, ruined
  }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    let steps = try container.decode(Int.self, forKey: .steps)
    guard (1...240).contains(steps) else {
      throw DecodingError.dataCorruptedError(
        forKey: .steps, in: container, debugDescription: "\(steps) steps")
    }
    self.init(steps: steps)
    paths = try container.decode(UInt64.self, forKey: .paths)
    guard paths <= UInt64(UInt32.max) else { throw ScenarioError("more than 2^32 paths") }
    let gaps = try container.decode([UInt32].self, forKey: .gaps)
    let values = try container.decode([UInt32].self, forKey: .values)
    var position = 0
    guard gaps.count == values.count else {
      throw DecodingError.dataCorruptedError(
        forKey: .gaps, in: container, debugDescription: "gaps without values")
    }
    for (gap, value) in zip(gaps, values) {
      position += Int(gap)
      guard position < cashHistogram.count else {
        throw DecodingError.dataCorruptedError(
          forKey: .gaps, in: container, debugDescription: "an index beyond the histogram")
      }
      cashHistogram[position] = value
      position += 1
    }
    func column(_ key: CodingKeys, _ count: Int) throws -> [UInt32] {
      let values = try container.decode([UInt32].self, forKey: key)
      guard values.count == count else {
        throw DecodingError.dataCorruptedError(
          forKey: key, in: container, debugDescription: "\(values.count) counts")
      }
      return values
    }
    ruin = try column(.ruin, ruin.count)
    breakEven = try column(.breakEven, breakEven.count)
    drawn = try column(.drawn, drawn.count)
    ruined = try column(.ruined, ruined.count)
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(steps, forKey: .steps)
    try container.encode(paths, forKey: .paths)
    var gaps: [UInt32] = []
    var values: [UInt32] = []
    var last = -1
    for (position, value) in cashHistogram.enumerated() where value != 0 {
      gaps.append(UInt32(position - last - 1))
      values.append(value)
      last = position
    }
    try container.encode(gaps, forKey: .gaps)
    try container.encode(values, forKey: .values)
    try container.encode(ruin, forKey: .ruin)
    try container.encode(breakEven, forKey: .breakEven)
    try container.encode(drawn, forKey: .drawn)
    try container.encode(ruined, forKey: .ruined)
  }
}
