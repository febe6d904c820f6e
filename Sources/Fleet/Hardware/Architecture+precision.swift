// SPDX-License-Identifier: Apache-2.0

extension Architecture {
  /// What it is served with on a chip unless somebody says otherwise: what it is published in. Activations
  /// that the chip cannot multiply are taken at 16 bits, and weights unpacked to that, as engines do (vLLM's
  /// Marlin kernels): published weights of 8 bits run on an A100, too.
  public func precision(on accelerator: Accelerator) -> Precision {
    var precision = published
    if !isMultiplied(by: accelerator) { precision.activations = 16 }
    return precision
  }

  /// What ``precision(on:)`` does to what is published, for people; `nil` when nothing.
  public func precisionNote(on accelerator: Accelerator) -> String? {
    guard !isMultiplied(by: accelerator) else { return nil }
    let kind =
      published.activations == 8 && !publishesIntegers
      ? "floating point of 8" : "\(published.activations)"
    return
      "\(name) is published at \(published.weights) bits and \(accelerator.name) has no arithmetic of "
      + "\(kind) bits: weights are unpacked to 16 bits before multiplication; to change "
      + "this: --precision"
  }

  /// Precisions that a search tries on a chip: the model's own, and usual ones of fewer bits. Weights that
  /// are published at few bits only cannot be served at more.
  public func precisions(on accelerator: Accelerator) -> [Precision] {
    [precision(on: accelerator)]
      + [.fp8, .fp4, .w4a16].filter { $0.weights < published.weights }
  }

  private func isMultiplied(by accelerator: Accelerator) -> Bool {
    switch published.activations {
    case 16: true
    case 8: (publishesIntegers ? accelerator.integer8 : accelerator.flops8) > 0
    case 4: accelerator.flops4 > 0
    default: false
    }
  }
}
