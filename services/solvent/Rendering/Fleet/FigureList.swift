// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Fleet
import Foundation

/// Figures of one thing, each with its source.
struct FigureList {
  struct Figure {
    var name: String
    var value: String
    var source: FigureSource?
  }

  let title: String
  let key: String
  let figures: [Figure]

  func print(_ format: OutputOptions.Format) {
    switch format {
    case .json:
      Terminal.print(
        JSONText.object([
          ("schema", .string("solvent.fleet.\(key)/v1")), (key, .string(title)),
          (
            "figures",
            .array(
              figures.map { figure in
                .object([
                  ("name", .string(figure.name)), ("value", .string(figure.value)),
                  ("source", figure.source.map { .string($0.address) } ?? .null),
                  ("date", figure.source.map { .string($0.date) } ?? .null),
                  ("guess", .bool(figure.source?.isGuess ?? false)),
                ])
              })
          ),
        ]).text)
    case .csv:
      Terminal.print("figure,value,source,date,guess")
      for figure in figures {
        Terminal.print(
          CSVText.line([
            figure.name, figure.value, figure.source?.address ?? "", figure.source?.date ?? "",
            "\(figure.source?.isGuess ?? false)",
          ]))
      }
    case .table, .md:
      var table = Table(columns: [
        .init(title: title), .init(title: "", isNumber: true), .init(title: "KNOWN"),
        .init(title: "DATE"), .init(title: "SOURCE", rank: 1),
      ])
      for figure in figures {
        table.rows.append([
          figure.name, figure.value,
          figure.source.map { $0.isGuess ? "guess" : "reported" } ?? "worked out",
          figure.source?.date ?? "", figure.source?.address ?? "",
        ])
      }
      table.print(as: format)
    }
  }
}
