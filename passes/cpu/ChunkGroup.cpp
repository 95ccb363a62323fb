#include "passes/cpu/ChunkGroup.h"

using namespace mlir;

namespace rnn {

SmallVector<ScanOp> ChunkGroup::scans() const {
  SmallVector<ScanOp> result;
  for (const Level &level : levels)
    result.append({level.alone, level.across});
  result.push_back(resumed);
  return result;
}

std::optional<ChunkGroup> chunkGroup(ScanOp resumed) {
  ChunkGroup group;
  group.resumed = resumed;
  auto hasLevel = [&](ScanOp across) {
    return llvm::any_of(group.levels, [&](const ChunkGroup::Level &level) {
      return level.across == across;
    });
  };
  // Those that a scan starts from come before it.
  auto collect = [&](auto &&self, ScanOp scan) -> bool {
    for (Value init : scan.getInits()) {
      auto across = init.getDefiningOp<ScanOp>();
      if (!across || across.getChunks() != Chunks::across || hasLevel(across))
        continue;
      auto alone = across.getInputs()[0].getDefiningOp<ScanOp>();
      if (!alone || alone.getChunks() != Chunks::alone ||
          alone->getBlock() != resumed->getBlock() ||
          llvm::any_of(across.getInputs(), [&](Value input) {
            return input.getDefiningOp() != alone;
          }))
        return false;
      if (!self(self, alone))
        return false;
      group.levels.push_back({alone, across});
    }
    return true;
  };
  if (!collect(collect, resumed) || group.levels.empty())
    return std::nullopt;
  DenseSet<Operation *> own;
  for (ScanOp scan : group.scans())
    own.insert(scan);
  for (auto [alone, across] : group.levels) {
    auto areOwn = [&](ValueRange values) {
      return llvm::all_of(values, [&](Value value) {
        return llvm::all_of(value.getUsers(), [&](Operation *user) {
          return own.contains(user);
        });
      });
    };
    // Its outputs are what the chunks start with.
    ValueRange states = across.stateArgs();
    if (!llvm::equal(across.getYield().getValues(), states))
      return std::nullopt;
    auto areUnused = [](ValueRange values) {
      return llvm::all_of(values,
                          [](Value value) { return value.use_empty(); });
    };
    if (!areOwn(alone.getLasts()) || !areOwn(across.getOutputs()) ||
        !alone.getOutputs().empty() || !areUnused(across.getLasts()))
      return std::nullopt;
  }
  return group;
}

} // namespace rnn
