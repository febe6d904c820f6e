// SPDX-License-Identifier: Apache-2.0

import Broker
import CBOR
import ClusterAccess
import Economics
import Foundation
import Reporting
import Testing

/// `docs/vectors`: bytes for peers in other languages to compare theirs with. They are what the code says, or the
/// test fails; with `SOLVENT_WRITE_VECTORS=1` it writes them.
///
///     # a remark
///     the message's name
///       a frame in hex
///         that goes on when it is indented by four
@Suite("Vectors")
struct VectorTests {
  struct Message: Equatable {
    var remark = ""
    var name: String
    var frames: [[UInt8]]
  }

  static let folder = PythonPeer.repository.appending(path: "docs/vectors")
  static let isWriting = ProcessInfo.processInfo.environment["SOLVENT_WRITE_VECTORS"] == "1"

  // MARK: Texts

  static func text(_ title: String, _ messages: [Message]) -> String {
    "# \(title)\n"
      + messages.map { message in
        let frames = message.frames.map { frame -> String in
          let digits = Array(CBORTests.hex(frame))
          let lines = stride(from: 0, to: max(1, digits.count), by: 96).map {
            String(digits[$0..<min($0 + 96, digits.count)])
          }
          return "  " + lines.joined(separator: "\n    ") + "\n"
        }
        let remark = message.remark.isEmpty ? "" : "# \(message.remark)\n"
        return "\n\(remark)\(message.name)\n\(frames.joined())"
      }.joined()
  }

  /// Reads it as somebody else would.
  static func messages(_ text: String) throws -> [Message] {
    var messages: [Message] = []
    var remark = ""
    for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
      let hex = line.drop { $0 == " " }
      if hex.isEmpty {
        // A title is about no message.
        remark = ""
        continue
      }
      switch line.count - hex.count {
      case 0 where line.hasPrefix("# "): remark = String(line.dropFirst(2))
      case 0:
        messages.append(Message(remark: remark, name: String(line), frames: []))
        remark = ""
      case 2: messages[messages.count - 1].frames.append(CBORTests.bytes(String(hex)))
      default:
        let last = messages[messages.count - 1].frames.count - 1
        messages[messages.count - 1].frames[last] += CBORTests.bytes(String(hex))
      }
    }
    return messages
  }

  // MARK: What they hold

  static func all() throws -> [(file: String, title: String, messages: [Message])] {
    [
      (
        "payloads.txt", "A message of every kind, by its rule in docs/protocol.cddl.",
        try SampleMessages.all().map { Message(name: $0.rule, frames: [$0.bytes]) }
      ),
      ("headers.txt", "A header of every command, in every direction that it has.", headers()),
      (
        "client.txt", "A client (C) asks a report service (R), by way of the broker (B).",
        try client()
      ),
      (
        "worker.txt", "A worker (W) with a service of its own, and a client (C) that asks it.",
        try worker()
      ),
      (
        "batch.txt",
        "Ingest (I) has a batch priced by a worker (W) and booked by the report service (R).",
        try batch()
      ),
      ("stream.txt", "The report service (R) publishes, a subscriber (S) joins.", try stream()),
    ]
  }

  private static func headers() -> [Message] {
    let job = JobID(epoch: 0x0123_4567_89AB_CDEF, sequence: 42)
    func message(_ name: String, _ header: Header) -> Message {
      var fields: [String] = []
      if header.flags != 0 { fields.append("flags \(header.flags)") }
      if header.attempt != 0 { fields.append("attempt \(header.attempt)") }
      if header.service != 0 { fields.append("service \(header.service)") }
      if header.job.epoch != 0 { fields.append("epoch 0x\(String(header.job.epoch, radix: 16))") }
      if header.job.sequence != 0 { fields.append("sequence \(header.job.sequence)") }
      if header.workerNumber != 0 {
        fields.append("low \(header.lowArgument), high \(header.workerNumber)")
      } else if header.argument != 0 {
        fields.append("argument \(header.argument)")
      }
      return Message(
        remark: fields.joined(separator: ", "), name: name, frames: [Conversation.bytes(header)])
    }
    return [
      message("HELLO", Header(.hello)),
      message("WELCOME", Header(.welcome)),
      message("READY", Header(.ready, argument: 4)),
      message(
        "JOB from a producer",
        Header(
          .job, flags: Header.redelivered | Header.waits, service: 1, job: job,
          argument: Header.argument(60_000, worker: 17))),
      message(
        "JOB to a worker",
        Header(
          .job, flags: Header.redelivered, attempt: 1, service: 2, job: job,
          argument: Header.argument(30_000, worker: 19))),
      message("RESULT from a worker", Header(.result, attempt: 1, service: 2, job: job)),
      message(
        "RESULT to a producer",
        Header(.result, service: 1, job: job, argument: Header.argument(0, worker: 19))),
      message("COMMIT from a worker", Header(.commit, service: 2, job: job)),
      message(
        "COMMIT to a producer",
        Header(.commit, service: 1, job: job, argument: Header.argument(0, worker: 19))),
      message(
        "FAIL from a worker",
        Header(
          .fail, flags: Header.retryable, service: 2, job: job,
          argument: UInt64(FailureCode.unavailable.rawValue))),
      message(
        "FAIL to a producer",
        Header(
          .fail, service: 1, job: job,
          argument: Header.argument(FailureCode.mismatch.rawValue, worker: 19))),
      message("PROGRESS", Header(.progress, service: 2, job: job, argument: 500)),
      message("CREDIT", Header(.credit, argument: 1)),
      message("CANCEL", Header(.cancel, job: job)),
      message("HEARTBEAT", Header(.heartbeat)),
      message("HEARTBEAT from a producer", Header(.heartbeat, argument: 12)),
      message(
        "HEARTBEAT of a topic",
        Header(.heartbeat, job: JobID(epoch: 3, sequence: 0), argument: 9)),
      message("WHO", Header(.who, argument: 0x1122_3344_5566_7788)),
      message("BYE", Header(.bye)),
      message("SNAPSHOT", Header(.snapshot)),
      message(
        "PUBLISH a change",
        Header(.publish, job: JobID(epoch: 3, sequence: 0), argument: 10)),
      message(
        "PUBLISH a snapshot",
        Header(
          .publish, flags: Header.snapshot, job: JobID(epoch: 3, sequence: 0), argument: 9)),
      message("ERROR", Header(.error, argument: ErrorCode.role.rawValue)),
      message("QUARANTINE", Header(.quarantine, argument: 19)),
      message("CAUGHT UP", Header(.caughtUp)),
    ]
  }

  private static func taken(_ lines: [Conversation.Line]) -> [Message] {
    lines.map { Message(remark: $0.remark, name: $0.way, frames: $0.frames) }
  }

  private static func sample(_ rule: String) throws -> [UInt8] {
    try #require(try SampleMessages.all().first { $0.rule == rule }).bytes
  }

  private static let (c, i) = (PeerID(.client, 1), PeerID(.client, 2))
  private static let (w, r) = (PeerID(.worker, 3), PeerID(.worker, 4))

  private static func report(_ talk: inout Conversation) throws {
    try talk.greet(
      "R", r, role: .report, name: "report",
      services: [
        ServiceName.ledger, ServiceName.books, ServiceName.query, ServiceName.scenario,
        ServiceName.search,
      ], instance: 0x40)
    try talk.say(r, Header(.ready, argument: 64))
  }

  private static func client() throws -> [Message] {
    var talk = Conversation()
    talk.note("Before it has greeted nobody knows it.")
    talk.introduce("C", c)
    try talk.say(c, Header(.heartbeat))
    talk.note("It opens one route, which is its route 0.")
    try talk.greet(
      "C", c, role: .client, name: "example", routes: [[ServiceName.query]], instance: 0x10)
    let question = try CBOREncoder().encode(ReportRequest.cost(CostQuery(by: ["model"])))
    let job = Header(.job, job: JobID(epoch: 0x0123_4567_89AB_CDEF, sequence: 1))
    talk.note("Costs by model. Nobody offers `query` yet: failure 4, retryable.")
    try talk.say(c, job, question)
    talk.note("The report service comes, and takes 64 jobs at once.")
    try report(&talk)
    talk.note("Again; the worker sees another epoch, and a lease of 30 s.")
    try talk.say(c, job, question)
    let given = try #require(talk.given.last)
    talk.note("`query` is service 2 of the report service, route 0 of the client.")
    try talk.say(
      r, Header(.result, attempt: given.attempt, service: given.service, job: given.job),
      sample("cost-answer"))
    talk.note("FAIL and RESULT were 2 messages since WELCOME.")
    try talk.say(c, Header(.heartbeat, argument: 2))
    try talk.say(c, Header(.bye))
    return taken(talk.lines)
  }

  private static func worker() throws -> [Message] {
    var talk = Conversation()
    talk.note("Its service is its service 0.")
    try talk.greet(
      "W", w, role: .worker, name: "wordcount", services: ["x-wordcount"], instance: 0x20)
    try talk.say(w, Header(.ready, argument: 4))
    try talk.greet(
      "C", c, role: .client, name: "example", routes: [["x-wordcount"]], instance: 0x10)
    let encoder = CBOREncoder()
    talk.note("The text \"to be or not to be\".")
    try talk.say(
      c, Header(.job, job: JobID(epoch: 7, sequence: 1)), encoder.encode("to be or not to be"))
    var given = try #require(talk.given.last)
    talk.note("It is alive, half done.")
    try talk.say(w, Header(.progress, job: given.job, argument: 500))
    talk.note("Words and how often each occurs.")
    try talk.say(
      w, Header(.result, attempt: given.attempt, service: given.service, job: given.job),
      encoder.encode(["be": 2, "not": 1, "or": 1, "to": 2]))
    talk.note("A job that is cancelled is answered all the same.")
    try talk.say(c, Header(.job, job: JobID(epoch: 7, sequence: 2)), encoder.encode("never mind"))
    given = try #require(talk.given.last)
    try talk.say(c, Header(.cancel, job: JobID(epoch: 7, sequence: 2)))
    try talk.say(
      w,
      Header(
        .fail, service: given.service, job: given.job,
        argument: UInt64(FailureCode.unavailable.rawValue)))
    talk.note("It says what is not a worker's to say.")
    try talk.say(w, Header(.job), encoder.encode("a"))
    talk.note("It leaves; nothing runs, so it is answered at once.")
    try talk.say(w, Header(.bye))
    return taken(talk.lines)
  }

  private static func batch() throws -> [Message] {
    var talk = Conversation()
    try talk.greet(
      "I", i, role: .ingest, name: "ingest",
      routes: [[ServiceName.price, ServiceName.ledger], [ServiceName.price]], instance: 0x30)
    try talk.greet(
      "W", w, role: .worker, name: "worker-1",
      services: [ServiceName.price, ServiceName.simulate, ServiceName.fleet], instance: 0x20)
    try talk.say(w, Header(.ready, argument: 4))
    try report(&talk)
    talk.note(
      "A batch with its control, which the worker does not see. It waits for a worker if there is none."
    )
    try talk.say(
      i, Header(.job, flags: Header.waits, job: JobID(epoch: 99, sequence: 2)),
      sample("pricing-job"), control: sample("batch-control"))
    var given = try #require(talk.given.last)
    talk.note(
      "The outcome goes on to the ledger, with the control and the worker's number in the high half."
    )
    try talk.say(
      w, Header(.result, service: given.service, job: given.job), sample("pricing-outcome"))
    given = try #require(talk.given.last)
    talk.note("It is durable.")
    try talk.say(
      r, Header(.commit, service: given.service, job: given.job), sample("commit-receipt"))
    talk.note("Had the ledger said FAIL 7, and ingest found the worker wrong:")
    try talk.say(i, Header(.quarantine, argument: UInt64(w.number)))
    return taken(talk.lines)
  }

  private static func stream() throws -> [Message] {
    var talk = Conversation()
    try report(&talk)
    let topic = "cost/day/model"
    let update = try sample("cost-update")
    let id = JobID(epoch: 3, sequence: 0)
    talk.note("A snapshot of the topic, and a change. Whoever had subscribed to `cost/` gets both.")
    try talk.publish(
      r, Header(.publish, flags: Header.snapshot, job: id, argument: 9), topic, update)
    try talk.publish(r, Header(.publish, job: id, argument: 10), topic, update)
    talk.note("The topic alone, with the zero behind it.")
    try talk.subscribe("\(topic)\0")
    talk.note("Then the same under a token: snapshot, change and mark come under it.")
    try talk.subscribe("@0123456789abcdef/\(topic)\0")
    talk.note("News.")
    try talk.publish(r, Header(.publish, job: id, argument: 11), topic, update)
    talk.note("The broker beats, and once a second tells how far each topic is.")
    try talk.tick()
    return taken(talk.lines)
  }

  // MARK: Tests

  @Test func theFilesHoldWhatTheCodeSays() throws {
    for (file, title, messages) in try Self.all() {
      let text = Self.text(title, messages)
      let place = Self.folder.appending(path: file)
      if Self.isWriting {
        try FileManager.default.createDirectory(
          at: Self.folder, withIntermediateDirectories: true)
        try Data(text.utf8).write(to: place)
      }
      #expect(try String(contentsOf: place, encoding: .utf8) == text, "\(file)")
      #expect(try Self.messages(text) == messages, "\(file)")
    }
  }

  /// Decoded and encoded, each is itself.
  @Test func everyVectorIsAMessage() throws {
    var long = 0
    for file in try FileManager.default.contentsOfDirectory(atPath: Self.folder.path)
    where file.hasSuffix(".txt") {
      let text = try String(contentsOf: Self.folder.appending(path: file), encoding: .utf8)
      for message in try Self.messages(text) {
        long += message.frames.count { $0.count >= 32 } > 0 ? 1 : 0
        if file == "payloads.txt" {
          #expect(try DamageTests.decode(message.name, message.frames[0]), "\(message.name)")
        } else if !message.name.contains("subscribes") {
          try check(message)
        }
      }
    }
    #expect(long >= 30)
  }

  private func check(_ message: Message) throws {
    var frames = message.frames
    if message.name == "B > S" { #expect(frames.removeFirst().last == 0) }
    let header = try frames.removeFirst().withUnsafeBytes { (bytes) throws(Header.Problem) in
      try Header(bytes)
    }
    #expect(Conversation.bytes(header) == message.frames[message.name == "B > S" ? 1 : 0])
    if header.command == .publish && message.name == "R > B" { frames.removeFirst() }
    for payload in frames where ![.fail, .error].contains(header.command) {
      try CBORDecoder().validate(payload)
    }
    switch (header.command, frames.first) {
    case (.hello, let payload?): #expect(try DamageTests.decode("hello", payload))
    case (.welcome, let payload?): #expect(try DamageTests.decode("welcome", payload))
    case (.publish, let payload?): #expect(try DamageTests.decode("cost-update", payload))
    default: break
    }
  }
}
