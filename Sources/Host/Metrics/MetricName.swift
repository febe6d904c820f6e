// SPDX-License-Identifier: Apache-2.0

/// Everything that Solvent counts and measures about itself. Raw values are the names that
/// Prometheus sees, with its suffixes: `_total` for counters, `_seconds` and `_bytes` for units.
/// Label values come from code, and of names that others give only the first few are kept: customers and
/// models are in reports, not here.
public enum MetricName: String, CaseIterable, Sendable {
  case brokerQueueDepth = "solvent_broker_queue_depth"
  case brokerQueueAge = "solvent_broker_queue_age_seconds"
  case brokerInFlight = "solvent_broker_jobs_in_flight"
  case brokerHeld = "solvent_broker_held_bytes"
  case brokerWorkers = "solvent_broker_workers"
  case brokerFinished = "solvent_broker_jobs_finished_total"
  case brokerRequeued = "solvent_broker_requeued_total"
  case brokerDeadLetters = "solvent_broker_dead_letters_total"
  case brokerRefusedConnections = "solvent_broker_connections_refused_total"
  case jobTime = "solvent_job_seconds"
  case jobsRejected = "solvent_jobs_rejected_total"
  case ingestEvents = "solvent_ingest_events_total"
  case ingestParked = "solvent_ingest_parked_batches"
  case ingestWrongResults = "solvent_ingest_wrong_results_total"
  case ledgerBatches = "solvent_ledger_batches_total"
  case ledgerCommit = "solvent_ledger_commit_seconds"

  /// One sentence for people.
  public var help: String {
    switch self {
    case .brokerQueueDepth: "Jobs that wait for a worker, per service."
    case .brokerQueueAge: "How long the oldest waiting job has waited, per service."
    case .brokerInFlight: "Jobs that workers hold, per service."
    case .brokerHeld: "Bytes that the broker holds: jobs, topics, answers that are not read."
    case .brokerWorkers: "Workers and services that have joined."
    case .brokerFinished: "Jobs that ended with a result or a commit."
    case .brokerRequeued:
      "Jobs that went back to a queue because their worker was lost, failed or was late."
    case .brokerDeadLetters: "Jobs given up after the last attempt."
    case .brokerRefusedConnections:
      "Connections closed as they came, for want of file descriptors."
    case .jobTime: "Time that a worker took for a job, per service."
    case .jobsRejected: "Jobs that a worker rejected for good, per service."
    case .ingestEvents: "Usage rows that were read: accepted, quarantined or duplicate."
    case .ingestParked: "Batches that could not be booked and wait for a decision: solvent jobs."
    case .ingestWrongResults: "Results of workers that were found to be wrong."
    case .ledgerBatches:
      "Batches that reached the ledger: committed, already there, refused, or with another's outcome."
    case .ledgerCommit: "Time that a transaction of batches took."
    }
  }

  /// The name of the label that tells its series apart; `nil` for a single series.
  public var label: String? {
    switch self {
    case .brokerQueueDepth, .brokerQueueAge, .brokerInFlight, .jobTime, .jobsRejected: "service"
    case .ingestEvents, .ledgerBatches: "result"
    case .brokerHeld, .brokerWorkers, .brokerFinished, .brokerRequeued, .brokerDeadLetters,
      .brokerRefusedConnections, .ingestParked, .ingestWrongResults, .ledgerCommit:
      nil
    }
  }
}
