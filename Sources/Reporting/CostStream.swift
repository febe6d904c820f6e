// SPDX-License-Identifier: Apache-2.0

import Economics
public import Ledger

/// What is published under a topic: rows with their current values. A change names the rows that
/// changed, with their new values, so applying it is replacing them.
public struct CostUpdate: Codable, Hashable, Sendable {
  public struct Row: Codable, Hashable, Sendable {
    /// The start of the bucket, hour or day in UTC, in milliseconds since 1970.
    public var time: Int64
    /// The product or model; empty for totals.
    public var name: String
    public var totals: CostTotals

    public init(time: Int64, name: String, totals: CostTotals) {
      self.time = time
      self.name = name
      self.totals = totals
    }

    enum CodingKeys: Int, CodingKey {
      case time = 1
      case name, totals
    }
  }

  public var topic: String
  /// The ledger sequence that it shows.
  public var ledger: Int64
  public var currency: String
  public var rows: [Row]

  public init(topic: String, ledger: Int64, currency: String, rows: [Row]) {
    self.topic = topic
    self.ledger = ledger
    self.currency = currency
    self.rows = rows
  }

  enum CodingKeys: Int, CodingKey {
    case topic = 1
    case ledger, currency, rows
  }
}

/// A topic of costs: `cost/day/model`.
public struct CostTopic: Hashable, Sendable {
  public enum Unit: String, CaseIterable, Sendable {
    case bucket, hour, day

    var milliseconds: Int64 {
      switch self {
      case .bucket: TimeBucket.milliseconds
      case .hour: 3_600_000
      case .day: 86_400_000
      }
    }

    /// How far back from the newest row a topic reaches: it bounds its whole state.
    public var window: Int64 {
      switch self {
      case .bucket: 2 * 86_400_000
      case .hour: 93 * 86_400_000
      case .day: 3_660 * 86_400_000
      }
    }
  }

  public enum Split: String, CaseIterable, Sendable {
    case product, model, total
  }

  public var unit: Unit
  public var split: Split

  public static let all = Unit.allCases.flatMap { unit in
    Split.allCases.map { CostTopic(unit: unit, split: $0) }
  }

  public var name: String { "cost/\(unit.rawValue)/\(split.rawValue)" }
}

/// The current values of all topics, kept up with the ledger.
public struct CostStreams {
  fileprivate struct Key: Hashable {
    var time: Int64
    var name: String
  }

  fileprivate struct State {
    var rows: [Key: CostTotals] = [:]
    var changed: Set<Key> = []
    var newest: Int64 = .min
    var sequence: UInt64 = 0
    var isDirty = false
    var changesSinceWhole = 0
  }

  /// A message to publish.
  public struct Message: Sendable {
    public var topic: String
    public var sequence: UInt64
    public var isWhole: Bool
    public var update: CostUpdate
  }

  private static let changesPerWhole = 64

  private var states: [CostTopic: State] = [:]
  private var ledgerSequence: Int64 = 0
  private var currency = ""

  /// Reads the ledger once.
  public init(_ ledger: Ledger) throws {
    for topic in CostTopic.all { states[topic] = State() }
    let view = try ledger.read { view, posting in
      var totals = CostTotals()
      try totals.add(
        posting.meter, posting.quantity, posting.pricing, posting.evidence, posting.cost)
      try add(posting.bucket, totals, view.dimensions(of: posting.series))
    }
    ledgerSequence = view.sequence
    currency = view.currency ?? ""
    for topic in CostTopic.all { states[topic]?.changed = [] }
  }

  /// Takes what a commit added.
  public mutating func add(_ change: Ledger.Change) throws {
    let outcome = change.outcome
    ledgerSequence = change.sequence
    currency = outcome.currency
    let dimensions = (0..<outcome.seriesTable.count).map { outcome.seriesTable.dimensions(of: $0) }
    // Lines of one bucket and series follow each other: they are added up first.
    var line = 0
    while line < outcome.lineCount {
      let (bucket, series) = (outcome.buckets[line], outcome.series[line])
      var totals = CostTotals()
      while line < outcome.lineCount, outcome.buckets[line] == bucket,
        outcome.series[line] == series
      {
        if let meter = Meter(rawValue: Int(outcome.meters[line])),
          let pricing = Pricing(rawValue: Int(outcome.pricings[line])),
          let evidence = Evidence(rawValue: Int(outcome.evidences[line]))
        {
          try totals.add(
            meter, outcome.quantities[line], pricing, evidence, outcome.costs[line])
        }
        line += 1
      }
      try add(TimeBucket(index: bucket), totals, dimensions[Int(series)])
    }
  }

  private mutating func add(
    _ bucket: TimeBucket, _ totals: CostTotals, _ dimensions: [String: String]
  ) throws(MoneyError) {
    for topic in CostTopic.all {
      let name =
        switch topic.split {
        case .product: dimensions[Dimension.product] ?? ""
        case .model: dimensions[Dimension.model] ?? ""
        case .total: ""
        }
      let unit = topic.unit.milliseconds
      let time = Instant.floorDivide(bucket.start, unit).quotient * unit
      try states[topic]?.add(Key(time: time, name: name), topic.unit.window, totals)
    }
  }

  /// The changes since the last call; every 64th message of a topic is its whole state.
  public mutating func takeChanges() -> [Message] {
    CostTopic.all.compactMap { topic in
      guard var state = states[topic], !state.changed.isEmpty else { return nil }
      state.trim(topic.unit.window)
      defer { states[topic] = state }
      state.sequence += 1
      state.changesSinceWhole += 1
      let rows = state.changed.compactMap { key in
        state.rows[key].map { CostUpdate.Row(time: key.time, name: key.name, totals: $0) }
      }
      state.changed = []
      return message(topic, state.sequence, isWhole: false, rows)
    }
  }

  /// The whole state of every topic, or only of those with many changes since the last one.
  public mutating func wholeStates(onlyDue: Bool = false) -> [Message] {
    CostTopic.all.compactMap { topic in
      guard var state = states[topic] else { return nil }
      // What has changed but was not told yet belongs to the next change, not to this state's
      // sequence: it may be told with it early, since rows carry values, not differences.
      if onlyDue && state.changesSinceWhole < Self.changesPerWhole { return nil }
      state.changesSinceWhole = 0
      state.trim(topic.unit.window)
      states[topic] = state
      let rows = state.rows.map {
        CostUpdate.Row(time: $0.key.time, name: $0.key.name, totals: $0.value)
      }
      return message(topic, state.sequence, isWhole: true, rows)
    }
  }

  private func message(
    _ topic: CostTopic, _ sequence: UInt64, isWhole: Bool, _ rows: [CostUpdate.Row]
  ) -> Message {
    let sorted = rows.sorted { ($0.time, $0.name) < ($1.time, $1.name) }
    return Message(
      topic: topic.name, sequence: sequence, isWhole: isWhole,
      update: CostUpdate(
        topic: topic.name, ledger: ledgerSequence, currency: currency, rows: sorted))
  }
}

extension CostStreams.State {
  fileprivate mutating func add(
    _ key: CostStreams.Key, _ window: Int64, _ totals: CostTotals
  ) throws(MoneyError) {
    guard newest == .min || key.time > newest - window else { return }
    try rows[key, default: CostTotals()].add(totals)
    changed.insert(key)
    newest = max(newest, key.time)
  }

  /// Rows that have left the window go; a follower drops them by the same rule. Done when something
  /// is told, not at each row: looking through all rows each time took half of the report's time.
  fileprivate mutating func trim(_ window: Int64) {
    guard rows.keys.contains(where: { $0.time <= newest - window }) else { return }
    rows = rows.filter { $0.key.time > newest - window }
    changed = changed.filter { $0.time > newest - window }
  }
}

/// What a follower of cost topics knows: the rows, replaced and changed as messages come.
public struct CostStreamRows: Sendable, Equatable {
  private struct Key: Hashable {
    var time: Int64
    var name: String
  }

  private var topics: [String: [Key: CostTotals]] = [:]
  /// The ledger sequence of the last message.
  public private(set) var ledger: Int64 = 0
  public private(set) var currency = ""

  public init() {}

  /// Takes a message: the whole state of its topic, or a change of it.
  /// - Returns: the rows that are new or have other values.
  public mutating func take(_ update: CostUpdate, isWhole: Bool) -> [CostUpdate.Row] {
    ledger = max(ledger, update.ledger)
    currency = update.currency
    let before = topics[update.topic] ?? [:]
    var rows = isWhole ? [:] : before
    for row in update.rows { rows[Key(time: row.time, name: row.name)] = row.totals }
    if let unit = CostTopic.all.first(where: { $0.name == update.topic })?.unit,
      let newest = rows.keys.map(\.time).max()
    {
      rows = rows.filter { $0.key.time > newest - unit.window }
    }
    topics[update.topic] = rows
    return update.rows.filter { row in
      let key = Key(time: row.time, name: row.name)
      return rows[key] != nil && before[key] != row.totals
    }
  }

  /// The rows of a topic by time and name.
  public func rows(of topic: String) -> [CostUpdate.Row] {
    (topics[topic] ?? [:])
      .map { CostUpdate.Row(time: $0.key.time, name: $0.key.name, totals: $0.value) }
      .sorted { ($0.time, $0.name) < ($1.time, $1.name) }
  }
}
