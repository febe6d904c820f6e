// SPDX-License-Identifier: Apache-2.0

import OrderedCollections

/// Where a figure is from.
public struct FigureSource: Codable, Hashable, Sendable {
  /// An address or a document.
  public var address: String
  /// When the source said so: a date or a month.
  public var date: String
  /// Nobody vouches for it.
  public var isGuess: Bool

  public init(address: String, date: String, isGuess: Bool = false) {
    self.address = address
    self.date = date
    self.isGuess = isGuess
  }

  enum CodingKeys: Int, CodingKey {
    case address = 1
    case date, isGuess
  }
}

/// What is known of models, hardware and its prices, each figure with its source.
public struct FleetCatalogue: Sendable {
  /// A model or GPU with the sources of its figures.
  public struct Entry<Value: Sendable & Hashable>: Sendable, Hashable {
    /// The model or GPU.
    public var value: Value
    /// Other names under which it is found.
    public var aliases: [String]
    /// By the name of the figure.
    public var sources: [String: FigureSource]

    public init(value: Value, aliases: [String] = [], sources: [String: FigureSource] = [:]) {
      self.value = value
      self.aliases = aliases
      self.sources = sources
    }

    /// Figures that nobody vouches for.
    public var guesses: [String] { sources.filter(\.value.isGuess).keys.sorted() }
  }

  /// Entries, found by name or alias.
  public struct Section<Value: Sendable & Hashable>: Sendable, Hashable {
    /// By name, in lower case.
    private var byName: OrderedDictionary<String, Entry<Value>> = [:]
    /// The names that aliases stand for, both in lower case.
    private var aliases: [String: String] = [:]

    public init() {}

    /// In the order in which they were added.
    public var entries: [Entry<Value>] { byName.values.elements }

    /// The entry of that name or alias, in any spelling of case.
    public subscript(name: String) -> Entry<Value>? {
      let key = name.lowercased()
      return byName[key] ?? aliases[key].flatMap { byName[$0] }
    }

    /// Adds an entry, or replaces the one of that very name. A new name goes before another's alias; a
    /// new alias does not.
    public mutating func put(_ name: String, _ entry: Entry<Value>) {
      let key = name.lowercased()
      byName[key] = entry
      for alias in entry.aliases.map({ $0.lowercased() })
      where byName[alias] == nil && aliases[alias] == nil {
        aliases[alias] = key
      }
    }

    /// Every name and alias.
    public var spellings: [String] { Set(byName.keys).union(aliases.keys).sorted() }
  }

  /// Models.
  public var architectures = Section<Architecture>()
  /// GPUs.
  public var accelerators = Section<Accelerator>()
  /// Prices of GPUs, the preferred ones first.
  public var prices: [HardwarePrice] = []
  /// Sites for purchased hardware.
  public var sites: [SiteCosts] = []

  public init() {}
}

/// What a GPU costs, from one source.
public struct HardwarePrice: Codable, Hashable, Sendable {
  /// How a GPU is paid for.
  public enum Tier: Int, Codable, CaseIterable, Sendable {
    /// The full cost per hour of an owned GPU, as somebody else worked it out.
    case ownHyperscaler = 1
    case ownNeocloud
    /// Rent by the hour.
    case spot, longTail, neocloud, hyperscaler
    /// Rent for a year or three.
    case reserved
    /// The price of the GPU itself.
    case purchase

    /// The name in catalogues and flags.
    public var name: String {
      switch self {
      case .ownHyperscaler: "own-hyperscaler"
      case .ownNeocloud: "own-neocloud"
      case .spot: "spot"
      case .longTail: "long-tail"
      case .neocloud: "neocloud"
      case .hyperscaler: "hyperscaler"
      case .reserved: "reserved"
      case .purchase: "purchase"
      }
    }

    /// The tier with this ``name``; `nil` for any other text.
    public init?(name: String) {
      guard let found = Self.allCases.first(where: { $0.name == name }) else { return nil }
      self = found
    }
  }

  /// The GPU's name.
  public var accelerator: String
  /// How the GPU is paid for.
  public var tier: Tier
  /// US dollars: an hour, or for ``Tier/purchase`` once. A range when the source gives one.
  public var low: Double
  /// The upper end; equal to ``low`` for a single price.
  public var high: Double
  /// Who says so, and when.
  public var source: FigureSource

  public init(
    accelerator: String, tier: Tier, low: Double, high: Double, source: FigureSource
  ) {
    self.accelerator = accelerator
    self.tier = tier
    self.low = low
    self.high = high
    self.source = source
  }

  /// The geometric mean of both ends.
  public var middle: Double { (low * high).squareRoot() }
}

/// What a site for hardware costs.
public struct SiteCosts: Hashable, Sendable {
  /// The name in catalogues and flags.
  public var name: String
  /// US dollars per kWh.
  public var electricity: Double
  /// Power at the plug of the building over power at the plug of the servers: power usage effectiveness.
  public var pue: Double
  /// US dollars per kW of servers per month for the site itself.
  public var colocation: Double
  /// By the name of the figure.
  public var sources: [String: FigureSource]

  public init(
    name: String, electricity: Double, pue: Double, colocation: Double,
    sources: [String: FigureSource] = [:]
  ) {
    self.name = name
    self.electricity = electricity
    self.pue = pue
    self.colocation = colocation
    self.sources = sources
  }
}
