// SPDX-License-Identifier: Apache-2.0

public import Broker
import ZeroMQ

/// What a producer asks of the broker, in the order in which it was said, from any thread: a job that is
/// submitted and then cancelled must not be cancelled first.
public final class ProducerOutbox: Sendable {
  private enum Item: Sendable {
    case submit(JobID, NewJob, redelivered: Bool)
    case cancel(JobID)
    case quarantine(UInt32)
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
        case .submit(let id, let job, let redelivered):
          await node.submit(id, job, redelivered: redelivered)
        case .cancel(let id): await node.cancel(id)
        case .quarantine(let worker): await node.quarantine(worker: worker)
        }
      }
    }
  }

  /// Submits a job.
  /// - Parameter redelivered: it may have been submitted before, by an earlier process.
  public func submit(_ id: JobID, _ job: NewJob, redelivered: Bool = false) {
    items.yield(.submit(id, job, redelivered: redelivered))
  }

  /// Has the broker take no more results of a worker.
  public func quarantine(worker: UInt32) { items.yield(.quarantine(worker)) }

  /// Gives a job up.
  public func cancel(_ id: JobID) { items.yield(.cancel(id)) }

  /// Returns when everything that was put in has been passed on; takes nothing more.
  public func close() async {
    items.finish()
    await reader.value
  }
}
