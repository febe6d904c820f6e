// SPDX-License-Identifier: Apache-2.0

public import Economics

extension BooksBatch {
  /// The audience in a month, and how it is known: for a product its own figure, otherwise the company's;
  /// without a product the company's figure, otherwise the sum over products. `nil` where neither is known, or the sum exceeds 64 bits.
  public func audience(
    _ measure: AudienceMeasure, in month: Month, product: String? = nil
  ) -> (value: UInt64, evidence: Evidence, source: String)? {
    let inMonth = figures.filter { $0.measure == measure && Month(day: $0.day) == month }
    func last(_ product: String) -> AudienceFigure? { inMonth.last { $0.product == product } }
    if let figure = product.flatMap(last) ?? last("") {
      return (figure.value, figure.evidence, figure.source)
    }
    guard product == nil, !inMonth.isEmpty else { return nil }
    let products = Set(inMonth.map(\.product)).sorted().compactMap(last)
    var sum: UInt64 = 0
    for figure in products {
      let (next, isOver) = sum.addingReportingOverflow(figure.value)
      guard !isOver else { return nil }
      sum = next
    }
    return (sum, products.map(\.evidence).max() ?? .assumed, products[0].source)
  }
}
