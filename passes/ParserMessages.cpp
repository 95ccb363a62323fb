#include "passes/ParserMessages.h"

#include "mlir/IR/Operation.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;

namespace rnn {

namespace {

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

void emitUnknownOp(Location at, StringRef name, MLIRContext &context,
                   const Vocabulary &vocabulary) {
  StringRef nearest = nearestOp(name, context, vocabulary);
  auto [dialect, op] = name.split('.');
  bool isForeign = !op.empty() && !context.getLoadedDialect(dialect);
  InFlightDiagnostic error = emitError(at);
  error << "there is no ";
  if (name.empty())
    error << "such op";
  else
    error << "op '" << name << "'";
  if (!nearest.empty())
    error << "; did you mean '" << nearest << "'?";
  else if (isForeign)
    error << "; if a plugin defines '" << dialect
          << "', give it with --load-dialect-plugin";
  else
    error << "; a model is made of " << vocabulary.names()
          << " ops, and starts with rnn.model @NAME(...)";
}

/// What the text says at a place of the parser's: `%name`, perhaps `#2`.
StringRef valueAt(StringRef text, Location at) {
  auto place = dyn_cast<FileLineColLoc>(at);
  if (!place)
    return "";
  for (unsigned line = 1; line < place.getLine(); ++line)
    text = text.split('\n').second;
  return text.drop_front(std::min<size_t>(text.size(), place.getColumn() - 1))
      .take_while([](char c) {
        return llvm::isAlnum(c) || StringRef("%_$.-#").contains(c);
      });
}

/// The parser's words, and better ones.
struct Rewording {
  StringRef theirs, ours;
};
constexpr Rewording rewordings[] = {
    {"does not dominate this use",
     "a value is used before it is computed; of the step before, only what is "
     "yielded as `next` can be read, as a state"},
    {"empty block: expect at least a terminator",
     "the body does not end; a model ends with rnn.return, a step with "
     "rnn.yield"},
    {"block with no terminator",
     "the body does not end; a model ends with rnn.return, a step with "
     "rnn.yield"},
    {"('body') failed to verify constraint: region with 1 blocks",
     "the body is empty; a model ends with rnn.return, a step with rnn.yield"},
    {"expected operation name in quotes",
     "expected an op, such as %y = rnn.sigmoid %x : tensor<?x?x384xf32>"},
};

} // namespace

void emitParserMessages(MutableArrayRef<Diagnostic> diagnostics, StringRef text,
                        MLIRContext &context, const Vocabulary &vocabulary) {
  constexpr StringRef undefined = "use of undeclared SSA value name";
  constexpr size_t mostMore = 8;
  auto isError = [](const Diagnostic &diagnostic) {
    return diagnostic.getSeverity() == DiagnosticSeverity::Error;
  };
  auto *first = llvm::find_if(diagnostics, isError);
  if (first == diagnostics.end())
    return;
  Location at = first->getLocation();
  std::string message = first->str();
  if (std::optional<StringRef> name = unknownOp(message))
    return emitUnknownOp(at, *name, context, vocabulary);
  if (message == undefined) {
    InFlightDiagnostic error = emitError(at)
                               << "'" << valueAt(text, at)
                               << "' is used, but nothing defines it";
    for (const Diagnostic &other :
         ArrayRef(first + 1, diagnostics.end()).take_front(mostMore))
      if (other.str() == undefined)
        error.attachNote(other.getLocation())
            << "nor '" << valueAt(text, other.getLocation()) << "'";
    return;
  }
  for (const Rewording &known : rewordings)
    if (StringRef(message).contains(known.theirs)) {
      emitError(at) << known.ours;
      return;
    }
  // What the verifier says about several ops are several mistakes.
  auto isAboutOp = [](const Diagnostic &diagnostic) {
    return StringRef(diagnostic.str()).contains("' op ");
  };
  bool areVerifiers = isAboutOp(*first);
  context.getDiagEngine().emit(std::move(*first));
  if (areVerifiers)
    for (Diagnostic &other :
         MutableArrayRef(first + 1, diagnostics.end()).take_front(mostMore))
      if (isError(other) && isAboutOp(other))
        context.getDiagEngine().emit(std::move(other));
}

} // namespace rnn
