#include "Explain.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Format.h"

using namespace llvm;

namespace rnn {

static StringRef text(const json::Object &object, StringRef key) {
  return object.getString(key).value_or("");
}

static std::string join(const json::Value *value) {
  if (!value)
    return "";
  if (const json::Array *items = value->getAsArray()) {
    SmallVector<std::string> parts;
    for (const json::Value &item : *items)
      parts.push_back(item.getAsString().value_or("").str());
    return llvm::join(parts, ", ");
  }
  return value->getAsString().value_or("").str();
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
    StringRef form = text(recurrence, "form");
    out << "  " << text(recurrence, "at") << ": "
        << (form == "sequential" ? "sequential in time: "
                                 : "parallel in time, " + form.str() + ": ")
        << text(recurrence, "why") << "\n";
  }
}

static void explainKernels(const json::Object &module, raw_ostream &out) {
  const json::Array *kernels = module.getArray("kernels");
  if (!kernels || kernels->empty())
    return;
  out << "\nKernels (bytes and operations per step of one sequence)\n";
  out << "  " << left_justify("kernel", 12) << left_justify("what", 28)
      << right_justify("launches", 9) << right_justify("bytes", 10)
      << right_justify("operations", 12) << "  entries\n";
  for (const json::Value &value : *kernels) {
    const json::Object &kernel = *value.getAsObject();
    auto number = [&](StringRef key) {
      std::optional<double> n = kernel.getNumber(key);
      return n ? std::to_string(int64_t(*n)) : std::string("-");
    };
    out << "  " << left_justify(text(kernel, "name"), 12)
        << left_justify(text(kernel, "what"), 28)
        << right_justify(number("launches"), 9)
        << right_justify(number("bytes_per_row"), 10)
        << right_justify(number("operations_per_row"), 12) << "  "
        << join(kernel.get("entries")) << "\n";
  }
}

void explain(const json::Value &descriptor, raw_ostream &out) {
  const json::Object &module = *descriptor.getAsObject();
  explainRecurrences(module, out);
  explainKernels(module, out);
  if (const json::Array *parameters = module.getArray("parameters"))
    out << "\n"
        << parameters->size() << " parameters, "
        << module.getInteger("parameter_count").value_or(0)
        << " numbers in one flat buffer\n";
}

} // namespace rnn
