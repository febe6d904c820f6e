// SPDX-License-Identifier: Apache-2.0

public import Economics

/// The balance sheet at the end of a day: it balances by construction, and a test holds it to that at
/// every entry.
public struct BalanceSheet: Sendable {
  /// Debits less credits by account, usage owed included.
  public let balances: [Account: Money]
  /// Revenue less costs so far.
  public let retained: Money
  /// Cash.
  public let assets: Money
  /// What is owed for usage and to investors with a profit share.
  public let liabilities: Money
  /// Capital, opening balance and retained earnings.
  public let equity: Money
  /// Assets less liabilities and equity: 0, or the books are wrong.
  public let difference: Money

  /// - Parameter usage: what usage has cost until then.
  /// - Throws: ``MoneyError/overflow``.
  public init(_ entries: some Sequence<BookEntry>, usage: Money) throws(MoneyError) {
    var balances: [Account: Money] = [:]
    var retained = Money.zero
    for entry in entries {
      for line in entry.lines {
        switch line.account.kind {
        case .revenue, .expense: retained = try retained.adding(-line.amount)
        default:
          balances[line.account] = try balances[line.account, default: .zero].adding(line.amount)
        }
      }
    }
    retained = try retained.adding(-usage)
    balances[.payable] = try balances[.payable, default: .zero].adding(-usage)
    func total(_ kind: Account.Kind) throws(MoneyError) -> Money {
      var total = Money.zero
      for (account, amount) in balances where account.kind == kind {
        total = try total.adding(amount)
      }
      return total
    }
    self.balances = balances
    self.retained = retained
    assets = try total(.asset)
    liabilities = -(try total(.liability))
    equity = try (-total(.equity)).adding(retained)
    difference = try assets.adding(-liabilities).adding(-equity)
  }
}
