// See Json.h.
#include "Json.h"

#include <nlohmann/json.hpp>

#include <charconv>
#include <cmath>
#include <unordered_set>

using namespace rnn;

static constexpr size_t maximumDepth = 64;

namespace {

// Builds the tree from the parser's events.
class Builder : public nlohmann::json_sax<nlohmann::json> {
public:
  Builder(Json &root, const std::string &what) : root(root), what(what) {}

  bool null() override {
    add(Json::Null);
    return true;
  }
  bool boolean(bool value) override {
    add(Json::Bool).integer = value;
    return true;
  }
  bool number_integer(int64_t value) override {
    Json &added = add(Json::Integer);
    added.integer = value;
    added.number = double(value);
    return true;
  }
  bool number_unsigned(uint64_t value) override {
    if (value <= uint64_t(INT64_MAX))
      return number_integer(int64_t(value));
    add(Json::Number).number = double(value);
    return true;
  }
  bool number_float(double value, const std::string &) override {
    add(Json::Number).number = value;
    return true;
  }
  bool string(std::string &value) override {
    add(Json::String).string = std::move(value);
    return true;
  }
  bool binary(nlohmann::json::binary_t &) override { return false; }
  bool start_object(size_t) override { return open(Json::Object); }
  bool start_array(size_t) override { return open(Json::Array); }
  bool end_object() override { return close(); }
  bool end_array() override { return close(); }
  bool key(std::string &value) override {
    if (!seen.back().insert(value).second)
      fail(RNN_CORRUPT, what, " has the key '", value.substr(0, 200),
           "' twice");
    stack.back()->keys.push_back(std::move(value));
    return true;
  }
  bool parse_error(size_t byte, const std::string &,
                   const nlohmann::detail::exception &) override {
    fail(RNN_CORRUPT, what, " is not JSON: error at byte ", byte);
  }

private:
  Json &add(Json::Kind kind) {
    Json *added = &root;
    if (!stack.empty()) {
      stack.back()->items.emplace_back();
      added = &stack.back()->items.back();
    }
    added->kind = kind;
    return *added;
  }
  bool open(Json::Kind kind) {
    if (stack.size() >= maximumDepth)
      fail(RNN_CORRUPT, what, " is nested deeper than ", maximumDepth);
    // A pointer to an item stays valid: its siblings come after it is closed.
    stack.push_back(&add(kind));
    seen.emplace_back();
    return true;
  }
  bool close() {
    stack.pop_back();
    seen.pop_back();
    return true;
  }

  Json &root;
  const std::string &what;
  std::vector<Json *> stack;
  std::vector<std::unordered_set<std::string>> seen; // keys of open objects
};

} // namespace

Json rnn::parseJson(std::string_view text, const std::string &what) {
  Json root;
  Builder builder(root, what);
  if (!nlohmann::json::sax_parse(text.begin(), text.end(), &builder))
    fail(RNN_CORRUPT, what, " is not JSON");
  return root;
}

const Json *Json::find(std::string_view key) const {
  for (size_t i = 0; i < keys.size(); ++i)
    if (keys[i] == key)
      return &items[i];
  return nullptr;
}

const Json &rnn::jsonMember(const Json &object, const char *key,
                            const std::string &what) {
  if (object.kind != Json::Object)
    fail(RNN_CORRUPT, what, " is not an object");
  const Json *found = object.find(key);
  if (!found)
    fail(RNN_CORRUPT, what, " has no '", key, "'");
  return *found;
}

const std::string &rnn::jsonString(const Json &object, const char *key,
                                   const std::string &what) {
  const Json &value = jsonMember(object, key, what);
  if (value.kind != Json::String)
    fail(RNN_CORRUPT, what, ": '", key, "' is not a string");
  return value.string;
}

bool rnn::jsonBool(const Json &object, const char *key,
                   const std::string &what) {
  const Json &value = jsonMember(object, key, what);
  if (value.kind != Json::Bool)
    fail(RNN_CORRUPT, what, ": '", key, "' is not true or false");
  return value.integer;
}

double rnn::jsonNumber(const Json &object, const char *key,
                       const std::string &what) {
  const Json &value = jsonMember(object, key, what);
  if ((value.kind != Json::Integer && value.kind != Json::Number) ||
      !std::isfinite(value.number))
    fail(RNN_CORRUPT, what, ": '", key, "' is not a finite number");
  return value.number;
}

int64_t rnn::jsonInteger(const Json &value, int64_t low, int64_t high,
                         const std::string &what) {
  bool fits = value.kind == Json::Integer && value.integer >= low &&
              value.integer <= high;
  if (!fits)
    fail(RNN_CORRUPT, what, " is not an integer in [", low, ", ", high, "]");
  return value.integer;
}

int64_t rnn::jsonInteger(const Json &object, const char *key, int64_t low,
                         int64_t high, const std::string &what) {
  return jsonInteger(jsonMember(object, key, what), low, high,
                     what + ": '" + key + "'");
}

const std::vector<Json> &rnn::jsonArray(const Json &object, const char *key,
                                        const std::string &what) {
  const Json &value = jsonMember(object, key, what);
  if (value.kind != Json::Array)
    fail(RNN_CORRUPT, what, ": '", key, "' is not an array");
  return value.items;
}

bool rnn::isPlainName(std::string_view name) {
  if (name.empty() || name.size() > 1024 || name[0] == '.')
    return false;
  for (unsigned char c : name)
    if (c < 0x20 || c == 0x7f || c == '/' || c == '\\')
      return false;
  return true;
}

bool rnn::isSymbolName(std::string_view name) {
  if (name.empty() || name.size() > 1024)
    return false;
  for (unsigned char c : name)
    if (c <= 0x20 || c >= 0x7f)
      return false;
  return true;
}

const std::string &rnn::jsonSymbol(const Json &object, const char *key,
                                   const std::string &what) {
  const std::string &name = jsonString(object, key, what);
  if (!isSymbolName(name))
    fail(RNN_CORRUPT, what, ": '", key, "' is not a symbol's name");
  return name;
}

std::string rnn::quoteJson(std::string_view text) {
  std::string quoted = "\"";
  for (char c : text) {
    if (c == '"' || c == '\\') {
      quoted += '\\';
      quoted += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      char escape[8];
      std::snprintf(escape, sizeof escape, "\\u%04x", unsigned(c));
      quoted += escape;
    } else {
      quoted += c;
    }
  }
  return quoted + "\"";
}

std::string rnn::listJson(const std::vector<int64_t> &values) {
  std::string list = "[";
  for (size_t i = 0; i < values.size(); ++i)
    list += (i ? "," : "") + std::to_string(values[i]);
  return list + "]";
}

std::string rnn::numberJson(double value) {
  char digits[32];
  auto end = std::to_chars(digits, digits + sizeof digits, value).ptr;
  return std::string(digits, end);
}
