// SPDX-License-Identifier: Apache-2.0

import Economics
import Fleet
import Foundation
import Runway
import Usage

@testable import Documents

extension Fuzz {
  private static func document(
    _ name: String, _ samples: [String], _ take: @escaping @Sendable (String) -> Void
  ) -> Target {
    Target(name: name, isCBOR: false) {
      samples.map { Array($0.utf8) }
    } take: { bytes in
      if let text = String(validating: bytes, as: UTF8.self) { take(text) }
    }
  }

  private static let table = fuzzFolder("table") + "/table.csv"

  private static func file(_ text: String) -> String {
    try? Data(text.utf8).write(to: URL(fileURLWithPath: table))
    return table
  }

  /// Files that people write: a mistake is a problem with a line, never a trap.
  static let documents: [Target] = [
    document(
      "mapping",
      [
        """
        mappings:
          - name: gateway
            detect: [t, m]
            delimiter: comma
            time: {column: t, format: epoch_milliseconds}
            dimensions: {model: {column: m}, product: {constant: chat}}
            quantities: {input_tokens: i, output_tokens: {column: o, optional: true}}
            failed: {column: s, is: [error]}
            evidence: reported
        """
      ]
    ) { text in
      for mapping in (try? MappingFile.read(text, file: "mapping.yaml")) ?? [] {
        _ = (mapping.identity, mapping.columns)
      }
    },
    document(
      "price-book",
      [
        """
        book: mine
        version: 2026-01-01
        currency: USD
        models:
          - provider: openai
            model: gpt-4
            aliases: [gpt-4-0613]
            rates:
              - from: 2023-03-14
                until: 2024-01-01T12:15:00Z
                per_million_tokens: {input: 30, output: 60.5}
                source: https://example.org
                retrieved: 2026-01-01
        """
      ]
    ) { text in
      guard let book = try? PriceBookFile.read(text, file: "prices.yaml") else { return }
      let all = TimeBucket(nearest: .min)...TimeBucket(nearest: .max)
      for entry in book.entries {
        for rate in book.card(provider: entry.provider, model: entry.model, in: all).rates {
          _ = try? rate.price.times(1_000_000)
        }
      }
    },
    document(
      "scenario",
      [
        (try? ScenarioFile.chatgpt2023().text) ?? "",
        "scenario: x\nhorizon: 12\nparameters:\n  cash: 1e6 to 2e6\n  price: beta(2, 3)\n",
      ]
    ) { text in
      guard let file = try? ScenarioFile(text, file: "scenario.yaml") else { return }
      let job = SimulationJob(scenarios: [file.scenario], first: 0, count: 8)
      guard let outcome = try? job.run() else { finding("a scenario that was read does not run") }
      _ = RunwaySummary(outcome.counts[0], of: file.scenario).drivers
      // A file that this writes says the same.
      guard let again = try? ScenarioFile(file.text, file: "again.yaml"),
        again.scenario.parameters == file.scenario.parameters
      else { finding("a scenario that was written is another") }
    },
    document(
      "scenario-set", ["cash=2e9", "price*=0.8", "tranche@3=10B", "audience@1=-12%", "seed=7"]
    ) { text in
      guard var file = try? ScenarioFile.chatgpt2023() else { finding("no scenario") }
      guard (try? file.set(text)) != nil, (try? file.check()) != nil else { return }
      guard (try? SimulationJob(scenarios: [file.scenario], first: 0, count: 8).run()) != nil else {
        finding("a scenario that was checked does not run")
      }
    },
    document(
      "books",
      [
        """
        books: mine
        currency: USD
        entries:
          - {date: 2023-01-31, revenue: 12e6, account: api, product: chat}
          - {date: 2023-02-01, funding: 10B, counterparty: Fund, stake: 49%, share: 0.75, cap: 13B}
        audience:
          - {month: 2023-06, visits: 1.5B, product: chat}
        """
      ]
    ) { text in
      if let batch = try? BooksFile.read(text, file: "books.yaml") { books(batch) }
    },
    document(
      "books-csv", ["date,kind,amount,account\n2023-01-31,cost,12.5,staff\n2023-06-01,users,100,\n"]
    ) { text in
      if let batch = try? BooksFile.read(text, file: "books.csv") { books(batch) }
    },
    document(
      "catalogue",
      [
        """
        catalogue: gpus
        version: 1
        sources: {s: {address: a, date: 2026-01}}
        gpus:
          - {name: g, vendor: v, generation: hopper, bf16_tflops: 989 s, memory_gib: 80 s,
             bandwidth_gb_s: 3350 s guess, link_gb_s: 450 s, link_domain: 8 s, power_w: 700 s}
        prices:
          - {gpu: g, tier: spot, usd: 1 to 2, source: s, date: 2026-01}
        """,
        """
        catalogue: models
        version: 1
        models:
          - {name: m, layers: 4, width: 512, heads: 8, cache_heads: 8, head_dimension: 96,
             inner_width: 1024, vocabulary: 1000, context: 4096, source: s, date: 2026-01,
             experts: {count: 8, per_token: 2, width: 128, shared_width: 0, layers: 3}}
        """,
      ]
    ) { text in
      var catalogue = FleetCatalogue()
      guard (try? CatalogueFile.read(text, file: "catalogue.yaml", into: &catalogue)) != nil else {
        return
      }
      estimate(
        catalogue.architectures.entries.map(\.value), catalogue.accelerators.entries.map(\.value))
    },
    document(
      "model-config",
      [
        """
        {"model_type": "llama", "num_hidden_layers": 32, "hidden_size": 4096,
         "num_attention_heads": 32, "num_key_value_heads": 8, "intermediate_size": 14336,
         "vocab_size": 128256, "max_position_embeddings": 131072}
        """
      ]
    ) { text in
      guard
        let contents = try? HuggingFaceConfig.read(text, file: "config.json", name: "m")
      else { return }
      estimate([contents.architecture], [])
    },
    document("coefficients", [shortCoefficients]) { text in
      guard let model = try? CoefficientFile.read(text, file: "performance.yaml") else { return }
      estimate([], [], model)
    },
    document(
      "points",
      [
        """
        id,source,kind,date,model,gpu,stack,weight_bits,act_bits,kv_bits,n_gpus,tp,input_len,output_len,output_tokens_per_s,concurrency_or_batch
        1,s,max_load,2025-01,llama3.1-8b,H100-SXM,vllm,16,16,16,1,1,128,128,20000,
        """
      ]
    ) { text in
      guard let catalogue, let points = try? PointsFile.read(file(text), catalogue) else { return }
      guard let model else { finding("no coefficients") }
      for point in points.points { _ = point.throughputError(max(1e-9, model.predict(point))) }
    },
    document(
      "demand",
      ["window_start_s,requests_per_s,client,input_tokens,output_tokens\n0,1,a,10,5\n60,2.5,a,,\n"]
    ) { text in
      let shape = RequestShape(input: 1_000, output: 500)
      guard let contents = try? DemandFile.read(file(text), shape: shape) else { return }
      size(contents.demand)
    },
    document(
      "engine-counters",
      ["vllm:prompt_tokens_total{m=\"x\"} 100\nvllm:generation_tokens_total{m=\"x\"} 1e3\n"]
    ) { text in
      guard let counters = try? EngineCounters(text, file: "metrics") else { return }
      let grown = counters.since(counters)
      _ = try? MeasuredFleet(
        inputTokens: counters.promptTokens, outputTokens: counters.outputTokens, hours: 1,
        gpuHours: 2, dollarsPerGPUHour: 3, capacity: 100, prefillShare: 0.3)
      _ = grown.requests
    },
  ]

  private static let catalogue = try? CatalogueFile.shipped()
  private static let model = try? CoefficientFile.shipped()

  /// The shipped file without its records, which are most of it.
  private static var shortCoefficients: String {
    let text = String(decoding: PackageResources.performance_yaml, as: UTF8.self)
    let lines = text.split(separator: "\n")
    let records = lines.firstIndex { $0.hasPrefix("records:") } ?? lines.count - 2
    return lines[...min(records + 1, lines.count - 1)].joined(separator: "\n") + "\n"
  }

  /// Estimates each of some models on each of some GPUs; the shipped ones where there are none.
  private static func estimate(
    _ architectures: [Architecture], _ accelerators: [Accelerator], _ other: PerformanceModel? = nil
  ) {
    guard let catalogue, let known = other ?? model else { finding("no catalogue") }
    let shipped = (
      catalogue.architectures.entries.prefix(3).map(\.value),
      catalogue.accelerators.entries.prefix(3).map(\.value)
    )
    for architecture in architectures.isEmpty ? shipped.0 : Array(architectures.prefix(3)) {
      for accelerator in accelerators.isEmpty ? shipped.1 : Array(accelerators.prefix(3)) {
        for load in [
          ServingLoad.offline(requests: nil), .offline(requests: 10), .batch(7),
          .closed(concurrency: 3), .limited(timePerToken: 0.05),
        ] {
          let deployment = Deployment(architecture, on: accelerator)
          _ = try? known.performance(of: deployment, RequestShape(input: 100, output: 20), load)
        }
      }
    }
  }

  /// Sizes a fleet for a demand.
  private static func size(_ demand: DemandCurve) {
    guard let catalogue, let model,
      let architecture = catalogue.architectures["llama3.1-8b"]?.value,
      let accelerator = catalogue.accelerators["H100-SXM"]?.value
    else { finding("no catalogue") }
    let deployment = Deployment(architecture, on: accelerator)
    guard
      let performance = try? model.performance(
        of: deployment, demand.shape, .offline(requests: nil))
    else { return }
    for isAutoscaled in [true, false] {
      let plan = FleetPlan(
        demand, performance, rate: performance.outputRate, gpusPerReplica: 1,
        .init(isAutoscaled: isAutoscaled))
      _ = (plan.gpuHours, plan.busyGPUHours, plan.peak, plan.utilization)
    }
  }
}
