// SPDX-License-Identifier: Apache-2.0

import Determinism

/// A throughput or latency that was measured and published, or measured by the user.
public struct MeasuredPoint: Hashable, Sendable {
  /// How it was measured.
  public enum Kind: Int, Codable, CaseIterable, Sendable {
    /// More requests than fit: output tokens per second.
    case offline = 1
    /// A fixed batch: output tokens per second.
    case batch
    /// So many users at once: output tokens per second.
    case closed
    /// Under a limit of the time between tokens: output tokens per second.
    case limited
    /// Milliseconds to the first token.
    case firstToken

    /// As files of points name it.
    public var name: String {
      switch self {
      case .offline: "max_load"
      case .batch: "static_batch"
      case .closed: "concurrency"
      case .limited: "server_slo"
      case .firstToken: "ttft_b1"
      }
    }

    /// The kind with this name in files; `nil` for any other text.
    public init?(name: String) {
      guard let found = Self.allCases.first(where: { $0.name == name }) else { return nil }
      self = found
    }
  }

  /// The point's id in its file.
  public var id: String
  /// Who published the point.
  public var source: String
  /// Where it was published.
  public var citation: String
  /// `2024-11`.
  public var month: String
  /// What was measured, under which load.
  public var kind: Kind
  /// The model on its hardware.
  public var deployment: Deployment
  /// Whether the tensor parallelism is known; otherwise the best one is assumed.
  public var isParallelismKnown: Bool
  /// Mean tokens per request.
  public var shape: RequestShape
  /// Requests at once: of a batch, or of users.
  public var concurrency: Double?
  /// Requests in all.
  public var requests: Double?
  /// Seconds between tokens that were allowed.
  public var timePerTokenLimit: Double?
  /// Output tokens per second, or milliseconds to the first token.
  public var measured: Double

  public init(
    id: String, source: String, citation: String, month: String, kind: Kind,
    deployment: Deployment, isParallelismKnown: Bool, shape: RequestShape, concurrency: Double?,
    requests: Double?, timePerTokenLimit: Double?, measured: Double
  ) {
    self.id = id
    self.source = source
    self.citation = citation
    self.month = month
    self.kind = kind
    self.deployment = deployment
    self.isParallelismKnown = isParallelismKnown
    self.shape = shape
    self.concurrency = concurrency
    self.requests = requests
    self.timePerTokenLimit = timePerTokenLimit
    self.measured = measured
  }

  private static let usualLimit = 0.2

  /// Points of one campaign on one GPU with one family of models stand or fall together.
  var group: String {
    let family = deployment.architecture.name.split(separator: "-").first.map(String.init) ?? ""
    return [source, deployment.accelerator.name, family, kind.name].joined(separator: "|")
  }

  var load: ServingLoad {
    switch kind {
    case .offline: .offline(requests: requests)
    case .batch, .firstToken: .batch(concurrency ?? 1)
    case .closed: .closed(concurrency: concurrency ?? 1)
    case .limited: .limited(timePerToken: timePerTokenLimit ?? Self.usualLimit)
    }
  }

  /// ln(predicted / measured), turned round for times: an error of throughput.
  public func throughputError(_ predicted: Double) -> Double {
    let error = PortableMath.log(predicted / measured)
    return kind == .firstToken ? -error : error
  }

  /// The deployments that it may have been.
  var candidates: [Deployment] {
    guard !isParallelismKnown && !deployment.spreadsExperts else { return [deployment] }
    return [1, 2, 4, 8].filter { $0 <= deployment.gpus && deployment.gpus % $0 == 0 }.map {
      var candidate = deployment
      candidate.tensorParallel = $0
      return candidate
    }
  }
}

extension PerformanceModel {
  /// What the equations say about a point, in its unit; also where the memory could not have sufficed,
  /// since it did.
  public func predict(_ point: MeasuredPoint) -> Double {
    var best: Double?
    for deployment in point.candidates {
      let times = ReplicaTimes(
        deployment, coefficients, joinsInFlight: point.load.joinsInFlight)
      let value: Double
      if point.kind == .firstToken {
        let tokens = point.shape.input * (point.concurrency ?? 1)
        let time = times.prefill(tokens: tokens, prompt: point.shape.input).total
        value = 1e3 * time / PortableMath.exp(scale(deployment))
      } else {
        // Limits of benchmarks are those of the slowest, and requests arrive at random.
        var (load, kept) = (point.load, 1.0)
        if case .limited(let seconds) = load {
          load = .limited(timePerToken: seconds * coefficients[.limitSlack])
          kept = coefficients[.limitThroughput]
        }
        value = performance(of: deployment, times, point.shape, load).outputRate * kept
      }
      best = best.map { point.kind == .firstToken ? min($0, value) : max($0, value) } ?? value
    }
    return best ?? .nan
  }
}
