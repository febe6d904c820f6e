// SPDX-License-Identifier: Apache-2.0

public import Economics

/// Who holds what, and on whom the company depends.
public struct Independence: Sendable {
  /// A funding entry and what is left of its terms.
  public struct Deal: Sendable {
    /// The entry, with investor and terms.
    public var entry: BookEntry
    /// The cash that it brought.
    public var amount: Money
    /// Of the profit share, what is still to be paid.
    public var outstanding: Money?
  }

  /// All funding, in the order of the entries.
  public private(set) var deals: [Deal] = []
  /// Who owns what after all deals: each new stake thins the earlier ones.
  public private(set) var owners: [(name: String, share: Double)] = []
  /// The part of all capital that came from each investor.
  public private(set) var capital: [(name: String, share: Double)] = []
  /// The part of all costs that went to each supplier; usage goes to its provider.
  public private(set) var costs: [(name: String, share: Double)] = []

  /// - Throws: ``MoneyError/overflow``.
  public init(_ books: BooksBatch, usageByProvider: [(name: String, cost: Money)])
    throws(MoneyError)
  {
    var funds: [String: Money] = [:]
    var spent: [String: Money] = [:]
    var shared: [String: Money] = [:]
    for entry in books.entries {
      for line in entry.lines {
        if line.account == .profitShareCost {
          shared[entry.counterparty] = try shared[entry.counterparty, default: .zero]
            .adding(line.amount)
        }
        if line.account == .capital {
          funds[entry.counterparty] = try funds[entry.counterparty, default: .zero]
            .adding(-line.amount)
        }
        if line.account.kind == .expense {
          spent[entry.counterparty] = try spent[entry.counterparty, default: .zero]
            .adding(line.amount)
        }
      }
    }
    for (provider, cost) in usageByProvider {
      spent[provider] = try spent[provider, default: .zero].adding(cost)
    }
    for entry in books.entries {
      guard let line = entry.lines.first(where: { $0.account == .capital }) else { continue }
      var outstanding: Money?
      if let cap = entry.terms?.profitShareCap {
        // What was paid goes to the oldest deal first.
        let paid = min(shared[entry.counterparty] ?? .zero, cap)
        outstanding = try cap.adding(-paid)
        shared[entry.counterparty] = try (shared[entry.counterparty] ?? .zero).adding(-paid)
      }
      deals.append(Deal(entry: entry, amount: -line.amount, outstanding: outstanding))
    }
    capital = Self.shares(funds)
    costs = Self.shares(spent)
    owners = Self.owners(deals)
  }

  private static func owners(_ deals: [Deal]) -> [(name: String, share: Double)] {
    var stakes: [String: Double] = [:]
    for deal in deals.sorted(by: { $0.entry.day < $1.entry.day }) {
      guard let millionths = deal.entry.terms?.stake else { continue }
      let stake = Double(millionths) / 1_000_000
      for name in stakes.keys { stakes[name]? *= 1 - stake }
      stakes[deal.entry.counterparty, default: 0] += stake
    }
    guard !stakes.isEmpty else { return [] }
    let rest = 1 - stakes.values.reduce(0, +)
    return stakes.map { ($0.key.isEmpty ? "unnamed" : $0.key, $0.value) }
      .sorted { ($0.1, $1.0) > ($1.1, $0.0) } + [("earlier owners", rest)]
  }

  private static func shares(_ amounts: [String: Money]) -> [(name: String, share: Double)] {
    let total = amounts.values.reduce(0) { $0 + $1.approximate }
    guard total > 0 else { return [] }
    return amounts.map { ($0.key.isEmpty ? "unnamed" : $0.key, $0.value.approximate / total) }
      .sorted { ($0.1, $1.0) > ($1.1, $0.0) }
  }
}
