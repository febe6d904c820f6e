// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Economics
import Fleet
import Foundation
import Host

/// One deployment.
struct DeploymentOptions: ParsableArguments {
  @OptionGroup var which: ModelOptions
  @OptionGroup var shapes: ShapeOptions

  @Option(help: "GPU, as listed by `solvent fleet gpus`.")
  var gpu: String

  @Option(help: "Total GPUs. Default: as few as hold the model.")
  var gpus: Int?

  @Option(help: "GPUs in a replica that share each layer. Default: all, at most 8.")
  var tp: Int?

  @Flag(help: "Spread experts over the GPUs and split attention by request (EP with attention DP).")
  var spreadExperts = false

  @Option(
    help:
      "bf16, fp8, fp4, w4a16, or bits of weights/activations/cache such as 8/8/16. Default: the model's own."
  )
  var precision: String?

  @Option(help: "vllm, sglang, trtllm, or a measured version such as trtllm-0.14.")
  var engine = "vllm"

  @Option(
    help: ArgumentHelp(
      "Output tokens per second that you measured, at this shape or another: 5200, 5200@2048,128.",
      valueName: "tok/s"))
  var observed: String?

  func validate() throws {
    guard (gpus ?? 1) >= 1, (gpus ?? 1) <= 100_000, (tp ?? 1) >= 1 else {
      throw ValidationError("--gpus and --tp must be at least 1")
    }
    if let observed { _ = try observation(observed) }
  }

  private func observation(_ text: String) throws -> (rate: Double, shape: RequestShape?) {
    let parts = text.split(separator: "@", omittingEmptySubsequences: false)
    guard let rate = Double(parts[0]), (1e-3...1e12).contains(rate), parts.count <= 2 else {
      throw ValidationError("--observed must be tokens per second: 5200, or 5200@INPUT,OUTPUT")
    }
    guard parts.count == 2 else { return (rate, nil) }
    let sizes = parts[1].split(separator: ",").map { Double($0) }
    guard sizes.count == 2, let input = sizes[0], let output = sizes[1],
      (0...1e8).contains(input), (1...1e8).contains(output)
    else { throw ValidationError("--observed must be 5200@INPUT,OUTPUT, with both in tokens") }
    return (rate, RequestShape(input: input, output: output))
  }

  static func stack(_ name: String, _ model: PerformanceModel) throws -> ServingStack {
    switch name.lowercased() {
    case "vllm": return .vllm
    case "sglang": return .sglang
    case "trtllm", "tensorrt-llm": return .trtllm
    default: break
    }
    if let record = model.errors.records.last(where: { $0.stack == name }),
      let stack = ServingStack(name: name, month: record.month)
    {
      return stack
    }
    let known = ["vllm", "sglang", "trtllm"] + Set(model.errors.records.map(\.stack)).sorted()
    throw Failure(
      EX_USAGE,
      "'\(name)' is not a known engine\(Spelling.hint(for: name, among: known)); choose one of "
        + known.joined(separator: ", "))
  }

  private static func precision(_ text: String) throws -> Precision {
    guard let precision = Precision(name: text) else {
      throw Failure(
        EX_USAGE,
        "'\(text)' is not a valid precision; write bf16, fp8, fp4, w4a16, or bits (4, 8 or "
          + "16) as in 8/8/16"
      )
    }
    return precision
  }

  /// The deployment, and the model with what was observed.
  func resolve(
    _ catalogue: FleetCatalogue, _ model: PerformanceModel, _ load: ServingLoad
  ) throws -> (Deployment, PerformanceModel) {
    let architecture = try which.architecture(catalogue, isPrecisionNamed: precision != nil)
    let accelerator = try catalogue.accelerators.entry(gpu, "GPU").value
    if precision == nil, let note = architecture.precisionNote(on: accelerator) {
      Terminal.note(note)
    }
    var deployment = Deployment(
      architecture, on: accelerator, stack: try Self.stack(engine, model),
      precision: try precision.map(Self.precision), gpus: gpus ?? 1,
      tensorParallel: tp ?? Self.widest(gpus ?? 1, architecture), spreadsExperts: spreadExperts)
    if gpus == nil {
      deployment.gpus = try fewest(deployment, model)
      deployment.tensorParallel = deployment.gpus
    }
    if spreadExperts { deployment.tensorParallel = deployment.gpus }
    guard let observed else { return (deployment, model) }
    let (rate, shape) = try observation(observed)
    do throws(FleetError) {
      return (
        deployment,
        try model.pinned(
          deployment, shape ?? shapes.shape, load, measured: rate, isSameCase: shape == nil)
      )
    } catch {
      throw Failure(EX_USAGE, error.description)
    }
  }

  /// The most GPUs, at most 8, into which both all of them and the heads can be cut.
  private static func widest(_ gpus: Int, _ architecture: Architecture) -> Int {
    (1...8).last { gpus % $0 == 0 && architecture.heads % $0 == 0 } ?? 1
  }

  /// The least number of GPUs that hold the model and a request.
  private func fewest(_ deployment: Deployment, _ model: PerformanceModel) throws -> Int {
    if let tp { return tp }
    var last: FleetError?
    for count in [1, 2, 4, 8] {
      var trial = deployment
      trial.gpus = count
      trial.tensorParallel = count
      do throws(FleetError) {
        _ = try model.performance(of: trial, shapes.shape, .offline(requests: nil))
        return count
      } catch {
        last = error
      }
    }
    throw Failure(EX_USAGE, last?.description ?? "the model does not fit on any number of GPUs")
  }
}
