#include "Explain.h"

#include "passes/cpu/ChunkLimits.h"
#include "passes/cpu/ResidentShape.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Format.h"

using namespace llvm;

namespace rnn {

static StringRef text(const json::Object &object, StringRef key) {
  return object.getString(key).value_or("");
}

static std::string join(const json::Array *items) {
  SmallVector<std::string> parts;
  if (items)
    for (const json::Value &item : *items)
      parts.push_back(item.getAsInteger()
                          ? std::to_string(*item.getAsInteger())
                          : item.getAsString().value_or("").str());
  return llvm::join(parts, ", ");
}

static void explainRecurrences(const json::Object &module, raw_ostream &out) {
  const json::Array *recurrences = module.getArray("recurrences");
  if (!recurrences || recurrences->empty()) {
    out << "No recurrences.\n";
    return;
  }
  out << "Recurrences\n";
  for (const json::Value &value : *recurrences) {
    const json::Object &recurrence = *value.getAsObject();
    StringRef layer = text(recurrence, "layer");
    out << "  " << text(recurrence, "at") << (layer.empty() ? "" : ", ")
        << layer
        << (recurrence.getBoolean("reverse").value_or(false)
                ? ", backwards in time\n"
                : "\n");
    for (const json::Value &part : *recurrence.getArray("components")) {
      const json::Object &component = *part.getAsObject();
      StringRef form = text(component, "form");
      out << "    " << join(component.getArray("states")) << ": "
          << (form == "sequential" ? "sequential in time: "
                                   : "parallel in time, " + form.str() + ": ")
          << text(component, "why") << "\n";
    }
  }
}

/// What a kernel is, and on a GPU what its threads do.
static std::string described(const json::Object &kernel) {
  StringRef runs = text(kernel, "runs");
  return text(kernel, "what").str() + (runs.empty() ? "" : ", ") + runs.str();
}

/// Where the matrices of a step are, over all of time.
static std::string explainResident(const json::Object &kernel, int64_t team) {
  std::string blocks =
      team == 1 ? "a block has" : std::to_string(team) + " blocks share";
  std::string note =
      "  " + text(kernel, "name").str() + " is resident: " + blocks;
  auto all = kernel.getInteger("matrices");
  if (!all)
    return note + " its matrices in shared memory over all of time.\n";
  return note + " its matrices, of which " +
         std::to_string(kernel.getInteger("kept").value_or(0)) + " of " +
         std::to_string(*all) +
         " stay in shared memory; the rest is read at each step, once for " +
         std::to_string(ResidentShape::rows) + " batch rows.\n";
}

/// In which calls a scan runs with its products, and for which kernel.
static std::string explainBlocked(const json::Object &kernel) {
  std::string calls;
  if (!kernel.getBoolean("in_chunks").value_or(false))
    calls = " that are not cut into chunks";
  if (int64_t least = kernel.getInteger("least_batch").value_or(1); least > 1)
    calls += (calls.empty() ? " of at least " : ", of at least ") +
             std::to_string(least) + " batch rows";
  if (int64_t least = kernel.getInteger("least_rows").value_or(1); least > 1)
    calls += (calls.empty() ? " of at least " : ", of at least ") +
             std::to_string(least) + " rows (batch times time)";
  return "  " + text(kernel, "name").str() + " is " +
         text(kernel, "instead_of").str() + " with its products, in " +
         (calls.empty() ? "all calls" : "calls" + calls) + ".\n";
}

static void explainKernels(const json::Object &module,
                           const ChunkLimits &limits, raw_ostream &out) {
  const json::Array *kernels = module.getArray("kernels");
  if (!kernels || kernels->empty())
    return;
  out << "\nKernels (bytes and operations are per time step of one sequence)\n";
  size_t widest = 30;
  bool isChunked = false, isSerial = false, isRows = false, isOnePass = false;
  // Of single kernels.
  std::string lines;
  raw_string_ostream notes(lines);
  for (const json::Value &value : *kernels)
    widest = std::max(widest, described(*value.getAsObject()).size());
  auto row = [&](StringRef name, StringRef what, StringRef launches,
                 StringRef bytes, StringRef operations, StringRef rest) {
    out << "  " << left_justify(name, 18) << left_justify(what, widest + 2)
        << right_justify(launches, 9) << right_justify(bytes, 9)
        << right_justify(operations, 12) << "  " << rest << "\n";
  };
  row("kernel", "what", "launches", "bytes", "operations", "lines; entries");
  for (const json::Value &value : *kernels) {
    const json::Object &kernel = *value.getAsObject();
    auto number = [&](StringRef key) {
      return std::to_string(kernel.getInteger(key).value_or(0));
    };
    row(text(kernel, "name"), described(kernel), number("launches"),
        number("bytes_per_row"), number("operations_per_row"),
        join(kernel.getArray("lines")) + "; " +
            join(kernel.getArray("entries")));
    isChunked |= text(kernel, "what").contains("chunk");
    isSerial |= text(kernel, "runs") == "serial";
    isRows |= text(kernel, "runs") == "rows";
    isOnePass |= text(kernel, "runs") == "one pass";
    if (auto team = kernel.getInteger("team"))
      notes << explainResident(kernel, *team);
    else if (StringRef why = text(kernel, "not_resident"); !why.empty())
      notes << "  " << text(kernel, "name") << " is not resident: " << why
            << ".\n";
    if (text(kernel, "runs") == "blocked")
      notes << explainBlocked(kernel);
    else if (StringRef why = text(kernel, "not_blocked"); !why.empty())
      notes << "  " << text(kernel, "name")
            << " is not blocked with the products that feed it: " << why
            << ".\n";
  }
  if (isSerial || isRows)
    out << "  serial: a thread for each element of a row. rows: a block of "
           "threads for each row.\n";
  out << lines;
  if (isOnePass)
    out << "  one pass: serial, or in chunks that learn from the blocks of "
           "earlier ones what they start with.\n";
  if (isChunked)
    out << "  Calls of fewer than " << limits.enoughRows
        << " rows and at least " << 2 * limits.leastChunk
        << " steps are cut into chunks of time.\n";
}

void explain(const json::Value &descriptor, Workers workers, raw_ostream &out) {
  const json::Object &module = *descriptor.getAsObject();
  explainRecurrences(module, out);
  explainKernels(module, ChunkLimits::of(workers), out);
  if (const json::Array *parameters = module.getArray("parameters"))
    out << "\n"
        << parameters->size() << " parameters, "
        << module.getInteger("parameter_count").value_or(0)
        << " numbers in one flat buffer\n";
}

} // namespace rnn
