// Text to tokens and back. Two tokenizers: bytes (256 tokens) and characters
// (the sorted unique characters of a text, as nanoGPT's char data set). The
// JSON form travels in a checkpoint's metadata.
#ifndef RNN_DATA_TOKENIZER_H
#define RNN_DATA_TOKENIZER_H

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace rnn {

class Tokenizer {
public:
  static Tokenizer bytes() { return Tokenizer(); }

  /// The characters (Unicode code points) of `text`, sorted. Throws Failure
  /// naming the position if `text` is not UTF-8.
  static Tokenizer characters(std::string_view text);

  /// The inverse of json(). Throws Failure if `text` is no tokenizer.
  static Tokenizer fromJson(const std::string &text);
  std::string json() const;

  /// How many tokens there are: every token is in [0, size()).
  int64_t size() const;

  /// Throws Failure naming the character and its byte position if one is not
  /// in the vocabulary.
  std::vector<int32_t> encode(std::string_view text) const;

  /// The bytes of one token; empty for a token outside [0, size()).
  std::string decode(int32_t token) const;

private:
  void setCharacters(std::vector<std::string> sorted);

  // Empty for bytes.
  std::vector<std::string> characterOfToken;
  std::unordered_map<std::string, int32_t> tokenOfCharacter;
};

} // namespace rnn
#endif // RNN_DATA_TOKENIZER_H
