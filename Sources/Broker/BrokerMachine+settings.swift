// SPDX-License-Identifier: Apache-2.0

extension BrokerMachine {
  /// Limits and intervals. Times in milliseconds.
  public struct Settings: Sendable {
    /// Who may do what.
    public var access: AccessTable
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
    /// Bytes that one producer may have outstanding, and answers that it may leave unread.
    public var bytesMax = 32 * 1024 * 1024
    /// Bytes that the broker holds altogether: jobs, topics, and answers that are not read yet.
    public var memoryMax = 512 * 1024 * 1024
    /// Producers and workers known at once; further ones are refused. Roles have their own bounds.
    public var peersMax = 4_096
    /// Services known at once: offered, on a route, or in use.
    public var servicesMax = 1_024
    /// Jobs that a worker may be granted at once.
    public var slotsMax = 1_024
    /// Topics kept for late subscribers.
    public var topicsMax = 4_096
    /// Deltas kept behind a topic's last snapshot before a new snapshot is asked for.
    public var topicChangesMax = 256
    /// Bytes kept per topic. Beyond them its deltas are passed on and not kept, until a snapshot comes.
    public var topicBytesMax = 16 * 1024 * 1024
    /// Bytes of topics that are published for subscribers that join, in one heartbeat interval.
    public var joinBytesMax = 32 * 1024 * 1024
    #if PLANTED_FAULTS
      /// For the simulator only.
      public var fault: PlantedFault?
    #endif

    public init(access: AccessTable) { self.access = access }

    /// What an object of the broker costs beside its payload.
    static var overhead: Int { 512 }
  }
}
