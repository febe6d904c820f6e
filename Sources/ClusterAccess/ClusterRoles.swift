// SPDX-License-Identifier: Apache-2.0

public import Broker

extension PeerRole {
  /// Owns the journal: reads files, and alone may have batches priced and booked.
  public static let ingest = PeerRole(rawValue: 3)
  /// Owns the ledger: books, answers questions, publishes.
  public static let report = PeerRole(rawValue: 4)
}

extension AccessTable {
  /// The roles and services of a Solvent cluster. `docs/SECURITY.md` shows the table.
  public static let cluster = AccessTable(
    roles: [
      .client: Role(
        name: "client", peersMax: 3_000,
        routes: [
          [ServiceName.broker], [ServiceName.ingest], [ServiceName.jobs], [ServiceName.query],
          [ServiceName.books], [ServiceName.scenario], [ServiceName.search],
          [ServiceName.simulate], [ServiceName.fleet],
        ], hasOwnServices: true),
      .worker: Role(
        name: "worker", peersMax: 1_000,
        offers: [ServiceName.price, ServiceName.simulate, ServiceName.fleet], hasOwnServices: true),
      .ingest: Role(
        name: "ingest", isExclusive: true, peersMax: 8,
        offers: [ServiceName.ingest, ServiceName.jobs],
        routes: [[ServiceName.price, ServiceName.ledger], [ServiceName.price]],
        mayQuarantine: true),
      .report: Role(
        name: "report", isExclusive: true, peersMax: 64,
        offers: [
          ServiceName.ledger, ServiceName.books, ServiceName.query, ServiceName.scenario,
          ServiceName.search,
        ], routes: [[ServiceName.broker], [ServiceName.simulate], [ServiceName.fleet]],
        topics: ["cost/"]),
    ],
    services: [
      ServiceName.price: Service(),
      ServiceName.simulate: Service(isInteractive: true),
      ServiceName.fleet: Service(isInteractive: true),
      // Killing the ledger or an import a few times must not cost what waits for them.
      ServiceName.ledger: Service(commits: true, lossesMax: 5),
      ServiceName.books: Service(commits: true, lossesMax: 5),
      ServiceName.query: Service(isInteractive: true),
      ServiceName.scenario: Service(isInteractive: true),
      ServiceName.search: Service(isInteractive: true),
      ServiceName.ingest: Service(lossesMax: 5),
      ServiceName.jobs: Service(isInteractive: true),
    ])
}
