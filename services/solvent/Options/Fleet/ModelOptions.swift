// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Documents
import Economics
import Fleet
import Foundation
import Host

/// Which model.
struct ModelOptions: ParsableArguments {
  @Option(help: "Model, as listed by `solvent fleet models`.")
  var model: String?

  @Option(help: "The model's Hugging Face config.json, instead of --model.", completion: .file())
  var config: String?

  func validate() throws {
    guard (model == nil) != (config == nil) else {
      throw ValidationError("give either --model or --config")
    }
  }

  /// The architecture.
  /// - Parameter isPrecisionNamed: whether what the configuration says of it does not matter.
  func architecture(
    _ catalogue: FleetCatalogue, isPrecisionNamed: Bool
  ) throws -> Architecture {
    if let config {
      do {
        let url = URL(filePath: config).standardizedFileURL
        let folder = url.deletingLastPathComponent().lastPathComponent
        let name =
          url.lastPathComponent == "config.json"
          ? folder : url.deletingPathExtension().lastPathComponent
        let contents = try HuggingFaceConfig.read(
          FleetOptions.text(config), file: config, name: name.isEmpty ? "model" : name)
        if let problem = contents.precisionProblem, !isPrecisionNamed { throw problem }
        return contents.architecture
      } catch let problem as FileProblem {
        throw Failure(ExitStatus.badFile, problem.description)
      }
    }
    let name = model ?? ""
    return try catalogue.architectures.entry(name, "model").value
  }
}

extension FleetCatalogue.Section {
  /// The entry of that name.
  /// - Parameter kind: what it is called: "model", "GPU".
  func entry(_ name: String, _ kind: String) throws -> FleetCatalogue.Entry<Value> {
    guard let entry = self[name] else {
      throw Failure(
        EX_USAGE,
        "'\(name)' is not a known \(kind)\(Spelling.hint(for: name, among: spellings)). See: "
          + "solvent fleet \(kind == "GPU" ? "gpus" : "models"), and solvent fleet add --help")
    }
    return entry
  }
}
