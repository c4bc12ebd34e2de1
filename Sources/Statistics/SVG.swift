import PacketCore

/// Charts as one SVG picture: dark on white, text and lines only, nothing from outside. SVG 1.1.
public enum SVG {
  private static let width = 840.0
  private static let panel = 300.0
  private static let plot = (left: 80.0, top: 44.0, width: 730.0, height: 190.0)
  /// Colours that the colour-blind tell apart (Okabe and Ito), and the dashes that need no colour.
  private static let styles: [(colour: StaticString, dash: StaticString)] = [
    ("#0072b2", "none"), ("#d55e00", "6 3"), ("#009e73", "2 2"), ("#cc79a7", "8 3 2 3"),
    ("#56b4e9", "12 4"), ("#000000", "1 3"),
  ]

  /// The picture.
  ///
  /// - Parameters:
  ///   - title: What it is of.
  ///   - charts: One below the other.
  public static func text(title: String, _ charts: [Chart]) -> TextBuffer {
    var text = TextBuffer(capacity: 1 << 16)
    // A legend of many lines makes its panel higher.
    let heights = charts.map { panel + Double(max($0.series.count - 1, 0)) * 16 }
    let height = 40 + heights.reduce(0, +)
    text.append("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n")
    text.append(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" role=\"img\" aria-labelledby=\"title desc\" ")
    text.append("viewBox=\"0 0 \(decimal(width)) \(decimal(height))\" ")
    text.append("width=\"\(decimal(width))\" height=\"\(decimal(height))\" ")
    text.append("font-family=\"sans-serif\" font-size=\"12\" fill=\"#222\">\n")
    text.append("<title id=\"title\">")
    text.append(escaped: title)
    text.append("</title>\n<desc id=\"desc\">")
    text.append(escaped: charts.map { $0.title + ": " + $0.summary }.joined(separator: " "))
    text.append("</desc>\n<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n")
    label(title, at: (plot.left, 26), "font-size=\"16\" font-weight=\"bold\"", &text)
    var top = 40.0
    // One axis of time for all of them, so that what happened together stands together.
    let end = charts.map { chart in
      (chart.series.flatMap(\.points).map(\.time).max() ?? 0) + (chart.step ?? 0)
    }
    let time = ChartAxis(time: end.max() ?? 1)
    for (chart, height) in zip(charts, heights) {
      draw(chart, time, at: top, &text)
      top += height
    }
    text.append("</svg>\n")
    return text
  }

  private static func draw(
    _ chart: Chart, _ horizontal: ChartAxis, at top: Double, _ text: inout TextBuffer
  ) {
    text.append("<g transform=\"translate(\(decimal(plot.left)) \(decimal(top + plot.top)))\">\n")
    label(chart.title, at: (0, -14), "font-weight=\"bold\"", &text)
    let points = chart.series.flatMap(\.points)
    let largest = points.map(\.most).max() ?? 0
    let vertical =
      chart.isLogarithmic
      ? ChartAxis(decadesFrom: points.map(\.least).min() ?? 1e-3, to: max(largest, 1e-6))
      : ChartAxis(upTo: largest)
    drawAxes(horizontal, vertical, chart, &text)
    if points.isEmpty {
      label("nothing was counted", at: (plot.width / 2, plot.height / 2), "", &text)
    }
    for (index, series) in chart.series.enumerated() {
      let style = styles[index % styles.count]
      text.append("<g stroke=\"")
      text.append(style.colour)
      text.append("\" fill=\"none\" stroke-width=\"1.5\" stroke-dasharray=\"")
      text.append(chart.step == nil && !chart.isLine ? "none" : style.dash)
      text.append("\">\n")
      if chart.isLine {
        drawLine(series, horizontal, vertical, &text)
      } else if let step = chart.step {
        drawSteps(series, of: step, horizontal, vertical, &text)
      } else {
        drawSpans(series, horizontal, vertical, &text)
      }
      let y = plot.height + 54 + Double(index) * 16
      text.append("<path d=\"M0 \(decimal(y - 4))h30\"/>\n</g>\n")
      label(series.name, at: (38, y), "", &text)
    }
    text.append("</g>\n")
  }

  private static func drawAxes(
    _ horizontal: ChartAxis, _ vertical: ChartAxis, _ chart: Chart, _ text: inout TextBuffer
  ) {
    text.append("<g stroke=\"#ddd\" fill=\"none\">\n")
    for tick in vertical.ticks {
      let y = plot.height * (1 - vertical.position(tick))
      text.append("<path d=\"M0 \(decimal(y))h\(decimal(plot.width))\"/>\n")
    }
    for tick in horizontal.ticks {
      let x = plot.width * horizontal.position(tick)
      text.append("<path d=\"M\(decimal(x)) 0v\(decimal(plot.height))\"/>\n")
    }
    text.append("</g>\n<path stroke=\"#222\" fill=\"none\" d=\"M0 0v\(decimal(plot.height))")
    text.append("h\(decimal(plot.width))\"/>\n")
    for tick in vertical.ticks {
      let y = plot.height * (1 - vertical.position(tick)) + 4
      label(ChartAxis.label(tick) + chart.suffix, at: (-8, y), "text-anchor=\"end\"", &text)
    }
    for tick in horizontal.ticks {
      let x = plot.width * horizontal.position(tick)
      label(ChartAxis.decimal(tick), at: (x, plot.height + 16), "text-anchor=\"middle\"", &text)
    }
    label(
      chart.axis, at: (plot.width / 2, plot.height + 34),
      "text-anchor=\"middle\"", &text)
    let middle = decimal(plot.height / 2)
    label(
      chart.unit, at: (0, 0),
      "text-anchor=\"middle\" transform=\"translate(-60 \(middle)) rotate(-90)\"", &text)
  }

  private static func drawSteps(
    _ series: Chart.Series, of step: Double, _ horizontal: ChartAxis, _ vertical: ChartAxis,
    _ text: inout TextBuffer
  ) {
    text.append("<path stroke-linejoin=\"round\" d=\"")
    for (index, point) in series.points.enumerated() {
      if index == 0 {
        text.append("M\(place(point.time, point.value, horizontal, vertical))")
      } else {
        text.append("V\(decimal(plot.height * (1 - vertical.position(point.value))))")
      }
      text.append("H\(decimal(plot.width * horizontal.position(point.time + step)))")
    }
    text.append("\"/>\n")
  }

  private static func drawLine(
    _ series: Chart.Series, _ horizontal: ChartAxis, _ vertical: ChartAxis,
    _ text: inout TextBuffer
  ) {
    text.append("<path stroke-linejoin=\"round\" d=\"")
    for (index, point) in series.points.enumerated() {
      text.append(index == 0 ? "M" : "L")
      text.append(place(point.time, point.value, horizontal, vertical))
    }
    text.append("\"/>\n")
  }

  private static func drawSpans(
    _ series: Chart.Series, _ horizontal: ChartAxis, _ vertical: ChartAxis,
    _ text: inout TextBuffer
  ) {
    text.append("<path stroke-opacity=\"0.45\" d=\"")
    for point in series.points {
      text.append("M\(place(point.time, point.least, horizontal, vertical))")
      text.append("L\(place(point.time, point.most, horizontal, vertical))")
    }
    text.append("\"/>\n<path stroke-width=\"4\" stroke-linecap=\"round\" d=\"")
    for point in series.points {
      text.append("M\(place(point.time, point.value, horizontal, vertical))h0.1")
    }
    text.append("\"/>\n")
  }

  private static func place(
    _ time: Double, _ value: Double, _ horizontal: ChartAxis, _ vertical: ChartAxis
  ) -> String {
    decimal(plot.width * horizontal.position(time)) + " "
      + decimal(plot.height * (1 - vertical.position(value)))
  }

  private static func label(
    _ words: String, at place: (x: Double, y: Double), _ attributes: String,
    _ text: inout TextBuffer
  ) {
    text.append("<text x=\"\(decimal(place.x))\" y=\"\(decimal(place.y))\" \(attributes)>")
    text.append(escaped: words)
    text.append("</text>\n")
  }

  /// Tenths are finer than any screen.
  private static func decimal(_ value: Double) -> String {
    ChartAxis.decimal((value * 10).rounded() / 10)
  }
}

extension TextBuffer {
  /// Text in XML: markup escaped, characters that XML 1.0 does not have (section 2.2) replaced.
  fileprivate mutating func append(escaped text: String) {
    for scalar in text.unicodeScalars {
      switch scalar {
      case "&": append("&amp;")
      case "<": append("&lt;")
      case ">": append("&gt;")
      case "\"": append("&quot;")
      case _ where scalar.value < 32 || scalar.value == 0xfffe || scalar.value == 0xffff:
        append("\u{fffd}")
      default: append(String(scalar))
      }
    }
  }
}
