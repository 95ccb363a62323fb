#include "passes/gpu/Flags.h"

#include "mlir/Dialect/LLVMIR/NVVMDialect.h"

using namespace mlir;

namespace rnn {

void raiseFlag(Emitter &e, Value flag, Value value) {
  LLVM::StoreOp::create(e, value, flag, 4, /*isVolatile=*/false,
                        /*isNonTemporal=*/false, /*isInvariantGroup=*/false,
                        LLVM::AtomicOrdering::release, "device");
}

Value awaitFlag(Emitter &e, Value flag, Value least) {
  constexpr int64_t nanoseconds = 20;
  Type word = e.getI32Type();
  auto loop = scf::WhileOp::create(e, TypeRange(word), ValueRange());
  OpBuilder::InsertionGuard guard(e);
  e.createBlock(&loop.getBefore());
  Value seen = LLVM::LoadOp::create(
      e, word, flag, 4, /*isVolatile=*/false,
      /*isNonTemporal=*/false, /*isInvariant=*/false,
      /*isInvariantGroup=*/false, LLVM::AtomicOrdering::acquire, "device");
  Value isEarly =
      arith::CmpIOp::create(e, arith::CmpIPredicate::slt, seen, least);
  scf::ConditionOp::create(e, isEarly, seen);
  e.createBlock(&loop.getAfter(), {}, TypeRange(word), {e.getLoc()});
  NVVM::NanosleepOp::create(e, e.number(word, nanoseconds));
  scf::YieldOp::create(e);
  return loop.getResult(0);
}

} // namespace rnn
