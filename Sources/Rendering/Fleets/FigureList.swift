// SPDX-License-Identifier: Apache-2.0

import Economics
public import Fleet
import Foundation

/// Figures of one thing, each with its source.
public struct FigureList {
  /// What a figure is.
  public enum Value {
    case number(Double, unit: String)
    case text(String)
    /// US dollars, from the lowest to the highest price.
    case price(low: Double, high: Double)
  }

  public struct Figure {
    /// The key in JSON and CSV.
    public var name: String
    /// For people.
    public var label: String
    public var value: Value
    /// The value for people.
    public var text: String
    /// `nil` where it is worked out from the others.
    public var source: FigureSource?

    public init(
      name: String, label: String? = nil, _ value: Value, _ text: String,
      source: FigureSource? = nil
    ) {
      self.name = name
      self.label = label ?? name
      self.value = value
      self.text = text
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
      var value: JSON.Value?
      var unit: String?
      var low: String?
      var high: String?
      var source: String?
      var date: String?
      var guess: Bool
    }

    var model: String?
    var gpu: String?
    var currency: String
    var figures: [Figure]
  }

  /// An amount of a catalogue, which has a few digits, as exact decimals.
  private static func decimal(_ dollars: Double) -> String {
    (try? Money(decimal: "\(dollars)"))?.decimal ?? "\(dollars)"
  }

  private func json(_ figure: Figure) -> ListJSON.Figure {
    var json = ListJSON.Figure(name: figure.name, guess: figure.source?.isGuess ?? false)
    json.source = figure.source?.address
    json.date = figure.source?.date
    switch figure.value {
    case .number(let number, let unit):
      json.value = .number(number)
      json.unit = unit.isEmpty ? nil : unit
    case .text(let text): json.value = .text(text)
    case .price(let low, let high):
      json.low = Self.decimal(low)
      json.high = Self.decimal(high)
    }
    return json
  }

  public func print(on page: Page) {
    switch page.format {
    case .json:
      page.json(
        "solvent.fleet.\(key)/v1",
        ListJSON(
          model: key == "model" ? title : nil, gpu: key == "gpu" ? title : nil,
          currency: FleetEstimate.currency, figures: figures.map(json)))
    case .csv:
      page.csv(["figure", "value", "unit", "low", "high", "source", "date", "guess"])
      for figure in figures {
        let json = json(figure)
        let value =
          switch figure.value {
          case .number(let number, _): sample(number)
          case .text(let text): text
          case .price: ""
          }
        page.csv([
          json.name, value, json.unit ?? "", json.low ?? "", json.high ?? "", json.source ?? "",
          json.date ?? "", "\(json.guess)",
        ])
      }
    case .table, .md:
      var table = Table(columns: [
        .init(title: title), .init(title: "", isNumber: true), .init(title: "EVIDENCE"),
        .init(title: "DATE"), .init(title: "SOURCE", rank: 1),
      ])
      for figure in figures {
        table.rows.append([
          figure.label, figure.text,
          figure.source.map { $0.isGuess ? "guess" : "reported" } ?? "calculated",
          figure.source?.date ?? "", figure.source?.address ?? "",
        ])
      }
      table.print(on: page)
    }
  }

  /// Whole numbers without a point.
  private func sample(_ number: Double) -> String {
    Int64(exactly: number).map { "\($0)" } ?? "\(number)"
  }
}
