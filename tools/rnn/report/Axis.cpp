// See Axis.h.
#include "Axis.h"

#include "Console.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

using namespace rnn;

Axis::Axis(double low, double high, bool logarithmic)
    : logarithmic(logarithmic), low(low), high(high) {
  // Also where the two differ by less than their own rounding.
  double least = std::max(std::abs(low), std::abs(high)) * 1e-9;
  if (high - low > least)
    return;
  double room = std::abs(low) > 0 ? std::abs(low) * 0.1 : 1;
  this->low = low - room;
  this->high = high + room;
}

double Axis::place(double value) const {
  if (logarithmic)
    return std::log(value / low) / std::log(high / low);
  return (value - low) / (high - low);
}

// Of a tick, whose neighbours are `step` away.
static std::string tickLabel(double value, double step) {
  if (std::abs(value) < step * 1e-6)
    return "0";
  int decimals = std::max(0, int(std::ceil(-std::log10(step) - 1e-6)));
  char text[32];
  // Three digits tell the ticks apart.
  if (std::abs(value) >= 1e4 && std::abs(value) <= 500 * step)
    return (value < 0 ? "-" : "") + shortNumber(std::abs(value));
  if (decimals > 5 || std::abs(value) >= 1e15)
    snprintf(text, sizeof text, "%.3g", value);
  else
    snprintf(text, sizeof text, "%.*f", decimals, value);
  return text;
}

// 1, 2 or 5 times a power of ten, so that about `count` fit into `range`.
static double roundStep(double range, int count) {
  double least = range / count;
  double power = std::pow(10, std::floor(std::log10(least)));
  for (double factor : {1, 2, 5})
    if (factor * power >= least)
      return factor * power;
  return 10 * power;
}

std::vector<Axis::Tick> Axis::linearTicks(int count) const {
  double step = roundStep(high - low, count);
  std::vector<Tick> result;
  // Counted, not added up, so that rounding does not add up either.
  for (double i = std::ceil(low / step - 1e-9); i * step <= high + step * 1e-9;
       ++i)
    result.push_back({i * step, tickLabel(i * step, step)});
  return result;
}

// Powers of ten alone where there are enough of them, else 2 and 5 times them
// or all multiples between.
std::vector<Axis::Tick> Axis::ticks(int count) const {
  double decades = logarithmic ? std::log10(high / low) : 0;
  if (decades < 0.5)
    return linearTicks(count);
  std::vector<int> factors = {1};
  if (decades < 1.2)
    factors = {1, 2, 3, 4, 5, 7};
  else if (decades < 3)
    factors = {1, 2, 5};
  int every = std::max(1, int(std::ceil(decades / count)));
  std::vector<Tick> result;
  for (int power = int(std::floor(std::log10(low)));
       power <= std::log10(high) + 1e-9; ++power)
    for (int factor : factors) {
      double value = factor * std::pow(10, power);
      if (power % every == 0 && value >= low * (1 - 1e-9) &&
          value <= high * (1 + 1e-9))
        result.push_back({value, tickLabel(value, std::pow(10, power))});
    }
  return result.empty() ? linearTicks(count) : result;
}
