// rnnc: compiles a model file to a module that the runtime loads.
//
// It has no pass list of its own: the stages are the pipelines that rnn-opt
// registers (passes/Pipelines.h, passes/cpu/Pipeline.h).
#include "Explain.h"

#include "dialect/LoadPlugin.h"
#include "dialect/RNNDialect.h"
#include "passes/Descriptor.h"
#include "passes/EmitModule.h"
#include "passes/ParseModel.h"
#include "passes/Passes.h"
#include "passes/Pipelines.h"
#include "passes/cpu/Pipeline.h"
#include "passes/gpu/Passes.h"
#include "runtime/module_abi.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/IR/Verifier.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Support/Timing.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/InitLLVM.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/Support/ToolOutputFile.h"

using namespace mlir;
namespace cl = llvm::cl;

namespace {

enum class Stage {
  Model,
  Scans,
  Training,
  Kernels,
  Forms,
  Loops,
  LLVM,
  Ptx,
  Assembly,
  Module
};
enum class Report { None, Text, Json };

cl::OptionCategory category("rnnc options");

cl::opt<std::string> input(cl::Positional, cl::desc("MODEL.mlir"), cl::Required,
                           cl::cat(category));
cl::opt<std::string>
    output("o",
           cl::desc("Write to this file (default: MODEL.so; text goes to "
                    "standard output)"),
           cl::value_desc("file"), cl::cat(category));
cl::opt<Stage> emit(
    "emit", cl::desc("Stop at a stage and print it:"),
    cl::values(
        clEnumValN(Stage::Model, "model", "what was parsed"),
        clEnumValN(Stage::Scans, "scans",
                   "layers are scans, products left the time loop"),
        clEnumValN(Stage::Training, "training", "entry points, with gradients"),
        clEnumValN(Stage::Kernels, "kernels", "one scan per kernel"),
        clEnumValN(
            Stage::Forms, "forms",
            "how kernels run over time: in chunks, or many rows at once"),
        clEnumValN(Stage::Loops, "loops", "loops over vectors"),
        clEnumValN(Stage::LLVM, "llvm", "the LLVM dialect"),
        clEnumValN(Stage::Ptx, "ptx", "the kernels' code for an NVIDIA GPU"),
        clEnumValN(Stage::Assembly, "asm", "machine code as text"),
        clEnumValN(Stage::Module, "module", "the shared object (default)")),
    cl::init(Stage::Module), cl::cat(category));
cl::opt<Report> report(
    "explain", cl::ValueOptional,
    cl::desc("Say what became parallel in time, what did not and why, and list "
             "the kernels"),
    cl::values(clEnumValN(Report::Text, "", "as text"),
               clEnumValN(Report::Text, "text", "as text"),
               clEnumValN(Report::Json, "json", "the module's descriptor")),
    cl::init(Report::None), cl::cat(category));
cl::opt<std::string>
    targetName("target",
               cl::desc("Device to compile for: cpu (default), cuda:sm_80, "
                        "sm_86, sm_89, sm_90, sm_100 or sm_120 (not yet run on "
                        "a GPU), or sim, the simulated GPU that finds mistakes "
                        "in kernels"),
               cl::init("cpu"), cl::cat(category));
cl::opt<int64_t> team(
    "team",
    cl::desc("Blocks of a GPU that share the matrices which a recurrence "
             "multiplies its states by: as many as it takes (0, default), so "
             "many, or none (-1), where a matrix is read at every step"),
    cl::init(0), cl::cat(category));
cl::opt<int64_t> kept(
    "kept",
    cl::desc("How many of those matrices, each of a state's width, may stay in "
             "shared memory, while others are read at every step: as many as "
             "fit (-1, default), or so many"),
    cl::init(-1), cl::cat(category));
cl::opt<rnn::Choice> blocked(
    "blocked",
    cl::desc("Whether a recurrence runs in one kernel with the products that "
             "feed it, and on a CPU with those that it feeds:"),
    cl::values(clEnumValN(rnn::Choice::Auto, "auto",
                          "where that should be faster (default)"),
               clEnumValN(rnn::Choice::Always, "always", "where it can"),
               clEnumValN(rnn::Choice::Never, "never", "nowhere")),
    cl::init(rnn::Choice::Auto), cl::cat(category));
cl::opt<std::string>
    cpuName("cpu",
            cl::desc("Processor to compile for: native (default), x86-64-v2, "
                     "x86-64-v3, x86-64-v4 or a name that LLVM knows; several, "
                     "as in x86-64-v3,x86-64-v4, make one module that runs on "
                     "all, each time as the best that the machine has"),
            cl::init("native"), cl::cat(category));
cl::opt<std::string>
    elementType("element-type",
                cl::desc("f32 (default), or f64 to check gradients"),
                cl::init("f32"), cl::cat(category));
cl::opt<std::string>
    precision("precision",
              cl::desc("f32 (default); bf16: what lies in memory over time, "
                       "and factors of products, are bf16, while states, sums, "
                       "losses, parameters and the optimizer stay f32; tf32, "
                       "on a GPU: products of f32 on tensor cores"),
              cl::init("f32"), cl::cat(category));
cl::opt<bool>
    precise("precise",
            cl::desc("On a GPU, compute functions of f32 to the last bits, as "
                     "on a CPU, instead of by the hardware's approximations, "
                     "whose relative error is some 2^-22"),
            cl::cat(category));
cl::list<std::string>
    plugins("load-dialect-plugin",
            cl::desc("Let models use the ops of this plugin (an MLIR dialect "
                     "plugin, see docs/add-a-layer.md); may be repeated"),
            cl::value_desc("file"), cl::cat(category));
cl::opt<bool> timing("timing", cl::desc("Print the time of each pass"),
                     cl::cat(category));

/// A type or a name in a message may be as long as the model's text.
std::string shortened(std::string message) {
  constexpr size_t most = 600;
  if (message.size() <= most)
    return message;
  size_t end = most;
  while ((message[end] & 0xC0) == 0x80) // inside of a UTF-8 character
    --end;
  return message.substr(0, end) + " ...";
}

/// One line per diagnostic; remarks belong to --explain.
void printDiagnostic(Diagnostic &diagnostic) {
  if (diagnostic.getSeverity() == DiagnosticSeverity::Remark)
    return;
  auto print = [](Diagnostic &part, StringRef severity) {
    FileLineColLoc place;
    part.getLocation()->walk([&](Location loc) {
      place = dyn_cast<FileLineColLoc>(loc);
      return place ? WalkResult::interrupt() : WalkResult::advance();
    });
    if (place)
      llvm::errs() << place.getFilename().getValue() << ":" << place.getLine()
                   << ":" << place.getColumn() << ": ";
    else
      llvm::errs() << "rnnc: ";
    llvm::errs() << severity << ": " << shortened(part.str()) << "\n";
  };
  print(diagnostic, diagnostic.getSeverity() == DiagnosticSeverity::Error
                        ? "error"
                        : "warning");
  for (Diagnostic &note : diagnostic.getNotes())
    print(note, "note");
}

int fail(const llvm::Twine &message) {
  llvm::errs() << "rnnc: error: " << message << "\n";
  return 1;
}

/// Writes `print`'s text to -o, or to standard output.
int printTo(llvm::function_ref<LogicalResult(llvm::raw_ostream &)> print) {
  std::string name = output.empty() ? "-" : output.getValue();
  std::error_code error;
  llvm::ToolOutputFile file(name, error, llvm::sys::fs::OF_None);
  if (error)
    return fail("cannot write '" + name + "': " + error.message());
  if (failed(print(file.os())))
    return 1;
  file.os().flush();
  if (file.os().has_error()) {
    std::string why = file.os().error().message();
    file.os().clear_error();
    return fail("cannot write '" + name + "': " + why);
  }
  file.keep();
  return 0;
}

/// The CPUs of --cpu, those that ask for most first.
LogicalResult findTargets(SmallVectorImpl<rnn::CpuTarget> &targets,
                          std::string &why) {
  SmallVector<StringRef> names;
  StringRef(cpuName).split(names, ',');
  if (names.size() > RNN_MOST_VARIANTS) {
    why = "--cpu names more than " + std::to_string(RNN_MOST_VARIANTS) +
          " processors";
    return failure();
  }
  for (StringRef name : names) {
    FailureOr<rnn::CpuTarget> target = rnn::CpuTarget::get(name, why);
    if (failed(target))
      return failure();
    if (llvm::any_of(targets, [&](const rnn::CpuTarget &other) {
          return other.cpu == target->cpu;
        })) {
      why = "--cpu names " + target->cpu + " twice";
      return failure();
    }
    targets.push_back(*target);
  }
  llvm::stable_sort(targets,
                    [](const rnn::CpuTarget &a, const rnn::CpuTarget &b) {
                      return a.required.size() > b.required.size();
                    });
  return success();
}

int compile() {
  if (elementType != "f32" && elementType != "f64")
    return fail("unknown element type '" + elementType +
                "'; expected f32 or f64");
  if (precision != "f32" && precision != "bf16" && precision != "tf32")
    return fail("unknown precision '" + precision +
                "'; expected f32, bf16 or tf32");
  if (precision != "f32" && elementType != "f32")
    return fail("--element-type=f64 is there to check gradients, which "
                "--precision=" +
                precision + " would round; use one of them");
  if (precision == "tf32" && targetName == "cpu")
    return fail("--precision=tf32 is for a GPU's --target, as in cuda:sm_90");
  rnn::PipelineOptions options{elementType, precision};
  std::string why;
  SmallVector<rnn::CpuTarget> targets;
  if (failed(findTargets(targets, why)))
    return fail(why);
  for (rnn::CpuTarget &target : targets)
    target.blocked = blocked;
  const rnn::CpuTarget *target = &targets.front();
  std::optional<rnn::GpuTarget> gpu;
  if (targetName != "cpu") {
    FailureOr<rnn::GpuTarget> named = rnn::GpuTarget::get(targetName, why);
    if (failed(named))
      return fail(why);
    gpu = *named;
    gpu->isPrecise = precise;
    if (team < -1 || team > rnn::GridLimits::mostForced)
      return fail("--team=" + std::to_string(team) + ": expected -1 to " +
                  std::to_string(rnn::GridLimits::mostForced));
    gpu->team = team;
    if (kept < -1)
      return fail("--kept=" + std::to_string(kept) + ": expected -1 or more");
    gpu->kept = kept;
    gpu->blocked = blocked;
    if (!gpu->isSimulated() && elementType == "f64")
      return fail("f64, which is there to check gradients, is for --target=cpu "
                  "and --target=sim");
  } else {
    for (const cl::Option *option :
         std::initializer_list<const cl::Option *>{&precise, &team, &kept})
      if (option->getNumOccurrences())
        return fail("--" + option->ArgStr.str() +
                    " says how a GPU's kernels are written; give a GPU's "
                    "--target, as in sim or cuda:sm_90");
  }
  if (targets.size() > 1 && gpu)
    return fail("several CPUs are for --target=cpu; give one --cpu");
  if (targets.size() > 1 &&
      (emit.getNumOccurrences() || report != Report::None))
    return fail("what is printed is for one CPU; give one --cpu");
  if (emit == Stage::Ptx && (!gpu || gpu->isSimulated()))
    return fail("--emit=ptx needs a GPU's --target, as in cuda:sm_90");

  DialectRegistry registry;
  rnn::registerExternalModels(registry);
  rnn::registerEmissionDialects(registry);
  llvm::SmallVector<std::string> plugged;
  for (const std::string &plugin : plugins) {
    auto dialects = rnn::loadPlugin(plugin, registry);
    if (!dialects)
      return fail(llvm::toString(dialects.takeError()));
    llvm::append_range(plugged, *dialects);
  }
  MLIRContext context(registry);
  context.loadAllAvailableDialects();
  context.printOpOnDiagnostic(false);
  context.getDiagEngine().registerHandler(
      [](Diagnostic &diagnostic) { printDiagnostic(diagnostic); });

  DefaultTimingManager clock;
  clock.setEnabled(timing);
  clock.setDisplayMode(DefaultTimingManager::DisplayMode::List);
  TimingScope total = clock.getRootScope();

  OwningOpRef<ModuleOp> module;
  std::string source;
  {
    TimingScope scope = total.nest("parse");
    module = rnn::parseModel(input, context, plugged, &source);
  }
  if (!module)
    return 1;

  auto printIR = [&](llvm::raw_ostream &out) {
    module->print(out);
    return success();
  };
  // Timers are told apart by the pass's address: a scope for each stage.
  auto run = [&](StringRef stage,
                 llvm::function_ref<void(OpPassManager &)> build,
                 ModuleOp on = {}) {
    PassManager manager(&context);
    TimingScope scope = total.nest(stage);
    manager.enableTiming(scope);
    build(manager);
    return manager.run(on ? on : *module);
  };
  auto toForms = [&](OpPassManager &manager) {
    rnn::buildFormsPipeline(manager, options);
  };

  Stage last = report == Report::None ? emit.getValue() : Stage::Forms;
  if (last == Stage::Model)
    return printTo(printIR);
  if (failed(run("scans", [&](OpPassManager &manager) {
        rnn::buildScansPipeline(manager, options);
      })))
    return 1;
  if (last == Stage::Scans)
    return printTo(printIR);
  if (failed(run("training", rnn::buildTrainingPipeline)))
    return 1;
  if (last == Stage::Training)
    return printTo(printIR);
  if (failed(run("kernels", rnn::buildKernelsPipeline)))
    return 1;
  if (last == Stage::Kernels)
    return printTo(printIR);
  // From here on the CPU matters.
  std::vector<OwningOpRef<ModuleOp>> others;
  SmallVector<rnn::LoweredModule> variants{{*module, target}};
  for (const rnn::CpuTarget &other : ArrayRef(targets).drop_front()) {
    others.push_back(module->clone());
    variants.push_back({*others.back(), &other});
    options.vectorBits = other.vectorBits;
    auto toLLVM = [&](OpPassManager &manager) {
      toForms(manager);
      rnn::buildLoopsPipeline(manager, other, gpu);
      rnn::buildLLVMPipeline(manager, other, gpu);
    };
    if (failed(run("for " + other.cpu, toLLVM, *others.back())))
      return 1;
  }
  if (!gpu)
    options.vectorBits = target->vectorBits;
  if (failed(run("forms", toForms)))
    return 1;
  if (report != Report::None) {
    rnn::Workers workers = gpu ? rnn::Workers::Block : rnn::Workers::Thread;
    FailureOr<llvm::json::Value> descriptor = rnn::describeModule(
        *module, *target, workers,
        gpu ? gpu->limits() : rnn::GridLimits::ofCpu(blocked));
    if (failed(descriptor))
      return 1;
    return printTo([&](llvm::raw_ostream &out) {
      if (report == Report::Json)
        out << llvm::formatv("{0:2}", *descriptor) << "\n";
      else
        rnn::explain(*descriptor, workers, out);
      return success();
    });
  }
  if (last == Stage::Forms)
    return printTo(printIR);
  if (failed(run("loops", [&](OpPassManager &manager) {
        rnn::buildLoopsPipeline(manager, *target, gpu);
      })))
    return 1;
  if (last == Stage::Loops)
    return printTo(printIR);
  if (failed(run("llvm", [&](OpPassManager &manager) {
        rnn::buildLLVMPipeline(manager, *target, gpu);
      })))
    return 1;
  if (last == Stage::LLVM)
    return printTo(printIR);
  if (last == Stage::Ptx)
    return printTo([&](llvm::raw_ostream &out) {
      auto text = module->lookupSymbol<LLVM::GlobalOp>(rnn::ptxSymbol);
      out << cast<StringAttr>(text.getValueOrNull()).getValue().drop_back();
      return success();
    });
  TimingScope scope = total.nest("machine code");
  if (last == Stage::Assembly)
    return printTo([&](llvm::raw_ostream &out) {
      return rnn::emitAssembly(*module, *target, out);
    });
  std::string path = output;
  if (path.empty()) {
    if (input == "-")
      return fail("name the module with -o when the model comes from standard "
                  "input");
    llvm::SmallString<128> name(llvm::sys::path::filename(input));
    llvm::sys::path::replace_extension(name, "so");
    path = name.str().str();
  }
  return failed(rnn::emitModule(variants, path, source)) ? 1 : 0;
}

} // namespace

int main(int argc, char **argv) {
  llvm::InitLLVM initLLVM(argc, argv);
  llvm::InitializeNativeTarget();
  llvm::InitializeNativeTargetAsmPrinter();
  cl::HideUnrelatedOptions(category);
  cl::SetVersionPrinter(
      [](llvm::raw_ostream &out) { out << "rnnc " RNNC_VERSION "\n"; });
  cl::ParseCommandLineOptions(
      argc, argv,
      "rnnc: compiles a recurrent sequence model\n\n"
      "  rnnc model.mlir -o model.so     compile for this machine\n"
      "  rnnc model.mlir --explain       say what was made parallel, and why\n"
      "  rnnc model.mlir --emit=kernels  print a stage of the pipeline\n"
      "  rnnc model.mlir --load-dialect-plugin=my.so    know a plugin's ops\n");
  return compile();
}
