// Kernels of a GPU that are not scans: copies, transposes, sums, the optimizer.
#include "passes/cpu/ScanKernel.h"
#include "passes/gpu/GpuKernels.h"
#include "runtime/module_abi.h"

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

/// A block for each row of the table adds up what belongs to it, in order.
void GpuKernels::makeScatterSum(StringRef name, FloatType rowType,
                                FloatType element, int64_t width,
                                bool accumulate) {
  int64_t threads = std::clamp<int64_t>(llvm::alignTo(width, 32), 32, 256);
  Kernel kernel(*this, name, module.getLoc(),
                {true, false, true, false, true, false, false}, threads, 0);
  Emitter &e = kernel.e;
  Value from = kernel.argument(0), stride = kernel.argument(1);
  Value index = kernel.argument(2), indexStride = kernel.argument(3);
  Value table = kernel.argument(4), rows = kernel.argument(5);
  kernel.forItem([&](Value tableRow, Value) {
    Value wanted = arith::TruncIOp::create(e, e.getI32Type(), tableRow);
    e.forRow(width, 1, [&](Value feature, Lanes) {
      Value to =
          e.at(table, e.add(e.mul(tableRow, e.index(width)), feature), element);
      Value first = accumulate ? e.load(to, element) : e.number(element, 0);
      Value sum = e.loop(
          e.index(0), rows, 1, {first},
          [&](Value row, ValueRange before) -> SmallVector<Value> {
            Value at =
                e.load(e.at(index, e.mul(row, indexStride), e.getI32Type()),
                       e.getI32Type());
            auto adds =
                scf::IfOp::create(e, TypeRange{element}, e.equal(at, wanted),
                                  /*withElseRegion=*/true);
            OpBuilder::InsertionGuard guard(e);
            e.setInsertionPointToStart(adds.thenBlock());
            Value place = e.add(e.mul(row, stride), feature);
            Value part = e.load(e.at(from, place, rowType), rowType);
            Value more =
                arith::AddFOp::create(e, before[0], e.convert(part, element));
            scf::YieldOp::create(e, more);
            e.setInsertionPointToStart(adds.elseBlock());
            scf::YieldOp::create(e, before[0]);
            return {adds.getResult(0)};
          })[0];
      e.store(sum, to);
    });
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
    launch(e, entry.calls, "update", entry.number(offsetof(rnn_update, count)),
           arguments);
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
  launch(e, entry.calls, "norm", pieces,
         {entry.pointer(offsetof(rnn_norm, gradients)),
          entry.pointer(offsetof(rnn_norm, sums)), count, piece});
}

} // namespace rnn
