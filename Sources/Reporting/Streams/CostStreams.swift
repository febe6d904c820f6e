// SPDX-License-Identifier: Apache-2.0

import Economics
public import Ledger

/// What is published under a topic: rows with their current values. A change names the rows that
/// changed, with their new values, so applying it is replacing them.
public struct CostUpdate: Codable, Hashable, Sendable {
  /// A row with its current values.
  public struct Row: Codable, Hashable, Sendable {
    /// The start of the bucket, hour or day in UTC, in milliseconds since 1970.
    public var time: Int64
    /// The product or model; empty for totals.
    public var name: String
    /// All usage of that time and name so far.
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

    public init(from decoder: any Decoder) throws {
      let container = try decoder.container(keyedBy: CodingKeys.self)
      time = try container.decode(Int64.self, forKey: .time)
      name = try container.decode(String.self, forKey: .name)
      totals = try container.decode(CostTotals.self, forKey: .totals)
      try InvalidValue.check(time, in: Instant.calendar, "the time of a row")
    }
  }

  /// The name of a ``CostTopic``.
  public var topic: String
  /// The ledger sequence that it shows.
  public var ledger: Int64
  /// ISO 4217 code of the rows' costs.
  public var currency: String
  /// All rows of the topic in a snapshot, the changed ones in a delta.
  public var rows: [Row]
  /// Everything in the ledger, what the topic's window leaves out included.
  public var total: CostTotals

  public init(topic: String, ledger: Int64, currency: String, rows: [Row], total: CostTotals) {
    self.topic = topic
    self.ledger = ledger
    self.currency = currency
    self.rows = rows
    self.total = total
  }

  enum CodingKeys: Int, CodingKey {
    case topic = 1
    case ledger, currency, rows, total
  }
}

/// A topic of costs: `cost/day/model`.
public struct CostTopic: Hashable, Sendable {
  /// The length of time that a row covers.
  public enum Unit: String, CaseIterable, Sendable {
    case bucket, hour, day

    var milliseconds: Int64 {
      switch self {
      case .bucket: TimeBucket.milliseconds
      case .hour: 3_600_000
      case .day: 86_400_000
      }
    }

    /// How far back from the newest row a topic reaches, in milliseconds: it bounds its snapshot.
    public var window: Int64 {
      switch self {
      case .bucket: 2 * 86_400_000
      case .hour: 93 * 86_400_000
      case .day: 3_660 * 86_400_000
      }
    }
  }

  /// What a row's name is: a product, a model, or nothing.
  public enum Split: String, CaseIterable, Sendable {
    case product, model, total
  }

  /// The length of time per row.
  public var unit: Unit
  /// What the rows are split by.
  public var split: Split

  /// Every topic that is published.
  public static let all = Unit.allCases.flatMap { unit in
    Split.allCases.map { CostTopic(unit: unit, split: $0) }
  }

  /// `cost/UNIT/SPLIT`.
  public var name: String { "cost/\(unit.rawValue)/\(split.rawValue)" }
}

/// The current values of all topics, kept up with the ledger.
public struct CostStreams {
  /// A message to publish.
  public struct Message: Sendable {
    /// The topic to publish under.
    public var topic: String
    /// One more than that of the topic's previous message.
    public var sequence: UInt64
    /// Whether it is a snapshot rather than a delta.
    public var isSnapshot: Bool
    /// What to publish.
    public var update: CostUpdate
  }

  private static let changesPerSnapshot = 64

  private var names = NameTable()
  /// In the order of ``CostTopic/all``: the splits of the bucket, of the hour, of the day.
  private var states = CostTopic.all.map { TopicState($0) }
  private var ledgerSequence: Int64 = 0
  private var currency = ""
  private var total = CostTotals()

  /// Reads the ledger once.
  /// - Throws: What reading the ledger throws, or `MoneyError`.
  public init(_ ledger: Ledger) throws {
    var namesOfSeries: [Int64: [UInt32]] = [:]
    let view = try ledger.read { view, posting in
      let known = namesOfSeries[posting.series]
      let numbers = known ?? Self.numbers(view.dimensions(of: posting.series), &names)
      if known == nil { namesOfSeries[posting.series] = numbers }
      var totals = CostTotals()
      try totals.add(
        posting.meter, posting.quantity, posting.pricing, posting.evidence, posting.cost)
      try total.add(totals)
      for index in states.indices {
        let split = index % CostTopic.Split.allCases.count
        try states[index].add(posting.bucket.start, numbers[split], totals)
      }
    }
    ledgerSequence = view.sequence
    currency = view.currency ?? ""
    for index in states.indices { states[index].forgetChanges() }
  }

  /// The names of a series under each split.
  private static func numbers(_ dimensions: [String: String], _ names: inout NameTable) -> [UInt32]
  {
    CostTopic.Split.allCases.map { split in
      switch split {
      case .product: names.number(dimensions[Dimension.product] ?? "")
      case .model: names.number(dimensions[Dimension.model] ?? "")
      case .total: names.number("")
      }
    }
  }

  /// Takes what a commit added.
  /// - Throws: `MoneyError/overflow`.
  public mutating func add(_ change: Ledger.Change) throws {
    let outcome = change.outcome
    ledgerSequence = change.sequence
    currency = outcome.currency
    let numbers = (0..<outcome.seriesTable.count).map {
      Self.numbers(outcome.seriesTable.dimensions(of: $0), &names)
    }
    for split in CostTopic.Split.allCases.indices {
      try add(outcome, split, numbers.map { $0[split] })
    }
  }

  /// Adds the lines of an outcome to the three topics of a split. Lines are in the order of their
  /// buckets: what falls into a bucket is added up first, then once to its hour, and that once to
  /// its day.
  private mutating func add(
    _ outcome: PricingOutcome, _ split: Int, _ names: [UInt32]
  ) throws(MoneyError) {
    let splits = CostTopic.Split.allCases.count
    var runs = CostTopic.Unit.allCases.map { RunningSums($0, names: names) }
    func flush(_ level: Int, _ streams: inout CostStreams) throws(MoneyError) {
      let run = runs[level]
      for position in run.touched {
        let totals = run.totals[position]
        try streams.states[level * splits + split].add(run.time, run.names[position], totals)
        guard level + 1 < runs.count else { continue }
        if !runs[level + 1].covers(run.time) { try flush(level + 1, &streams) }
        try runs[level + 1].add(run.time, position, totals)
      }
      runs[level].clear()
    }
    for line in 0..<outcome.lineCount {
      guard let meter = Meter(rawValue: Int(outcome.meters[line])),
        let pricing = Pricing(rawValue: Int(outcome.pricings[line])),
        let evidence = Evidence(rawValue: Int(outcome.evidences[line]))
      else { continue }
      let time = outcome.buckets[line] * TimeBucket.milliseconds
      if !runs[0].covers(time) { try flush(0, &self) }
      let cost = outcome.costs.money(line)
      try runs[0].add(
        time, runs[0].positions[Int(outcome.series[line])], meter, outcome.quantities[line],
        pricing, evidence, cost)
      if split == 0 { try total.add(meter, outcome.quantities[line], pricing, evidence, cost) }
    }
    for level in runs.indices { try flush(level, &self) }
  }

  /// The changes since the last call, one message for each topic that has any.
  public mutating func takeChanges() -> [Message] {
    states.indices.compactMap { index in
      guard let rows = states[index].takeChanges() else { return nil }
      return message(states[index], isSnapshot: false, rows)
    }
  }

  /// A snapshot of every topic, or only of those with many changes since the last one.
  public mutating func snapshots(onlyDue: Bool = false) -> [Message] {
    states.indices.compactMap { index in
      // What has changed but was not published yet belongs to the next change, not to this state's
      // sequence: it may be published early, since rows carry values, not differences.
      if onlyDue && states[index].changesSinceSnapshot < Self.changesPerSnapshot { return nil }
      return message(states[index], isSnapshot: true, states[index].takeSnapshot())
    }
  }

  private func message(
    _ state: TopicState, isSnapshot: Bool, _ rows: [(key: TopicState.Key, totals: CostTotals)]
  ) -> Message {
    let sorted = rows.map {
      CostUpdate.Row(time: $0.key.time, name: names.texts[Int($0.key.name)], totals: $0.totals)
    }.sorted { ($0.time, $0.name) < ($1.time, $1.name) }
    return Message(
      topic: state.topic.name, sequence: state.sequence, isSnapshot: isSnapshot,
      update: CostUpdate(
        topic: state.topic.name, ledger: ledgerSequence, currency: currency, rows: sorted,
        total: total))
  }
}

/// Numbers for names: rows are found by two integers, not by text.
private struct NameTable {
  private var numbers: [String: UInt32] = [:]
  private(set) var texts: [String] = []

  mutating func number(_ name: String) -> UInt32 {
    if let known = numbers[name] { return known }
    let number = UInt32(texts.count)
    numbers[name] = number
    texts.append(name)
    return number
  }
}

/// The sums of one bucket, hour or day of a batch, an index for each name that occurs in it.
private struct RunningSums {
  let unit: Int64
  /// The position of each series.
  let positions: [Int]
  /// The name of each position.
  let names: [UInt32]
  private(set) var totals: [CostTotals]
  /// The positions that hold anything.
  private(set) var touched: [Int] = []
  private var isTouched: [Bool]
  /// The start of the bucket, hour or day.
  private(set) var time: Int64 = 0

  /// - Parameter names: the name of each series.
  init(_ unit: CostTopic.Unit, names: [UInt32]) {
    self.unit = unit.milliseconds
    var placeOfName: [UInt32: Int] = [:]
    var namesOfPlaces: [UInt32] = []
    positions = names.map { name in
      if let position = placeOfName[name] { return position }
      placeOfName[name] = namesOfPlaces.count
      namesOfPlaces.append(name)
      return namesOfPlaces.count - 1
    }
    self.names = namesOfPlaces
    totals = namesOfPlaces.map { _ in CostTotals() }
    isTouched = namesOfPlaces.map { _ in false }
  }

  /// Whether a time can be added before ``clear()``.
  func covers(_ moment: Int64) -> Bool {
    touched.isEmpty || (time..<time + unit).contains(moment)
  }

  private mutating func touch(_ moment: Int64, _ position: Int) {
    guard !isTouched[position] else { return }
    if touched.isEmpty { time = Instant.floorDivide(moment, unit).quotient * unit }
    isTouched[position] = true
    touched.append(position)
  }

  mutating func add(
    _ moment: Int64, _ position: Int, _ meter: Meter, _ quantity: UInt64, _ pricing: Pricing,
    _ evidence: Evidence, _ cost: Money
  ) throws(MoneyError) {
    touch(moment, position)
    try totals[position].add(meter, quantity, pricing, evidence, cost)
  }

  mutating func add(_ moment: Int64, _ position: Int, _ other: CostTotals) throws(MoneyError) {
    touch(moment, position)
    try totals[position].add(other)
  }

  mutating func clear() {
    for position in touched {
      totals[position] = CostTotals()
      isTouched[position] = false
    }
    touched.removeAll(keepingCapacity: true)
  }
}

/// The rows of one topic.
private struct TopicState {
  struct Key: Hashable {
    var time: Int64
    var name: UInt32
  }

  let topic: CostTopic
  private var placeOfRow: [Key: Int] = [:]
  private var rows: [(key: Key, totals: CostTotals)] = []
  private var isChanged: [Bool] = []
  private var changed: [Int] = []
  private var newest: Int64 = .min
  private(set) var sequence: UInt64 = 0
  private(set) var changesSinceSnapshot = 0

  init(_ topic: CostTopic) { self.topic = topic }

  /// Adds what was used at a moment.
  mutating func add(_ moment: Int64, _ name: UInt32, _ totals: CostTotals) throws(MoneyError) {
    let unit = topic.unit.milliseconds
    let key = Key(time: Instant.floorDivide(moment, unit).quotient * unit, name: name)
    guard newest == .min || key.time > newest - topic.unit.window else { return }
    newest = max(newest, key.time)
    if let position = placeOfRow[key] {
      try rows[position].totals.add(totals)
      if !isChanged[position] { changed.append(position) }
      isChanged[position] = true
    } else {
      placeOfRow[key] = rows.count
      changed.append(rows.count)
      isChanged.append(true)
      rows.append((key, totals))
    }
  }

  mutating func forgetChanges() {
    for position in changed { isChanged[position] = false }
    changed = []
  }

  /// The rows that changed, as the next message; `nil` when none did.
  mutating func takeChanges() -> [(key: Key, totals: CostTotals)]? {
    guard !changed.isEmpty else { return nil }
    trim()
    sequence += 1
    changesSinceSnapshot += 1
    let updates = changed.map { rows[$0] }
    forgetChanges()
    return updates
  }

  /// All rows.
  mutating func takeSnapshot() -> [(key: Key, totals: CostTotals)] {
    changesSinceSnapshot = 0
    trim()
    return rows
  }

  /// Rows that have left the window go; a follower drops them by the same rule. Done when something
  /// is published, not at each row: looking through all rows each time took half of the report's time.
  private mutating func trim() {
    guard newest != .min else { return }
    let oldest = newest - topic.unit.window
    guard rows.contains(where: { $0.key.time <= oldest }) else { return }
    let kept = rows.indices.filter { rows[$0].key.time > oldest }
    rows = kept.map { rows[$0] }
    isChanged = kept.map { isChanged[$0] }
    changed = isChanged.indices.filter { isChanged[$0] }
    placeOfRow.removeAll(keepingCapacity: true)
    for position in rows.indices { placeOfRow[rows[position].key] = position }
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
  /// ISO 4217 code of all costs; empty before the first message.
  public private(set) var currency = ""
  /// Everything in the ledger, as the last message says.
  public private(set) var total = CostTotals()

  /// A follower that has seen no message.
  public init() {}

  /// Takes a message: the snapshot of its topic, or a change of it.
  /// - Returns: the rows that are new or have other values.
  public mutating func take(_ update: CostUpdate, isSnapshot: Bool) -> [CostUpdate.Row] {
    ledger = max(ledger, update.ledger)
    currency = update.currency
    total = update.total
    let before = topics[update.topic] ?? [:]
    var rows = isSnapshot ? [:] : before
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
