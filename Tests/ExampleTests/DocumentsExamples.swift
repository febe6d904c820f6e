// SPDX-License-Identifier: Apache-2.0

import Documents
import Economics
import Runway
import Testing

/// The examples in the doc comments of Documents, compiled and run.
@Suite("Documents examples")
struct DocumentsExamples {
  @Test func anOwnPriceTakesPrecedence() throws {
    let text = """
      book: mine
      version: 2026-11-01
      currency: USD
      models:
        - provider: openai
          model: gpt-4
          rates:
            - {from: 2023-03-14, per_million_tokens: {input: 20, output: 40}, source: contract, retrieved: 2023-03-15}
      """
    let mine = try PriceBookFile.read(text, file: "prices.yaml")
    let book = mine.over(try PriceBookFile.shipped())
    let entry = book.entry(provider: "openai", model: "GPT-4")  // mine: the case does not matter
    #expect(entry?.rates.first?.source == "contract")
  }

  @Test func aScenarioIsChanged() throws {
    var file = try ScenarioFile.chatgpt2023()
    try file.set("tranche@3=10e9")
    try file.check()  // throws a ScenarioError that lists all that is missing
    let program = try RunwayProgram(file.scenario)
    #expect(program.steps == 36)
  }
}
