// SPDX-License-Identifier: Apache-2.0

extension BrokerMachine {
  /// What the shell is to do. Order matters.
  public enum Action {
    case send(PeerID, Header, Payload?)
    /// A job for the last service of its route, with what its producer wants checked.
    case sendWithControl(PeerID, Header, Payload, Payload)
    case welcome(PeerID, Welcome)
    case status(PeerID, Header, BrokerStatus)
    /// To all subscribers of the topic; without a payload it only announces the head sequence.
    case publish(topic: String, Header, Payload?)
    /// The peer is refused; the text says why, for people.
    case refuse(PeerID, ErrorCode, String)
    /// For the log and the metrics.
    case note(Note)
  }

  /// Something that people who operate the broker should know.
  public enum Note: Equatable, Sendable {
    case joined(PeerID, name: String, role: PeerRole)
    case lost(PeerID, name: String, requeued: Int, reason: LossReason)
    case left(PeerID, name: String)
    case deadLetter(JobID, service: String, workers: [String])
    case refused(PeerID, ErrorCode, String)
    case quarantined(PeerID, name: String, by: String)
  }

  /// Why the broker considers a peer lost: its connection is gone, it has been silent for longer
  /// than the liveness interval, or it greeted as somebody else.
  public enum LossReason: String, Equatable, Sendable {
    case unreachable, silent, replaced
  }
}
