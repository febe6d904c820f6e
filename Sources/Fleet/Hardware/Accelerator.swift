// SPDX-License-Identifier: Apache-2.0

/// A GPU, or another processor that serves models, by the figures of its data sheet.
public struct Accelerator: Codable, Hashable, Sendable {
  /// Chips of one design, which share what the data sheet does not say.
  public enum Generation: Int, Codable, CaseIterable, Sendable {
    case volta = 1
    case turing, ampere, ada, hopper, blackwell, cdna3, cdna4, other

    /// The name in catalogues.
    public var name: String { "\(self)" }
    /// The generation with this ``name``; `nil` for any other text.
    public init?(name: String) {
      guard let found = Self.allCases.first(where: { $0.name == name }) else { return nil }
      self = found
    }
  }

  /// The name in catalogues and commands.
  public var name: String
  /// The maker, for people.
  public var vendor: String
  /// The design, which selects coefficients.
  public var generation: Generation
  /// Operations per second without sparsity, by the bits of what is multiplied; 0 when there is no such
  /// arithmetic.
  public var flops16: Double
  /// Floating point operations of 8 bits per second.
  public var flops8: Double
  /// Integer operations of 8 bits, for chips without floating point of 8 bits.
  public var integer8: Double
  /// Floating point operations of 4 bits per second.
  public var flops4: Double
  /// Bytes that the driver shows. Data sheets write "80 GB" for 80 x 2^30.
  public var memory: Double
  /// Bytes per second.
  public var bandwidth: Double
  /// Bytes per second to the other GPUs of the node, in one direction; 0 without such a link.
  public var link: Double
  /// GPUs that the link joins.
  public var linkDomain: Int
  /// Bytes per second over PCIe, in one direction.
  public var pcie: Double
  /// Watts of the board.
  public var power: Double
  /// Watts of the board that lets the same chip run at full speed.
  public var fullPower: Double
  /// Watts at the plug of a server under load, divided by its GPUs, before cooling.
  public var serverPower: Double

  public init(
    name: String, vendor: String, generation: Generation, flops16: Double, flops8: Double = 0,
    integer8: Double = 0, flops4: Double = 0, memory: Double, bandwidth: Double, link: Double = 0,
    linkDomain: Int = 1, pcie: Double = 32e9, power: Double, fullPower: Double? = nil,
    serverPower: Double? = nil
  ) {
    self.name = name
    self.vendor = vendor
    self.generation = generation
    self.flops16 = flops16
    self.flops8 = flops8
    self.integer8 = integer8
    self.flops4 = flops4
    self.memory = memory
    self.bandwidth = bandwidth
    self.link = link
    self.linkDomain = linkDomain
    self.pcie = pcie
    self.power = power
    self.fullPower = fullPower ?? power
    self.serverPower = serverPower ?? power * 1.6
  }

  enum CodingKeys: Int, CodingKey {
    case name = 1
    case vendor, generation, flops16, flops8, integer8, flops4, memory, bandwidth, link
    case linkDomain, pcie, power, fullPower, serverPower
  }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    name = try container.decode(String.self, forKey: .name)
    vendor = try container.decode(String.self, forKey: .vendor)
    generation = try container.decode(Generation.self, forKey: .generation)
    flops16 = try container.decode(Double.self, forKey: .flops16)
    flops8 = try container.decode(Double.self, forKey: .flops8)
    integer8 = try container.decode(Double.self, forKey: .integer8)
    flops4 = try container.decode(Double.self, forKey: .flops4)
    memory = try container.decode(Double.self, forKey: .memory)
    bandwidth = try container.decode(Double.self, forKey: .bandwidth)
    link = try container.decode(Double.self, forKey: .link)
    linkDomain = try container.decode(Int.self, forKey: .linkDomain)
    pcie = try container.decode(Double.self, forKey: .pcie)
    power = try container.decode(Double.self, forKey: .power)
    fullPower = try container.decode(Double.self, forKey: .fullPower)
    serverPower = try container.decode(Double.self, forKey: .serverPower)
    if let problem { throw FleetError("\(name): \(problem)") }
  }

  /// Why the numbers make no accelerator; `nil` when they do.
  public var problem: String? {
    let rates = [flops8, integer8, flops4, link]
    guard rates.allSatisfy({ $0 == 0 || (1e6...1e21).contains($0) }) else {
      return "a rate outside 10^6 to 10^21 per second"
    }
    guard (1e9...1e21).contains(flops16), (1e6...1e15).contains(memory),
      (1e6...1e18).contains(bandwidth)
    else { return "16-bit arithmetic, memory or bandwidth outside the usual range" }
    guard [power, fullPower, serverPower].allSatisfy({ (0.1...1e6).contains($0) }) else {
      return "a power outside 0.1 to 1,000,000 W"
    }
    guard power <= fullPower, (1...100_000).contains(linkDomain) else {
      return "a power of \(power) of \(fullPower) W, or \(linkDomain) linked GPUs"
    }
    guard linkDomain == 1 || link > 0 else { return "\(linkDomain) GPUs linked without bandwidth" }
    guard (1e6...1e15).contains(pcie) else { return "a PCIe bandwidth outside the usual range" }
    return nil
  }
}
