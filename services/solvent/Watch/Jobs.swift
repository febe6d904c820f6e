// SPDX-License-Identifier: Apache-2.0

import ArgumentParser

/// Batches that could not be booked.
struct Jobs: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Lists, replays and discards batches that could not be booked.",
    discussion: """
      Whatever could not be priced or booked stays in the journal until somebody decides: \
      correct the cause and replay it, or discard it. A restart of ingest tries all of them again.
      """,
    subcommands: [JobsList.self, JobsShow.self, JobsReplay.self, JobsDiscard.self],
    defaultSubcommand: JobsList.self)
}
