// SPDX-License-Identifier: Apache-2.0

extension Int {
  /// A number of replicas that equations came to, rounded up: from 0 to 10^15, whatever they came to.
  init(needed value: Double) { self = Int(Swift.min(1e15, Swift.max(0, value)).rounded(.up)) }
}
