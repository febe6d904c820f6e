// SPDX-License-Identifier: Apache-2.0

public import Broker
public import ZeroMQ

/// What a worker tells the broker, in the order in which it was said, from any thread.
///
/// A task for each message would let one overtake another; this is one queue with one reader.
public final class WorkerOutbox: Sendable {
  private enum Item: Sendable {
    case finished(JobID, JobOutcome)
    case progressed(JobID, permille: Int, SharedMessage?)
    case published(
      topic: String, epoch: UInt64, sequence: UInt64, isSnapshot: Bool, SharedMessage)
  }

  private let items: AsyncStream<Item>.Continuation
  private let reader: Task<Void, Never>

  /// Begins to pass on what is put in.
  public init(_ node: WorkerNode) {
    let (stream, continuation) = AsyncStream<Item>.makeStream()
    items = continuation
    reader = Task {
      for await item in stream {
        switch item {
        case .finished(let id, let outcome): await node.finished(id, outcome)
        case .progressed(let id, let permille, let payload):
          await node.progressed(id, permille: permille, payload)
        case .published(let topic, let epoch, let sequence, let isSnapshot, let payload):
          await node.publish(
            topic, epoch: epoch, sequence: sequence, isSnapshot: isSnapshot, payload)
        }
      }
    }
  }

  /// A job ended.
  public func finished(_ id: JobID, _ outcome: JobOutcome) { items.yield(.finished(id, outcome)) }

  /// A long job goes on.
  public func progressed(_ id: JobID, permille: Int, _ payload: SharedMessage? = nil) {
    items.yield(.progressed(id, permille: permille, payload))
  }

  /// A delta or a snapshot of a topic.
  public func publish(
    _ topic: String, epoch: UInt64, sequence: UInt64, isSnapshot: Bool, _ payload: SharedMessage
  ) {
    items.yield(
      .published(
        topic: topic, epoch: epoch, sequence: sequence, isSnapshot: isSnapshot, payload))
  }

  /// Returns when everything that was put in has been passed on; takes nothing more.
  public func close() async {
    items.finish()
    await reader.value
  }
}
