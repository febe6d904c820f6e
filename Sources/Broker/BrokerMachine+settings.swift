// SPDX-License-Identifier: Apache-2.0

extension BrokerMachine {
  /// Limits and intervals. Times in milliseconds.
  public struct Settings: Sendable {
    /// Interval between heartbeats, sent in both directions.
    public var heartbeatMilliseconds = 250
    /// Silence after which a peer is lost; at least twice the heartbeat.
    public var livenessMilliseconds = 2_500
    /// A job's lease when its producer names none.
    public var leaseMilliseconds = 30_000
    /// Hand-outs before a job is a dead letter.
    public var attemptsMax = 5
    /// What one producer may have outstanding.
    public var jobsMax = 1_024
    /// Payload bytes that one producer may have outstanding.
    public var bytesMax = 32 * 1024 * 1024
    /// Producers and workers known at once; further ones are refused.
    public var peersMax = 4_096
    /// Topics kept for late subscribers.
    public var topicsMax = 4_096
    /// Deltas kept behind a topic's last snapshot before a new snapshot is asked for.
    public var topicChangesMax = 256
    /// Payload bytes kept per topic before a new snapshot is asked for.
    public var topicBytesMax = 16 * 1024 * 1024
    #if PLANTED_FAULTS
      /// For the simulator only.
      public var fault: PlantedFault?
    #endif
    public init() {}
  }
}
