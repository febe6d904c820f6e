// SPDX-License-Identifier: Apache-2.0

public import Economics

/// What an engine has counted: vLLM's metrics page (docs.vllm.ai, design/metrics, 2026) in Prometheus'
/// text format, saved with `curl HOST/metrics > FILE`.
public struct EngineCounters: Hashable, Sendable {
  /// Prompt tokens since the engine started.
  public var promptTokens: Double
  /// Generated tokens since the engine started.
  public var outputTokens: Double
  /// Finished requests since the engine started.
  public var requests: Double

  /// Reads a page; counters of all models and engines on it are added.
  /// - Throws: ``FileProblem`` when the token counters are missing or not valid.
  public init(_ text: String, file: String) throws(FileProblem) {
    var sums: [String: Double] = [:]
    for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated()
    where line.hasPrefix("vllm:") {
      let name = String(line.prefix { $0 != "{" && $0 != " " })
      // Label values may hold spaces and braces; the value stands behind the last of both.
      let rest =
        line.lastIndex(of: "}").map { line[line.index(after: $0)...] } ?? line.dropFirst(name.count)
      guard let word = rest.split(separator: " ").first, let value = Double(word),
        (0...1e18).contains(value) || name.hasSuffix("_bucket") || !name.hasSuffix("_total")
      else {
        throw FileProblem(
          file: file, line: index + 1, path: name, "is not followed by a count from 0 to 10^18")
      }
      sums[name, default: 0] += value
    }
    func counter(_ name: String) -> Double? { sums["vllm:\(name)_total"] ?? sums["vllm:\(name)"] }
    guard let prompts = counter("prompt_tokens"), let outputs = counter("generation_tokens") else {
      throw FileProblem(
        file: file,
        "has no vllm:prompt_tokens_total and vllm:generation_tokens_total; save the "
          + "engine's metrics: curl -s http://HOST:8000/metrics")
    }
    promptTokens = prompts
    outputTokens = outputs
    requests = counter("request_success") ?? 0
  }

  /// What was counted since an earlier page. A counter that fell began again at 0.
  public func since(_ earlier: EngineCounters) -> EngineCounters {
    func grown(_ key: KeyPath<EngineCounters, Double>) -> Double {
      let (before, now) = (earlier[keyPath: key], self[keyPath: key])
      return now >= before ? now - before : now
    }
    var difference = self
    difference.promptTokens = grown(\.promptTokens)
    difference.outputTokens = grown(\.outputTokens)
    difference.requests = grown(\.requests)
    return difference
  }
}
