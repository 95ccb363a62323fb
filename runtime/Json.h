// Strict reading of JSON that came from a file: UTF-8, no duplicate keys, a
// limit on nesting; and access to members that checks kind and range.
#ifndef RNN_JSON_H
#define RNN_JSON_H

#include "Failure.h"

#include <nlohmann/json.hpp>

#include <string>
#include <string_view>

namespace rnn {

using Json = nlohmann::json;

// Throws RNN_CORRUPT with `what` ("the descriptor") and the place.
Json parseJson(std::string_view text, const std::string &what);

// Members of an object; all throw RNN_CORRUPT naming `what` and the key.
const Json &jsonMember(const Json &object, const char *key,
                       const std::string &what);
std::string jsonString(const Json &object, const char *key,
                       const std::string &what);
bool jsonBool(const Json &object, const char *key, const std::string &what);
double jsonNumber(const Json &object, const char *key, const std::string &what);
int64_t jsonInteger(const Json &object, const char *key, int64_t low,
                    int64_t high, const std::string &what);
const Json &jsonArray(const Json &object, const char *key,
                      const std::string &what);
// A value that must be an integer in [low, high].
int64_t jsonInteger(const Json &value, int64_t low, int64_t high,
                    const std::string &what);

// Fit for an identifier in a file: 1 to 1024 bytes, no control characters, no
// slash, not beginning with a dot (tools name files after them).
bool isPlainName(std::string_view name);

} // namespace rnn
#endif // RNN_JSON_H
