// SPDX-License-Identifier: Apache-2.0

import CBOR
import Determinism
import Testing

@testable import Fleet

@Suite("Fleet: money")
struct FleetMoneyTests {
  private let shape = RequestShape(input: 1_000, output: 500)

  private func performance(_ load: ServingLoad = .closed(concurrency: 64)) throws -> Performance {
    try FleetSamples.model().performance(
      of: Deployment(FleetSamples.dense, on: FleetSamples.gpu, stack: FleetSamples.stack), shape,
      load)
  }

  /// 37,000 $ over 4 years without interest, 1.37 kW at a PUE of 1.25 and 0.08 $/kWh: 1.19 $ an hour,
  /// the figure that InferenceX tells as 1.17 for a hyperscaler (registry of 2026-08).
  @Test func anOwnedHourIsCapitalElectricityAndPlace() {
    var gpu = FleetSamples.gpu
    gpu.serverPower = 1_370 / Energy.load(0.6)
    let site = SiteCosts(name: "s", electricity: 0.08, pue: 1.25, colocation: 0)
    var terms = OwnershipTerms(capital: .exactly(37_000), interest: 0, operations: 0)
    let hour = GPUHour.owned(gpu, terms, site)
    #expect(abs(hour.hardware.estimate - 37_000 / 35_040) < 1e-12)
    #expect(abs(hour.electricity - 0.137) < 1e-12)
    #expect(abs(hour.total.estimate - 1.193) < 0.001)
    // 10% over 4 years: the annuity of 1 is 0.315470803706.
    terms.interest = 0.1
    let borrowed = GPUHour.owned(gpu, terms, site).hardware.estimate
    #expect(abs(borrowed - 37_000 * 0.315_470_803_706 / 8_760) < 1e-6)
    // Sold for a fifth at the end: 1 - 0.2 / 1.1^4.
    terms.resale = 0.2
    let sold = GPUHour.owned(gpu, terms, site).hardware.estimate
    #expect(abs(sold / borrowed - (1 - 0.2 / 1.4641)) < 1e-9)
  }

  @Test func promptsAndAnswersPayForTheirTime() throws {
    let performance = try performance()
    let rate = Interval.exactly(performance.outputRate)
    let cost = TokenCost(
      performance, rate: rate, gpus: 1, hour: .rented(.exactly(3.6)),
      accelerator: FleetSamples.gpu)
    // 0.001 $ a second over requests a second.
    #expect(abs(cost.perRequest.estimate / (0.001 / performance.requestRate) - 1) < 1e-12)
    let whole = (cost.perMillionInput.estimate * 1_000 + cost.perMillionOutput.estimate * 500) / 1e6
    #expect(abs(whole / cost.perRequest.estimate - 1) < 1e-12)
    let prompts = cost.perMillionInput.estimate * 1_000 / 1e6 / cost.perRequest.estimate
    #expect(abs(prompts - performance.prefillShare) < 1e-12)
    let half = TokenCost(
      performance, rate: rate, gpus: 1, hour: .rented(.exactly(3.6)),
      accelerator: FleetSamples.gpu, utilization: 0.5)
    #expect(abs(half.perRequest.estimate / cost.perRequest.estimate - 2) < 1e-12)
  }

  @Test func rangesOfSpeedAndPriceAddBySquares() throws {
    let performance = try performance()
    let e = 2.718_281_828_459_045
    let rate = Interval(low: 1_000 / e, estimate: 1_000, high: 1_000 * e)
    let price = Interval(low: 2 / e, estimate: 2, high: 2 * e)
    let cost = TokenCost(
      performance, rate: rate, gpus: 1, hour: .rented(price), accelerator: FleetSamples.gpu)
    #expect(
      abs(PortableMath.log(cost.perRequest.high / cost.perRequest.estimate) - 2.0.squareRoot())
        < 1e-9)
  }

  @Test func energyGrowsWithTheLoad() {
    #expect(Energy.load(0) == 0.5 && Energy.load(1) == 0.8 && Energy.load(7) == 0.8)
    let busy = Energy.wattHours(gpuSeconds: 3_600, FleetSamples.gpu, busy: 1, pue: 1.5)
    #expect(abs(busy - 1_200) < 1e-9)
  }

  @Test func replicasFollowTheDemandOrItsPeak() throws {
    let performance = try performance()
    let perReplica = performance.requestRate
    func window(_ start: Double, _ share: Double) -> DemandCurve.Window {
      .init(
        start: start, requests: perReplica * share, inputTokens: perReplica * share * 1_000,
        outputTokens: perReplica * share * 500)
    }
    let demand = DemandCurve(
      windows: [window(0, 0), window(3_600, 0.5), window(7_200, 2.4), window(10_800, 1)],
      seconds: 3_600)
    #expect(abs(demand.shape.input - 1_000) < 1e-9 && abs(demand.shape.output - 500) < 1e-9)
    var terms = FleetPlan.Terms(headroom: 0.25, minimum: 1, isAutoscaled: true)
    let scaled = FleetPlan(
      demand, performance, rate: performance.outputRate, gpusPerReplica: 4, terms)
    // Loads of 0, 0.5, 2.4 and 1 replicas, a quarter more, rounded up, at least 1.
    #expect(scaled.replicas == [1, 1, 3, 2] && scaled.peak == 3)
    #expect(abs(scaled.busy[2] - 2.4) < 1e-9 && scaled.gpuHours == 28)
    #expect(abs(scaled.busyGPUHours - 3.9 * 4) < 1e-9)
    #expect(abs(scaled.utilization - 15.6 / 28) < 1e-9)
    terms.isAutoscaled = false
    let fixed = FleetPlan(
      demand, performance, rate: performance.outputRate, gpusPerReplica: 4, terms)
    #expect(fixed.replicas == [3, 3, 3, 3] && fixed.gpuHours == 48)
  }

  @Test func whatWasMeteredIsWorkAndIdle() throws {
    // 2 GPUs for an hour at 3 $: 6 $. 9 M tokens of the 18 M that they could have made.
    let fleet = try MeasuredFleet(
      inputTokens: 20e6, outputTokens: 9e6, hours: 1, gpuHours: 2, dollarsPerGPUHour: 3,
      capacity: 5_000, prefillShare: 0.4)
    #expect(fleet.cost == 6 && abs(fleet.utilization - 0.5) < 1e-12)
    #expect(abs(fleet.allocated - 3) < 1e-12 && abs(fleet.idle - 3) < 1e-12)
    #expect(abs(fleet.perMillionInput * 20 + fleet.perMillionOutput * 9 - 3) < 1e-12)
    #expect(
      abs(fleet.perMillionInputWithIdle * 20 + fleet.perMillionOutputWithIdle * 9 - 6) < 1e-12)
    #expect(abs(fleet.perMillionInput * 20 / 3 - 0.4) < 1e-12)
    #expect(throws: FleetError.self) {
      try MeasuredFleet(
        inputTokens: 1, outputTokens: 0, hours: 1, gpuHours: 2, dollarsPerGPUHour: 3,
        capacity: 5_000, prefillShare: 0.4)
    }
  }

  @Test func aFleetPaysFromWhereTheBillReachesItsCost() {
    func comparison(_ api: Double, autoscaled: Bool = true) -> BuyOrBuild {
      BuyOrBuild(
        apiPerRequest: api, rate: Interval(low: 250, estimate: 500, high: 1_000),
        replicaPerDay: Interval(low: 40, estimate: 50, high: 60), shape: shape, peakToMean: 2,
        terms: .init(headroom: 0, minimum: 2, isAutoscaled: autoscaled))
    }
    // A replica takes 1 request a second: 86,400 a day. Two replicas are 100 $ a day.
    let one = comparison(0.001)
    #expect(one.row(50_000).replicas == 2 && one.row(50_000).fleet.estimate == 100)
    #expect(one.row(200_000).replicas == 3 && one.row(200_000).api == 200)
    #expect(abs(one.breakEven.estimate! - 100_000) < 1e-6)
    // The range of cost by squares: a factor of 2 in speed with 5/4 and 6/5 in price.
    let (fast, cheap) = (PortableMath.log(2), PortableMath.log(1.25))
    let both = (fast * fast + cheap * cheap).squareRoot()
    let low = one.row(1e9).fleet.low / one.row(1e9).fleet.estimate
    #expect(abs(low - PortableMath.exp(-both)) < 2e-3)
    // Where the number of replicas is given, the price alone is uncertain.
    #expect(one.row(1_000).fleet == Interval(low: 80, estimate: 100, high: 120))
    #expect(abs(one.breakEven.low! - 80_000) < 1e-6)
    // At the bad end a replica earns less than it costs.
    #expect(one.breakEven.high == nil)
    // The third replica must be paid by two full ones, 172.8 $ against 150 $, and is: two are paid for
    // from 100,000 on.
    #expect(abs(one.forGood! - 100_000) < 1e-6)
    // At 0.65 $ a thousand a replica earns 56.16 $: the next is paid for by nine, from 692,307.7 on.
    #expect(abs(comparison(0.000_65).forGood! - 9 * 50 / 0.000_65) < 1e-6)
    let steps = comparison(0.000_65)
    for volume in stride(from: 692_308.0, to: 3e6, by: 1_111) {
      #expect(steps.row(volume).fleet.estimate <= steps.row(volume).api)
    }
    #expect(steps.row(692_000).fleet.estimate > steps.row(692_000).api)
    // A fixed fleet is sized for the peak: half as many requests a replica.
    #expect(comparison(0.001, autoscaled: false).breakEven.estimate == nil)
    #expect(comparison(0.0001).breakEven.estimate == nil)
    let volumes = one.rows(from: 10, to: 1_000, count: 3).map(\.volume)
    #expect(abs(volumes[1] - 100) < 1e-9)
  }

  /// SemiAnalysis, "The Inference Cost Of Search Disruption", 2023-02-09: 694,444 $ a day, 28,936 GPUs,
  /// 0.36 cents a query; and for Google 512,820.51 servers.
  @Test func thePressFigureIsReproduced() {
    let press = PressEstimate.press2023()
    #expect(abs(press.perDay - 694_444.444_444) < 1e-3)
    #expect(abs(press.gpus - 28_935.185_185) < 1e-3)
    #expect(abs(press.perRequest * 100 - 0.356_125) < 1e-6)
    #expect(abs(press.perMillionTokens - 1.780_627) < 1e-6)
    #expect(abs(press.busyRate - 312) < 1e-9)
    // The same arithmetic for 320,000 queries a second of 2,000 tokens on servers of 8.
    let gpus = 320_000 * 2_000 / (press.busyRate * 0.5)
    #expect(abs(gpus / 8 - 512_820.512_82) < 1e-3)
  }
}

@Suite("Fleet: search")
struct FleetSearchTests {
  static var job: FleetJob {
    var small = FleetSamples.gpu
    small.name = "small"
    small.memory = 0.3e9
    var fast = FleetSamples.gpu
    fast.name = "fast"
    fast.bandwidth = 6e12
    var job = FleetJob(
      model: FleetSamples.model(), architecture: FleetSamples.experts,
      accelerators: [FleetSamples.gpu, small, fast], precisions: [.bf16, .fp8],
      stack: FleetSamples.stack, shape: RequestShape(input: 1_000, output: 200))
    job.fill(replicas: [1, 2, 5], batches: [1, 8, 64, 512], spreadsExperts: true)
    return job
  }

  @Test func everyCombinationIsTriedOnce() throws {
    let job = Self.job
    // 3 GPUs x (1, 2 both ways, 5 both ways) x 2 precisions x 4 batches.
    #expect(job.candidates.count == 3 * 5 * 2 * 4)
    let outcome = job.run()
    #expect(outcome.fits(job))
    // Twelve candidates of the small GPU at 16 bits alone, and what 10 heads or 16 experts refuse.
    #expect(outcome.regimes.contains(0) && outcome.regimes.contains { $0 > 0 })
  }

  /// With coefficients that a fit may have; those of the samples, made for reckoning by hand, do not travel.
  static var sent: FleetJob {
    var job = job
    job.model.coefficients = Coefficients()
    return job
  }

  @Test func partsSayTheSameAsTheWhole() throws {
    let job = Self.sent
    let whole = job.run()
    var sum = FleetOutcome()
    for part in job.parts(7) {
      // As it travels.
      let bytes = try CBOREncoder().encode(part)
      let there = try CBORDecoder().decode(FleetJob.self, from: bytes)
      #expect(there == part)
      let outcome = there.run()
      let back = try CBORDecoder().decode(
        FleetOutcome.self, from: CBOREncoder().encode(outcome))
      #expect(back == outcome && back.fits(part))
      sum.add(back)
    }
    #expect(sum == whole)
  }

  @Test func theFrontIsWhatNothingBeats() throws {
    let job = Self.job
    let search = FleetSearch(
      job, job.run(), prices: [2, 0.5, 5], .init(requests: 40, timePerToken: 2e-3))
    #expect(!search.found.isEmpty && search.front.count >= 2)
    for (a, b) in zip(search.found, search.found.dropFirst()) {
      #expect(a.costPerHour <= b.costPerHour)
    }
    for found in search.found {
      #expect(found.timePerToken <= 2e-3)
      #expect(Double(found.replicas) * found.outputRate >= 40 * 200 * 1.2)
      let hourly =
        Double(found.gpus)
        * (found.deployment.accelerator.name == "fast"
          ? 5 : found.deployment.accelerator.name == "small" ? 0.5 : 2)
      #expect(abs(found.costPerHour - hourly) < 1e-9)
    }
    for (index, one) in search.front.enumerated() {
      for (place, other) in search.front.enumerated() where place != index {
        #expect(other.timePerToken > one.timePerToken || other.costPerMillion > one.costPerMillion)
      }
    }
    let strict = FleetSearch(
      job, job.run(), prices: [2, 0.5, 5], .init(requests: 40, timePerToken: 1e-9))
    #expect(strict.found.isEmpty && strict.front == search.front)
  }

  @Test func aSearchTriesOnlyWhatIsWantedOfAGPU() {
    var job = Self.job
    job.fill(replicas: [1], batches: [1], spreadsExperts: false) { gpu, precision in
      gpu.name != "small" || precision == .fp8
    }
    #expect(job.candidates.accelerators == [0, 0, 1, 2, 2])
    #expect(job.candidates.precisions == [0, 1, 1, 0, 1])
  }

  struct Damage: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let change: @Sendable (inout FleetJob) -> Void
    init(_ description: String, _ change: @escaping @Sendable (inout FleetJob) -> Void) {
      testDescription = description
      self.change = change
    }
  }

  @Test(
    "A job that does not fit together, or whose numbers mean nothing, is refused",
    arguments: [
      Damage("a GPU that is not there") { $0.candidates.accelerators[3] = 9 },
      .init("a precision that is not there") { $0.candidates.precisions[0] = 9 },
      .init("a candidate without a batch") { $0.candidates.batches.removeLast() },
      .init("a batch of nothing") { $0.candidates.batches[0] = 0 },
      .init("a batch of 2^32") { $0.candidates.batches[0] = .max },
      .init("no GPUs") { $0.candidates.gpus[0] = 0 },
      .init("coefficients of another version") { $0.model.coefficients.values.removeLast() },
      .init("a coefficient that is no number") { $0.model.coefficients.values[0] = .nan },
      .init("a coefficient beyond its range") { $0.model.coefficients.values[0] = 7 },
      .init("an infinite effect") { $0.model.coefficients.stacks["vllm"] = .infinity },
      .init("an effect without bound") { $0.model.coefficients.series["m"] = 1e300 },
      .init("an error that is no number") { $0.model.errors.base.below = .nan },
      .init("a record of no GPUs") {
        $0.model.errors.records = [
          .init(
            stack: "s", month: "2026-01", source: "s", accelerator: "g", architecture: "m",
            precision: .fp8, gpus: 0, kind: .offline, points: 1, medianError: 0, greatestError: 0)
        ]
      },
      .init("as many heads as fit 64 bits") { $0.architecture.heads = .max },
      .init("a latent of 2^63") {
        $0.architecture.latent = .init(
          cacheRank: .max, ropeDimension: 1, queryRank: 0, valueDimension: 1)
      },
      .init("bandwidth that is no number") { $0.accelerators[0].bandwidth = .nan },
      .init("memory without end") { $0.accelerators[0].memory = .infinity },
      .init("3 bits") { $0.precisions[0].weights = 3 },
      .init("an engine of infinite age") { $0.stack.age = .infinity },
      .init("a prompt that is no number") { $0.shape.input = .nan },
      .init("an answer of no tokens") { $0.shape.output = 0 },
    ])
  func damagedJobs(_ damage: Damage) throws {
    var job = Self.sent
    #expect(try CBORDecoder().decode(FleetJob.self, from: CBOREncoder().encode(job)) == job)
    damage.change(&job)
    let bytes = try CBOREncoder().encode(job)
    #expect(throws: (any Error).self) { try CBORDecoder().decode(FleetJob.self, from: bytes) }
  }

  @Test(
    "An outcome that no job can have is refused",
    arguments: [
      // rates, times, regimes
      ([1], [1], [1, 1]), ([1, 1], [1], [1]), ([-1], [1], [1]), ([.nan], [1], [1]),
      ([.infinity], [1], [1]), ([1], [.nan], [1]), ([1], [-1], [1]), ([1], [1], [8]),
      ([1], [1], [.min]), ([0], [1], [2]),
    ] as [([Double], [Double], [Int64])])
  func damagedOutcomes(_ rates: [Double], _ times: [Double], _ regimes: [Int64]) throws {
    var outcome = FleetOutcome()
    (outcome.outputRates, outcome.timesPerToken) = (rates, times)
    (outcome.timesToFirstToken, outcome.regimes) = (times, regimes)
    let bytes = try CBOREncoder().encode(outcome)
    #expect(throws: (any Error).self) { try CBORDecoder().decode(FleetOutcome.self, from: bytes) }
  }
}
