// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Documents
import Economics
import Fleet
import Foundation
import Host
import Rendering

extension Fleet {
  struct Add: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Adds a model from its config.json, or a catalogue file, to your own catalogue.",
      discussion: """
        Your catalogue is a folder: $SOLVENT_FLEET, otherwise fleet in the data directory. Every fleet \
        command reads its files in order of their names. A catalogue file (docs/FLEET.md) may hold \
        models, GPUs and prices; its entries replace built-in ones of the same name. Adding a file of \
        the same name replaces it; delete the file to remove its entries.
        """)

    @OptionGroup var options: FleetOptions

    @Option(help: "Name of the model. Default: the folder of its config.json.")
    var name: String?

    @Option(help: "Source of its configuration. Default: the file's path.")
    var source: String?

    @Argument(help: "A config.json, or a catalogue (YAML).", completion: .file())
    var file: String

    func run() async throws {
      let text = try FleetOptions.text(file)
      do {
        let isModel = file.hasSuffix(".json")
        let addition = isModel ? try modelEntry(text) : (text: text, name: stem(of: file))
        var alone = FleetCatalogue()
        try CatalogueFile.read(addition.text, file: file, into: &alone)
        let names =
          alone.architectures.entries.map(\.value.name)
          + alone.accelerators.entries.map(\.value.name)
          + alone.prices.map { "\($0.accelerator) \($0.tier.name)" } + alone.sites.map(\.name)
        guard !names.isEmpty else { throw Failure(ExitStatus.badFile, "\(file): has no entries") }
        let folder = FleetOptions.ownCatalogue
        try FileManager.default.createDirectory(
          atPath: folder, withIntermediateDirectories: true)
        let path = "\(folder)/\(addition.name).yaml"
        try Data(addition.text.utf8).write(to: URL(filePath: path), options: .atomic)
        AdditionPrinter(file: path, entries: names).print(on: options.output.page)
      } catch let problem as FileProblem {
        throw Failure(ExitStatus.badFile, problem.description)
      } catch let failure as Failure {
        throw failure
      } catch {
        throw Failure(
          ExitStatus.storage, "\(FleetOptions.ownCatalogue): \(error.localizedDescription)")
      }
    }

    private func stem(of path: String) -> String {
      Self.fileName(URL(filePath: path).deletingPathExtension().lastPathComponent)
    }

    private static func fileName(_ text: String) -> String {
      String(text.map { $0.isLetter || $0.isNumber || "-_.".contains($0) ? $0 : "_" })
    }

    private func modelEntry(_ text: String) throws -> (text: String, name: String) {
      let url = URL(filePath: file).standardizedFileURL
      let called = name ?? url.deletingLastPathComponent().lastPathComponent
      let contents = try HuggingFaceConfig.read(text, file: file, name: called)
      let date = ISO8601DateFormatter.string(
        from: Date(), timeZone: .gmt, formatOptions: .withFullDate)
      return (
        CatalogueFile.text(contents.architecture, source: source ?? file, date: date),
        Self.fileName(called)
      )
    }
  }
}
