// SPDX-License-Identifier: Apache-2.0

import Runway

/// Simulates runway-60 in one thread and nothing else: what callgrind counts instructions of.
let words = CommandLine.arguments
let paths = words.count > 1 ? Int(words[1]) ?? 8_192 : 8_192
let program = try RunwayProgram(.runway60)
let counts = RunwayEngine.simulate(program, seed: 1, first: 0, count: paths).counts
print(RunwayEngine.kernel.rawValue, paths, String(counts.cashFingerprint, radix: 16))
