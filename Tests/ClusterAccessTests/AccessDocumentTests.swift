// SPDX-License-Identifier: Apache-2.0

import Broker
import ClusterAccess
import Foundation
import Testing

/// The tables of `docs/SECURITY.md` and `docs/PROTOCOL.md` beside ``AccessTable/cluster``.
@Suite("Documents of who may do what")
struct AccessDocumentTests {
  private static func file(_ document: String) -> URL {
    URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appending(path: "../../docs/\(document)")
  }

  /// The rows of a table, without its head.
  /// - Parameter head: the beginning of its first line.
  static func rows(_ document: String, _ head: String) throws -> [[String]] {
    let lines = try String(contentsOf: file(document), encoding: .utf8).split(
      separator: "\n", omittingEmptySubsequences: false)
    let start = try #require(lines.firstIndex { $0.hasPrefix(head) })
    return lines[start...].prefix { $0.hasPrefix("|") }.dropFirst(2).map { line in
      line.dropFirst().dropLast().split(separator: "|", omittingEmptySubsequences: false)
        .map { $0.trimmingCharacters(in: .whitespaces) }
    }
  }

  private static func list(_ texts: some Sequence<String>) -> String {
    let texts = texts.sorted().map { "`\($0)`" }
    return texts.isEmpty ? "–" : texts.joined(separator: "; ")
  }

  private static func word(_ isSo: Bool) -> String { isSo ? "yes" : "no" }

  @Test func securityListsEveryRole() throws {
    let expected = AccessTable.cluster.roles.sorted { $0.key.rawValue < $1.key.rawValue }.map {
      number, role in
      [
        role.name, "\(number.rawValue)", Self.word(role.isExclusive), "\(role.peersMax)",
        Self.list(role.offers), Self.list(role.routes.map { $0.joined(separator: ", ") }),
        Self.word(role.hasOwnServices), Self.list(role.topics.map { "\($0)…" }),
        Self.word(role.mayQuarantine),
      ]
    }
    #expect(try Self.rows("SECURITY.md", "| role | n |") == expected)
    #expect(AccessTable.cluster.roles.values.allSatisfy { $0.weight == 1 })
  }

  @Test func securityListsEveryService() throws {
    var expected = AccessTable.cluster.services.sorted { $0.key < $1.key }.map { name, service in
      Self.row("`\(name)`", service)
    }
    expected.append(Self.row("any other (`x-…`)", AccessTable.Service()))
    #expect(try Self.rows("SECURITY.md", "| service | commits |") == expected)
  }

  private static func row(_ name: String, _ service: AccessTable.Service) -> [String] {
    [name, word(service.commits), word(service.isInteractive), "\(service.lossesMax)"]
  }

  /// A row for each route: who offers its services, who may ask, whether it commits or is interactive.
  @Test func theProtocolListsEveryRoute() throws {
    let table = AccessTable.cluster
    var expected = Set<[String]>()
    for route in Set(table.roles.values.flatMap(\.routes)) {
      let offering = route.map { service in
        table.roles.values.filter { $0.offers.contains(service) }.map(\.name).sorted()
          .joined(separator: " or ")
      }.map { $0.isEmpty ? "the broker" : $0 }
      let asking = table.roles.values.filter { $0.routes.contains(route) }.map(\.name).sorted()
      let last = table.services[route.last!] ?? AccessTable.Service()
      expected.insert([
        route.map { "`\($0)`" }.joined(separator: ", "), offering.joined(separator: ", "),
        asking.joined(separator: ", "),
        last.commits ? "commits" : last.isInteractive ? "interactive" : "",
      ])
    }
    expected.insert(["`x-…`", "worker", "client", ""])
    let rows = try Self.rows("PROTOCOL.md", "| service | offered by |")
    #expect(Set(rows.map { [$0[0], $0[1], $0[2], $0[5]] }) == expected)
    #expect(rows.count == expected.count)
    for row in rows where row[5] == "commits" { #expect(row[4].hasPrefix("COMMIT")) }
    for row in rows where row[5] != "commits" { #expect(row[4].hasPrefix("RESULT")) }
  }

  @Test func theProtocolListsEveryCommandAndCode() throws {
    let commands = try Self.rows("PROTOCOL.md", "| n | command |").map { [$0[0], $0[1]] }
    let expected = Command.allCases.sorted { $0.rawValue < $1.rawValue }.map { command in
      // `caughtUp` is CAUGHT UP.
      let words = "\(command)".map { $0.isUppercase ? " \($0)" : $0.uppercased() }.joined()
      return ["\(command.rawValue)", words]
    }
    var seen: [[String]] = []
    for row in commands where seen.last != row { seen.append(row) }
    #expect(seen == expected)
    let failures = try Self.rows("PROTOCOL.md", "| n | failure |")
    #expect(failures.map { $0[1] } == (1...7).map { "\(FailureCode(rawValue: UInt32($0))!)" })
    #expect(FailureCode(rawValue: 8) == nil)
    let errors = try Self.rows("PROTOCOL.md", "| n | error |")
    #expect(errors.map { $0[1] } == (1...6).map { "\(ErrorCode(rawValue: UInt64($0))!)" })
    #expect(ErrorCode(rawValue: 7) == nil)
  }

  /// Each sentence, cut at its letters that stand for something, is in the code that says it.
  @Test func theProtocolQuotesTheBroker() throws {
    let sources = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appending(path: "../../Sources")
    let code = try ["Broker", "Cluster"].flatMap { folder in
      try FileManager.default.contentsOfDirectory(
        at: sources.appending(path: folder), includingPropertiesForKeys: nil)
    }.map { try String(contentsOf: $0, encoding: .utf8) }.joined()
    let texts = try Self.rows("PROTOCOL.md", "| n | error |").flatMap { row in
      row[2].split(separator: ";").map {
        $0.trimmingCharacters(in: CharacterSet(charactersIn: " `"))
      }
    }
    #expect(texts.count > 20)
    for text in texts {
      let pieces = text.split { "…'()".contains($0) }.flatMap { piece in
        piece.split(separator: " ").split { word in
          word.count == 1 && (word.first!.isUppercase || word.first!.isNumber) || word == "S,"
        }.map { $0.joined(separator: " ") }
      }
      for piece in pieces { #expect(code.contains(piece), "\(text): \(piece)") }
    }
  }

  /// Section 9, beside the limits of a broker as it is started.
  @Test func theProtocolsLimitsAreTheBrokers() throws {
    let settings = BrokerMachine<String>.Settings(access: .cluster)
    func grouped(_ number: Int) -> String {
      number < 1_000 ? "\(number)" : "\(number / 1_000),\(String("00\(number % 1_000)".suffix(3)))"
    }
    func mebibytes(_ bytes: Int) -> String { "\(bytes >> 20) MiB" }
    let expected = [
      ("name of a peer, service or release", "1 to \(Hello.nameBytesMax) bytes"),
      (
        "HELLO",
        "64 KiB, \(Hello.servicesMax) services, \(Hello.routesMax) routes of 1 to \(Hello.stagesMax) services"
      ),
      ("connections", grouped(settings.peersMax)),
      ("services known to the broker", grouped(settings.servicesMax)),
      ("jobs of a worker at once", grouped(settings.slotsMax)),
      (
        "a producer's jobs, bytes, unread bytes",
        "\(grouped(settings.jobsMax)), \(mebibytes(settings.bytesMax)), \(mebibytes(settings.bytesMax))"
      ),
      ("what the broker holds in all", mebibytes(settings.memoryMax)),
      (
        "topics; bytes, changes of a topic",
        "\(grouped(settings.topicsMax)); \(mebibytes(settings.topicBytesMax)), \(settings.topicChangesMax)"
      ),
      (
        "subscribers that wait to join; bytes for them in a heartbeat interval",
        "1,024; \(mebibytes(settings.joinBytesMax))"
      ),
      ("lease, if the producer names none", "\(settings.leaseMilliseconds / 1_000) s"),
      (
        "hand-outs at a service; losses",
        "\(settings.attemptsMax); \(AccessTable.Service().lossesMax),"
      ),
    ]
    let rows = try Self.rows("PROTOCOL.md", "| what | most |")
    for (what, most) in expected {
      let row = try #require(rows.first { $0[0] == what }, "\(what)")
      #expect(row[1].hasPrefix(most), "\(what): \(row[1])")
    }
    let text = try String(contentsOf: Self.file("PROTOCOL.md"), encoding: .utf8)
    #expect(text.contains("`heartbeat` ms (\(settings.heartbeatMilliseconds))"))
    #expect(text.contains("ms (\(grouped(settings.livenessMilliseconds)))"))
    #expect(text.hasPrefix("# Wire protocol \(Header.major)\n"))
  }
}
