// The limits of a model's text, in one pass over it before any parser sees it.
#include "passes/TextLimits.h"

#include "mlir/Bytecode/BytecodeReader.h"
#include "mlir/IR/Diagnostics.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/ConvertUTF.h"
#include "llvm/Support/MemoryBuffer.h"

using namespace mlir;

namespace rnn {

namespace {

constexpr size_t kMaxDepth = 256;
constexpr unsigned kMaxDimensions = 64;
/// MLIR takes time quadratic in a number's digits, and repeats words in
/// messages.
constexpr size_t kMaxWord = 256;
constexpr size_t kMaxString = 4096;

/// One pass over the text, before any parser sees it.
class LimitCheck {
public:
  LimitCheck(StringRef text, StringRef path, MLIRContext &context)
      : text(text), path(path), context(context) {}

  LogicalResult run() {
    if (failed(checkEncoding()))
      return failure();
    while (position < text.size())
      if (failed(step()))
        return failure();
    return success();
  }

private:
  /// An open bracket, and the dimensions seen in it since its last comma.
  struct Bracket {
    char close;
    unsigned dimensions = 0;
  };

  InFlightDiagnostic error() {
    StringRef before = text.take_front(position);
    size_t lineStart = before.rfind('\n') + 1; // npos + 1 is 0
    return emitError(FileLineColLoc::get(&context, path, before.count('\n') + 1,
                                         position - lineStart + 1));
  }

  LogicalResult checkEncoding() {
    if (isBytecode(llvm::MemoryBufferRef(text, path)))
      return error() << "this is MLIR bytecode; give the model's text";
    if (text.trim().empty())
      return error() << "the file is empty; a model's text has at least one "
                        "rnn.model";
    const auto *at = text.bytes_begin();
    if (!llvm::isLegalUTF8String(&at, text.bytes_end())) {
      position = at - text.bytes_begin();
      return error() << "byte 0x" << llvm::utohexstr(*at)
                     << " is not UTF-8; a model's text is UTF-8";
    }
    position = text.find('\0');
    if (position != StringRef::npos)
      return error() << "a NUL byte; a model's text has none";
    position = 0;
    return success();
  }

  LogicalResult step() {
    StringRef rest = text.drop_front(position);
    if (rest.starts_with("//")) {
      position = std::min(text.find('\n', position), text.size());
      return success();
    }
    if (rest.starts_with("{-#"))
      return error() << "file metadata ({-# ... #-}) does not occur in a model";
    if (rest.starts_with("->")) {
      position += 2;
      return success();
    }
    char c = rest.front();
    if (c == '"')
      return skipString();
    if (llvm::isAlpha(c) || c == '_')
      return word();
    if (llvm::isDigit(c))
      return advance(rest.take_while(llvm::isDigit).size());
    if (c == '!' || c == '#')
      return alias();
    if (StringRef("([{<").contains(c))
      return open(c);
    if (!brackets.empty() && c == brackets.back().close)
      brackets.pop_back();
    else if (c == ',' && !brackets.empty())
      brackets.back().dimensions = 0;
    else if (c == '\n' && brackets.empty())
      return endDefinition();
    last = llvm::isSpace(c) ? last : c;
    ++position;
    return success();
  }

  /// Past a word or a number.
  LogicalResult advance(size_t length) {
    if (length > kMaxWord)
      return error() << "a word or number of " << length
                     << " characters; a model's have at most " << kMaxWord;
    position += length;
    last = text[position - 1];
    return success();
  }

  LogicalResult open(char c) {
    if (brackets.size() == kMaxDepth)
      return error() << "brackets are nested more than " << kMaxDepth
                     << " deep; use rnn.repeat, or several models and "
                        "rnn.call";
    brackets.push_back({c == '('   ? ')'
                        : c == '[' ? ']'
                        : c == '{' ? '}'
                                   : '>'});
    last = c;
    ++position;
    return success();
  }

  LogicalResult skipString() {
    size_t end = position + 1;
    while (end < text.size() && text[end] != '"' && text[end] != '\n')
      end += text[end] == '\\' ? 2 : 1;
    if (end - position > kMaxString)
      return error() << "a string of " << end - position
                     << " characters; a model's have at most " << kMaxString;
    position = std::min(end + 1, text.size());
    last = '"';
    return success();
  }

  /// A word, or the rest of a dimension list: `x384xf32`.
  LogicalResult word() {
    StringRef rest = text.drop_front(position);
    bool inList = rest.front() == 'x' && !brackets.empty() &&
                  (llvm::isDigit(last) || StringRef("?*]x").contains(last));
    if (inList) {
      last = 'x';
      ++position;
      if (++brackets.back().dimensions <= kMaxDimensions)
        return success();
      return error() << "a type of more than " << kMaxDimensions
                     << " dimensions; a model's tensors have few: "
                        "tensor<?x?x384xf32>";
    }
    StringRef name = rest.take_while([](char c) {
      return llvm::isAlnum(c) || StringRef("_$.").contains(c);
    });
    if (name == "affine_map" || name == "affine_set")
      return error() << name << " does not occur in a model";
    return advance(name.size());
  }

  /// `!name` and `#name`. Aliases of aliases would make types whose print, in
  /// any message about them, is exponentially long.
  LogicalResult alias() {
    StringRef name = text.drop_front(position + 1).take_while([](char c) {
      return llvm::isAlnum(c) || StringRef("_$.-").contains(c);
    });
    if (!name.empty() && !name.contains('.')) {
      if (inDefinition)
        return error() << "an alias must not be defined by another, '"
                       << text.substr(position, 1 + name.size())
                       << "'; write the type out";
      StringRef after = text.drop_front(position + 1 + name.size()).ltrim();
      inDefinition = brackets.empty() && after.starts_with("=");
    }
    return advance(1 + name.size());
  }

  /// At the end of a line outside of all brackets: does a definition go on?
  LogicalResult endDefinition() {
    StringRef after = text.drop_front(position).ltrim();
    inDefinition &= last == '=' || (!after.empty() &&
                                    StringRef("<([{:,-/").contains(after[0]));
    position = text.size() - after.size();
    return success();
  }

  StringRef text, path;
  MLIRContext &context;
  size_t position = 0;
  /// The last character that was not a space.
  char last = 0;
  bool inDefinition = false;
  SmallVector<Bracket> brackets;
};

} // namespace

LogicalResult checkTextLimits(StringRef text, StringRef path,
                              MLIRContext &context) {
  return LimitCheck(text, path, context).run();
}

} // namespace rnn
