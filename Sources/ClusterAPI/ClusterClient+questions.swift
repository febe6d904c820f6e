// SPDX-License-Identifier: Apache-2.0

public import Cluster
import ClusterAccess
import FileHandover
public import Reporting
public import SystemPackage
public import Usage
public import ZeroMQ

extension ClusterClient {
  /// Has the ingest service read an open file, which is offered to it meanwhile.
  /// - Parameters:
  ///   - file: a regular file; it stays the caller's to close.
  ///   - label: what to call it in answers.
  ///   - progress: permille and rows so far.
  /// - Throws: `ClientError`; a file that cannot be read is `refused` with the reason. `FileHandoverError` when
  ///   it cannot be offered.
  public func importFile(
    _ file: FileDescriptor, label: String, options: ReadingOptions,
    progress: (@Sendable (Int, Int) -> Void)? = nil
  ) async throws -> ImportReport {
    let offer = try FileOffer(file)
    defer { offer.close() }
    let request = ImportRequest(file: offer.name, label: label, options: options)
    let question = try SharedMessage(encoding: request)
    let answer = try await ask(ServiceName.ingest, question, timeout: .seconds(120)) {
      permille, payload in
      progress?(permille, payload.flatMap { try? $0.decode(Int.self) } ?? 0)
    }
    return try answer.decode(ImportReport.self)
  }
}

extension CostQuery {
  /// The question to the report service.
  /// - Throws: `EncodingError`, or `ZeroMQError` when there is no memory.
  public func message() throws -> SharedMessage {
    try SharedMessage(encoding: ReportRequest.cost(self))
  }
}

extension SharedMessage {
  /// The answer to a question about costs.
  /// - Throws: `CBORError` for bytes that are no such answer.
  public func costAnswer() throws -> CostAnswer { try decode(CostAnswer.self) }
}
