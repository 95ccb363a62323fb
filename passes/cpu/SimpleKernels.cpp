#include "passes/cpu/SimpleKernels.h"
#include "passes/cpu/ScanKernel.h"

using namespace mlir;

namespace rnn {

namespace {

/// The arguments of a kernel, by index.
struct Arguments {
  Emitter &e;
  LLVM::LLVMFuncOp function;
  Value pointer(unsigned i) {
    return e.field(function.getArgument(0), i * 8, e.pointer);
  }
  Value number(unsigned i) {
    return e.field(function.getArgument(0), i * 8, e.getI64Type());
  }
  Value begin() { return function.getArgument(1); }
  Value end() { return function.getArgument(2); }
};

/// The vectors of a row that blocks [begin, end) stand for.
void forBlocks(Emitter &e, Value begin, Value end, int64_t width, int64_t lanes,
               llvm::function_ref<void(Value, Lanes)> body) {
  int64_t full = width / lanes;
  Value last = arith::MinSIOp::create(e, end, e.index(full));
  e.loop(begin, last, [&](Value block) {
    body(e.mul(block, e.index(lanes)), {lanes, lanes});
  });
  if (width % lanes == 0)
    return;
  Value hasTail =
      arith::CmpIOp::create(e, arith::CmpIPredicate::sgt, end, e.index(full));
  auto tail = scf::IfOp::create(e, hasTail, /*withElseRegion=*/false);
  OpBuilder::InsertionGuard guard(e);
  e.setInsertionPointToStart(tail.thenBlock());
  body(e.index(full * lanes), {lanes, width % lanes});
}

} // namespace

int64_t sumBlock(const CpuTarget &target, FloatType element, int64_t width) {
  return lanesFor(width, target.vectorBits / element.getWidth());
}

void emitCopyKernel(ModuleOp module, StringRef name, const CpuTarget &target,
                    Type fromType, Type toType, int64_t width,
                    bool accumulate) {
  Emitter e(module.getLoc(), module.getContext());
  Arguments a{e, createKernel(e, module, name, target)};
  Value from = a.pointer(0), fromStride = a.number(1);
  Value to = a.pointer(2), toStride = a.number(3);
  unsigned bits = toType.isF64() ? 64 : 32;
  e.loop(a.begin(), a.end(), [&](Value row) {
    Value source = e.at(from, e.mul(row, fromStride), fromType);
    Value target_ = e.at(to, e.mul(row, toStride), toType);
    e.forRow(width, target.vectorBits / bits, [&](Value i, Lanes lanes) {
      Value value = e.load(e.at(source, i, fromType), fromType, lanes);
      value = e.convert(value, toType);
      Value address = e.at(target_, i, toType);
      if (accumulate)
        value = arith::AddFOp::create(e, e.load(address, toType, lanes), value);
      e.store(value, address, lanes);
    });
  });
}

void emitTransposeKernel(ModuleOp module, StringRef name,
                         const CpuTarget &target, FloatType element,
                         int64_t rows, int64_t columns) {
  Emitter e(module.getLoc(), module.getContext());
  Arguments a{e, createKernel(e, module, name, target)};
  Value from = a.pointer(0), to = a.pointer(1);
  forBlocks(
      e, a.begin(), a.end(), columns, sumBlock(target, element, columns),
      [&](Value first, Lanes lanes) {
        e.loop(e.index(0), e.index(rows), [&](Value row) {
          Value place = e.add(e.mul(row, e.index(columns)), first);
          Value part = e.load(e.at(from, place, element), element, lanes);
          for (int64_t i = 0; i < lanes.active; ++i) {
            Value column = e.add(first, e.index(i));
            e.store(
                vector::ExtractOp::create(e, part, ArrayRef<int64_t>{i}),
                e.at(to, e.add(e.mul(column, e.index(rows)), row), element));
          }
        });
      });
}

void emitSumBatchKernel(ModuleOp module, StringRef name,
                        const CpuTarget &target, FloatType element,
                        int64_t width, bool mean, bool fresh, bool accumulate) {
  Emitter e(module.getLoc(), module.getContext());
  Arguments a{e, createKernel(e, module, name, target)};
  Value from = a.pointer(0), stride = a.number(1), to = a.pointer(2);
  Value batch = a.number(3), rows = a.number(4), carry = a.number(5);
  int64_t lanes = sumBlock(target, element, width);
  forBlocks(e, a.begin(), a.end(), width, lanes, [&](Value i, Lanes l) {
    auto type = VectorType::get(l.count, element);
    Value sum =
        e.loop(e.index(0), batch, 1, {e.number(type, 0)},
               [&](Value row, ValueRange before) -> SmallVector<Value> {
                 Value address =
                     e.at(e.at(from, e.mul(row, stride), element), i, element);
                 return {arith::AddFOp::create(e, before[0],
                                               e.load(address, element, l))};
               })[0];
    if (mean)
      sum = arith::DivFOp::create(
          e, sum, e.splat(arith::SIToFPOp::create(e, element, rows), l.count));
    if (fresh)
      sum = e.select(e.equal(carry, e.index(0)), sum, e.number(type, 0));
    Value address = e.at(to, i, element);
    if (accumulate)
      sum = arith::AddFOp::create(e, e.load(address, element, l), sum);
    e.store(sum, address, l);
  });
}

void emitScatterSumKernel(ModuleOp module, StringRef name,
                          const CpuTarget &target, FloatType rowType,
                          FloatType tableType, int64_t width, bool accumulate) {
  Emitter e(module.getLoc(), module.getContext());
  Arguments a{e, createKernel(e, module, name, target)};
  Value from = a.pointer(0), stride = a.number(1);
  Value index = a.pointer(2), indexStride = a.number(3);
  Value table = a.pointer(4), rows = a.number(5), tableRows = a.number(6);
  int64_t lanes = sumBlock(target, tableType, width);
  auto rowOf = [&](Value row) {
    return e.at(table, e.mul(row, e.index(width)), tableType);
  };
  if (!accumulate)
    e.loop(e.index(0), tableRows, [&](Value row) {
      Value to = rowOf(row);
      forBlocks(e, a.begin(), a.end(), width, lanes, [&](Value i, Lanes l) {
        e.store(e.number(VectorType::get(l.count, tableType), 0),
                e.at(to, i, tableType), l);
      });
    });
  e.loop(e.index(0), rows, [&](Value row) {
    Value source = e.at(from, e.mul(row, stride), rowType);
    Value at = e.load(e.at(index, e.mul(row, indexStride), e.getI32Type()),
                      e.getI32Type());
    Value to = rowOf(arith::ExtUIOp::create(e, e.getI64Type(), at));
    forBlocks(e, a.begin(), a.end(), width, lanes, [&](Value i, Lanes l) {
      Value address = e.at(to, i, tableType);
      Value more = e.load(e.at(source, i, rowType), rowType, l);
      e.store(arith::AddFOp::create(e, e.load(address, tableType, l),
                                    e.convert(more, tableType)),
              address, l);
    });
  });
}

} // namespace rnn
