// `rnn_update`: AdamW (Loshchilov and Hutter 2019) as runtime/module_abi.h
// defines it.
#include "passes/cpu/ScanKernel.h"
#include "passes/cpu/SimpleKernels.h"
#include "runtime/module_abi.h"

#include "mlir/Dialect/Math/IR/Math.h"

#include <cstddef>

using namespace mlir;

namespace rnn {

void emitUpdate(ModuleOp module, const CpuTarget &target, FloatType element) {
  Emitter e(module.getLoc(), module.getContext());
  e.setInsertionPointToEnd(module.getBody());
  auto function = LLVM::LLVMFuncOp::create(
      e, "rnn_update",
      LLVM::LLVMFunctionType::get(LLVM::LLVMVoidType::get(e.getContext()),
                                  {e.pointer}));
  setTarget(function, target);
  e.setInsertionPointToStart(function.addEntryBlock(e));
  auto end = LLVM::ReturnOp::create(e, ValueRange());
  e.setInsertionPoint(end);
  Value update = function.getArgument(0);
  auto pointer = [&](size_t offset) {
    return e.field(update, offset, e.pointer);
  };
  Value parameters = pointer(offsetof(rnn_update, parameters));
  Value gradients = pointer(offsetof(rnn_update, gradients));
  Value first = pointer(offsetof(rnn_update, first_moment));
  Value second = pointer(offsetof(rnn_update, second_moment));
  Value count = e.field(update, offsetof(rnn_update, count), e.getI64Type());
  int64_t lanes = target.vectorBits / element.getWidth();
  // Numbers that all elements share are prepared in f64.
  auto number = [&](size_t offset) {
    return e.field(update, offset, e.getF64Type());
  };
  auto rounded = [&](Value value) -> Value {
    return element.isF64() ? value : arith::TruncFOp::create(e, element, value);
  };
  Value one = e.number(e.getF64Type(), 1);
  auto inverse = [&](Value v) -> Value {
    return arith::DivFOp::create(e, one, v);
  };
  Value beta1 = number(offsetof(rnn_update, beta1));
  Value beta2 = number(offsetof(rnn_update, beta2));
  SmallVector<Value> scalars = {
      rounded(number(offsetof(rnn_update, gradient_scale))),
      rounded(beta1),
      rounded(arith::SubFOp::create(e, one, beta1)),
      rounded(beta2),
      rounded(arith::SubFOp::create(e, one, beta2)),
      rounded(inverse(number(offsetof(rnn_update, correction1)))),
      rounded(inverse(number(offsetof(rnn_update, correction2)))),
      rounded(number(offsetof(rnn_update, epsilon))),
      rounded(number(offsetof(rnn_update, learning_rate))),
      rounded(number(offsetof(rnn_update, weight_decay)))};

  auto body = [&](Value i, ArrayRef<Value> c, int64_t n) {
    Lanes l{n, n};
    auto load = [&](Value base) {
      return n == 1 ? e.load(e.at(base, i, element), element)
                    : e.load(e.at(base, i, element), element, l);
    };
    auto store = [&](Value value, Value base) {
      n == 1 ? e.store(value, e.at(base, i, element))
             : e.store(value, e.at(base, i, element), l);
    };
    auto multiply = [&](Value a, Value b) -> Value {
      return arith::MulFOp::create(e, a, b);
    };
    Value g = multiply(load(gradients), c[0]);
    Value m = e.multiplyAdd(c[1], load(first), multiply(c[2], g));
    Value v = e.multiplyAdd(c[3], load(second), multiply(c[4], multiply(g, g)));
    store(m, first);
    store(v, second);
    Value root = math::SqrtOp::create(e, multiply(v, c[6]));
    Value step = arith::DivFOp::create(e, multiply(m, c[5]),
                                       arith::AddFOp::create(e, root, c[7]));
    Value p = load(parameters);
    step = e.multiplyAdd(c[9], p, step);
    store(arith::SubFOp::create(e, p, multiply(c[8], step)), parameters);
  };
  SmallVector<Value> vectors;
  for (Value scalar : scalars)
    vectors.push_back(e.splat(scalar, lanes));
  Value full = arith::AndIOp::create(e, count, e.index(-lanes));
  e.loop(e.index(0), full, [&](Value i) { body(i, vectors, lanes); }, lanes);
  e.loop(full, count, [&](Value i) { body(i, scalars, 1); });
}

} // namespace rnn
