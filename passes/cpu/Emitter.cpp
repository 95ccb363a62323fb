#include "passes/cpu/Emitter.h"

#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "llvm/Support/MathExtras.h"

#include <cmath>

using namespace mlir;

namespace rnn {

Value Emitter::number(Type type, double value) {
  Type element = getElementTypeOrSelf(type);
  Attribute scalar =
      isa<FloatType>(element)
          ? Attribute(getFloatAttr(element, value))
          : Attribute(getIntegerAttr(
                element, APInt(element.getIntOrFloatBitWidth(),
                               uint64_t(int64_t(value)), /*isSigned=*/false,
                               /*implicitTrunc=*/true)));
  if (auto vector = dyn_cast<VectorType>(type))
    scalar = DenseElementsAttr::get(vector, scalar);
  return arith::ConstantOp::create(*this, cast<TypedAttr>(scalar));
}

Value Emitter::at(Value base, Value index, Type element) {
  return LLVM::GEPOp::create(*this, base.getType(), inMemory(element), base,
                             ArrayRef<LLVM::GEPArg>{index},
                             LLVM::GEPNoWrapFlags::inbounds);
}

Value Emitter::field(Value base, int64_t byteOffset, Type type) {
  return LLVM::LoadOp::create(*this, type, at(base, byteOffset, getI8Type()));
}

void Emitter::setField(Value base, int64_t byteOffset, Value value) {
  LLVM::StoreOp::create(*this, value, at(base, byteOffset, getI8Type()));
}

static unsigned alignment(Type element) {
  return std::max(1u, element.getIntOrFloatBitWidth() / 8);
}

Value Emitter::load(Value address, Type element) {
  Type memory = inMemory(element);
  Value value = LLVM::LoadOp::create(*this, memory, address, alignment(memory));
  if (memory == element)
    return value;
  return arith::CmpIOp::create(*this, arith::CmpIPredicate::ne, value,
                               number(memory, 0));
}

void Emitter::store(Value value, Value address) {
  Type element = value.getType(), memory = inMemory(element);
  if (memory != element)
    value = arith::ExtUIOp::create(*this, memory, value);
  LLVM::StoreOp::create(*this, value, address, alignment(memory));
}

Value Emitter::mask(Lanes lanes) {
  SmallVector<bool> bits(lanes.count);
  for (int64_t i = 0; i < lanes.count; ++i)
    bits[i] = i < lanes.active;
  return arith::ConstantOp::create(
      *this, DenseElementsAttr::get(VectorType::get(lanes.count, getI1Type()),
                                    ArrayRef<bool>(bits)));
}

Value Emitter::load(Value address, Type element, Lanes lanes) {
  Type memory = inMemory(element);
  auto type = VectorType::get(lanes.count, memory);
  Value value;
  if (lanes.active == lanes.count)
    value = LLVM::LoadOp::create(*this, type, address, alignment(memory));
  else
    value = LLVM::MaskedLoadOp::create(
        *this, type, address, mask(lanes), number(type, 0),
        getI32IntegerAttr(alignment(memory)), UnitAttr());
  if (memory == element)
    return value;
  return arith::CmpIOp::create(*this, arith::CmpIPredicate::ne, value,
                               number(type, 0));
}

void Emitter::store(Value value, Value address, Lanes lanes) {
  auto type = cast<VectorType>(value.getType());
  Type memory = inMemory(type.getElementType());
  if (memory != type.getElementType())
    value = arith::ExtUIOp::create(
        *this, VectorType::get(type.getShape(), memory), value);
  if (lanes.active == lanes.count)
    LLVM::StoreOp::create(*this, value, address, alignment(memory));
  else
    LLVM::MaskedStoreOp::create(*this, value, address, mask(lanes),
                                alignment(memory));
}

Value Emitter::onlyActive(Value value, double other, Lanes lanes) {
  if (lanes.active == lanes.count)
    return value;
  return select(mask(lanes), value, number(value.getType(), other));
}

Value Emitter::convert(Value value, Type element) {
  Type type = value.getType(), from = getElementTypeOrSelf(type);
  if (from == element)
    return value;
  if (auto vector = dyn_cast<VectorType>(type))
    type = VectorType::get(vector.getShape(), element);
  else
    type = element;
  if (from.getIntOrFloatBitWidth() < element.getIntOrFloatBitWidth())
    return arith::ExtFOp::create(*this, type, value);
  return arith::TruncFOp::create(*this, type, value);
}

Value Emitter::splat(Value scalar, int64_t lanes) {
  return vector::BroadcastOp::create(
      *this, VectorType::get(lanes, scalar.getType()), scalar);
}

Value Emitter::combine(Value a, Value b, bool isMax) {
  if (!isMax)
    return arith::AddFOp::create(*this, a, b);
  Value greater = arith::CmpFOp::create(*this, arith::CmpFPredicate::OGT, a, b);
  return select(greater, a, b);
}

Value Emitter::reduce(Value vector, bool isMax) {
  int64_t given = cast<VectorType>(vector.getType()).getNumElements();
  int64_t lanes = llvm::PowerOf2Ceil(given);
  if (lanes > given) {
    SmallVector<int64_t> padded;
    for (int64_t i = 0; i < lanes; ++i)
      padded.push_back(std::min(i, given));
    Value least = number(vector.getType(), isMax ? -INFINITY : 0.0);
    vector = vector::ShuffleOp::create(*this, vector, least, padded);
  }
  while (lanes > 1) {
    lanes /= 2;
    SmallVector<int64_t> low, high;
    for (int64_t i = 0; i < lanes; ++i) {
      low.push_back(i);
      high.push_back(i + lanes);
    }
    vector =
        combine(vector::ShuffleOp::create(*this, vector, vector, low),
                vector::ShuffleOp::create(*this, vector, vector, high), isMax);
  }
  return vector::ExtractOp::create(*this, vector, ArrayRef<int64_t>{0});
}

ValueRange Emitter::loop(Value from, Value to, int64_t step, ValueRange carried,
                         LoopBody body) {
  auto loop = scf::ForOp::create(
      *this, from, to, index(step), carried,
      [&](OpBuilder &, Location, Value i, ValueRange arguments) {
        OpBuilder::InsertionGuard guard(*this);
        setInsertionPointToEnd(i.getParentBlock());
        SmallVector<Value> next = body(i, arguments);
        scf::YieldOp::create(*this, next);
      });
  return loop.getResults();
}

void Emitter::loop(Value from, Value to, llvm::function_ref<void(Value)> body,
                   int64_t step) {
  loop(from, to, step, {}, [&](Value i, ValueRange) {
    body(i);
    return SmallVector<Value>();
  });
}

void Emitter::when(Value condition, llvm::function_ref<void()> then,
                   llvm::function_ref<void()> otherwise) {
  auto branch = scf::IfOp::create(*this, condition, bool(otherwise));
  OpBuilder::InsertionGuard guard(*this);
  setInsertionPointToStart(branch.thenBlock());
  then();
  if (!otherwise)
    return;
  setInsertionPointToStart(branch.elseBlock());
  otherwise();
}

SmallVector<Value> Emitter::either(Value condition, TypeRange types,
                                   Numbers then, Numbers otherwise) {
  auto branch =
      scf::IfOp::create(*this, types, condition, /*withElseRegion=*/true);
  OpBuilder::InsertionGuard guard(*this);
  setInsertionPointToStart(branch.thenBlock());
  scf::YieldOp::create(*this, then());
  setInsertionPointToStart(branch.elseBlock());
  scf::YieldOp::create(*this, otherwise());
  return llvm::to_vector(ValueRange(branch.getResults()));
}

void Emitter::forRow(int64_t width, int64_t most,
                     llvm::function_ref<void(Value, Lanes)> body) {
  if (gpu)
    return loop(
        gpu->thread, index(width), [&](Value i) { body(i, {1, 1}); },
        gpu->threads);
  int64_t lanes = lanesFor(width, most), full = width / lanes * lanes;
  if (full == lanes)
    body(index(0), {lanes, lanes});
  else if (full > 0)
    loop(
        index(0), index(full), [&](Value i) { body(i, {lanes, lanes}); },
        lanes);
  if (full < width)
    body(index(full), {lanes, width - full});
}

//===----------------------------------------------------------------------===//
// A block of threads
//===----------------------------------------------------------------------===//

constexpr int64_t warpSize = 32;

Value Emitter::allocate(int64_t elements, Type element) {
  Type memory = inMemory(element);
  if (!gpu)
    return LLVM::AllocaOp::create(*this, pointer, memory, index(elements), 64);
  auto shared = LLVM::LLVMPointerType::get(getContext(), sharedSpace);
  Value base = LLVM::AddressOfOp::create(*this, shared, sharedMemory);
  Value row = at(base, gpu->sharedBytes, getI8Type());
  int64_t bytes = elements * alignment(memory);
  gpu->sharedBytes += llvm::alignTo(bytes, 16);
  return row;
}

void Emitter::barrier() {
  if (gpu)
    NVVM::Barrier0Op::create(*this);
}

void Emitter::once(llvm::function_ref<void()> body) {
  if (!gpu)
    return body();
  auto then = scf::IfOp::create(*this, gpu->isLeader,
                                /*withElseRegion=*/false);
  OpBuilder::InsertionGuard guard(*this);
  setInsertionPointToStart(then.thenBlock());
  body();
}

void Emitter::spread(Value count, llvm::function_ref<void(Value)> body,
                     int64_t step) {
  if (gpu)
    loop(gpu->thread, count, body, gpu->threads);
  else
    loop(index(0), count, body, step);
}

Value Emitter::shuffleXor(Value value, int32_t mask) {
  auto word = [&](int32_t number) {
    return arith::ConstantIntOp::create(*this, number, 32);
  };
  auto shuffle = [&](Value part) -> Value {
    return NVVM::ShflOp::create(*this, part.getType(), word(-1), part,
                                word(mask), word(warpSize - 1),
                                NVVM::ShflKind::bfly, UnitAttr());
  };
  if (!value.getType().isF64())
    return shuffle(value);
  Value bits = arith::BitcastOp::create(*this, getI64Type(), value);
  Value low = shuffle(arith::TruncIOp::create(*this, getI32Type(), bits));
  Value high = shuffle(arith::TruncIOp::create(
      *this, getI32Type(),
      Value(arith::ShRUIOp::create(*this, bits, index(32)))));
  auto wide = [&](Value part) -> Value {
    return arith::ExtUIOp::create(*this, getI64Type(), part);
  };
  bits = arith::OrIOp::create(
      *this, wide(low),
      Value(arith::ShLIOp::create(*this, wide(high), index(32))));
  return arith::BitcastOp::create(*this, value.getType(), bits);
}

Value Emitter::reduceBlock(Value value, bool isMax, Value partials) {
  // Each lane ends up with the same bits: a + b is b + a.
  for (int32_t mask = warpSize / 2; mask >= 1; mask /= 2)
    value = combine(value, shuffleXor(value, mask), isMax);
  int64_t warps = gpu->threads / warpSize;
  if (warps == 1)
    return value;
  Type element = value.getType();
  Value warp = arith::DivSIOp::create(*this, gpu->thread, index(warpSize));
  Value lane = arith::RemSIOp::create(*this, gpu->thread, index(warpSize));
  auto isFirst = scf::IfOp::create(*this, equal(lane, index(0)),
                                   /*withElseRegion=*/false);
  {
    OpBuilder::InsertionGuard guard(*this);
    setInsertionPointToStart(isFirst.thenBlock());
    store(value, at(partials, warp, element));
  }
  barrier();
  Value total = load(partials, element);
  for (int64_t i = 1; i < warps; ++i)
    total = combine(total, load(at(partials, i, element), element), isMax);
  return total;
}

} // namespace rnn
