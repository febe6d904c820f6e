// SPDX-License-Identifier: Apache-2.0

import Determinism
import Economics
import Testing

@Suite("Accounts, meters, evidence")
struct NamesTests {
  @Test(
    "An account's kind decides on which side of the statement it stands",
    arguments: [
      // account, name, kind, whether it improves models
      (Account.cash, "cash", Account.Kind.asset, false), (.payable, "payable", .liability, false),
      (.profitShareOwed, "profit_share_owed", .liability, false),
      (.capital, "capital", .equity, false), (.openingBalance, "opening", .equity, false),
      (.subscriptions, "subscriptions", .revenue, false), (.api, "api", .revenue, false),
      (.otherRevenue, "other_revenue", .revenue, false), (.hosting, "hosting", .expense, false),
      (.research, "research", .expense, true), (.training, "training", .expense, true),
      (.staff, "staff", .expense, false), (.sales, "sales", .expense, false),
      (.otherCost, "other_cost", .expense, false),
      (.profitShareCost, "profit_share", .expense, false),
    ])
  func accounts(_ account: Account, _ name: String, _ kind: Account.Kind, _ improves: Bool) {
    #expect(account.rawValue == name && Account(rawValue: name) == account)
    #expect(account.kind == kind && account.improvesModels == improves)
  }

  @Test func everyAccountIsInTheTable() { #expect(Account.allCases.count == 15) }

  @Test(
    "Meters",
    arguments: [
      // meter, number, name, is charged, counts tokens
      (Meter.requests, 1, "requests", false, false), (.failedRequests, 2, "failed", false, false),
      (.inputTokens, 3, "input_tokens", true, true),
      (.cachedInputTokens, 4, "cached_input_tokens", true, true),
      (.outputTokens, 5, "output_tokens", true, true), (.images, 6, "images", true, false),
    ])
  func meters(_ meter: Meter, _ number: Int, _ name: String, _ charged: Bool, _ tokens: Bool) {
    #expect(meter.rawValue == number && meter.name == name && Meter(name: name) == meter)
    #expect(meter.isChargeable == charged && meter.countsTokens == tokens)
    #expect(Meter(name: name.uppercased()) == nil)
  }

  @Test func aWeakerEvidenceIsGreater() {
    let all = Evidence.allCases
    #expect(all == [.measured, .reported, .estimated, .assumed] && all == all.sorted())
    #expect(all.map(\.rawValue) == [1, 2, 3, 4])
    #expect(max(Evidence.measured, .estimated) == .estimated)
    for evidence in all { #expect(Evidence(name: evidence.name) == evidence) }
    #expect(Evidence(name: "Measured") == nil && Evidence(name: "") == nil)
  }

  @Test(
    "An entry balances when its lines sum to zero and there are any",
    arguments: [
      // amounts, is balanced
      ([], false), (["0"], true), (["1", "-1"], true), (["1", "-2", "1"], true), (["1"], false),
      (["1", "1"], false), (["0.000000000000000000000001", "-0.000000000000000000000001"], true),
      (["1", "-0.999999999999999999999999"], false), (["-5", "2.5", "2.5"], true),
    ] as [([String], Bool)])
  func balances(_ amounts: [String], _ isBalanced: Bool) throws {
    let lines = try amounts.map { EntryLine(.cash, try Money(decimal: $0)) }
    #expect(((try? BookEntry(id: "e", day: 0, lines: lines)) != nil) == isBalanced)
  }

  @Test func anEntryWhoseSumNoAmountHoldsIsNotBalanced() {
    let most = Money(quanta: .max)
    let lines = [most, most, -most, -most].map { EntryLine(.cash, $0) }
    #expect(throws: InvalidValue.self) { try BookEntry(id: "e", day: 0, lines: lines) }
  }

  @Test(
    "An entry that balances does not with one amount changed", arguments: 0..<30 as Range<UInt64>)
  func oneQuantum(_ seed: UInt64) {
    var random = SplitMix64(seed: seed)
    var amounts = (0..<(1 + random.below(9))).map { _ in
      Int128(random.next()) * Int128(random.next() >> 30) * (random.below(2) == 0 ? 1 : -1)
    }
    amounts.append(-amounts.reduce(0, +))
    func entry(_ amounts: [Int128]) -> BookEntry? {
      try? BookEntry(
        id: "e", day: 0,
        lines: amounts.map {
          EntryLine(Account.allCases.randomElement(using: &random)!, .init(quanta: $0))
        })
    }
    #expect(entry(amounts) != nil, "seed \(seed)")
    amounts[Int(random.below(UInt64(amounts.count)))] += 1
    #expect(entry(amounts) == nil, "seed \(seed)")
  }

  @Test(
    "What somebody probably meant",
    arguments: [
      // word, words, nearest
      ("cahs", ["cash", "capital"], "cash"), ("CASH", ["cash", "capital"], "cash"),
      ("capitol", ["cash", "capital"], "capital"), ("x", ["cash", "capital"], nil),
      ("", ["a", "abcd"], "a"), ("cash", [], nil), ("cash", ["cash"], "cash"),
      ("subscription", ["subscriptions", "sales"], "subscriptions"),
      // A third of the letters may be wrong, and always two.
      ("abcdefghi", ["abcdefxyz"], "abcdefxyz"), ("abcdefghi", ["abcdexxxx"], nil),
      ("abc", ["xyc"], "xyc"), ("abc", ["xyz"], nil),
    ] as [(String, [String], String?)])
  func spelling(_ word: String, _ words: [String], _ nearest: String?) {
    #expect(Spelling.nearest(to: word, among: words) == nearest)
    let hint = Spelling.hint(for: word, among: words)
    #expect(hint.isEmpty == (nearest == nil))
    if let nearest { #expect(hint.contains("'\(nearest)'")) }
  }

  @Test(
    "A problem says where it is",
    arguments: [
      // line, path, text
      (0, "", "f: m"), (3, "", "f:3: m"), (0, "a.b", "f: a.b: m"), (3, "a[0]", "f:3: a[0]: m"),
    ])
  func problems(_ line: Int, _ path: String, _ text: String) {
    #expect(FileProblem(file: "f", line: line, path: path, "m").description == text)
  }

  @Test func aReceiptCountsNewAndKnown() {
    var receipt = BooksReceipt(added: 0, known: 0)
    for isNew in [true, false, false, true, true] { receipt.count(isNew: isNew) }
    #expect(receipt == BooksReceipt(added: 3, known: 2))
  }
}
