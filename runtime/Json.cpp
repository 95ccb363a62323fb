// See Json.h.
#include "Json.h"

#include <cmath>
#include <unordered_set>
#include <vector>

using namespace rnn;

static constexpr int maximumDepth = 64;

Json rnn::parseJson(std::string_view text, const std::string &what) {
  // One set of keys per open object; arrays push an empty one.
  std::vector<std::unordered_set<std::string>> keys;
  auto check = [&](int depth, Json::parse_event_t event, Json &value) {
    switch (event) {
    case Json::parse_event_t::object_start:
    case Json::parse_event_t::array_start:
      if (depth >= maximumDepth)
        fail(RNN_CORRUPT, what, " is nested deeper than ", maximumDepth);
      keys.emplace_back();
      break;
    case Json::parse_event_t::object_end:
    case Json::parse_event_t::array_end:
      keys.pop_back();
      break;
    case Json::parse_event_t::key: {
      const auto &key = value.get_ref<const std::string &>();
      if (!keys.back().insert(key).second)
        fail(RNN_CORRUPT, what, " has the key '", key.substr(0, 200),
             "' twice");
      break;
    }
    case Json::parse_event_t::value:
      break;
    }
    return true;
  };
  try {
    return Json::parse(text.begin(), text.end(), check);
  } catch (const Json::parse_error &error) {
    fail(RNN_CORRUPT, what, " is not JSON: error at byte ", error.byte);
  } catch (const Json::out_of_range &) {
    fail(RNN_CORRUPT, what, " is not JSON: a number is out of range");
  }
}

const Json &rnn::jsonMember(const Json &object, const char *key,
                            const std::string &what) {
  if (!object.is_object())
    fail(RNN_CORRUPT, what, " is not an object");
  auto found = object.find(key);
  if (found == object.end())
    fail(RNN_CORRUPT, what, " has no '", key, "'");
  return *found;
}

std::string rnn::jsonString(const Json &object, const char *key,
                            const std::string &what) {
  const Json &value = jsonMember(object, key, what);
  if (!value.is_string())
    fail(RNN_CORRUPT, what, ": '", key, "' is not a string");
  return value.get<std::string>();
}

bool rnn::jsonBool(const Json &object, const char *key,
                   const std::string &what) {
  const Json &value = jsonMember(object, key, what);
  if (!value.is_boolean())
    fail(RNN_CORRUPT, what, ": '", key, "' is not true or false");
  return value.get<bool>();
}

double rnn::jsonNumber(const Json &object, const char *key,
                       const std::string &what) {
  const Json &value = jsonMember(object, key, what);
  if (!value.is_number() || !std::isfinite(value.get<double>()))
    fail(RNN_CORRUPT, what, ": '", key, "' is not a finite number");
  return value.get<double>();
}

int64_t rnn::jsonInteger(const Json &value, int64_t low, int64_t high,
                         const std::string &what) {
  bool fits = value.is_number_integer() &&
              !(value.is_number_unsigned() &&
                value.get<uint64_t>() > uint64_t(INT64_MAX)) &&
              value.get<int64_t>() >= low && value.get<int64_t>() <= high;
  if (!fits)
    fail(RNN_CORRUPT, what, " is not an integer in [", low, ", ", high, "]");
  return value.get<int64_t>();
}

int64_t rnn::jsonInteger(const Json &object, const char *key, int64_t low,
                         int64_t high, const std::string &what) {
  return jsonInteger(jsonMember(object, key, what), low, high,
                     what + ": '" + key + "'");
}

const Json &rnn::jsonArray(const Json &object, const char *key,
                           const std::string &what) {
  const Json &value = jsonMember(object, key, what);
  if (!value.is_array())
    fail(RNN_CORRUPT, what, ": '", key, "' is not an array");
  return value;
}

bool rnn::isPlainName(std::string_view name) {
  if (name.empty() || name.size() > 1024 || name[0] == '.')
    return false;
  for (unsigned char c : name)
    if (c < 0x20 || c == 0x7f || c == '/' || c == '\\')
      return false;
  return true;
}
