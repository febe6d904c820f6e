// SPDX-License-Identifier: Apache-2.0

public import ClusterAPI

/// What imports came to.
public struct ImportPrinter {
  /// A file with its report, or with why there is none.
  public struct Outcome: Sendable {
    public var file: String
    public var report: ImportReport?
    public var problem: String?

    public init(file: String, report: ImportReport? = nil, problem: String? = nil) {
      self.file = file
      self.report = report
      self.problem = problem
    }
  }

  private let outcomes: [Outcome]
  private let tenths: Int

  /// - Parameter duration: of all imports together.
  public init(_ outcomes: [Outcome], duration: Duration) {
    self.outcomes = outcomes
    tenths = Int(duration / .milliseconds(100))
  }

  private var reports: [ImportReport] { outcomes.compactMap(\.report) }

  public func print(on page: Page) {
    switch page.format {
    case .json: page.json("solvent.ingest/v1", IngestJSON(files: outcomes.map(FileJSON.init)))
    case .csv:
      page.csv([
        "file", "source", "mapping", "read", "accepted", "quarantined", "duplicate", "new",
      ])
      for report in reports {
        page.csv([
          report.label, report.source, report.mapping, "\(report.rowsRead)",
          "\(report.rowsAccepted)", "\(report.rowsQuarantined)", "\(report.rowsDuplicate)",
          "\(report.rowsNew)",
        ])
      }
    case .table, .md: printTable(on: page)
    }
  }

  private func printTable(on page: Page) {
    guard !reports.isEmpty else { return }
    var table = Table(columns: [
      .init(title: "FILE"), .init(title: "SOURCE", rank: 1),
      .init(title: "READ", isNumber: true), .init(title: "ACCEPTED", isNumber: true),
      .init(title: "QUARANTINED", isNumber: true), .init(title: "DUPLICATE", isNumber: true),
      .init(title: "NEW", isNumber: true),
    ])
    for report in reports {
      table.rows.append([
        report.label, report.source, Text.grouped(report.rowsRead),
        Text.grouped(report.rowsAccepted), Text.grouped(report.rowsQuarantined),
        Text.grouped(report.rowsDuplicate), Text.grouped(report.rowsNew),
      ])
    }
    table.print(on: page)
    for report in reports {
      if report.wasComplete {
        page.line("\(report.label) was imported before; nothing was added")
      }
      if let file = report.quarantineFile {
        page.line("quarantined rows, with reasons: \(file)")
      }
    }
    page.line(
      page.dim(
        "\(reports.count) file\(reports.count == 1 ? "" : "s"), \(tenths / 10).\(tenths % 10) s"))
  }

  /// `solvent.ingest/v1`
  private struct IngestJSON: Encodable {
    var files: [FileJSON]
  }

  private struct FileJSON: Encodable {
    var file: String
    var error: String?
    var source: String?
    var mapping: String?
    var read: Int?
    var accepted: Int?
    var quarantined: Int?
    var duplicate: Int?
    var new: Int?
    var alreadyImported: Bool?
    var quarantineFile: String?
    var refusals: [String]?

    init(_ outcome: Outcome) {
      file = outcome.file
      guard let report = outcome.report else {
        error = outcome.problem ?? ""
        return
      }
      source = report.source
      mapping = report.mapping
      read = report.rowsRead
      accepted = report.rowsAccepted
      quarantined = report.rowsQuarantined
      duplicate = report.rowsDuplicate
      new = report.rowsNew
      alreadyImported = report.wasComplete
      quarantineFile = report.quarantineFile
      refusals = report.refusals
    }
  }
}
