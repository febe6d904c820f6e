// SPDX-License-Identifier: Apache-2.0

import CBOR
import Dispatch
public import Economics
import Glibc
import Synchronization
import SystemPackage
public import Usage

/// Why the journal cannot be opened or written.
public struct JournalError: Error, Equatable, Sendable, CustomStringConvertible {
  /// The reason, starting with `journal:`; damage with file and byte.
  public let description: String
  init(_ description: String) { self.description = "journal: \(description)" }
}

/// What a journal held when it was opened.
public struct JournalContents: Sendable {
  /// Distinguishes this journal from all others; the epoch of its jobs.
  public var id: UInt64 = 0
  /// All batches, in order.
  public var batches: [Batch] = []
  /// The state of every import that was begun.
  public var imports: [ImportKey: ImportState] = [:]
  /// The number of frames.
  public var frames = 0
  /// Bytes of all segments.
  public var bytes = 0
  /// Bytes of a torn tail that were cut off.
  public var cutOff = 0
  /// SHA-256 chain of everything.
  public var chain = [UInt8](repeating: 0, count: 32)

  /// A batch: what it is and where.
  public struct Batch: Sendable {
    /// The batch's frame number, the sequence of its job.
    public var sequence: UInt64
    /// The name under which the ledger books the batch.
    public var key: BatchKey
    /// Whether the journal says that the ledger has it.
    public var isNoted = false
    /// Whether somebody decided that it is never booked.
    public var isDiscarded = false
    /// Where to read the batch again.
    public var position: JournalPosition
  }

  /// Batches that the ledger is not known to have.
  public var pending: [Batch] { batches.filter { !$0.isNoted && !$0.isDiscarded } }
}

/// Where a frame lies.
public struct JournalPosition: Hashable, Sendable {
  /// The number of the segment file, from 0.
  public var segment: Int
  /// Bytes from the beginning of the segment to the frame.
  public var offset: Int
  /// Bytes of the frame, including its header.
  public var bytes: Int
}

/// The durable log of accepted usage: nothing is acknowledged before it is on disk.
///
/// One thread writes. Whatever waits when it is free is written together and made durable by one
/// `fdatasync` (group commit). When the disk is full it waits for space, acknowledging nothing;
/// when `fdatasync` fails the process must end, since what the kernel still holds is unknown (the
/// pages are marked clean after the failure: "fsyncgate", PostgreSQL wiki, 2018).
///
/// ```swift
/// let (journal, contents) = try Journal.open(directory: directory)
/// let side = BatchMetadata(nextLine: 3, quarantined: [], contents: [])
/// try journal.append(job: job, side: side) { sequence in
///   acknowledged.withLock { $0.append(sequence) }  // on disk now
/// }
/// journal.flush()
/// let toBook = contents.pending  // from earlier runs: batches that the ledger may lack
/// ```
/// The example is compiled in `Tests/ExampleTests/JournalExamples.swift`.
public final class Journal: Sendable {
  /// Bytes after which a new segment begins: 32 MiB.
  public static let segmentBytesMax = 32 * 1024 * 1024

  /// How durable the journal is.
  public struct Settings: Sendable {
    /// Leaves out `fdatasync`: for measuring what durability costs. Never for data that matters.
    public var isDurable = true
    public init() {}
  }

  private struct Waiting {
    let kind: JournalFrame.Kind
    let body: [UInt8]
    let done: (@Sendable (UInt64) -> Void)?
  }

  private struct Queue {
    var waiting: [Waiting] = []
    var isDraining = false
    var isClosed = false
  }

  /// Touched by the writer queue only, after `open`.
  private struct File {
    var descriptor: FileDescriptor
    var number: Int
    var size: Int
    var sequence: UInt64
    var durable: UInt64
    var chain: [UInt8]
  }

  private let directory: String
  private let settings: Settings
  private let id: UInt64
  private let queue = Mutex(Queue())
  private let file: Mutex<File>
  private let writer = DispatchQueue(label: "solvent.journal")
  private let lock: FileDescriptor
  /// Called from the writer when it cannot write (with the reason) and when it can again (`nil`).
  private let trouble: @Sendable (String?) -> Void

  /// Opens or creates the journal in a directory, recovers it, and returns what it holds.
  /// - Parameters:
  ///   - ids: filled with the ids of accepted events.
  ///   - quarantine: called for every row that was quarantined, in order.
  /// - Throws: ``JournalError`` when another process has it, or when it is damaged.
  public static func open(
    directory: String, settings: Settings = .init(), ids: IDIndex? = nil,
    trouble: @escaping @Sendable (String?) -> Void = { _ in }
  ) throws -> (journal: Journal, contents: JournalContents) {
    guard mkdir(directory, 0o700) == 0 || errno == EEXIST else {
      throw JournalError("\(directory): \(String(cString: strerror(errno)))")
    }
    let lock: FileDescriptor
    do {
      lock = try FileDescriptor.open(
        FilePath("\(directory)/lock"), .readWrite, options: [.create, .closeOnExec],
        permissions: .ownerReadWrite)
    } catch {
      throw JournalError("\(directory)/lock: \(error)")
    }
    guard lock.lockExclusively() else {
      try? lock.close()
      throw JournalError("\(directory) is in use by another process")
    }
    do {
      var contents = JournalContents()
      let last = try JournalFiles.read(directory: directory, repair: true, ids, &contents)
      let journal = try Journal(directory, settings, lock, contents, last, trouble)
      return (journal, contents)
    } catch {
      try? lock.close()
      throw error
    }
  }

  private init(
    _ directory: String, _ settings: Settings, _ lock: FileDescriptor, _ contents: JournalContents,
    _ last: JournalFiles.Last?, _ trouble: @escaping @Sendable (String?) -> Void
  ) throws {
    self.directory = directory
    self.settings = settings
    self.lock = lock
    self.trouble = trouble
    if let last {
      id = contents.id
      let path = JournalFiles.path(directory, last.number)
      let descriptor: FileDescriptor
      do {
        descriptor = try FileDescriptor.open(
          FilePath(path), .writeOnly, options: [.closeOnExec])
      } catch {
        throw JournalError("\(path): \(error)")
      }
      file = Mutex(
        File(
          descriptor: descriptor, number: last.number, size: last.size, sequence: last.sequence,
          durable: last.sequence, chain: contents.chain))
    } else {
      id = UInt64.random(in: 1...UInt64.max)
      let head = SegmentHead(
        journal: id, firstSequence: 1, chainBefore: [UInt8](repeating: 0, count: 32))
      let descriptor: FileDescriptor
      do {
        descriptor = try JournalFiles.create(directory, 1, head)
      } catch {
        throw JournalError("\(JournalFiles.path(directory, 1)): \(error)")
      }
      file = Mutex(
        File(
          descriptor: descriptor, number: 1, size: JournalFrame.headBytes, sequence: 0, durable: 0,
          chain: head.chainBefore))
    }
  }

  deinit {
    // Everything acknowledged is on disk already: an error of close(2) takes nothing back.
    file.withLock { _ = try? $0.descriptor.close() }
    try? lock.close()
  }

  /// Distinguishes this journal from all others; the epoch of its jobs.
  public var identity: UInt64 { id }

  // MARK: Writing

  /// Writes a batch.
  /// - Parameter done: called from the writer's thread with the batch's sequence once it is durable.
  /// - Throws: Only when the record cannot be encoded; writing reports through `done` and
  ///   `trouble`.
  public func append(
    job: [UInt8], side: BatchMetadata, done: @escaping @Sendable (UInt64) -> Void
  ) throws {
    var body = [UInt8](repeating: 0, count: 4)
    body.store(UInt32(job.count), at: 0)
    body += job
    body += try CBOREncoder().encode(side)
    enqueue(Waiting(kind: .batch, body: body, done: done))
  }

  /// Writes that an import begins. Throws only if the record cannot be encoded.
  public func append(_ begin: ImportBegin) throws {
    enqueue(Waiting(kind: .importBegan, body: try CBOREncoder().encode(begin), done: nil))
  }

  /// Writes that an import is complete; `done` is called once that is durable. Throws only if the
  /// record cannot be encoded.
  public func append(_ end: ImportEnd, done: @escaping @Sendable (UInt64) -> Void) throws {
    enqueue(Waiting(kind: .importEnded, body: try CBOREncoder().encode(end), done: done))
  }

  /// Notes that the ledger has a batch. Need not be durable at once: a note that is lost makes the
  /// batch be sent again, and the ledger answers that it has it.
  /// - Throws: ``JournalError`` when the journal is closed or cannot be written.
  public func append(_ committed: CommittedBatches) throws {
    enqueue(Waiting(kind: .committed, body: try CBOREncoder().encode(committed), done: nil))
  }

  /// Writes that batches are never to be booked; `done` is called once that is durable.
  /// - Throws: Only when the record cannot be encoded.
  public func append(
    _ discarded: DiscardedBatches, done: @escaping @Sendable (UInt64) -> Void
  ) throws {
    enqueue(Waiting(kind: .discarded, body: try CBOREncoder().encode(discarded), done: done))
  }

  /// Waits until all that was appended is written.
  public func flush() { writer.sync {} }

  private func enqueue(_ waiting: Waiting) {
    let start = queue.withLock {
      $0.waiting.append(waiting)
      let isFirst = !$0.isDraining
      $0.isDraining = true
      return isFirst
    }
    if start { writer.async { self.drain() } }
  }

  private func drain() {
    while true {
      let batch = queue.withLock { queue in
        let batch = queue.waiting
        queue.waiting = []
        if batch.isEmpty { queue.isDraining = false }
        return batch
      }
      if batch.isEmpty { return }
      write(batch)
    }
  }

  private func write(_ batch: [Waiting]) {
    let first = file.withLock { file in
      let first = file.sequence + 1
      for waiting in batch { writeFrame(waiting, &file) }
      sync(&file, needed: batch.contains { $0.done != nil })
      return first
    }
    for (index, waiting) in batch.enumerated() { waiting.done?(first + UInt64(index)) }
  }

  private func writeFrame(_ waiting: Waiting, _ file: inout File) {
    if file.size + JournalFrame.headBytes + waiting.body.count > Self.segmentBytesMax,
      file.size > JournalFrame.headBytes
    {
      startSegment(&file)
    }
    let (bytes, chain) = JournalFrame.bytes(
      kind: waiting.kind, sequence: file.sequence + 1, durable: file.durable,
      previous: file.chain, body: waiting.body)
    writeAll(bytes, &file)
    file.size += bytes.count
    file.sequence += 1
    file.chain = chain
  }

  /// Writes at the end; waits when the disk is full.
  private func writeAll(_ bytes: [UInt8], _ file: inout File) {
    var isInTrouble = false
    var written = 0
    while written < bytes.count {
      do {
        written += try bytes.withUnsafeBytes { buffer in
          try file.descriptor.write(
            toAbsoluteOffset: Int64(file.size + written),
            UnsafeRawBufferPointer(rebasing: buffer[written...]))
        }
        continue
      } catch {
        guard (error as? Errno)?.isFullDisk == true else { fatal("cannot be written: \(error)") }
      }
      if !isInTrouble { trouble("the disk is full; waiting for space in \(directory)") }
      isInTrouble = true
      // Waiting is all that is left to do: nothing is acknowledged meanwhile, and readers wait.
      sleep(1)
    }
    if isInTrouble { trouble(nil) }
  }

  private func sync(_ file: inout File, needed: Bool) {
    guard needed else { return }
    if settings.isDurable {
      do {
        try file.descriptor.synchronizeData()
      } catch {
        fatal("fdatasync failed: \(error)")
      }
    }
    file.durable = file.sequence
  }

  private func startSegment(_ file: inout File) {
    sync(&file, needed: true)
    let head = SegmentHead(journal: id, firstSequence: file.sequence + 1, chainBefore: file.chain)
    while true {
      do {
        let descriptor = try JournalFiles.create(directory, file.number + 1, head)
        try? file.descriptor.close()
        file.descriptor = descriptor
        file.number += 1
        file.size = JournalFrame.headBytes
        return
      } catch {
        guard (error as? Errno)?.isFullDisk == true else { fatal("\(error)") }
        trouble("the disk is full; waiting for space in \(directory)")
        sleep(1)
      }
    }
  }

  /// What is on disk is not known any more: only a fresh start, which reads it, can tell.
  private func fatal(_ reason: String) -> Never {
    trouble(reason)
    let message = Array("solvent: journal \(directory): \(reason)\n".utf8)
    _ = message.withUnsafeBytes { Glibc.write(2, $0.baseAddress, $0.count) }
    exit(74)  // EX_IOERR of sysexits.h
  }
}
