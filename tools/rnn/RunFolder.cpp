// See RunFolder.h.
#include "RunFolder.h"

#include "Failure.h"
#include "Folders.h"
#include "Verb.h"
#include "data/TextFile.h"

#include <unistd.h>

using namespace rnn;
using nlohmann::json;

RunFolder::RunFolder(std::string path) : path(std::move(path)) {
  while (this->path.size() > 1 && this->path.back() == '/')
    this->path.pop_back();
}

bool RunFolder::isFolder() const { return rnn::isFolder(path); }

bool RunFolder::has(const std::string &file) const {
  return access(file.c_str(), F_OK) == 0;
}

json RunFolder::readAbout() const {
  if (!has(about()))
    fail(RNN_INVALID_ARGUMENT, "'", path,
         "' is not a run: it has no run.json; give a folder of `rnn train "
         "--run`");
  json value = json::parse(readWholeFile(about()), nullptr,
                           /*allow_exceptions=*/false);
  if (!value.is_object())
    fail(RNN_CORRUPT, "'", about(), "' is damaged: it is no JSON object");
  json found = value.value("format", json());
  if (!found.is_number_integer() || found != format)
    fail(RNN_INCOMPATIBLE, "'", path, "' is a run in format ", found.dump(),
         " and this rnn knows format ", format, ": use the rnn that wrote it");
  for (const char *group : {"options", "settings"})
    if (!value.contains(group) || !value[group].is_object())
      fail(RNN_CORRUPT, "'", about(), "' is damaged: it lacks \"", group, "\"");
  return value;
}

void RunFolder::writeAbout(const json &value) const {
  std::string text =
      value.dump(1, ' ', false, json::error_handler_t::replace) + "\n";
  writeWholeFile(about(), text);
}

void RunFolder::create(const std::string &from) const {
  makeFolders(path);
  writeWholeFile(module(), readWholeFile(from));
}

json rnn::enterRun(std::string &module, std::string &parameters) {
  RunFolder folder(module);
  json about;
  if (folder.isFolder()) {
    about = folder.readAbout();
    module = folder.module();
    if (parameters.empty())
      parameters =
          folder.has(folder.best()) ? folder.best() : folder.checkpoint();
  }
  if (parameters.empty() && access(module.c_str(), F_OK) != 0)
    fail(RNN_NOT_FOUND, "there is neither a module nor a run's folder '",
         module, "'");
  if (parameters.empty())
    throw CLI::RequiredError("--parameters");
  return about;
}
