// SPDX-License-Identifier: Apache-2.0

public import Fleet
import Foundation

/// Figures of one thing, each with its source.
public struct FigureList {
  public struct Figure {
    public var name: String
    public var value: String
    /// `nil` where it is worked out from the others.
    public var source: FigureSource?

    public init(name: String, value: String, source: FigureSource? = nil) {
      self.name = name
      self.value = value
      self.source = source
    }
  }

  private let title: String
  private let key: String
  private let figures: [Figure]

  /// - Parameters:
  ///   - title: the name of the thing.
  ///   - key: what kind of thing it is, `model` or `gpu`.
  public init(title: String, key: String, figures: [Figure]) {
    self.title = title
    self.key = key
    self.figures = figures
  }

  /// `solvent.fleet.model/v1`, `solvent.fleet.gpu/v1`
  private struct ListJSON: Encodable {
    struct Figure: Encodable {
      var name: String
      var value: String
      var source: String?
      var date: String?
      var guess: Bool
    }

    var model: String?
    var gpu: String?
    var figures: [Figure]
  }

  private var json: ListJSON {
    ListJSON(
      model: key == "model" ? title : nil, gpu: key == "gpu" ? title : nil,
      figures: figures.map {
        .init(
          name: $0.name, value: $0.value, source: $0.source?.address, date: $0.source?.date,
          guess: $0.source?.isGuess ?? false)
      })
  }

  public func print(on page: Page) {
    switch page.format {
    case .json:
      page.json("solvent.fleet.\(key)/v1", json)
    case .csv:
      page.line("figure,value,source,date,guess")
      for figure in figures {
        page.line(
          CSVText.line([
            figure.name, figure.value, figure.source?.address ?? "", figure.source?.date ?? "",
            "\(figure.source?.isGuess ?? false)",
          ]))
      }
    case .table, .md:
      var table = Table(columns: [
        .init(title: title), .init(title: "", isNumber: true), .init(title: "EVIDENCE"),
        .init(title: "DATE"), .init(title: "SOURCE", rank: 1),
      ])
      for figure in figures {
        table.rows.append([
          figure.name, figure.value,
          figure.source.map { $0.isGuess ? "guess" : "reported" } ?? "calculated",
          figure.source?.date ?? "", figure.source?.address ?? "",
        ])
      }
      table.print(on: page)
    }
  }
}
