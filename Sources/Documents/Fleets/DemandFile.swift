// SPDX-License-Identifier: Apache-2.0

public import Economics
public import Fleet

/// Reads demand over time (CSV): `window_start_s` and `requests_per_s`, with `client` when several are
/// listed, and `input_tokens` and `output_tokens` of the mean request when they are known. ServeGen's
/// files (Alibaba, arXiv 2505.09999) have this layout, with tokens in a file of their own.
public enum DemandFile {
  /// A demand and how much of it is known.
  public struct Contents: Sendable {
    /// The demand of all clients together.
    public var demand: DemandCurve
    /// The number of clients in the file.
    public var clients: Int
    /// Clients whose request sizes are not known: the mean of the others was taken.
    public var clientsWithoutSizes: Int
  }

  private struct Sizes {
    /// By client: windows in order, with the mean of both.
    var byClient: [String: [(start: Double, input: Double, output: Double)]] = [:]
    var input = 0.0
    var output = 0.0

    func at(_ client: String, _ time: Double) -> (Double, Double)? {
      guard let windows = byClient[client] else { return nil }
      let window = windows.last { $0.start <= time } ?? windows[0]
      return (window.input, window.output)
    }
  }

  /// Reads a file.
  /// - Parameters:
  ///   - tokens: ServeGen's file of sizes: client, window_start_s, field, mean.
  ///   - shape: the mean request, where no file gives it.
  /// - Throws: ``FileProblem`` with line, column and remedy.
  public static func read(
    _ path: String, tokens: String? = nil, shape: RequestShape
  ) throws(FileProblem) -> Contents {
    let table = try SmallTable(path: path, required: ["window_start_s", "requests_per_s"])
    let sizes = try tokens.map { path throws(FileProblem) in try Self.sizes(path) }
    var windows: [Double: DemandCurve.Window] = [:]
    var lines: [Double: Int] = [:]
    var clients: Set<String> = []
    var without: Set<String> = []
    for row in table.rows {
      guard let start = try row.number("window_start_s"),
        let rate = try row.number("requests_per_s"), (0...1e12).contains(start),
        (0...1e9).contains(rate)
      else {
        throw row.problem(
          "requests_per_s", "a window needs a start of at least 0 and a rate from 0 to 10^9")
      }
      let client = row["client"]
      clients.insert(client)
      var input = try row.number("input_tokens") ?? shape.input
      var output = try row.number("output_tokens") ?? shape.output
      guard (0...1e8).contains(input), (0...1e8).contains(output) else {
        throw row.problem(
          "input_tokens", "input and output tokens must be from 0 to 10^8 per request")
      }
      lines[start] = row.line
      if let sizes, rate > 0 {
        if let given = sizes.at(client, start) {
          (input, output) = given
        } else {
          without.insert(client)
          (input, output) = (sizes.input, sizes.output)
        }
      }
      var window =
        windows[start]
        ?? DemandCurve.Window(start: start, requests: 0, inputTokens: 0, outputTokens: 0)
      window.requests += rate
      window.inputTokens += rate * input
      window.outputTokens += rate * output
      windows[start] = window
    }
    let starts = windows.keys.sorted()
    guard starts.count >= 2 else {
      throw FileProblem(file: path, "a demand needs at least two windows")
    }
    let first = starts[0]
    let seconds = zip(starts.dropFirst(), starts).map { $0 - $1 }.min() ?? 1
    let span = (starts[starts.count - 1] - first) / seconds
    guard span < 1_000_000 else {
      throw FileProblem(
        file: path, "spans \(span) windows of \(seconds) s; the limit is 1,000,000")
    }
    // What nobody wrote down is a window without requests.
    var all = (0...Int(span.rounded())).map { index in
      DemandCurve.Window(
        start: first + Double(index) * seconds, requests: 0, inputTokens: 0, outputTokens: 0)
    }
    for start in starts {
      let position = (start - first) / seconds
      guard abs(position - position.rounded()) < 1e-3 else {
        throw FileProblem(
          file: path, line: lines[start] ?? 0, path: "window_start_s",
          "\(start) is not a whole number of windows of \(seconds) s after \(first)")
      }
      all[Int(position.rounded())] = windows[start] ?? all[Int(position.rounded())]
    }
    let requests = all.reduce(0) { $0 + $1.requests }
    guard requests > 0 else { throw FileProblem(file: path, "has no requests") }
    return Contents(
      demand: DemandCurve(windows: all, seconds: seconds), clients: clients.count,
      clientsWithoutSizes: without.count)
  }

  private static func sizes(_ path: String) throws(FileProblem) -> Sizes {
    let table = try SmallTable(path: path, required: ["client", "window_start_s", "field", "mean"])
    var inputs: [String: [Double: Double]] = [:]
    var outputs: [String: [Double: Double]] = [:]
    for row in table.rows {
      guard let mean = try row.number("mean"), let start = try row.number("window_start_s") else {
        continue
      }
      guard (0...1e8).contains(mean) else {
        throw row.problem("mean", "must be from 0 to 10^8 tokens")
      }
      switch row["field"] {
      case "input_tokens": inputs[row["client"], default: [:]][start] = mean
      case "output_tokens": outputs[row["client"], default: [:]][start] = mean
      default: break
      }
    }
    var sizes = Sizes()
    var count = 0.0
    for client in inputs.keys.sorted() {
      var windows: [(start: Double, input: Double, output: Double)] = []
      for (start, input) in (inputs[client] ?? [:]).sorted(by: { $0.key < $1.key }) {
        guard let output = outputs[client]?[start] else { continue }
        windows.append((start, input, output))
        sizes.input += input
        sizes.output += output
        count += 1
      }
      if !windows.isEmpty { sizes.byClient[client] = windows }
    }
    guard count > 0 else {
      throw FileProblem(file: path, "has no client with both input_tokens and output_tokens")
    }
    sizes.input /= count
    sizes.output /= count
    return sizes
  }
}
