// SPDX-License-Identifier: Apache-2.0

import Foundation

/// Lines over a logarithmic plane, as SVG that needs nothing else.
public struct LinePlot {
  struct Line {
    var name: String
    var points: [(Double, Double)]
    var colour: String
  }

  let title: String
  let across: String
  let up: String
  /// The range behind the lines: x, low, high.
  let band: [(Double, Double, Double)]
  let lines: [Line]
  /// Where a vertical line stands.
  let mark: Double?

  private static let size = (width: 760.0, height: 460.0)
  private static let frame = (left: 80.0, top: 40.0, right: 20.0, bottom: 56.0)

  private static func escaped(_ text: String) -> String {
    text.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;")
  }

  private static func label(_ value: Double) -> String {
    let units: [(Double, String)] = [(1e9, "B"), (1e6, "M"), (1e3, "k")]
    for (size, unit) in units where value >= size { return "\(Int(value / size))\(unit)" }
    return value >= 1 ? "\(Int(value))" : String(format: "%g", value)
  }

  /// The picture.
  public var svg: String {
    let xs = lines.flatMap { $0.points.map(\.0) }
    let ys = lines.flatMap { $0.points.map(\.1) } + band.flatMap { [$0.1, $0.2] }
    let (xLow, xHigh) = (log10(xs.min() ?? 1), log10(xs.max() ?? 10))
    let (yLow, yHigh) = (log10(max(1e-9, ys.min() ?? 1)), log10(max(1e-8, ys.max() ?? 10)))
    let (size, frame) = (Self.size, Self.frame)
    func x(_ value: Double) -> Double {
      frame.left + (log10(value) - xLow) / max(1e-9, xHigh - xLow)
        * (size.width - frame.left - frame.right)
    }
    func y(_ value: Double) -> Double {
      size.height - frame.bottom - (log10(max(1e-9, value)) - yLow) / max(1e-9, yHigh - yLow)
        * (size.height - frame.top - frame.bottom)
    }
    func point(_ a: Double, _ b: Double) -> String { String(format: "%.1f,%.1f", x(a), y(b)) }
    var body = ""
    let grid = "stroke=\"#e5e7eb\""
    for power in Int(xLow.rounded(.up))...max(Int(xLow.rounded(.up)), Int(xHigh.rounded(.down))) {
      let at = x(pow(10, Double(power)))
      body += String(
        format: "<line x1=\"%.1f\" x2=\"%.1f\" y1=\"%.1f\" y2=\"%.1f\" %@/>\n", at, at, frame.top,
        size.height - frame.bottom, grid)
      body += String(
        format: "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"middle\">%@</text>\n", at,
        size.height - frame.bottom + 18, Self.label(pow(10, Double(power))))
    }
    for power in Int(yLow.rounded(.up))...max(Int(yLow.rounded(.up)), Int(yHigh.rounded(.down))) {
      let at = y(pow(10, Double(power)))
      body += String(
        format: "<line x1=\"%.1f\" x2=\"%.1f\" y1=\"%.1f\" y2=\"%.1f\" %@/>\n", frame.left,
        size.width - frame.right, at, at, grid)
      body += String(
        format: "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"end\">$%@</text>\n", frame.left - 8,
        at + 4, Self.label(pow(10, Double(power))))
    }
    let outline =
      band.map { point($0.0, $0.2) } + band.reversed().map { point($0.0, $0.1) }
    body +=
      "<polygon points=\"\(outline.joined(separator: " "))\" fill=\"#1d4ed8\" opacity=\"0.15\"/>\n"
    if let mark {
      body += String(
        format:
          "<line x1=\"%.1f\" x2=\"%.1f\" y1=\"%.1f\" y2=\"%.1f\" stroke=\"#6b7280\" stroke-dasharray=\"4 4\"/>\n",
        x(mark), x(mark), frame.top, size.height - frame.bottom)
    }
    for (index, line) in lines.enumerated() {
      let path = line.points.map { point($0.0, $0.1) }.joined(separator: " ")
      body +=
        "<polyline points=\"\(path)\" fill=\"none\" stroke=\"\(line.colour)\" stroke-width=\"2\"/>\n"
      body += String(
        format: "<text x=\"%.1f\" y=\"%.1f\" fill=\"%@\">%@</text>\n", frame.left + 12,
        frame.top + 18 + Double(index) * 18, line.colour, Self.escaped(line.name))
    }
    return """
      <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 \(Int(size.width)) \(Int(size.height))" font-family="sans-serif" font-size="12">
      <rect width="100%" height="100%" fill="white"/>
      <text x="\(Int(frame.left))" y="24" font-size="14">\(Self.escaped(title))</text>
      \(body)<text x="\(Int(size.width / 2))" y="\(Int(size.height - 12))" text-anchor="middle">\(Self.escaped(across))</text>
      <text transform="translate(18 \(Int(size.height / 2))) rotate(-90)" text-anchor="middle">\(Self.escaped(up))</text>
      </svg>

      """
  }
}
