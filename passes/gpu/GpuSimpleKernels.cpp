// Kernels of a GPU that are not scans: copies, transposes, sums, the optimizer.
#include "passes/cpu/ScanKernel.h"
#include "passes/gpu/GpuKernels.h"
#include "runtime/module_abi.h"

#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"

#include <cstddef>

using namespace mlir;

namespace rnn {

constexpr int64_t manyThreads = 256;

void GpuKernels::makeCopy(StringRef name, Type from, Type to, int64_t width,
                          bool accumulate) {
  Kernel kernel(*this, name, module.getLoc(), {true, false, true, false},
                manyThreads, width);
  Emitter &e = kernel.e;
  kernel.forItem([&](Value row, Value place) {
    auto address = [&](unsigned i, Type element) {
      Value start = e.mul(row, kernel.argument(i + 1));
      return e.at(kernel.argument(i), e.add(start, place), element);
    };
    Value value = e.convert(e.load(address(0, from), from), to);
    Value result = address(2, to);
    if (accumulate)
      value = arith::AddFOp::create(e, e.load(result, to), value);
    e.store(value, result);
  });
}

void GpuKernels::makeTranspose(StringRef name, FloatType element, int64_t rows,
                               int64_t columns) {
  Kernel kernel(*this, name, module.getLoc(), {true, true}, manyThreads, rows);
  Emitter &e = kernel.e;
  // Neighbours write side by side.
  kernel.forItem([&](Value column, Value row) {
    Value from = e.add(e.mul(row, e.index(columns)), column);
    Value to = e.add(e.mul(column, e.index(rows)), row);
    e.store(e.load(e.at(kernel.argument(0), from, element), element),
            e.at(kernel.argument(1), to, element));
  });
}

void GpuKernels::makeSumBatch(StringRef name, FloatType element, int64_t,
                              bool mean, bool fresh, bool accumulate) {
  Kernel kernel(*this, name, module.getLoc(),
                {true, false, true, false, false, false}, manyThreads, 1);
  Emitter &e = kernel.e;
  kernel.forItem([&](Value feature, Value) {
    Value sum =
        e.loop(e.index(0), kernel.argument(3), 1, {e.number(element, 0)},
               [&](Value row, ValueRange before) -> SmallVector<Value> {
                 Value at = e.add(e.mul(row, kernel.argument(1)), feature);
                 return {arith::AddFOp::create(
                     e, before[0],
                     e.load(e.at(kernel.argument(0), at, element), element))};
               })[0];
    if (mean)
      sum = arith::DivFOp::create(
          e, sum, arith::SIToFPOp::create(e, element, kernel.argument(4)));
    if (fresh)
      sum = e.select(e.equal(kernel.argument(5), e.index(0)), sum,
                     e.number(element, 0));
    Value to = e.at(kernel.argument(2), feature, element);
    if (accumulate)
      sum = arith::AddFOp::create(e, e.load(to, element), sum);
    e.store(sum, to);
  });
}

namespace {

/// The rows, of as many as a block has threads, that meet a condition, in
/// order: lanes vote, warps count, and each thread finds its row's place.
class Selection {
public:
  explicit Selection(Emitter &e)
      : e(e), numWarps(e.gpu->threads / 32),
        rows(e.allocate(e.gpu->threads, word)),
        counts(e.allocate(numWarps, word)) {
    lane = arith::RemSIOp::create(e, e.gpu->thread, e.index(32));
    warp = arith::DivSIOp::create(e, e.gpu->thread, e.index(32));
  }

  /// Returns how many there are; all threads wait.
  Value select(Value row, Value isWanted) {
    auto count = [&](Value bits) -> Value {
      return LLVM::CtPopOp::create(e, word, bits);
    };
    Value all = e.number(word, -1);
    Value voted = NVVM::VoteSyncOp::create(e, word, all, isWanted,
                                           NVVM::VoteSyncKind::ballot);
    Value before = arith::SubIOp::create(
        e,
        arith::ShLIOp::create(e, e.number(word, 1),
                              arith::TruncIOp::create(e, word, lane)),
        e.number(word, 1));
    e.when(e.equal(lane, e.index(0)),
           [&] { e.store(count(voted), e.at(counts, warp, word)); });
    e.barrier();
    Value place = count(arith::AndIOp::create(e, voted, before));
    Value total = e.number(word, 0), zero = total;
    for (int64_t i = 0; i < numWarps; ++i) {
      Value of = e.load(e.at(counts, i, word), word);
      Value isEarlier =
          arith::CmpIOp::create(e, arith::CmpIPredicate::slt, e.index(i), warp);
      place = e.add(place, e.select(isEarlier, of, zero));
      total = e.add(total, of);
    }
    e.when(isWanted, [&] {
      e.store(arith::TruncIOp::create(e, word, row),
              e.at(rows, wide(place), word));
    });
    e.barrier();
    return wide(total);
  }

  Value row(Value i) { return wide(e.load(e.at(rows, i, word), word)); }

private:
  Value wide(Value number) {
    return arith::ExtUIOp::create(e, e.getI64Type(), number);
  }

  Emitter &e;
  Type word = e.getI32Type();
  int64_t numWarps;
  Value rows, counts; // shared
  Value lane, warp;
};

} // namespace

/// A block for each row of the table adds up what belongs to it, in order. It
/// looks at an index a thread, then at the rows of those that it wants.
void GpuKernels::makeScatterSum(StringRef name, FloatType rowType,
                                FloatType element, int64_t width,
                                bool accumulate) {
  Kernel kernel(*this, name, module.getLoc(),
                {true, false, true, false, true, false, false}, manyThreads, 0);
  Emitter &e = kernel.e;
  Value from = kernel.argument(0), stride = kernel.argument(1);
  Value index = kernel.argument(2), indexStride = kernel.argument(3);
  Value table = kernel.argument(4), rows = kernel.argument(5);
  Selection selection(e);
  int64_t each = llvm::divideCeil(width, manyThreads);
  kernel.forItem([&](Value tableRow, Value) {
    Value wanted = arith::TruncIOp::create(e, e.getI32Type(), tableRow);
    // The thread's features; the last may not exist.
    SmallVector<Value> features, exists;
    for (int64_t i = 0; i < each; ++i) {
      features.push_back(e.add(e.gpu->thread, e.index(i * manyThreads)));
      exists.push_back(arith::CmpIOp::create(e, arith::CmpIPredicate::slt,
                                             features.back(), e.index(width)));
    }
    auto addressOf = [&](int64_t i) {
      return e.at(table, e.add(e.mul(tableRow, e.index(width)), features[i]),
                  element);
    };
    auto ifExists = [&](int64_t i, Value otherwise,
                        llvm::function_ref<Value()> body) -> Value {
      return e.either(
          exists[i], TypeRange(element),
          [&] { return SmallVector<Value>{body()}; },
          [&] { return SmallVector<Value>{otherwise}; })[0];
    };
    SmallVector<Value> sums(each, e.number(element, 0));
    if (accumulate)
      for (int64_t i = 0; i < each; ++i)
        sums[i] =
            ifExists(i, sums[i], [&] { return e.load(addressOf(i), element); });
    auto addRow = [&](Value j, ValueRange before) {
      Value start = e.mul(selection.row(j), stride);
      SmallVector<Value> after;
      for (int64_t i = 0; i < each; ++i)
        after.push_back(ifExists(i, before[i], [&]() -> Value {
          Value part =
              e.load(e.at(from, e.add(start, features[i]), rowType), rowType);
          return arith::AddFOp::create(e, before[i], e.convert(part, element));
        }));
      return after;
    };
    sums = llvm::to_vector(e.loop(
        e.index(0), rows, manyThreads, sums,
        [&](Value first, ValueRange before) {
          Value row = e.add(first, e.gpu->thread);
          Value last = e.sub(rows, e.index(1));
          Value read = arith::MinSIOp::create(e, row, last);
          Value is = e.equal(
              e.load(e.at(index, e.mul(read, indexStride), e.getI32Type()),
                     e.getI32Type()),
              wanted);
          is = arith::AndIOp::create(e, is, e.equal(row, read));
          Value count = selection.select(row, is);
          SmallVector<Value> after =
              llvm::to_vector(e.loop(e.index(0), count, 1, before, addRow));
          e.barrier();
          return after;
        }));
    for (int64_t i = 0; i < each; ++i)
      e.when(exists[i], [&] { e.store(sums[i], addressOf(i)); });
  });
}

//===----------------------------------------------------------------------===//
// Training
//===----------------------------------------------------------------------===//

namespace {

/// A function of the module that launches one kernel.
struct Entry {
  Entry(ModuleOp module, StringRef name, const CpuTarget &host)
      : e(module.getLoc(), module.getContext()) {
    e.setInsertionPointToEnd(module.getBody());
    auto function = LLVM::LLVMFuncOp::create(
        e, name,
        LLVM::LLVMFunctionType::get(LLVM::LLVMVoidType::get(e.getContext()),
                                    {e.pointer}));
    setTarget(function, host);
    e.setInsertionPointToStart(function.addEntryBlock(e));
    e.setInsertionPoint(LLVM::ReturnOp::create(e, ValueRange()));
    record = function.getArgument(0);
    calls.arguments =
        LLVM::AllocaOp::create(e, e.pointer, e.getI64Type(), e.index(32), 16);
    calls.record = LLVM::AllocaOp::create(e, e.pointer, e.getI8Type(),
                                          e.index(HostCalls::recordBytes), 16);
  }
  Value pointer(size_t offset) { return e.field(record, offset, e.pointer); }
  Value number(size_t offset) {
    return e.field(record, offset, e.getI64Type());
  }

  Emitter e;
  Value record;
  HostCalls calls;
};

} // namespace

/// AdamW as runtime/module_abi.h defines it; see passes/cpu/Update.cpp.
void GpuKernels::makeUpdate(FloatType element) {
  // Numbers that all elements share are prepared in f64, and go as its bits.
  constexpr unsigned numScalars = 8;
  {
    SmallVector<bool> isPointer(4, true);
    isPointer.append(numScalars, false);
    Kernel kernel(*this, "update", module.getLoc(), isPointer, manyThreads, 1);
    Emitter &e = kernel.e;
    SmallVector<Value> c;
    Value one = e.number(e.getF64Type(), 1);
    auto rounded = [&](Value value) -> Value {
      return element.isF64() ? value
                             : arith::TruncFOp::create(e, element, value);
    };
    auto scalar = [&](unsigned i) -> Value {
      return arith::BitcastOp::create(e, e.getF64Type(),
                                      kernel.argument(4 + i));
    };
    auto multiply = [&](Value a, Value b) -> Value {
      return arith::MulFOp::create(e, a, b);
    };
    auto rest = [&](Value a) -> Value {
      return arith::SubFOp::create(e, one, a);
    };
    auto inverse = [&](Value a) -> Value {
      return arith::DivFOp::create(e, one, a);
    };
    kernel.forItem([&](Value i, Value) {
      auto at = [&](unsigned k) {
        return e.at(kernel.argument(k), i, element);
      };
      Value g = multiply(e.load(at(1), element), rounded(scalar(0)));
      Value m = e.multiplyAdd(rounded(scalar(1)), e.load(at(2), element),
                              multiply(rounded(rest(scalar(1))), g));
      Value v =
          e.multiplyAdd(rounded(scalar(2)), e.load(at(3), element),
                        multiply(rounded(rest(scalar(2))), multiply(g, g)));
      e.store(m, at(2));
      e.store(v, at(3));
      Value root =
          math::SqrtOp::create(e, multiply(v, rounded(inverse(scalar(4)))));
      Value step = arith::DivFOp::create(
          e, multiply(m, rounded(inverse(scalar(3)))),
          arith::AddFOp::create(e, root, rounded(scalar(5))));
      Value p = e.load(at(0), element);
      step = e.multiplyAdd(rounded(scalar(7)), p, step);
      e.store(arith::SubFOp::create(e, p, multiply(rounded(scalar(6)), step)),
              at(0));
    });
  }
  {
    Entry entry(module, "rnn_update", host);
    Emitter &e = entry.e;
    entry.calls.table = entry.pointer(offsetof(rnn_update, host));
    SmallVector<Value> arguments;
    for (size_t offset :
         {offsetof(rnn_update, parameters), offsetof(rnn_update, gradients),
          offsetof(rnn_update, first_moment),
          offsetof(rnn_update, second_moment)})
      arguments.push_back(entry.pointer(offset));
    for (size_t offset :
         {offsetof(rnn_update, gradient_scale), offsetof(rnn_update, beta1),
          offsetof(rnn_update, beta2), offsetof(rnn_update, correction1),
          offsetof(rnn_update, correction2), offsetof(rnn_update, epsilon),
          offsetof(rnn_update, learning_rate),
          offsetof(rnn_update, weight_decay)})
      arguments.push_back(entry.number(offset));
    Value count = entry.number(offsetof(rnn_update, count));
    SmallVector<Value> extents;
    if (hasExtents()) {
      extents.append(4, e.mul(count, e.index(element.getWidth() / 8)));
      extents.append(numScalars, e.index(0));
    }
    launch(e, entry.calls, "update", count, arguments, extents);
  }

  {
    Kernel kernel(*this, "norm", module.getLoc(), {true, true, false, false},
                  manyThreads, 0);
    Emitter &e = kernel.e;
    Type wide = e.getF64Type();
    Value partials = e.allocate(manyThreads / 32, wide);
    kernel.forItem([&](Value piece, Value thread) {
      Value size = kernel.argument(3), first = e.mul(piece, size);
      Value end =
          arith::MinSIOp::create(e, e.add(first, size), kernel.argument(2));
      Value sum =
          e.loop(e.add(first, thread), end, manyThreads, {e.number(wide, 0)},
                 [&](Value i, ValueRange before) -> SmallVector<Value> {
                   Value g =
                       e.load(e.at(kernel.argument(0), i, element), element);
                   if (!element.isF64())
                     g = arith::ExtFOp::create(e, wide, g);
                   return {e.multiplyAdd(g, g, before[0])};
                 })[0];
      sum = e.reduceBlock(sum, /*isMax=*/false, partials);
      Value to = e.at(kernel.argument(1), piece, wide);
      e.once([&] { e.store(sum, to); });
    });
  }
  Entry entry(module, "rnn_norm", host);
  Emitter &e = entry.e;
  entry.calls.table = entry.pointer(offsetof(rnn_norm, host));
  Value count = entry.number(offsetof(rnn_norm, count));
  Value piece = entry.number(offsetof(rnn_norm, piece));
  Value pieces =
      arith::DivSIOp::create(e, e.add(count, e.sub(piece, e.index(1))), piece);
  SmallVector<Value> extents;
  if (hasExtents())
    extents = {e.mul(count, e.index(element.getWidth() / 8)),
               e.mul(pieces, e.index(sizeof(double))), e.index(0), e.index(0)};
  launch(e, entry.calls, "norm", pieces,
         {entry.pointer(offsetof(rnn_norm, gradients)),
          entry.pointer(offsetof(rnn_norm, sums)), count, piece},
         extents);
}

} // namespace rnn
