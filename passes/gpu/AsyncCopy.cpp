#include "passes/gpu/AsyncCopy.h"

#include "mlir/Dialect/LLVMIR/NVVMDialect.h"

using namespace mlir;

namespace rnn {

void copyAsync(Emitter &e, Value to, Value from, int64_t bytes, Value given) {
  // Beside the L1 cache where that is possible.
  auto modifier = bytes == mostCopied ? NVVM::LoadCacheModifierKind::CG
                                      : NVVM::LoadCacheModifierKind::CA;
  NVVM::CpAsyncOp::create(e, to, from, bytes, modifier,
                          arith::TruncIOp::create(e, e.getI32Type(), given));
}

void commitCopies(Emitter &e) { NVVM::CpAsyncCommitGroupOp::create(e); }

void awaitCopies(Emitter &e, int64_t groups) {
  NVVM::CpAsyncWaitGroupOp::create(e, groups);
}

void copyRows(Emitter &e, const RowsToCopy &what, Type element,
              Value isAligned) {
  int64_t bytes = element.getIntOrFloatBitWidth() / 8;
  int64_t chunk = mostCopied / bytes, perRow = what.elements / chunk;
  for (int64_t part = 0; part < what.rows * perRow; part += e.gpu->threads) {
    Value i = e.add(e.gpu->thread, e.index(part));
    Value row = e.quotient(i, perRow);
    Value place = e.mul(e.remainder(i, perRow), e.index(chunk));
    Value from =
        e.at(what.from, e.add(e.mul(row, what.stride), place), element);
    Value to =
        e.at(what.to, e.add(e.mul(row, e.index(what.pitch)), place), element);
    Value rest = e.select(e.less(row, what.rowsThere), e.sub(what.there, place),
                          e.index(0));
    auto together = [&] {
      Value given = arith::MinSIOp::create(
          e, arith::MaxSIOp::create(e, rest, e.index(0)), e.index(chunk));
      copyAsync(e, to, from, mostCopied, e.mul(given, e.index(bytes)));
    };
    auto oneByOne = [&] {
      for (int64_t j = 0; j < chunk; ++j)
        copyElement(e, e.at(to, j, element), e.at(from, j, element), element,
                    e.less(e.index(j), rest));
    };
    e.when(isAligned, together, oneByOne);
  }
}

void copyElement(Emitter &e, Value to, Value from, Type element,
                 Value isThere) {
  int64_t bytes = element.getIntOrFloatBitWidth() / 8;
  if (bytes >= 4)
    return copyAsync(e, to, from, bytes,
                     e.select(isThere, e.index(bytes), e.index(0)));
  auto load = [&] { return SmallVector<Value>{e.load(from, element)}; };
  auto zero = [&] { return SmallVector<Value>{e.number(element, 0)}; };
  e.store(e.either(isThere, TypeRange(element), load, zero)[0], to);
}

} // namespace rnn
