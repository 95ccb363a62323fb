// See RunRecorder.h.
#include "RunRecorder.h"

#include "data/TextFile.h"
#include "report/RunRecord.h"
#include "rnn.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <ctime>
#include <fstream>
#include <thread>
#include <unistd.h>

using namespace rnn;
using nlohmann::json;

namespace {

double secondsNow() {
  auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration<double>(now).count();
}

// "2026-01-31T12:34:56Z".
std::string dateNow() {
  time_t now = time(nullptr);
  tm parts{};
  gmtime_r(&now, &parts);
  char text[32];
  strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
  return text;
}

// The words of this process's command line.
json commandWords() {
  std::ifstream file("/proc/self/cmdline", std::ios::binary);
  json words = json::array();
  for (std::string word; std::getline(file, word, '\0');)
    words.push_back(word);
  return words;
}

std::string currentFolder() {
  char *path = getcwd(nullptr, 0);
  std::string text = path ? path : "";
  free(path);
  return text;
}

// NaN is no JSON and becomes null; what JSON has no place for, U+FFFD.
std::string textOf(const json &value) {
  return value.dump(1, ' ', false, json::error_handler_t::replace) + "\n";
}

} // namespace

RunRecorder::RunRecorder(const RecordPaths &paths, uint64_t firstStep)
    : firstStep(firstStep), log(paths.log, firstStep > 0, firstStep) {
  if (!paths.run.empty()) {
    folder.emplace(paths.run);
    samples.emplace(folder->samples(), firstStep > 0, firstStep);
    if (firstStep > 0 && folder->has(folder->metrics()))
      if (const Point *best = readRun(paths.run).lowest("validation_loss"))
        lowest = {static_cast<uint64_t>(best->x), best->y};
  }
  if (!paths.tensorBoard.empty())
    events.emplace(paths.tensorBoard, firstStep > 0 ? firstStep + 1 : 0,
                   secondsNow());
}

void RunRecorder::begin(json described, const json &device, unsigned threads) {
  if (!folder)
    return;
  about = std::move(described);
  about["format"] = RunFolder::format;
  about["sessions"] = json::array();
  if (folder->has(folder->about()))
    about["sessions"] = folder->readAbout().value("sessions", json::array());
  if (threads == 0)
    threads = std::max(std::thread::hardware_concurrency(), 1u);
  about["sessions"].push_back({{"command", commandWords()},
                               {"folder", currentFolder()},
                               {"started", dateNow()},
                               {"rnn", rnn_version()},
                               {"device", device.at("device")},
                               {"hardware", device.at("hardware")},
                               {"threads", threads},
                               {"from_step", firstStep},
                               {"step", firstStep},
                               {"end", "running, or killed"}});
  folder->writeAbout(about);
}

void RunRecorder::end(uint64_t step, const std::string &how) {
  if (!folder)
    return;
  json &session = about["sessions"].back();
  session["ended"] = dateNow();
  session["step"] = step;
  session["end"] = how;
  folder->writeAbout(about);
}

void RunRecorder::write(const json &line) {
  log.write(line);
  if (!events)
    return;
  auto step = line.at("step").get<uint64_t>();
  for (const auto &[key, value] : line.items())
    if (key != "step" && key != "elapsed" && value.is_number())
      events->scalar(tensorBoardTag(key), step, value.get<double>(),
                     secondsNow());
}

bool RunRecorder::isBest(uint64_t step, double validationLoss) {
  if (!folder || std::isnan(validationLoss) ||
      (lowest && validationLoss >= lowest->validationLoss))
    return false;
  lowest = {step, validationLoss};
  return true;
}

void RunRecorder::sample(uint64_t step, const std::string &prompt,
                         const std::string &text) {
  if (samples)
    samples->write({{"step", step}, {"prompt", prompt}, {"text", text}});
  if (events)
    events->text("sample", step, prompt + text, secondsNow());
}

void RunRecorder::profile(const json &kernels) {
  if (folder)
    writeWholeFile(folder->profile(), textOf(kernels));
}

json rnn::modelFacts(const Descriptor &descriptor,
                     const ObjectiveSpec &objective) {
  json all = json::parse(descriptor.text);
  std::string names;
  for (const ModelSpec &model : descriptor.models)
    names += (names.empty() ? "" : ", ") + model.name;
  int64_t count = 0;
  for (const ParameterSpec &parameter : descriptor.parameters)
    count += parameter.count;
  json facts = {
      {"name", names}, {"objective", objective.name}, {"parameters", count}};
  for (const char *key : {"producer", "element_type", "precision", "target"})
    if (all.contains(key))
      facts[key] = all[key];
  // Modules of other makers have none.
  if (all.contains("source"))
    facts["text"] = all["source"];
  return facts;
}
