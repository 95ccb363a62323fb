// See Tokenizer.h.
#include "data/Tokenizer.h"

#include "Failure.h"
#include "data/Utf8.h"

#include <nlohmann/json.hpp>
#include <set>

using namespace rnn;

namespace {

// A character for a message: printable ASCII as it is, else its bytes in hex.
std::string spelled(std::string_view character) {
  if (character.size() == 1 && character[0] > 0x20 && character[0] < 0x7F)
    return "'" + std::string(character) + "'";
  static const char digits[] = "0123456789abcdef";
  std::string text = "0x";
  for (unsigned char byte : character) {
    text += digits[byte >> 4];
    text += digits[byte & 15];
  }
  return text;
}

size_t lengthAt(std::string_view text, size_t offset) {
  size_t length = utf8Length(text, offset);
  if (length == 0)
    fail(RNN_CORRUPT, "the text is not UTF-8: byte ",
         spelled(text.substr(offset, 1)), " at position ", offset,
         "; use --tokenizer bytes or convert the text");
  return length;
}

} // namespace

void Tokenizer::setCharacters(std::vector<std::string> sorted) {
  characterOfToken = std::move(sorted);
  for (size_t i = 0; i < characterOfToken.size(); ++i)
    tokenOfCharacter.emplace(characterOfToken[i], static_cast<int32_t>(i));
}

Tokenizer Tokenizer::characters(std::string_view text) {
  // The order of UTF-8 strings is that of their code points.
  std::set<std::string_view> seen;
  for (size_t offset = 0; offset < text.size();) {
    size_t length = lengthAt(text, offset);
    seen.insert(text.substr(offset, length));
    offset += length;
  }
  if (seen.empty())
    fail(RNN_INVALID_ARGUMENT,
         "the text is empty; a vocabulary needs characters");
  Tokenizer tokenizer;
  tokenizer.setCharacters({seen.begin(), seen.end()});
  return tokenizer;
}

Tokenizer Tokenizer::fromJson(const std::string &text) {
  auto bad = [](const char *why) {
    return Failure(RNN_CORRUPT,
                   std::string("the checkpoint's tokenizer is damaged: ") +
                       why);
  };
  auto value = nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!value.is_object() || !value.contains("kind"))
    throw bad("it is no JSON object with a kind");
  if (value["kind"] == "bytes")
    return bytes();
  if (value["kind"] != "chars")
    throw bad("its kind is neither bytes nor chars");
  auto list = value.find("characters");
  if (list == value.end() || !list->is_array() || list->empty())
    throw bad("it has no characters");
  std::vector<std::string> sorted;
  for (const auto &entry : *list) {
    if (!entry.is_string())
      throw bad("a character is not a string");
    auto character = entry.get<std::string>();
    if (character.empty() || utf8Length(character, 0) != character.size())
      throw bad("an entry is not one character");
    if (!sorted.empty() && character <= sorted.back())
      throw bad("its characters are not sorted and unique");
    sorted.push_back(std::move(character));
  }
  Tokenizer tokenizer;
  tokenizer.setCharacters(std::move(sorted));
  return tokenizer;
}

std::string Tokenizer::json() const {
  if (characterOfToken.empty())
    return R"({"kind":"bytes"})";
  nlohmann::json value{{"kind", "chars"}, {"characters", characterOfToken}};
  return value.dump();
}

int64_t Tokenizer::size() const {
  return characterOfToken.empty()
             ? 256
             : static_cast<int64_t>(characterOfToken.size());
}

std::vector<int32_t> Tokenizer::encode(std::string_view text) const {
  if (characterOfToken.empty()) {
    const auto *first = reinterpret_cast<const unsigned char *>(text.data());
    return {first, first + text.size()};
  }
  std::vector<int32_t> tokens;
  tokens.reserve(text.size());
  for (size_t offset = 0; offset < text.size();) {
    size_t length = lengthAt(text, offset);
    std::string character(text.substr(offset, length));
    auto found = tokenOfCharacter.find(character);
    if (found == tokenOfCharacter.end())
      fail(RNN_INVALID_ARGUMENT, "character ", spelled(character),
           " at position ", offset, " is not among the ",
           characterOfToken.size(),
           " characters that the model was trained on; remove it or train "
           "with --tokenizer bytes");
    tokens.push_back(found->second);
    offset += length;
  }
  return tokens;
}

std::string Tokenizer::decode(int32_t token) const {
  if (token < 0 || token >= size())
    return {};
  if (characterOfToken.empty())
    return std::string(1, static_cast<char>(token));
  return characterOfToken[static_cast<size_t>(token)];
}
