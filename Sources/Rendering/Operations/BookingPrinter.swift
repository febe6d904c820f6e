// SPDX-License-Identifier: Apache-2.0

/// What the ledger made of files of entries.
public struct BookingPrinter {
  /// A file: entries and figures in it, and which of them were new.
  public struct File: Encodable, Sendable {
    public var file: String
    public var entries: Int
    public var new: Int
    /// Booked before.
    public var alreadyBooked: Int

    public init(file: String, entries: Int, new: Int, alreadyBooked: Int) {
      self.file = file
      self.entries = entries
      self.new = new
      self.alreadyBooked = alreadyBooked
    }
  }

  private let files: [File]

  public init(_ files: [File]) { self.files = files }

  /// `solvent.book/v1`
  private struct BookJSON: Encodable {
    var files: [File]
  }

  public func print(on page: Page) {
    switch page.format {
    case .json: page.json("solvent.book/v1", BookJSON(files: files))
    case .csv:
      page.csv(["file", "entries", "new", "already_booked"])
      for file in files {
        page.csv([file.file, "\(file.entries)", "\(file.new)", "\(file.alreadyBooked)"])
      }
    case .table, .md:
      var table = Table(columns: [
        .init(title: "FILE"), .init(title: "ENTRIES", isNumber: true),
        .init(title: "NEW", isNumber: true), .init(title: "ALREADY BOOKED", isNumber: true),
      ])
      table.rows = files.map {
        [
          $0.file, Text.grouped($0.entries), Text.grouped($0.new), Text.grouped($0.alreadyBooked),
        ]
      }
      table.print(on: page)
    }
  }
}
