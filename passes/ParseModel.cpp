// Reading a model's text: the file, the limits that keep the parser safe, the
// parser on a stack of its own, and its messages about unknown ops.
#include "passes/ParseModel.h"

#include "dialect/RNNDialect.h"

#include "mlir/Bytecode/BytecodeReader.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/Parser/Parser.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/ConvertUTF.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/SourceMgr.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <functional>
#include <pthread.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace mlir;

namespace rnn {

namespace {

constexpr size_t kMaxBytes = size_t(16) << 20;
constexpr size_t kMaxDepth = 256;
constexpr unsigned kMaxDimensions = 64;
constexpr size_t kStackBytes = size_t(256) << 20;

//===----------------------------------------------------------------------===//
// The file
//===----------------------------------------------------------------------===//

/// Closes what `open` opened; standard input is left to its owner.
struct File {
  int descriptor = -1;
  ~File() {
    if (descriptor > STDIN_FILENO)
      ::close(descriptor);
  }
};

LogicalResult readText(StringRef path, Location at, std::string &text) {
  File file;
  if (path == "-") {
    file.descriptor = STDIN_FILENO;
  } else {
    // O_NONBLOCK: a FIFO without a writer must not stop us here.
    file.descriptor =
        ::open(path.str().c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (file.descriptor < 0)
      return emitError(at) << "cannot open the model: " << std::strerror(errno);
    struct stat status;
    if (::fstat(file.descriptor, &status) != 0 || !S_ISREG(status.st_mode))
      return emitError(at) << "not a regular file; give a model's text "
                              "(FILE.mlir), or - for standard input";
  }
  char chunk[1 << 16];
  while (text.size() <= kMaxBytes) {
    ssize_t count = ::read(file.descriptor, chunk, sizeof(chunk));
    if (count < 0 && errno == EINTR)
      continue;
    if (count < 0)
      return emitError(at) << "cannot read the model: " << std::strerror(errno);
    if (count == 0)
      return success();
    text.append(chunk, count);
  }
  return emitError(at) << "a model's text has at most 16 MiB, this one has "
                          "more; is it a model?";
}

//===----------------------------------------------------------------------===//
// The limits
//===----------------------------------------------------------------------===//

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
    if (rest.starts_with("->")) {
      position += 2;
      return success();
    }
    char c = rest.front();
    if (c == '"')
      return skipString();
    if (llvm::isAlpha(c) || c == '_')
      return word();
    if (c == '!' || c == '#')
      return alias();
    if (StringRef("([{<").contains(c))
      return open(c);
    if (!brackets.empty() && c == brackets.back().close)
      brackets.pop_back();
    else if (c == ',' && !brackets.empty())
      brackets.back().dimensions = 0;
    else if (c == '\n' && brackets.empty())
      endDefinition();
    last = llvm::isSpace(c) ? last : c;
    ++position;
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
    StringRef name =
        rest.take_while([](char c) { return llvm::isAlnum(c) || c == '_'; });
    if (last != '.' && (name == "affine_map" || name == "affine_set"))
      return error() << name << " does not occur in a model";
    position += name.size();
    last = name.back();
    return success();
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
    last = text[position];
    position += 1 + name.size();
    return success();
  }

  /// At the end of a line outside of all brackets: does a definition go on?
  void endDefinition() {
    StringRef after = text.drop_front(position).ltrim();
    inDefinition &= last == '=' || (!after.empty() &&
                                    StringRef("<([{:,-/").contains(after[0]));
  }

  StringRef text, path;
  MLIRContext &context;
  size_t position = 0;
  /// The last character that was not a space.
  char last = 0;
  bool inDefinition = false;
  SmallVector<Bracket> brackets;
};

//===----------------------------------------------------------------------===//
// The parser, and what it says
//===----------------------------------------------------------------------===//

/// Runs `body` on a thread with a stack of `kStackBytes`.
LogicalResult runOnLargeStack(llvm::function_ref<void()> body) {
  pthread_attr_t attributes;
  if (::pthread_attr_init(&attributes) != 0)
    return failure();
  auto start = [](void *argument) -> void * {
    (*static_cast<llvm::function_ref<void()> *>(argument))();
    return nullptr;
  };
  pthread_t thread;
  bool started = ::pthread_attr_setstacksize(&attributes, kStackBytes) == 0 &&
                 ::pthread_create(&thread, &attributes, start, &body) == 0;
  ::pthread_attr_destroy(&attributes);
  return success(started && ::pthread_join(thread, nullptr) == 0);
}

/// The dialects of which a model is made: ours and those of plugins.
struct Vocabulary {
  ArrayRef<std::string> plugged;

  bool isOurs(StringRef dialect) const {
    return dialect == "rnn" || dialect == "arith" || dialect == "math";
  }
  bool isPlugged(StringRef dialect) const {
    return llvm::is_contained(plugged, dialect);
  }
  /// "rnn, arith and math"
  std::string names() const {
    SmallVector<std::string> all = {"rnn", "arith", "math"};
    llvm::append_range(all, plugged);
    std::string last = all.pop_back_val();
    return llvm::join(all, ", ") + " and " + last;
  }
};

/// The registered op nearest to `name` by edit distance, or "".
StringRef nearestOp(StringRef name, MLIRContext &context,
                    const Vocabulary &vocabulary) {
  StringRef nearest;
  size_t allowed = std::max<size_t>(2, name.split('.').second.size() / 3);
  unsigned least = allowed + 1;
  for (RegisteredOperationName op : context.getRegisteredOperations()) {
    StringRef known = op.getStringRef();
    unsigned distance = name.edit_distance(known, true, least);
    // Forgotten dialect: `linear` for `rnn.linear`.
    StringRef dialect = op.getDialectNamespace();
    if ((dialect == "rnn" || vocabulary.isPlugged(dialect)) &&
        name == op.stripDialect())
      distance = 0;
    if (distance < least) {
      least = distance;
      nearest = known;
    }
  }
  return nearest;
}

/// If the message is one of the parser's about an op that does not exist, the
/// op's name ("" where the message does not tell it).
std::optional<StringRef> unknownOp(StringRef message) {
  if (message.contains("operation being parsed with an unregistered dialect"))
    return "";
  bool isUnknown = message.contains("' is unknown") ||
                   message.contains("' not found for custom op") ||
                   message.contains("that does not allow unknown operations");
  for (StringRef start : {"custom op '", "unregistered operation '"})
    if (isUnknown && message.contains(start))
      return message.split(start).second.split('\'').first;
  return std::nullopt;
}

/// Hands a diagnostic of the parser on, in words of our own where its words
/// would not help.
void handOn(Diagnostic &diagnostic, MLIRContext &context,
            const Vocabulary &vocabulary) {
  std::string message = diagnostic.str();
  if (std::optional<StringRef> name = unknownOp(message)) {
    StringRef nearest = nearestOp(*name, context, vocabulary);
    auto [dialect, op] = name->split('.');
    bool isForeign = !op.empty() && !context.getLoadedDialect(dialect);
    InFlightDiagnostic error = emitError(diagnostic.getLocation());
    error << "there is no ";
    if (name->empty())
      error << "such op";
    else
      error << "op '" << *name << "'";
    if (!nearest.empty())
      error << "; did you mean '" << nearest << "'?";
    else if (isForeign)
      error << "; if a plugin defines '" << dialect
            << "', give it with --load-dialect-plugin";
    else
      error << "; a model is made of " << vocabulary.names()
            << " ops, and starts with rnn.model @NAME(...)";
    return;
  }
  context.getDiagEngine().emit(std::move(diagnostic));
}

/// Is everything in the file something that a model's text may say? The rest of
/// what MLIR can parse, and what only passes make, ends here.
LogicalResult checkVocabulary(ModuleOp model, Location start,
                              const Vocabulary &vocabulary) {
  if (model.getBody()->empty())
    return emitError(start)
           << "nothing is defined here; a model's text has at least one "
              "rnn.model";
  for (Operation &op : *model.getBody())
    if (!isa<ModelOp, ObjectiveOp, CellOp>(op))
      return emitError(op.getLoc())
             << "'" << op.getName()
             << "' is not expected here; a file defines rnn.model, "
                "rnn.objective and rnn.cell";
  WalkResult walk = model->walk([&](Operation *op) {
    StringRef dialect = op->getName().getDialectNamespace();
    bool isPlugged = vocabulary.isPlugged(dialect);
    if (op == model || vocabulary.isOurs(dialect) ||
        (isPlugged && isa<LayerOpInterface, ElementOpInterface>(op)))
      return WalkResult::advance();
    InFlightDiagnostic error = emitError(op->getLoc());
    error << "'" << op->getName() << "' ";
    if (isPlugged)
      error << "implements neither LayerOpInterface nor ElementOpInterface, so "
               "its plugin does not say what it computes";
    else
      error << "is not an op of models, which are made of "
            << vocabulary.names() << " ops";
    return WalkResult::interrupt();
  });
  return failure(walk.wasInterrupted());
}

} // namespace

OwningOpRef<ModuleOp> parseModel(StringRef path, MLIRContext &context,
                                 ArrayRef<std::string> plugged) {
  Vocabulary vocabulary{plugged};
  context.loadDialect<RNNDialect>();
  StringRef name = path == "-" ? "<stdin>" : path;
  Location start = FileLineColLoc::get(&context, name, 1, 1);
  std::string text;
  if (failed(readText(path, start, text)) ||
      failed(LimitCheck(text, name, context).run()))
    return {};

  OwningOpRef<ModuleOp> model;
  SmallVector<Diagnostic> diagnostics;
  auto parse = [&] {
    ScopedDiagnosticHandler collect(&context, [&](Diagnostic &diagnostic) {
      diagnostics.push_back(std::move(diagnostic));
    });
    llvm::SourceMgr sources;
    sources.AddNewSourceBuffer(llvm::MemoryBuffer::getMemBuffer(text, name),
                               llvm::SMLoc());
    model = parseSourceFile<ModuleOp>(sources, ParserConfig(&context));
  };
  if (failed(runOnLargeStack(parse))) {
    emitError(start) << "no memory for the parser; it needs 256 MiB of address "
                        "space";
    return {};
  }
  for (Diagnostic &diagnostic : diagnostics)
    handOn(diagnostic, context, vocabulary);
  if (model && failed(checkVocabulary(*model, start, vocabulary)))
    return {};
  return model;
}

} // namespace rnn
