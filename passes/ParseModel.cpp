// Reading a model's text: the file, and the parser on a stack of its own.
#include "passes/ParseModel.h"
#include "passes/ParserMessages.h"
#include "passes/TextLimits.h"
#include "passes/Vocabulary.h"

#include "dialect/RNNDialect.h"

#include "mlir/IR/Diagnostics.h"
#include "mlir/Parser/Parser.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/SourceMgr.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <pthread.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace mlir;

namespace rnn {

namespace {

constexpr size_t kMaxBytes = size_t(16) << 20;
constexpr size_t kStackBytes = size_t(256) << 20;

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

} // namespace

OwningOpRef<ModuleOp> parseModel(StringRef path, MLIRContext &context,
                                 ArrayRef<std::string> plugged,
                                 std::string *source) {
  Vocabulary vocabulary(plugged);
  context.loadDialect<RNNDialect>();
  StringRef name = path == "-" ? "<stdin>" : path;
  Location start = FileLineColLoc::get(&context, name, 1, 1);
  std::string text;
  if (failed(readText(path, start, text)) ||
      failed(checkTextLimits(text, name, context)))
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
  emitParserMessages(diagnostics, text, context, vocabulary);
  if (model && failed(vocabulary.check(*model, start)))
    return {};
  if (source)
    *source = std::move(text);
  return model;
}

} // namespace rnn
