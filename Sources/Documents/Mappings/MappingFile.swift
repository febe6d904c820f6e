// SPDX-License-Identifier: Apache-2.0

public import Economics
public import Usage

/// Reads mapping files; the format is in `docs/MAPPINGS.md`.
public enum MappingFile {
  /// The mappings that come with the program.
  /// - Throws: ``FileProblem`` for a mistake in what ships, which tests rule out.
  public static func shipped() throws(FileProblem) -> [Mapping] {
    try read(
      String(decoding: PackageResources.mappings_yaml, as: UTF8.self), file: "built-in mappings")
  }

  /// The mappings in a file's text.
  /// - Throws: ``FileProblem`` with line, key and remedy.
  public static func read(_ text: String, file: String) throws(FileProblem) -> [Mapping] {
    let root = try StrictYAML(text, file: file)
    let map = try root.map(["mappings"])
    var mappings: [Mapping] = []
    for item in try root.require("mappings", in: map).items() { mappings.append(try mapping(item)) }
    return mappings
  }

  private static func mapping(_ yaml: StrictYAML) throws(FileProblem) -> Mapping {
    let map = try yaml.map([
      "name", "detect", "source", "delimiter", "time", "dimensions", "tags", "quantities",
      "failed", "id", "evidence", "note",
    ])
    let name = try yaml.require("name", in: map).text()
    var mapping = Mapping(
      name: name, detect: [], source: name, delimiter: UInt8(ascii: ","), timeColumn: "",
      timeFormat: .rfc3339(zoneMinutes: nil), origin: 0, dimensions: [:], quantities: [:],
      failure: nil, idColumn: nil, evidence: .measured, note: "")
    for column in try map["detect"]?.items() ?? [] { mapping.detect.append(try column.text()) }
    if let source = map["source"] { mapping.source = try source.text() }
    if let delimiter = map["delimiter"] { mapping.delimiter = try self.delimiter(delimiter) }
    try readTime(try yaml.require("time", in: map), into: &mapping)
    try readDimensions(map, into: &mapping)
    try readQuantities(try yaml.require("quantities", in: map), into: &mapping)
    if let failed = map["failed"] { mapping.failure = try failure(failed) }
    if let id = map["id"] { mapping.idColumn = try id.text() }
    if let evidence = map["evidence"] {
      guard let known = Evidence(name: try evidence.text()) else {
        throw evidence.problem("expected measured, reported, estimated or assumed")
      }
      mapping.evidence = known
    }
    if let note = map["note"] { mapping.note = try note.text() }
    return mapping
  }

  private static func delimiter(_ yaml: StrictYAML) throws(FileProblem) -> UInt8 {
    switch try yaml.text() {
    case "comma", ",": return UInt8(ascii: ",")
    case "semicolon", ";": return UInt8(ascii: ";")
    case "tab", "\t": return 0x09
    default: throw yaml.problem("expected comma, semicolon or tab")
    }
  }

  private static func readTime(
    _ yaml: StrictYAML, into mapping: inout Mapping
  ) throws(FileProblem) {
    let map = try yaml.map(["column", "format", "origin", "zone"])
    mapping.timeColumn = try yaml.require("column", in: map).text()
    let format = try yaml.require("format", in: map)
    switch try format.text() {
    case "relative-seconds": mapping.timeFormat = .relativeSeconds
    case "epoch-seconds": mapping.timeFormat = .epoch(power: 3)
    case "epoch-milliseconds": mapping.timeFormat = .epoch(power: 0)
    case "epoch-microseconds": mapping.timeFormat = .epoch(power: -3)
    case "epoch-nanoseconds": mapping.timeFormat = .epoch(power: -6)
    case "rfc3339": mapping.timeFormat = .rfc3339(zoneMinutes: try map["zone"].map(zone))
    default:
      throw format.problem(
        """
        expected relative-seconds, epoch-seconds, epoch-milliseconds, epoch-microseconds, \
        epoch-nanoseconds or rfc3339
        """)
    }
    if let origin = map["origin"] { mapping.origin = try self.origin(origin.text(), origin) }
    if mapping.timeFormat == .relativeSeconds && map["origin"] == nil {
      throw yaml.problem("relative times need an 'origin', such as 2023-08-01T00:00:00Z")
    }
  }

  private static func origin(
    _ text: String, _ yaml: StrictYAML
  ) throws(FileProblem) -> Int64 {
    guard let time = originTime(text) else {
      throw yaml.problem("expected a date, or a time with a zone: 2023-08-01T00:00:00Z")
    }
    return time
  }

  /// A date (midnight UTC) or an RFC 3339 time, in milliseconds since 1970.
  public static func originTime(_ text: String) -> Int64? {
    TimeText.milliseconds(text.utf8.count == 10 ? text + "T00:00:00Z" : text)
  }

  private static func zone(_ yaml: StrictYAML) throws(FileProblem) -> Int64 {
    let text = try yaml.text()
    let spelled = text == "UTC" || text == "utc" ? "Z" : text
    guard let time = TimeText.milliseconds("2000-01-01T00:00:00\(spelled)") else {
      throw yaml.problem("expected UTC or an offset such as +02:00")
    }
    return (946_684_800_000 - time) / 60_000
  }

  private static func readDimensions(
    _ map: [String: StrictYAML], into mapping: inout Mapping
  ) throws(FileProblem) {
    for (name, value) in try map["dimensions"]?.entries() ?? [] {
      guard Dimension.standard.contains(name) else {
        let near =
          Spelling.hint(for: name, among: Dimension.standard)
        throw value.problem(
          """
          known dimensions: \(Dimension.standard.joined(separator: ", ")); anything else is a tag\
          \(near)
          """)
      }
      mapping.dimensions[name] = try dimension(value)
    }
    for (name, value) in try map["tags"]?.entries() ?? [] {
      let reserved = Dimension.standard + [Dimension.source] + Meter.allCases.map(\.name)
      guard !name.isEmpty, !reserved.contains(name),
        name.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != 0x2C })
      else { throw value.problem("a tag needs its own name, without spaces or commas") }
      mapping.dimensions[name] = try dimension(value)
    }
  }

  private static func dimension(_ yaml: StrictYAML) throws(FileProblem) -> Mapping.Value {
    if yaml.isScalar { return .column(try yaml.text()) }
    let map = try yaml.map(["column", "value"])
    if let column = map["column"] { return .column(try column.text()) }
    return .constant(try yaml.require("value", in: map).text())
  }

  private static func readQuantities(
    _ yaml: StrictYAML, into mapping: inout Mapping
  ) throws(FileProblem) {
    let names = Meter.allCases.filter { $0 != .failedRequests }.map(\.name)
    for (name, value) in try yaml.map(names) {
      guard let meter = Meter(name: name) else { continue }
      mapping.quantities[meter] = try quantity(value)
    }
    guard !mapping.quantities.isEmpty else { throw yaml.problem("at least one quantity is needed") }
  }

  private static func quantity(_ yaml: StrictYAML) throws(FileProblem) -> Mapping.Quantity {
    if yaml.isScalar { return Mapping.Quantity(column: try yaml.text()) }
    let map = try yaml.map(["column", "optional", "includes"])
    var quantity = Mapping.Quantity(column: try yaml.require("column", in: map).text())
    if let optional = map["optional"] { quantity.isOptional = try optional.bool() }
    if let includes = map["includes"] {
      guard let meter = Meter(name: try includes.text()) else {
        throw includes.problem("expected the name of another quantity")
      }
      quantity.includes = meter
    }
    return quantity
  }

  private static func failure(_ yaml: StrictYAML) throws(FileProblem) -> Mapping.Failure {
    let map = try yaml.map(["column", "equals", "unless"])
    func texts(_ key: String) throws(FileProblem) -> [String] {
      guard let value = map[key] else { return [] }
      if value.isScalar { return [try value.text()] }
      var texts: [String] = []
      for item in try value.items() { texts.append(try item.text()) }
      return texts
    }
    let failure = Mapping.Failure(
      column: try yaml.require("column", in: map).text(), isOneOf: try texts("equals"),
      isNoneOf: try texts("unless"))
    guard failure.isOneOf.isEmpty != failure.isNoneOf.isEmpty else {
      throw yaml.problem("give either 'equals' or 'unless'")
    }
    return failure
  }
}
