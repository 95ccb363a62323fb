// JSON from files, strictly: UTF-8, no duplicate keys, a limit on nesting; and
// access to members that checks kind and range. Writing is a few functions.
//
// nlohmann-json parses; the tree is ours because its destructor allocates,
// which ends the process when memory has run out.
#ifndef RNN_JSON_H
#define RNN_JSON_H

#include "Failure.h"

#include <string>
#include <string_view>
#include <vector>

namespace rnn {

struct Json {
  enum Kind { Null, Bool, Integer, Number, String, Array, Object };

  Kind kind = Null;
  int64_t integer = 0; // also of Bool
  double number = 0;   // also of Integer
  std::string string;
  std::vector<std::string> keys; // of an object, one for each item
  std::vector<Json> items;

  // Null if this is no object or has no such member.
  const Json *find(std::string_view key) const;
};

// Throws RNN_CORRUPT with `what` ("the descriptor") and the place.
Json parseJson(std::string_view text, const std::string &what);

// Members of an object; all throw RNN_CORRUPT naming `what` and the key.
const Json &jsonMember(const Json &object, const char *key,
                       const std::string &what);
const std::string &jsonString(const Json &object, const char *key,
                              const std::string &what);
bool jsonBool(const Json &object, const char *key, const std::string &what);
double jsonNumber(const Json &object, const char *key, const std::string &what);
int64_t jsonInteger(const Json &object, const char *key, int64_t low,
                    int64_t high, const std::string &what);
const std::vector<Json> &jsonArray(const Json &object, const char *key,
                                   const std::string &what);
// A value that must be an integer in [low, high].
int64_t jsonInteger(const Json &value, int64_t low, int64_t high,
                    const std::string &what);

// Fit for an identifier in a file: 1 to 1024 bytes, no control characters, no
// slash, not beginning with a dot (tools name files after them).
bool isPlainName(std::string_view name);

// Fit for a symbol of a shared object: 1 to 1024 printable ASCII characters.
bool isSymbolName(std::string_view name);
// A member that is one.
const std::string &jsonSymbol(const Json &object, const char *key,
                              const std::string &what);

// Writing: the text of a string, with quotes; of a list of integers; and of a
// number, the shortest that reads back the same.
std::string quoteJson(std::string_view text);
std::string listJson(const std::vector<int64_t> &values);
std::string numberJson(double value);

} // namespace rnn
#endif // RNN_JSON_H
