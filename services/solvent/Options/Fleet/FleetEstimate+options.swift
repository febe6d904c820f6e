// SPDX-License-Identifier: Apache-2.0

import Fleet
import Foundation
import Host

extension FleetEstimate {
  /// The estimate that options ask for.
  /// - Parameter ttft: milliseconds to the first token at most.
  init(
    _ options: DeploymentOptions, _ prices: PriceOptions, load: ServingLoad,
    ttft: Double? = nil, model base: PerformanceModel, catalogue: FleetCatalogue,
    points: [MeasuredPoint] = []
  ) throws {
    let (deployment, model) = try options.resolve(catalogue, base, load)
    let priced = try prices.price(deployment.accelerator, catalogue)
    do throws(FleetError) {
      try self.init(
        deployment, model: model, base: base, shape: options.shapes.shape, load: load,
        timeToFirstTokenMax: ttft.map { $0 / 1_000 }, priced: priced,
        utilization: prices.utilization, catalogue: catalogue, points: points,
        isPinned: options.observed != nil)
    } catch {
      throw Failure(EX_USAGE, error.description)
    }
  }
}
