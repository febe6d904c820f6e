// SPDX-License-Identifier: Apache-2.0

public import KernelLayout

/// Simulates the cash of a company, eight paths at a time: `docs/SIMULATION.md` has the equations in
/// the order of this file.
///
/// Everything that is called is inlined into ``simulate(_:_:seed:first:count:)``: passing vectors
/// through calls would cost more than the arithmetic.
public enum RunwayKernel {
  /// Simulates paths and adds them to the counts.
  /// - Parameters:
  ///   - first: a multiple of 8.
  ///   - count: a multiple of 8.
  @inline(never)
  public static func simulate(
    _ input: KernelInput, _ output: KernelOutput, seed: UInt64, first: UInt64, count: Int
  ) {
    let normals = UnsafeMutablePointer<Vector>.allocate(capacity: 20)
    let values = UnsafeMutablePointer<Vector>.allocate(capacity: KernelInput.parameterCount)
    let bins = UnsafeMutablePointer<Integers>.allocate(capacity: KernelInput.parameterCount)
    defer {
      normals.deallocate()
      values.deallocate()
      bins.deallocate()
    }
    var done = 0
    while done < count {
      let path = first &+ UInt64(truncatingIfNeeded: done)
      draw(input, seed, path, normals, values, bins)
      let (ruin, breakEven) = run(input, output.cashHistogram, seed, path, values)
      tally(output, ruin, breakEven, bins, done)
      done &+= 8
    }
  }

  // MARK: Parameters

  /// Draws the parameters of eight paths: independent normals, made dependent by the Cholesky factor
  /// of their correlations (a Gaussian copula), then each through its own distribution.
  @inline(__always)
  private static func draw(
    _ input: KernelInput, _ seed: UInt64, _ path: UInt64,
    _ normals: UnsafeMutablePointer<Vector>, _ values: UnsafeMutablePointer<Vector>,
    _ bins: UnsafeMutablePointer<Integers>
  ) {
    var block = 0
    while block < 5 {
      let words = Philox.words(seed, path, 0, UInt32(truncatingIfNeeded: block))
      (normals[4 &* block], normals[4 &* block &+ 1]) = VectorMath.normals(words.0, words.1)
      (normals[4 &* block &+ 2], normals[4 &* block &+ 3]) = VectorMath.normals(words.2, words.3)
      block &+= 1
    }
    var index = 0
    while index < KernelInput.parameterCount {
      values[index] = Vector(repeating: 0)
      index &+= 1
    }
    index = 0
    while index < input.factorCount {
      let factor = input.factors[index]
      let row = Int(truncatingIfNeeded: factor.row)
      values[row] = VectorMath.fused(
        VectorMath.splat(factor.value), normals[Int(truncatingIfNeeded: factor.column)], values[row]
      )
      index &+= 1
    }
    index = 0
    while index < KernelInput.parameterCount {
      let x = values[index]
      // The position in tables of step 1/64 from -6 to 6, and what is left of it.
      var position = (x + VectorMath.splat(6)) * VectorMath.splat(64)
      position = VectorMath.atMost(
        VectorMath.atLeast(position, VectorMath.splat(0)), VectorMath.splat(768))
      let shifted = (position - VectorMath.splat(0.5)) + VectorMath.splat(12_582_912)
      let whole = shifted - VectorMath.splat(12_582_912)
      let cell = unsafeBitCast(shifted, to: Integers.self) & Integers(repeating: 0x3FF)
      let base = gather(input.binBase, cell)
      bins[index] = base.replacing(
        with: base &+ Integers(repeating: 1), where: x .>= gather(input.binThreshold, cell))
      let sampler = input.samplers[index]
      if sampler.mode == 3 {
        let table = input.tables + index &* KernelInput.tableStride
        let low = gather(table, cell)
        values[index] = VectorMath.fused(position - whole, gather(table + 1, cell) - low, low)
      } else {
        let line = VectorMath.fused(
          VectorMath.splat(sampler.spread), x, VectorMath.splat(sampler.middle))
        values[index] = sampler.mode == 0 ? line : VectorMath.exp(sampler.mode == 1 ? line : -line)
      }
      index &+= 1
    }
  }

  @inline(__always)
  private static func gather(_ table: UnsafePointer<Float>, _ at: Integers) -> Vector {
    @inline(__always) func one(_ lane: Int) -> Float { table[Int(truncatingIfNeeded: at[lane])] }
    return Vector(one(0), one(1), one(2), one(3), one(4), one(5), one(6), one(7))
  }

  @inline(__always)
  private static func gather(_ table: UnsafePointer<Int32>, _ at: Integers) -> Integers {
    @inline(__always) func one(_ lane: Int) -> Int32 { table[Int(truncatingIfNeeded: at[lane])] }
    return Integers(one(0), one(1), one(2), one(3), one(4), one(5), one(6), one(7))
  }

  // MARK: Steps

  /// Runs eight paths to the end.
  /// - Returns: the steps of ruin and of break-even, 0 where there is none.
  @inline(__always)
  private static func run(
    _ input: KernelInput, _ cashHistogram: UnsafeMutablePointer<UInt32>, _ seed: UInt64,
    _ path: UInt64,
    _ drawn: UnsafeMutablePointer<Vector>
  ) -> (ruin: Integers, breakEven: Integers) {
    typealias Parameter = KernelInput.Parameter
    let constants = input.constants
    let none = VectorMath.splat(0)
    let zero = Integers(repeating: 0)
    let one = Integers(repeating: 1)
    let lag = Integers(repeating: constants.roundLag)
    let roundsMax = Integers(repeating: constants.roundsMax)
    let growth = drawn[Parameter.growth]
    let decline = drawn[Parameter.decline]
    let loss = drawn[Parameter.loss]
    let saturation = drawn[Parameter.saturation]
    let paidShareDrift = drawn[Parameter.paidShareDrift]
    let price = drawn[Parameter.price]
    let requestsDrift = drawn[Parameter.requestsDrift]
    let costDecline = drawn[Parameter.costDecline]
    let payerWeight = drawn[Parameter.payerWeight] - VectorMath.splat(1)
    let apiGrowth = drawn[Parameter.apiGrowth]
    let apiCost = VectorMath.splat(1) - drawn[Parameter.apiMargin]
    let fixedGrowth = drawn[Parameter.fixedGrowth]
    // Half the variance: what keeps the mean of a lognormal step where the drift puts it.
    let audienceIto = -0.5 * constants.audienceVolatility * constants.audienceVolatility
    let paidShareIto = -0.5 * constants.paidShareVolatility * constants.paidShareVolatility
    let requestsIto = -0.5 * constants.requestsVolatility * constants.requestsVolatility
    let costIto = -0.5 * constants.costVolatility * constants.costVolatility
    let apiIto = -0.5 * constants.apiVolatility * constants.apiVolatility
    let isMonthly = constants.months == 1
    let burnRest = 1 - constants.burnWeight
    let growthRest = 1 - constants.growthWeight

    var audienceLog = drawn[Parameter.audience]
    var paidShareLog = drawn[Parameter.paidShare]
    var requestsLog = drawn[Parameter.requests]
    var costLog = drawn[Parameter.cost]
    var apiLog = drawn[Parameter.apiRevenue]
    var fixed = drawn[Parameter.fixed]
    var cash = drawn[Parameter.cash]
    var audience = VectorMath.exp(audienceLog)
    let audienceInverse = VectorMath.splat(1) / audience
    var burn = none
    var pace = none
    var owed = VectorMath.splat(constants.profitShareCap)
    var amount = none
    var fade: Float = 1
    var isDeclining = Mask(repeating: constants.startsInDecline)
    var isRuined = Mask(repeating: false)
    var pending = zero
    var rounds = zero
    var lastRound = Integers(repeating: -10_000)
    var streak = zero
    var breakEven = zero
    var ruin = zero

    var step: Int32 = 1
    while step <= input.steps {
      let at = Int(truncatingIfNeeded: step)
      let now = Integers(repeating: step)
      let first = Philox.words(seed, path, UInt32(bitPattern: step), 0)
      let second = Philox.words(seed, path, UInt32(bitPattern: step), 1)
      let (e1, e2) = VectorMath.normals(first.0, first.1)
      let (e3, e4) = VectorMath.normals(first.2, first.3)
      let (e5, e6) = VectorMath.normals(second.2, second.3)

      // 1. The regime.
      let chance = VectorMath.uniform(second.0)
      let enters = .!isDeclining .& (chance .< VectorMath.splat(constants.enterDecline))
      let leaves = isDeclining .& (chance .< VectorMath.splat(constants.leaveDecline))
      isDeclining = VectorMath.both(VectorMath.either(isDeclining, enters), .!leaves)

      // 2. The audience.
      var drift = VectorMath.select(isDeclining, decline, growth)
      drift = VectorMath.select(
        drift .> none, drift * (VectorMath.splat(1) - audience * saturation), drift)
      let change =
        drift + VectorMath.splat(constants.audienceVolatility) * e1
        + VectorMath.splat(input.audienceLog[at] + audienceIto)
        + VectorMath.select(enters, loss, none)
      audienceLog += change

      // 3. Paid share, requests, cost of a request, API revenue.
      let fading = VectorMath.splat(fade)
      paidShareLog +=
        paidShareDrift * fading + VectorMath.splat(constants.paidShareVolatility) * e2
        + VectorMath.splat(paidShareIto)
      paidShareLog = VectorMath.atMost(paidShareLog, VectorMath.splat(constants.paidShareLogMax))
      requestsLog +=
        requestsDrift * fading + VectorMath.splat(constants.requestsVolatility) * e3
        + VectorMath.splat(requestsIto)
      costLog +=
        VectorMath.splat(constants.costVolatility) * e4 - costDecline
        + VectorMath.splat(input.costLog[at] + costIto)
      costLog = VectorMath.atLeast(costLog, VectorMath.splat(constants.costLogMin))
      apiLog +=
        apiGrowth * fading + VectorMath.splat(constants.apiVolatility) * e5
        + VectorMath.splat(apiIto)

      // 4. Out of the logarithms.
      audience = VectorMath.exp(audienceLog)
      let paidShare = VectorMath.exp(paidShareLog)
      let userCost = VectorMath.exp(requestsLog + costLog)
      let api = VectorMath.exp(apiLog)
      fixed *= VectorMath.splat(1) + fixedGrowth * fading

      // 5. The operating result of a month.
      let revenue = audience * paidShare * (price * VectorMath.splat(input.priceFactor[at])) + api
      let serving =
        audience * userCost * (VectorMath.splat(1) + paidShare * payerWeight) + apiCost * api
      let result = revenue - serving - fixed
      let gain = VectorMath.atLeast(result, none)
      let months = VectorMath.splat(constants.months)

      // 6. The profit share, and cash.
      let paid = VectorMath.atMost(
        VectorMath.splat(constants.profitShare) * gain * months, owed)
      owed -= paid
      cash += result * months - paid + VectorMath.splat(input.tranche[at])

      // 7. A round that was agreed closes.
      let closes = pending .== one
      cash += VectorMath.select(closes, amount, none)
      rounds = rounds.replacing(with: rounds &+ one, where: closes)
      lastRound = lastRound.replacing(with: now, where: closes)
      pending = pending.replacing(with: pending &- one, where: pending .> zero)

      // 8. Ruin is for ever.
      let falls = .!isRuined .& (cash .< none)
      ruin = ruin.replacing(with: now, where: falls)
      isRuined = VectorMath.either(isRuined, falls)

      // 9. A round is asked for, and perhaps agreed.
      burn =
        VectorMath.splat(burnRest) * burn
        + VectorMath.splat(constants.burnWeight) * (gain - result)
      let monthly = isMonthly ? change : change * VectorMath.splat(1 / constants.months)
      pace =
        VectorMath.splat(growthRest) * pace
        + VectorMath.splat(constants.growthWeight) * monthly
      let asks =
        (pending .== zero) .& (rounds .< roundsMax)
        .& (cash .< VectorMath.splat(constants.roundTrigger) * burn)
        .& (lastRound .<= Integers(repeating: step &- constants.roundGap))
      var success =
        VectorMath.splat(constants.successBase) + VectorMath.splat(constants.successSlope) * pace
      success = VectorMath.atMost(
        VectorMath.atLeast(success, VectorMath.splat(constants.successMin)),
        VectorMath.splat(constants.successMax))
      if !isMonthly {
        // 1 - (1 - p)^months
        success =
          VectorMath.splat(1)
          - VectorMath.exp(months * VectorMath.log(VectorMath.splat(1) - success))
      }
      let agrees = asks .& (VectorMath.uniform(second.1) .< success)
      if any(agrees) {
        var scale = audience * audienceInverse
        scale = VectorMath.atMost(
          VectorMath.atLeast(scale, VectorMath.splat(constants.roundScaleMin)),
          VectorMath.splat(constants.roundScaleMax))
        let size =
          VectorMath.splat(constants.roundMedian)
          * VectorMath.exp(VectorMath.splat(constants.roundSpread) * e6) * scale
        amount = VectorMath.select(agrees, size, amount)
        pending = pending.replacing(with: lag, where: agrees)
      }

      // 10. Break-even.
      let needed = Integers(repeating: constants.breakEvenSteps)
      streak = zero.replacing(with: streak &+ one, where: result .>= none)
      breakEven = breakEven.replacing(
        with: now &- needed &+ one,
        where: (breakEven .== zero) .& (streak .== needed) .& .!isRuined)
      fade *= constants.fade

      count(cash, isRuined, cashHistogram + (at &- 1) &* KernelInput.cashHistogramWidth)
      if all(isRuined) {
        // Nothing changes any more.
        var rest = at
        while rest < Int(truncatingIfNeeded: input.steps) {
          cashHistogram[rest &* KernelInput.cashHistogramWidth] &+= 8
          rest &+= 1
        }
        break
      }
      step &+= 1
    }
    return (ruin, breakEven)
  }

  /// Counts eight amounts of cash. The bin is the top of the float's bits, 32 an octave from 65,536:
  /// within 1.6%, without a logarithm.
  @inline(__always)
  private static func count(
    _ cash: Vector, _ isRuined: Mask, _ row: UnsafeMutablePointer<UInt32>
  ) {
    let bits = unsafeBitCast(cash, to: Words.self) &>> Words(repeating: 18)
    var bin = unsafeBitCast(bits, to: Integers.self) &- Integers(repeating: 4_575)
    let (least, most) = (Integers(repeating: 1), Integers(repeating: 1_023))
    bin = bin.replacing(with: least, where: bin .< least)
    bin = bin.replacing(with: most, where: bin .> most)
    bin = bin.replacing(with: Integers(repeating: 0), where: isRuined)
    row[Int(truncatingIfNeeded: bin[0])] &+= 1
    row[Int(truncatingIfNeeded: bin[1])] &+= 1
    row[Int(truncatingIfNeeded: bin[2])] &+= 1
    row[Int(truncatingIfNeeded: bin[3])] &+= 1
    row[Int(truncatingIfNeeded: bin[4])] &+= 1
    row[Int(truncatingIfNeeded: bin[5])] &+= 1
    row[Int(truncatingIfNeeded: bin[6])] &+= 1
    row[Int(truncatingIfNeeded: bin[7])] &+= 1
  }

  // MARK: Counting

  @inline(__always)
  private static func tally(
    _ output: KernelOutput, _ ruin: Integers, _ breakEven: Integers,
    _ bins: UnsafeMutablePointer<Integers>, _ done: Int
  ) {
    var lane = 0
    while lane < 8 {
      let fell = Int(truncatingIfNeeded: ruin[lane])
      output.ruin[fell] &+= 1
      output.breakEven[Int(truncatingIfNeeded: breakEven[lane])] &+= 1
      output.ruinOfPath[done &+ lane] = UInt8(truncatingIfNeeded: fell)
      lane &+= 1
    }
    let one = Integers(repeating: 1)
    let fell = Integers(repeating: 0).replacing(with: one, where: ruin .> Integers(repeating: 0))
    var index = 0
    while index < KernelInput.parameterCount {
      let bin = bins[index]
      let drawn = output.drawn + index &* KernelInput.binCount
      let ruined = output.ruined + index &* KernelInput.binCount
      lane = 0
      while lane < 8 {
        let at = Int(truncatingIfNeeded: bin[lane])
        drawn[at] &+= 1
        ruined[at] &+= UInt32(bitPattern: fell[lane])
        lane &+= 1
      }
      index &+= 1
    }
  }
}
