// SPDX-License-Identifier: Apache-2.0

public import Broker
public import ZeroMQ

/// What a producer asks of the broker, in the order in which it was said, from any thread: a job that is
/// submitted and then cancelled must not be cancelled first.
public final class ProducerOutbox: Sendable {
  private enum Item: Sendable {
    case submit(JobID, route: Int, SharedMessage, redelivered: Bool)
    case cancel(JobID)
  }

  private let items: AsyncStream<Item>.Continuation
  private let reader: Task<Void, Never>

  /// Begins to pass on what is put in.
  public init(_ node: ProducerNode) {
    let (stream, continuation) = AsyncStream<Item>.makeStream()
    items = continuation
    reader = Task {
      for await item in stream {
        switch item {
        case .submit(let id, let route, let payload, let redelivered):
          await node.submit(id, route: route, payload, redelivered: redelivered)
        case .cancel(let id): await node.cancel(id)
        }
      }
    }
  }

  /// Submits a job.
  /// - Parameters:
  ///   - route: its place among the routes that the producer greeted with.
  ///   - redelivered: it may have been submitted before, by an earlier process.
  public func submit(
    _ id: JobID, route: Int = 0, _ payload: SharedMessage, redelivered: Bool = false
  ) {
    items.yield(.submit(id, route: route, payload, redelivered: redelivered))
  }

  /// Gives a job up.
  public func cancel(_ id: JobID) { items.yield(.cancel(id)) }

  /// Returns when everything that was put in has been passed on; takes nothing more.
  public func close() async {
    items.finish()
    await reader.value
  }
}
