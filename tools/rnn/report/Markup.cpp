// See Markup.h.
#include "Markup.h"

#include "data/Utf8.h"

#include <cstdio>

using namespace rnn;

static bool isControl(char c) {
  auto byte = static_cast<unsigned char>(c);
  return (byte < 0x20 && c != '\n' && c != '\t') || byte == 0x7f;
}

// XML has no place for these two, which UTF-8 can say.
static bool isNoCharacter(std::string_view codePoint) {
  return codePoint == "\xEF\xBF\xBE" || codePoint == "\xEF\xBF\xBF";
}

std::string rnn::escaped(std::string_view text) {
  std::string result;
  for (size_t i = 0; i < text.size();) {
    size_t length = utf8Length(text, i);
    std::string_view codePoint = text.substr(i, length);
    if (length == 0 || isControl(text[i]) || isNoCharacter(codePoint))
      result += "\xEF\xBF\xBD";
    else if (text[i] == '&')
      result += "&amp;";
    else if (text[i] == '<')
      result += "&lt;";
    else if (text[i] == '>')
      result += "&gt;";
    else if (text[i] == '"')
      result += "&quot;";
    else if (text[i] == '\'')
      result += "&#39;";
    else
      result += codePoint;
    i += length ? length : 1;
  }
  return result;
}

std::string rnn::coordinate(double value) {
  char text[32];
  snprintf(text, sizeof text, "%.2f", value);
  std::string result = text;
  result.erase(result.find_last_not_of('0') + 1);
  if (result.back() == '.')
    result.pop_back();
  return result == "-0" ? "0" : result;
}
