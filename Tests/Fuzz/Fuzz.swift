// SPDX-License-Identifier: Apache-2.0

import Glibc

/// libFuzzer with a target for each message, reader and document. Whatever the bytes are: what is decoded is
/// used as a service uses it, and neither traps nor is given back as another value.
///
///     solvent-fuzz list
///     solvent-fuzz corpus FOLDER              samples for each target, in FOLDER/TARGET
///     solvent-fuzz TARGET [libFuzzer's options and folders]
///
/// Built and run by Tests/Fuzz/run.
@main
enum Fuzz {
  /// A target takes any bytes.
  struct Target: Sendable {
    let name: String
    /// Whether inputs are CBOR, whose numbers are worth changing as numbers.
    let isCBOR: Bool
    /// What mutation begins with.
    let samples: @Sendable () throws -> [[UInt8]]
    let take: @Sendable ([UInt8]) -> Void
  }

  static let targets = messages + records + logs + documents + texts

  nonisolated(unsafe) private(set) static var current: Target?

  static func main() throws {
    let arguments = CommandLine.arguments.dropFirst()
    switch arguments.first {
    case "list": print(targets.map(\.name).joined(separator: "\n"))
    case "corpus": try writeCorpus(to: arguments.last ?? ".")
    case let name?:
      guard let target = targets.first(where: { $0.name == name }) else {
        fatalError("no target \(name)")
      }
      current = target
      run(["solvent-fuzz"] + arguments.dropFirst())
    case nil: fatalError("which target?")
    }
  }

  private static func writeCorpus(to folder: String) throws {
    for target in targets {
      mkdir("\(folder)/\(target.name)", 0o755)
      for (index, bytes) in try target.samples().enumerated() {
        let file = fopen("\(folder)/\(target.name)/sample-\(index + 1)", "w")
        fwrite(bytes, 1, bytes.count, file)
        fclose(file)
      }
    }
  }

  private static func run(_ words: [String]) {
    var count = CInt(words.count)
    // Never freed: libFuzzer keeps them.
    let list = UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>.allocate(
      capacity: words.count + 1)
    for (index, word) in words.enumerated() { list[index] = strdup(word) }
    list[words.count] = nil
    var arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? = list
    exit(
      libFuzzer(&count, &arguments) { start, size in
        Fuzz.current?.take(Array(UnsafeBufferPointer(start: start, count: size)))
        return 0
      })
  }

  /// Ends the run: what was taken is not what is given.
  static func finding(_ what: String) -> Never { fatalError(what) }
}

@_silgen_name("LLVMFuzzerRunDriver")
private func libFuzzer(
  _ count: UnsafeMutablePointer<CInt>,
  _ arguments:
    UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?>,
  _ take: @convention(c) (UnsafePointer<UInt8>?, Int) -> CInt
) -> CInt

@_silgen_name("LLVMFuzzerMutate")
private func mutate(_ data: UnsafeMutablePointer<UInt8>, _ size: Int, _ most: Int) -> Int

/// libFuzzer's own mutation for text; for CBOR half of the time a number is changed as a number.
@_cdecl("LLVMFuzzerCustomMutator")
public func fuzzCustomMutator(
  _ data: UnsafeMutablePointer<UInt8>, _ size: Int, _ most: Int, _ seed: UInt32
) -> Int {
  if Fuzz.current?.isCBOR == true, seed & 1 == 0 {
    let bytes = Array(UnsafeBufferPointer(start: data, count: size))
    if let changed = NumberMutator(seed >> 1).changed(bytes), changed.count <= most {
      for (index, byte) in changed.enumerated() { data[index] = byte }
      return changed.count
    }
  }
  return mutate(data, size, most)
}
