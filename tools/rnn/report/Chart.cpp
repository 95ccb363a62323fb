// See Chart.h. What a style sheet changes (dark pages) is said in attributes
// too, so that a file opens anywhere: programs that draw SVG know few of CSS.
#include "Chart.h"

#include "report/Axis.h"
#include "report/Markup.h"

#include <algorithm>
#include <cmath>
#include <limits>

using namespace rnn;

const char *rnn::colourOf(size_t run) {
  static const char *const colours[colourCount] = {
      "#0072b2", "#d55e00", "#009e73", "#cc79a7",
      "#e69f00", "#56b4e9", "#6b6b6b"};
  return colours[run % colourCount];
}

namespace {

const char *const inkColour = "#24292f", *const mutedColour = "#57606a",
                  *const gridColour = "#e1e4e8";

struct Range {
  double low = std::numeric_limits<double>::infinity();
  double high = -std::numeric_limits<double>::infinity();
  void add(double value) {
    low = std::min(low, value);
    high = std::max(high, value);
  }
  bool empty() const { return !(low <= high); }
};

struct Label {
  double x, y;
  std::string text;
  const char *anchor = "start", *kind = "muted";
  double size = 11;
};

std::string drawn(const Label &label) {
  bool isTitle = std::string(label.kind) == "ink";
  return "<text class=\"" + std::string(label.kind) + "\" x=\"" +
         coordinate(label.x) + "\" y=\"" + coordinate(label.y) +
         "\" text-anchor=\"" + label.anchor + "\" font-size=\"" +
         coordinate(label.size) + "\" fill=\"" +
         (isTitle ? inkColour : mutedColour) +
         (isTitle ? "\" font-weight=\"600" : "") + "\">" + escaped(label.text) +
         "</text>\n";
}

std::string segment(const char *kind, double x1, double y1, double x2,
                    double y2) {
  return "<line class=\"" + std::string(kind) + "\" x1=\"" + coordinate(x1) +
         "\" y1=\"" + coordinate(y1) + "\" x2=\"" + coordinate(x2) +
         "\" y2=\"" + coordinate(y2) + "\" stroke=\"" + gridColour + "\"/>\n";
}

// Class and attributes of a line of this kind.
std::string lineStyle(Stroke stroke, size_t run) {
  bool neutral = run == LegendEntry::noRun;
  std::string style =
      neutral ? "neutral\"" : "c" + std::to_string(run % colourCount) + "\"";
  style += " fill=\"none\" stroke-linejoin=\"round\" stroke=\"" +
           std::string(neutral ? mutedColour : colourOf(run)) + "\"";
  switch (stroke) {
  case Stroke::Line:
    return style + " stroke-width=\"1.8\"";
  case Stroke::Faint:
    return style + " stroke-width=\"1\" stroke-opacity=\"0.3\"";
  case Stroke::Dotted:
    return style + " stroke-width=\"1.6\" stroke-dasharray=\"5 3\"";
  }
  return style;
}

std::string dot(double x, double y, size_t run) {
  bool neutral = run == LegendEntry::noRun;
  return "<circle class=\"dot " +
         (neutral ? "neutral" : "c" + std::to_string(run % colourCount)) +
         "\" cx=\"" + coordinate(x) + "\" cy=\"" + coordinate(y) +
         "\" r=\"2.8\" fill=\"" + (neutral ? mutedColour : colourOf(run)) +
         "\" stroke=\"none\"/>\n";
}

// How wide a text of 11 is, by and large.
double widthOf(const std::string &text) { return 6.1 * double(text.size()); }

std::string shortened(const std::string &text) {
  return text.size() <= 48 ? text : text.substr(0, 45) + "...";
}

class Drawing {
public:
  Drawing(const Chart &chart, bool logarithmic, double width, double height)
      : chart(chart), width(width), height(height),
        x(range(&Point::x, false), false),
        y(range(&Point::y, logarithmic), logarithmic) {}

  std::string text() {
    std::string body = drawn({0, 14, chart.title, "start", "ink", 14});
    body += legend();
    top = legendBottom + 12;
    bottom = height - 34;
    body += grid();
    for (const Curve &curve : chart.curves)
      body += line(curve);
    return start() + body + "</g>\n";
  }

private:
  struct Scale : Axis {
    Scale(const Range &range, bool logarithmic)
        : Axis(range.low, range.high, logarithmic) {}
  };

  // Of all points that the axis can show.
  Range range(double Point::*member, bool logarithmic) const {
    Range all;
    for (const Curve &curve : chart.curves)
      for (const Point &point : curve.points)
        if (!std::isnan(point.y) && (!logarithmic || point.*member > 0))
          all.add(point.*member);
    if (all.empty())
      all.add(1);
    bool isX = member == &Point::x;
    if (isX && all.low > 0 && all.low < 0.05 * all.high)
      all.low = 0;
    if (!isX && logarithmic) {
      double room = std::pow(all.high / all.low, 0.04);
      all.low /= room;
      all.high *= room;
    } else if (!isX) {
      if (chart.fromZero && all.low > 0)
        all.low = 0;
      double room = 0.05 * (all.high - all.low);
      all.low -= all.low == 0 ? 0 : room;
      all.high += room;
    }
    return all;
  }

  std::string start() const {
    auto pair = [](const Axis &axis) {
      char text[80];
      snprintf(text, sizeof text, "%.17g %.17g", axis.low, axis.high);
      return std::string(text);
    };
    return "<g class=\"chart\" data-key=\"" + escaped(chart.key) +
           "\" data-plot=\"" + coordinate(left) + " " + coordinate(top) + " " +
           coordinate(right()) + " " + coordinate(bottom) + "\" data-x=\"" +
           pair(x) + "\" data-y=\"" + pair(y) + "\" data-scale=\"" +
           (y.logarithmic ? "log" : "linear") + "\">\n";
  }

  std::string legend() {
    std::string body;
    double at = 0;
    legendBottom = 18;
    for (const LegendEntry &entry : chart.legend) {
      std::string label = shortened(entry.label);
      double needs = 28 + widthOf(label) + 14;
      if (at == 0 || at + needs > width) {
        at = 0;
        legendBottom += 17;
      }
      double middle = legendBottom - 4;
      body += "<line class=\"key " + lineStyle(entry.stroke, entry.run) +
              " x1=\"" + coordinate(at) + "\" x2=\"" + coordinate(at + 22) +
              "\" y1=\"" + coordinate(middle) + "\" y2=\"" +
              coordinate(middle) + "\"/>\n";
      if (entry.stroke == Stroke::Dotted)
        body += dot(at + 11, middle, entry.run);
      body += drawn({at + 28, legendBottom, label});
      at += needs;
    }
    return body;
  }

  std::string grid() const {
    std::string body;
    for (const Axis::Tick &tick : y.ticks(5)) {
      double at = down(tick.value);
      body += segment("grid", left, at, right(), at);
      body += drawn({left - 8, at + 4, tick.label, "end", "muted tick-y"});
    }
    for (const Axis::Tick &tick : x.ticks(int(std::max(width / 80, 2.0)))) {
      double at = across(tick.value);
      body += segment("axis", at, bottom, at, bottom + 4);
      body += drawn({at, bottom + 17, tick.label, "middle", "muted tick-x"});
    }
    body += segment("axis", left, bottom, right(), bottom);
    return body + drawn({right(), bottom + 31, "step", "end"});
  }

  std::string line(const Curve &curve) const {
    std::string path, dots;
    bool isOpen = false;
    size_t drawnPoints = 0;
    std::vector<Point> points =
        thinned(curve.points, x.low, x.high, size_t(right() - left));
    for (const Point &point : points) {
      if (std::isnan(point.y) || (y.logarithmic && !(point.y > 0))) {
        isOpen = false;
        continue;
      }
      path += (isOpen ? "L" : "M") + coordinate(across(point.x)) + " " +
              coordinate(down(point.y));
      isOpen = true;
      if (++drawnPoints <= mostDots)
        dots += dot(across(point.x), down(point.y), curve.run);
    }
    if (path.empty())
      return "";
    // A single point has no line to be seen by.
    bool hasDots = drawnPoints == 1 ||
                   (curve.stroke == Stroke::Dotted && drawnPoints <= mostDots);
    return "<g data-run=\"" + std::to_string(curve.run) +
           "\"><path class=\"curve " + lineStyle(curve.stroke, curve.run) +
           " data-label=\"" + escaped(curve.label) + "\" data-points=\"" +
           std::to_string(curve.points.size()) + "\" d=\"" + path + "\"/>\n" +
           (hasDots ? dots : "") + "</g>\n";
  }

  double right() const { return width - 18; }
  double across(double value) const {
    return left + x.place(value) * (right() - left);
  }
  double down(double value) const {
    return bottom - y.place(value) * (bottom - top);
  }

  static constexpr size_t mostDots = 80;
  static constexpr double left = 52;
  const Chart &chart;
  double width, height, legendBottom = 0, top = 0, bottom = 0;
  Scale x, y;
};

} // namespace

std::string rnn::drawChart(const Chart &chart, bool logarithmic, double width,
                           double height) {
  return Drawing(chart, logarithmic, width, height).text();
}

std::string rnn::svgStart(double width, double height) {
  std::string w = coordinate(width), h = coordinate(height);
  return "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 " + w + " " +
         h + "\" width=\"" + w + "\" height=\"" + h +
         "\" font-family=\"system-ui, sans-serif\">\n";
}

std::string rnn::chartsFile(const std::string &title,
                            const std::vector<Chart> &charts) {
  constexpr double width = 600, height = 340, space = 28, head = 56;
  size_t columns = charts.size() > 1 ? 2 : 1;
  size_t rows = (charts.size() + columns - 1) / columns;
  double allWidth = double(columns) * (width + space) + space;
  double allHeight = head + double(rows) * (height + space);
  std::string text =
      svgStart(allWidth, allHeight) +
      "<rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n";
  text += drawn({space, 34, title, "start", "ink", 17});
  for (size_t i = 0; i < charts.size(); ++i)
    text +=
        "<g transform=\"translate(" +
        coordinate(space + double(i % columns) * (width + space)) + " " +
        coordinate(head + double(i / columns) * (height + space)) + ")\">\n" +
        drawChart(charts[i], charts[i].isLogarithmic, width, height) + "</g>\n";
  return text + "</svg>\n";
}
