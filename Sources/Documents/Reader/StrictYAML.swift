// SPDX-License-Identifier: Apache-2.0

import Economics
import Usage
import Yams

/// A YAML file as a tree of text, read strictly: no anchors, aliases or tags, no repeated or unknown
/// keys, and no guessing of types (`no`, `12:30:45` and `1e400` stay text until somebody asks).
struct StrictYAML {
  static let bytesMax = 4 * 1024 * 1024
  private static let depthMax = 32
  /// What the resolver gives to nodes without a tag of their own.
  private static let plainTags: Set<String> = [
    "", "!", "tag:yaml.org,2002:str", "tag:yaml.org,2002:map", "tag:yaml.org,2002:seq",
  ]

  let file: String
  let path: String
  private let node: Node
  /// The line of the key that it is the value of.
  private let keyLine: Int?

  /// Reads the only document of a file.
  init(_ text: String, file: String) throws(FileProblem) {
    guard text.utf8.count <= Self.bytesMax else {
      throw FileProblem(file: file, "is larger than \(Self.bytesMax) bytes")
    }
    let parser: Parser
    let root: Node?
    do {
      // The failsafe resolver leaves every scalar a string.
      parser = try Parser(yaml: text, resolver: .basic)
      root = try parser.singleRoot()
    } catch let error as YamlError {
      throw FileProblem(file: file, line: Self.line(of: error), "is not YAML: \(error)")
    } catch {
      throw FileProblem(file: file, "is not YAML: \(error)")
    }
    guard let root else { throw FileProblem(file: file, "is empty") }
    self.init(file: file, path: "", node: root)
    // Nodes hold their anchors weakly; the parser keeps them.
    try withExtendedLifetime(parser) { () throws(FileProblem) in
      try Self.check(root, file, 0)
    }
  }

  private init(file: String, path: String, node: Node, keyLine: Int? = nil) {
    self.file = file
    self.path = path
    self.node = node
    self.keyLine = keyLine
  }

  private static func line(of error: YamlError) -> Int {
    switch error {
    case .scanner(_, _, let mark, _), .parser(_, _, let mark, _), .composer(_, _, let mark, _):
      mark.line
    case .duplicatedKeysInMapping(_, let context): context.mark.line
    default: 0
    }
  }

  /// An anchored node stands before the aliases that repeat it, so refusing anchors refuses both
  /// before anything grows.
  private static func check(_ node: Node, _ file: String, _ depth: Int) throws(FileProblem) {
    let line = node.mark?.line ?? 0
    guard depth < depthMax else {
      throw FileProblem(file: file, line: line, "is nested too deeply")
    }
    guard plainTags.contains(node.tag.description) else {
      throw FileProblem(file: file, line: line, "tags are not allowed here")
    }
    guard node.anchor == nil else {
      throw FileProblem(file: file, line: line, "anchors and aliases are not allowed here")
    }
    switch node {
    case .mapping(let mapping):
      for (key, value) in mapping {
        guard key.scalar != nil else {
          throw FileProblem(file: file, line: line, "a key must be a word")
        }
        try check(key, file, depth + 1)
        try check(value, file, depth + 1)
      }
    case .sequence(let sequence):
      for item in sequence { try check(item, file, depth + 1) }
    case .scalar, .alias:
      break
    }
  }

  func problem(_ message: String) -> FileProblem {
    FileProblem(file: file, line: node.mark?.line ?? 0, path: path, message)
  }

  // MARK: Access

  /// The text of a scalar.
  func text() throws(FileProblem) -> String {
    guard case .scalar(let scalar) = node else { throw problem("expected a single value") }
    return scalar.string
  }

  /// The items of a list.
  func items() throws(FileProblem) -> [StrictYAML] {
    guard case .sequence(let sequence) = node else { throw problem("expected a list") }
    return sequence.enumerated().map { index, item in
      StrictYAML(file: file, path: "\(path)[\(index)]", node: item)
    }
  }

  /// The entries of a map, in the order of the file.
  func entries() throws(FileProblem) -> [(key: String, value: StrictYAML)] {
    guard case .mapping(let mapping) = node else { throw problem("expected keys with values") }
    return mapping.map { key, value in
      let name = key.scalar?.string ?? ""
      return (
        name,
        StrictYAML(
          file: file, path: path.isEmpty ? name : "\(path).\(name)", node: value,
          keyLine: key.mark?.line)
      )
    }
  }

  /// The entries of a map whose keys are all among `allowed`.
  func map(_ allowed: [String]) throws(FileProblem) -> [String: StrictYAML] {
    var result: [String: StrictYAML] = [:]
    for (key, value) in try entries() {
      guard allowed.contains(key) else {
        let near = Spelling.hint(for: key, among: allowed)
        // On the line of the key: a map or list may begin below it.
        throw FileProblem(
          file: file, line: value.keyLine ?? 0, path: value.path,
          "unknown key; known: \(allowed.joined(separator: ", "))\(near)")
      }
      result[key] = value
    }
    return result
  }

  var isMap: Bool { if case .mapping = node { true } else { false } }
  var isScalar: Bool { if case .scalar = node { true } else { false } }
  /// A key without a value.
  var isBlank: Bool { if case .scalar(let scalar) = node { scalar.string.isEmpty } else { false } }

  /// The value of a required key of `map`.
  func require(_ key: String, in map: [String: StrictYAML]) throws(FileProblem) -> StrictYAML {
    guard let value = map[key] else { throw problem("'\(key)' is missing") }
    return value
  }

  /// A price or amount.
  func money(perMillion: Bool = false) throws(FileProblem) -> Money {
    let text = try text()
    do throws(MoneyError) {
      guard perMillion else { return try Money(decimal: text) }
      let price = try Money(perMillion: text)
      // Lists show it per million again.
      _ = try price.times(1_000_000)
      return price
    } catch {
      throw problem("\(error)")
    }
  }

  /// A date (`2023-03-14`, midnight UTC) or an instant with a zone, on a quarter of an hour.
  func bucket() throws(FileProblem) -> TimeBucket {
    let text = try text()
    let spelled = text.utf8.count == 10 ? text + "T00:00:00Z" : text
    guard let time = TimeText.milliseconds(spelled), time % TimeBucket.milliseconds == 0,
      let bucket = TimeBucket(containing: time)
    else {
      throw problem(
        "'\(text)' is not a valid date or time; write 2023-03-14, or a quarter of an hour as in "
          + "2023-03-14T12:15:00Z")
    }
    return bucket
  }

  func bool() throws(FileProblem) -> Bool {
    switch try text() {
    case "true": return true
    case "false": return false
    default: throw problem("expected true or false")
    }
  }
}
