// See Csv.h.
#include "data/Csv.h"

#include "Failure.h"
#include "data/TextFile.h"

#include <charconv>
#include <cmath>
#include <cstdio>
#include <string_view>

using namespace rnn;

namespace {

std::string_view trimmed(std::string_view text) {
  const char *space = " \t\r\n";
  size_t begin = text.find_first_not_of(space);
  if (begin == std::string_view::npos)
    return {};
  return text.substr(begin, text.find_last_not_of(space) - begin + 1);
}

// Takes what is before the next `separator` from the front of `rest`.
std::string_view take(std::string_view &rest, char separator) {
  size_t end = std::min(rest.find(separator), rest.size());
  std::string_view piece = rest.substr(0, end);
  rest.remove_prefix(std::min(end + 1, rest.size()));
  return piece;
}

bool isNumber(std::string_view cell, double &value) {
  if (!cell.empty() && cell[0] == '+')
    cell.remove_prefix(1);
  auto [end, error] =
      std::from_chars(cell.data(), cell.data() + cell.size(), value);
  return error == std::errc() && end == cell.data() + cell.size() &&
         std::isfinite(value);
}

// Appends the numbers of a line. Returns the first cell that is none, with
// quotes, or nothing.
std::string addNumbers(std::string_view line, std::vector<double> &numbers,
                       size_t &cells) {
  std::string wrong;
  cells = 0;
  // A comma at the end is followed by an empty cell.
  for (bool more = true; more; ++cells) {
    more = line.find(',') != std::string_view::npos;
    std::string_view cell = trimmed(take(line, ','));
    double value = 0;
    if (!isNumber(cell, value) && wrong.empty())
      wrong = "'" + std::string(cell.substr(0, 40)) + "'";
    numbers.push_back(value);
  }
  return wrong;
}

bool hasNumber(std::string_view line) {
  double value;
  while (!line.empty())
    if (isNumber(trimmed(take(line, ',')), value))
      return true;
  return false;
}

} // namespace

Array rnn::readCsv(const std::string &path) {
  std::string file = readWholeFile(path);
  std::string_view rest = file;
  std::vector<double> numbers;
  size_t columns = 0, rows = 0;
  for (int64_t number = 1; !rest.empty(); ++number) {
    std::string_view line = trimmed(take(rest, '\n'));
    if ((number == 1 && !hasNumber(line)) ||
        (line.empty() && trimmed(rest).empty()))
      continue;
    size_t cells;
    std::string wrong = addNumbers(line, numbers, cells);
    if (rows++ == 0)
      columns = cells;
    if (cells != columns)
      fail(RNN_CORRUPT, path, ":", number, ": this row has ", cells,
           cells == 1 ? " cell" : " cells", " where the rows before have ",
           columns, "; make all rows equally long");
    if (!wrong.empty())
      fail(RNN_CORRUPT, path, ":", number, ": ", wrong,
           " is not a finite number; cells are numbers with commas between");
  }
  if (rows == 0)
    fail(RNN_CORRUPT, "'", path, "' holds no numbers");
  Array array(RNN_F64, {int64_t(rows), int64_t(columns)});
  std::copy(numbers.begin(), numbers.end(), array.as<double>());
  return array;
}

static std::string cellOf(const Array &array, int64_t i) {
  char text[40];
  if (array.type == RNN_I32)
    snprintf(text, sizeof text, "%d", array.as<int32_t>()[i]);
  else if (array.type == RNN_BOOL)
    snprintf(text, sizeof text, "%d", int(array.bytes[size_t(i)]));
  else if (array.type == RNN_F64)
    snprintf(text, sizeof text, "%.17g", array.as<double>()[i]);
  else
    snprintf(text, sizeof text, "%.9g", double(array.as<float>()[i]));
  return text;
}

void rnn::writeCsv(const std::string &path, const Array &array) {
  if (array.shape.empty() || array.shape.size() > 2)
    fail(RNN_INVALID_ARGUMENT, "'", path, "' cannot hold ", array.shape.size(),
         " dimensions: a table has two; write .npy");
  int64_t columns = array.shape.size() == 2 ? array.shape[1] : 1;
  std::string text;
  for (int64_t i = 0; i < array.count(); ++i)
    text += cellOf(array, i) + ((i + 1) % columns ? "," : "\n");
  writeWholeFile(path, text);
}
