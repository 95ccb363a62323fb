// `rnn run`: one entry point on .npy inputs, everything it gives as .npy. This
// is how a module is compared with another framework.
#include "Console.h"
#include "EntryArrays.h"
#include "Failure.h"
#include "OutputFolder.h"
#include "Verb.h"

#include <algorithm>
#include <cstring>
#include <map>
#include <memory>

using namespace rnn;

namespace {

struct RunOptions {
  std::string module, entry, parameters, out, gradientsFile;
  std::string writeParameters, stateIn, stateOut;
  std::vector<std::string> inputs;
  uint64_t seed = 0;
  Place place;
  bool gradients = false, asJson = false;
};

// The arrays of `--input name=file.npy`, in the entry's order.
std::vector<Array> readInputs(const RunOptions &options,
                              const EntrySpec &entry) {
  std::map<std::string, std::string> files;
  for (const std::string &input : options.inputs) {
    size_t equals = input.find('=');
    if (equals == std::string::npos || equals == 0)
      fail(RNN_INVALID_ARGUMENT, "--input takes NAME=FILE.npy, not '", input,
           "'");
    if (!files.emplace(input.substr(0, equals), input.substr(equals + 1))
             .second)
      fail(RNN_INVALID_ARGUMENT, "input '", input.substr(0, equals),
           "' is given twice");
  }
  std::vector<Array> arrays;
  for (const TensorSpec &spec : entry.inputs) {
    auto file = files.find(spec.name);
    if (file == files.end())
      fail(RNN_INVALID_ARGUMENT, "entry '", entry.name, "' needs input '",
           spec.name, "', ", typeText(spec), "; add --input ", spec.name,
           "=FILE.npy");
    Array array = readNpy(file->second);
    std::string what = "input '" + spec.name + "' from '" + file->second + "'";
    if (isFloat(spec) || array.type != spec.type)
      array = convertFloats(std::move(array), spec.type, what);
    if (array.shape.size() != spec.shape.size())
      fail(RNN_INVALID_ARGUMENT, what, " has shape ", shapeText(array.shape),
           " where ", typeText(spec), " is needed");
    arrays.push_back(std::move(array));
    files.erase(file);
  }
  if (!files.empty()) {
    std::string names;
    for (const TensorSpec &spec : entry.inputs)
      names += " '" + spec.name + "'";
    fail(RNN_INVALID_ARGUMENT, "entry '", entry.name, "' has no input '",
         files.begin()->first, "'; its inputs are", names);
  }
  return arrays;
}

// What the arrays say the size is; the runtime checks that they all agree.
int64_t sizeOf(int64_t dynamic, const EntrySpec &entry,
               const std::vector<Array> &inputs) {
  for (size_t i = 0; i < inputs.size(); ++i)
    for (size_t dim = 0; dim < inputs[i].shape.size(); ++dim)
      if (entry.inputs[i].shape[dim] == dynamic)
        return inputs[i].shape[dim];
  return 1;
}

// A recurrent state as one array [batch, elements]: the entry's states side by
// side in the descriptor's order.
class StateFile {
public:
  StateFile(const EntrySpec &entry, rnn_element_type type, int64_t batch)
      : entry(entry), type(type), batch(batch) {
    for (const StateSpec &spec : entry.states)
      width += spec.count;
    if (width == 0)
      fail(RNN_INVALID_ARGUMENT, "entry '", entry.name, "' has no state");
  }

  void read(const std::string &path, State &state) const {
    Array all =
        convertFloats(readNpy(path), type, "the state in '" + path + "'");
    if (all.shape != std::vector<int64_t>{batch, width})
      fail(RNN_INVALID_ARGUMENT, "the state in '", path, "' has shape ",
           shapeText(all.shape), " where ", shapeText({batch, width}),
           " is needed");
    each([&](const StateSpec &spec, Array &part, int64_t offset) {
      move(part, all, spec.count, offset, /*out=*/false);
      state.write(spec.name, view(part));
    });
  }

  void write(const std::string &path, State &state) const {
    Array all(type, {batch, width});
    each([&](const StateSpec &spec, Array &part, int64_t offset) {
      state.read(spec.name, view(part));
      move(part, all, spec.count, offset, /*out=*/true);
    });
    writeNpy(path, all);
  }

private:
  template <typename Body> void each(Body body) const {
    int64_t offset = 0;
    for (const StateSpec &spec : entry.states) {
      Array part = zeros(spec, type, batch);
      body(spec, part, offset);
      offset += spec.count;
    }
  }
  // Copies columns [offset, offset + count) of `all` from or to `part`.
  void move(Array &part, Array &all, int64_t count, int64_t offset,
            bool out) const {
    int64_t size = byteSize(type);
    for (int64_t row = 0; row < batch; ++row) {
      char *a = part.bytes.data() + row * count * size;
      char *b = all.bytes.data() + (row * width + offset) * size;
      memcpy(out ? b : a, out ? a : b, static_cast<size_t>(count * size));
    }
  }

  const EntrySpec &entry;
  rnn_element_type type;
  int64_t batch, width = 0;
};

std::vector<int64_t> shapeOf(const rnn_parameter_info &info) {
  return {info.shape, info.shape + info.ndim};
}

// Gradients as a parameter file: a second session holds them.
void writeGradients(Module &module, Session &session, const std::string &path) {
  Session holder(module, 1);
  for (const rnn_parameter_info &info : session.parameters()) {
    Array gradient(static_cast<rnn_element_type>(info.type), shapeOf(info));
    session.getGradient(info.name, view(gradient));
    holder.setParameter(info.name, view(gradient));
  }
  holder.save(path);
}

const EntrySpec &entryToRun(const RunOptions &options,
                            const Descriptor &descriptor) {
  if (!options.gradients)
    return entryNamed(descriptor, options.entry);
  const EntrySpec &entry = entryNamed(descriptor, options.entry);
  for (const ObjectiveSpec &objective : descriptor.objectives)
    for (int index : {objective.loss, objective.gradient})
      if (index >= 0 && &descriptor.entries[size_t(index)] == &entry)
        return descriptor.entries[size_t(objective.gradient)];
  fail(RNN_INVALID_ARGUMENT, "'", options.entry,
       "' is no objective, so it has no gradients");
}

void runEntry(const RunOptions &options, Module &module, Session &session) {
  Descriptor descriptor = descriptorOf(module);
  const EntrySpec &entry = entryToRun(options, descriptor);
  std::vector<Array> inputs = readInputs(options, entry);
  int64_t batch = sizeOf(batchExtent, entry, inputs);
  std::vector<Array> outputs =
      outputsOf(entry, batch, sizeOf(timeExtent, entry, inputs));

  std::unique_ptr<State> state;
  if (!options.stateIn.empty() || !options.stateOut.empty())
    state = std::make_unique<State>(session, entry.name, batch);
  if (!options.stateIn.empty())
    StateFile(entry, descriptor.elementType, batch)
        .read(options.stateIn, *state);
  session.zeroGradients();
  rnn_run_options dropout{};
  dropout.struct_size = sizeof dropout;
  dropout.seed = options.seed;
  session.run(entry.name, views(inputs), views(outputs), state.get(), &dropout);

  OutputFolder folder(options.out);
  for (size_t i = 0; i < outputs.size(); ++i)
    folder.write(entry.outputs[i].name, outputs[i]);
  if (!options.stateOut.empty())
    StateFile(entry, descriptor.elementType, batch)
        .write(options.stateOut, *state);
  if (options.gradients && options.gradientsFile.empty())
    for (const rnn_parameter_info &info : session.parameters()) {
      Array gradient(static_cast<rnn_element_type>(info.type), shapeOf(info));
      session.getGradient(info.name, view(gradient));
      folder.write(info.name, gradient);
    }
  if (!options.gradientsFile.empty())
    writeGradients(module, session, options.gradientsFile);

  if (options.asJson)
    printJson({{"entry", entry.name}, {"outputs", folder.written}});
  else
    folder.print();
}

int runRun(RunOptions &options) {
  options.gradients |= !options.gradientsFile.empty();
  if (options.entry.empty() && options.writeParameters.empty())
    throw CLI::RequiredError("ENTRY or --write-parameters");
  if (!options.entry.empty() && options.out.empty())
    throw CLI::RequiredError("--out DIR");
  Module module(options.module);
  Session session(module, options.place.threads, options.seed,
                  options.place.device);
  if (!options.parameters.empty())
    session.load(options.parameters);
  if (!options.writeParameters.empty())
    session.save(options.writeParameters);
  if (!options.entry.empty())
    runEntry(options, module, session);
  else if (options.asJson)
    printJson({{"parameters", options.writeParameters}});
  return exitOk;
}

} // namespace

Action rnn::defineRun(CLI::App &verb) {
  auto options = std::make_shared<RunOptions>();
  verb.add_option("MODULE", options->module, "Compiled module")->required();
  verb.add_option("ENTRY", options->entry,
                  "Entry, model (its forward) or objective (its loss)");
  verb.add_option("--parameters", options->parameters,
                  "Parameters (safetensors; default: initial ones)");
  verb.add_option("--seed", options->seed, "Initial parameters and dropout")
      ->check(notNegative)
      ->capture_default_str();
  verb.add_option("--input", options->inputs,
                  "NAME=FILE.npy, one for each input; f4 and f8 convert into "
                  "each other, i8 into i4")
      ->allow_extra_args(false);
  verb.add_option("--out", options->out,
                  "Folder for the outputs, one .npy file each");
  verb.add_flag("--gradients", options->gradients,
                "Of an objective: the loss, d_INPUT of its float inputs and "
                "the gradient of each parameter");
  verb.add_option("--gradients-file", options->gradientsFile,
                  "The same, parameters' gradients as one safetensors file");
  verb.add_option("--state-in", options->stateIn,
                  "Start from this state: .npy [batch, elements], the "
                  "entry's states side by side");
  verb.add_option("--state-out", options->stateOut,
                  "Write the last state, likewise");
  verb.add_option("--write-parameters", options->writeParameters,
                  "Write the parameters (safetensors)");
  addPlace(verb, options->place);
  verb.add_flag("--json", options->asJson, "Print JSON");
  return [options] { return runRun(*options); };
}
