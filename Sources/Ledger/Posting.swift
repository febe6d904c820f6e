// SPDX-License-Identifier: Apache-2.0

public import Economics

/// A posting as a reader sees it.
public struct Posting: Sendable {
  /// The quarter of an hour of the usage.
  public var bucket: TimeBucket
  /// For ``LedgerView/dimensions(of:)``.
  public var series: Int64
  /// For ``LedgerView/source(ofBatch:)``.
  public var batch: Int64
  /// What was counted.
  public var meter: Meter
  /// In units of the meter.
  public var quantity: UInt64
  /// Whether the quantity has a price.
  public var pricing: Pricing
  /// The weakest evidence of quantity and rate.
  public var evidence: Evidence
  /// In ``LedgerView/currency``; 0 unless ``pricing`` is `priced`.
  public var cost: Money
}
