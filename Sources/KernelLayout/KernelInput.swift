// SPDX-License-Identifier: Apache-2.0

/// What a simulation kernel reads: plain memory, so that the kernels, which are compiled for several
/// instruction sets, share no code with anything else.
///
/// Months are steps here: whoever fills this in has scaled everything to the length of a step.
public struct KernelInput {
  /// How many uncertain parameters a path has, in the order of ``Parameter``.
  public static let parameterCount = 19
  /// The normal quantiles at which tables are given: -6, -6 + 1/64, … 6, and one more.
  public static let tableLength = 770
  /// Distance from table to table.
  public static let tableStride = 772
  /// Equiprobable bins of each parameter, for sensitivities.
  public static let binCount = 32
  /// Cash bins of a step.
  public static let cashHistogramWidth = 1_024

  /// The places of the parameters.
  public enum Parameter {
    public static let audience = 0
    public static let growth = 1
    public static let decline = 2
    public static let loss = 3
    public static let saturation = 4
    public static let paidShare = 5
    public static let paidShareDrift = 6
    public static let price = 7
    public static let requests = 8
    public static let requestsDrift = 9
    public static let cost = 10
    public static let costDecline = 11
    public static let payerWeight = 12
    public static let apiRevenue = 13
    public static let apiGrowth = 14
    public static let apiMargin = 15
    public static let fixed = 16
    public static let fixedGrowth = 17
    public static let cash = 18
  }

  /// How a parameter comes from its normal variable x.
  public struct Sampler {
    /// 0: middle + spread x. 1: the exponential of it. 2: the exponential of its negative. 3: from
    /// the table.
    public var mode: Int32
    /// The value at x = 0, or its logarithm.
    public var middle: Float
    /// The change per unit of x.
    public var spread: Float

    public init(mode: Int32, middle: Float, spread: Float) {
      self.mode = mode
      self.middle = middle
      self.spread = spread
    }
  }

  /// A non-zero entry of the Cholesky factor, row by row.
  public struct Factor {
    /// The parameter that depends.
    public var row: Int32
    /// The independent normal variable, at most ``row``.
    public var column: Int32
    /// The weight of that variable.
    public var value: Float

    public init(row: Int32, column: Int32, value: Float) {
      self.row = row
      self.column = column
      self.value = value
    }
  }

  /// Numbers that are equal for all paths and steps.
  public struct Constants {
    /// Standard deviation per step of the log audience.
    public var audienceVolatility: Float = 0
    /// Standard deviation per step of the log paying share.
    public var paidShareVolatility: Float = 0
    /// Standard deviation per step of the log requests per user.
    public var requestsVolatility: Float = 0
    /// Standard deviation per step of the log cost per request.
    public var costVolatility: Float = 0
    /// Standard deviation per step of the log API revenue.
    public var apiVolatility: Float = 0
    /// P(growth to decline) and back, a step.
    public var enterDecline: Float = 0
    /// P(decline to growth) per step.
    public var leaveDecline: Float = 0
    /// Whether the first step is in decline.
    public var startsInDecline: Bool = true
    /// Drifts fade by this factor a step.
    public var fade: Float = 1
    /// Logarithm of the upper limit of the paying share.
    public var paidShareLogMax: Float = 0
    /// Logarithm of the lower limit of the cost per request.
    public var costLogMin: Float = 0
    /// Months per step: flows are given per month.
    public var months: Float = 1
    /// The investor's share of profits, from 0 to 1.
    public var profitShare: Float = 0
    /// The total at which the profit share ends.
    public var profitShareCap: Float = 0
    /// A round is sought when cash is below this many months of burn.
    public var roundTrigger: Float = 0
    /// Least steps between rounds.
    public var roundGap: Int32 = 0
    /// Steps from agreement to cash.
    public var roundLag: Int32 = 0
    /// The most rounds of a path.
    public var roundsMax: Int32 = 0
    /// P(success) per step without growth.
    public var successBase: Float = 0
    /// Added to P(success) per unit of recent growth.
    public var successSlope: Float = 0
    /// The lower limit of P(success).
    public var successMin: Float = 0
    /// The upper limit of P(success).
    public var successMax: Float = 0
    /// The median size of a round, in the kernel's unit of money.
    public var roundMedian: Float = 0
    /// Standard deviation of the log of a round's size.
    public var roundSpread: Float = 0
    /// The smallest multiple of the median.
    public var roundScaleMin: Float = 0
    /// The largest multiple of the median.
    public var roundScaleMax: Float = 0
    /// The weight of the latest step in the average burn.
    public var burnWeight: Float = 0
    /// The weight of the latest step in the average growth.
    public var growthWeight: Float = 0
    /// Steps in a row without loss that make a break-even.
    public var breakEvenSteps: Int32 = 3

    public init() {}
  }

  /// Steps, at most 240.
  public var steps: Int32
  /// Equal for all paths and steps.
  public var constants: Constants
  /// One per parameter.
  public var samplers: UnsafePointer<Sampler>
  /// ``tableStride`` numbers per parameter.
  public var tables: UnsafePointer<Float>
  /// For each table place the bin below, and the quantile from which on it is the next.
  public var binBase: UnsafePointer<Int32>
  /// The quantile from which a value belongs to the next bin.
  public var binThreshold: UnsafePointer<Float>
  /// ``factorCount`` entries, row by row.
  public var factors: UnsafePointer<Factor>
  /// The number of non-zero factors.
  public var factorCount: Int
  /// By step from 1: what happens whatever the path.
  public var tranche: UnsafePointer<Float>
  /// Logarithm of the events' factor on the audience, by step from 1.
  public var audienceLog: UnsafePointer<Float>
  /// Logarithm of the events' factor on the cost per request, by step from 1.
  public var costLog: UnsafePointer<Float>
  /// The events' factor on the price, by step from 1.
  public var priceFactor: UnsafePointer<Float>

  public init(
    steps: Int32, constants: Constants, samplers: UnsafePointer<Sampler>,
    tables: UnsafePointer<Float>,
    binBase: UnsafePointer<Int32>, binThreshold: UnsafePointer<Float>,
    factors: UnsafePointer<Factor>, factorCount: Int, tranche: UnsafePointer<Float>,
    audienceLog: UnsafePointer<Float>, costLog: UnsafePointer<Float>,
    priceFactor: UnsafePointer<Float>
  ) {
    self.steps = steps
    self.constants = constants
    self.samplers = samplers
    self.tables = tables
    self.binBase = binBase
    self.binThreshold = binThreshold
    self.factors = factors
    self.factorCount = factorCount
    self.tranche = tranche
    self.audienceLog = audienceLog
    self.costLog = costLog
    self.priceFactor = priceFactor
  }
}

/// What a kernel adds to: counts only, so that shards add up to the same in any order.
public struct KernelOutput {
  /// Paths by step and cash bin; bin 0 is ruined.
  public var cashHistogram: UnsafeMutablePointer<UInt32>
  /// Paths by the step of ruin; 0 is never.
  public var ruin: UnsafeMutablePointer<UInt32>
  /// Paths by the step of break-even; 0 is never.
  public var breakEven: UnsafeMutablePointer<UInt32>
  /// Paths, and ruined paths, by parameter and bin.
  public var drawn: UnsafeMutablePointer<UInt32>
  /// Ruined paths by parameter and bin.
  public var ruined: UnsafeMutablePointer<UInt32>
  /// The step of ruin of each path, from the first.
  public var ruinOfPath: UnsafeMutablePointer<UInt8>

  public init(
    cashHistogram: UnsafeMutablePointer<UInt32>, ruin: UnsafeMutablePointer<UInt32>,
    breakEven: UnsafeMutablePointer<UInt32>, drawn: UnsafeMutablePointer<UInt32>,
    ruined: UnsafeMutablePointer<UInt32>, ruinOfPath: UnsafeMutablePointer<UInt8>
  ) {
    self.cashHistogram = cashHistogram
    self.ruin = ruin
    self.breakEven = breakEven
    self.drawn = drawn
    self.ruined = ruined
    self.ruinOfPath = ruinOfPath
  }
}
