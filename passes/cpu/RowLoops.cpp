// The loops over features that one level of a row consists of, by vectors.
#include "passes/cpu/RowLoops.h"
#include "dialect/Shapes.h"

using namespace mlir;

namespace rnn {

/// The element of `row`, of type `narrow`, that belongs to the position in a
/// loop over `wide`.
Value RowEmitter::elementAddress(Value row, Type wide, Type narrow,
                                 const FeaturePosition &position) {
  SmallVector<int> loops = alignLoops(wide, narrow);
  LoopShape shape = loopShapeOf(narrow);
  Value address = row;
  Type element = getElementTypeOrSelf(narrow);
  for (auto [wideLoop, narrowLoop] : llvm::enumerate(loops)) {
    if (narrowLoop < 0)
      continue;
    int64_t stride = 1;
    for (int64_t size : ArrayRef(shape).drop_front(narrowLoop + 1))
      stride *= size;
    Value index = wideLoop < position.outer.size() ? position.outer[wideLoop]
                                                   : position.feature;
    address = e.at(address, e.mul(index, e.index(stride)), element);
  }
  return address;
}

Value RowEmitter::featureIndices(FeatureIndexOp op,
                                 const FeaturePosition &position,
                                 int64_t lanes) {
  auto type = VectorType::get(lanes, e.getI32Type());
  if (getWidth(op.getType()) == 1)
    return e.number(type, 0);
  SmallVector<int32_t> iota(lanes);
  for (int64_t i = 0; i < lanes; ++i)
    iota[i] = i;
  Value first = arith::TruncIOp::create(e, e.getI32Type(), position.feature);
  return arith::AddIOp::create(
      e, e.splat(first, lanes),
      arith::ConstantOp::create(
          e, DenseElementsAttr::get(type, ArrayRef<int32_t>(iota))));
}

Value RowEmitter::vector(Value value, llvm::DenseMap<Value, Value> &local,
                         const FeaturePosition &position, Lanes lanes) {
  auto it = local.find(value);
  if (it != local.end())
    return it->second;
  Operation *op = value.getDefiningOp();
  Type element = elementOf(value);
  auto type = VectorType::get(lanes.count, element);
  Value result;
  if (isHere(op) && info(value).free) {
    if (isa<BroadcastOp, ReshapeOp>(op)) {
      Value from = op->getOperand(0);
      if (info(from).width == 1) {
        result = e.splat(scalar(from), lanes.count);
      } else if (info(from).shape == info(value).shape) {
        result = vector(from, local, position, lanes);
      } else {
        Value address = elementAddress(rowPointer(from), value.getType(),
                                       from.getType(), position);
        bool isAlong = alignLoops(value.getType(), from.getType()).back() >= 0;
        result = isAlong ? e.load(address, element, lanes)
                         : e.splat(e.load(address, element), lanes.count);
      }
    } else if (auto index = dyn_cast<FeatureIndexOp>(op)) {
      result = featureIndices(index, position, lanes.count);
    } else if (auto constant = dyn_cast<ConstantOp>(op)) {
      result = e.number(type, constant.getValue().convertToDouble());
    } else if (auto constant = dyn_cast<arith::ConstantOp>(op)) {
      result = arith::ConstantOp::create(
          e, SplatElementsAttr::get(type,
                                    cast<SplatElementsAttr>(constant.getValue())
                                        .getSplatValue<Attribute>()));
    } else {
      result = e.splat(scalar(value), lanes.count);
    }
  } else {
    Value address = e.at(rowPointer(value), position.flat, element);
    result = e.load(address, element, lanes);
    if (Value distance = prefetch.lookup(value))
      LLVM::Prefetch::create(e, e.at(address, distance, element), 0, 3, 1);
  }
  return local[value] = result;
}

/// The ops of a block, whose results go to `local`.
void RowEmitter::computeBlock(LoopWork &work, const FeaturePosition &position,
                              Lanes lanes, Local &local) {
  for (Operation *op : work.ops) {
    SmallVector<Value> inputs;
    for (Value operand : op->getOperands())
      inputs.push_back(vector(operand, local, position, lanes));
    Value result = op->getResult(0);
    if (auto drop = dyn_cast<DropoutOp>(op))
      local[result] = dropout(drop, inputs[0], position.flat, lanes.count);
    else
      local[result] =
          clone(op, inputs, VectorType::get(lanes.count, elementOf(result)));
  }
}

void RowEmitter::emitBlock(LoopWork &work, unsigned way,
                           const FeaturePosition &position, Lanes lanes) {
  Local local;
  computeBlock(work, position, lanes, local);
  for (auto [value, row] : work.stores)
    e.store(vector(value, local, position, lanes),
            e.at(row, position.flat, elementOf(value)), lanes);
  for (Reduction &r : work.reductions) {
    Value value = vector(r.op.getInput(), local, position, lanes);
    if (r.isAlongInner) {
      value = e.onlyActive(value, r.isMax ? -INFINITY : 0.0, lanes);
      r.sums[way] = e.combine(r.sums[way], value, r.isMax);
      continue;
    }
    Value address = elementAddress(r.row, r.op.getInput().getType(),
                                   r.op.getType(), position);
    Value before = e.load(address, elementOf(r.op), lanes);
    e.store(e.combine(before, value, r.isMax), address, lanes);
  }
}

/// What the loops over `shape` at a level compute; false if nothing.
bool RowEmitter::collect(int level, const LoopShape &shape, LoopWork &work) {
  work.shape = shape;
  for (Operation &op : scan.getStep()->without_terminator()) {
    Value result = op.getResult(0);
    if (auto reduce = dyn_cast<ReduceOp>(op)) {
      if (info(result).place != level || info(reduce.getInput()).shape != shape)
        continue;
      SmallVector<int> loops =
          alignLoops(reduce.getInput().getType(), result.getType());
      // One number stays in a register, or grows over several loops.
      Value row =
          info(result).inMemory ? rowPointer(result) : totals.lookup(result);
      work.reductions.push_back({reduce,
                                 reduce.getKind() == ReduceKind::max,
                                 row,
                                 loops.back() < 0,
                                 llvm::count(loops, -1) == 1,
                                 {}});
      work.used.push_back(reduce.getInput());
    } else if (isElementwise(&op) && info(result).place == level &&
               info(result).shape == shape) {
      work.ops.push_back(&op);
      llvm::append_range(work.used, op.getOperands());
    }
  }
  for (const Store &store : s.stores[level])
    if (info(store.value).shape == shape && isKept(store)) {
      work.stores.push_back({store.value, storeTarget(store)});
      work.used.push_back(store.value);
    }
  return !work.ops.empty() || !work.stores.empty() || !work.reductions.empty();
}

/// Addresses and scalars come before the loop.
void RowEmitter::prepare(const LoopWork &work) {
  llvm::DenseSet<Operation *> computed(work.ops.begin(), work.ops.end());
  SmallVector<Value> used(work.used);
  for (unsigned i = 0; i < used.size(); ++i) {
    Value value = used[i];
    Operation *op = value.getDefiningOp();
    if (isHere(op) && computed.contains(op))
      continue;
    if (!isHere(op) || !info(value).free) {
      rowPointer(value);
    } else if (isa<BroadcastOp, ReshapeOp>(op)) {
      Value from = op->getOperand(0);
      if (info(from).width == 1)
        scalar(from);
      else if (info(from).shape == info(value).shape)
        used.push_back(from);
      else
        rowPointer(from);
    } else if (isa<InverseCountOp>(op)) {
      scalar(value);
    }
  }
}

/// The innermost loop, by vectors.
void RowEmitter::emitInner(LoopWork &work, ArrayRef<Value> outer) {
  int64_t width = work.shape.back();
  Value base;
  for (auto [i, index] : llvm::enumerate(outer)) {
    Value scaled = index;
    for (int64_t size : ArrayRef(work.shape).drop_front(i + 1))
      scaled = e.mul(scaled, e.index(size));
    base = base ? e.add(base, scaled) : scaled;
  }
  auto position = [&](Value feature) {
    return FeaturePosition{llvm::to_vector(outer), feature,
                           base ? e.add(base, feature) : feature};
  };

  int64_t lanes = lanesFor(width, mostLanes);
  int64_t full = width / lanes;
  // Several sums side by side hide the latency of addition.
  bool isSum = llvm::any_of(work.reductions,
                            [](Reduction &r) { return r.isAlongInner; });
  int64_t ways = isSum && full >= 4 ? 4 : 1;
  SmallVector<Value> sums;
  for (Reduction &r : work.reductions) {
    r.sums.clear();
    for (int64_t way = 0; r.isAlongInner && way < ways; ++way) {
      r.sums.push_back(
          e.number(VectorType::get(lanes, elementOf(r.op.getInput())),
                   r.isMax ? -INFINITY : 0.0));
      sums.push_back(r.sums.back());
    }
  }
  auto take = [&](ValueRange values) {
    for (Reduction &r : work.reductions)
      for (Value &sum : r.sums) {
        sum = values.front();
        values = values.drop_front();
      }
  };
  int64_t inLoop = full / ways * ways;
  auto body = [&](Value feature) {
    for (int64_t way = 0; way < ways; ++way)
      emitBlock(
          work, way,
          position(way == 0 ? feature : e.add(feature, e.index(way * lanes))),
          {lanes, lanes});
  };
  if (inLoop == ways) {
    body(e.index(0));
  } else if (inLoop > 0) {
    take(e.loop(e.index(0), e.index(inLoop * lanes), ways * lanes, sums,
                [&](Value feature, ValueRange carried) {
                  take(carried);
                  body(feature);
                  SmallVector<Value> next;
                  for (Reduction &r : work.reductions)
                    llvm::append_range(next, r.sums);
                  return next;
                }));
  }
  for (int64_t i = inLoop; i < full; ++i)
    emitBlock(work, i % ways, position(e.index(i * lanes)), {lanes, lanes});
  if (width % lanes != 0)
    emitBlock(work, full % ways, position(e.index(full * lanes)),
              {lanes, width % lanes});
  for (Reduction &r : work.reductions) {
    if (!r.isAlongInner)
      continue;
    for (int64_t n = ways / 2; n >= 1; n /= 2)
      for (int64_t i = 0; i < n; ++i)
        r.sums[i] = e.combine(r.sums[i], r.sums[i + n], r.isMax);
    Value sum = e.reduce(r.sums[0], r.isMax);
    if (!r.row) {
      known[r.op.getResult()] = sum;
      continue;
    }
    Value address = elementAddress(r.row, r.op.getInput().getType(),
                                   r.op.getType(), position(e.index(0)));
    if (!r.isOnlyInner)
      sum = e.combine(e.load(address, elementOf(r.op)), sum, r.isMax);
    e.store(sum, address);
  }
}

void RowEmitter::emitLoop(int level, const LoopShape &shape) {
  LoopWork work;
  if (!collect(level, shape, work))
    return;
  prepare(work);
  if (e.gpu)
    return emitOverThreads(work);
  for (Reduction &r : work.reductions) {
    Type element = elementOf(r.op);
    double least = r.isMax ? -INFINITY : 0.0;
    if (!r.row || (r.isAlongInner && r.isOnlyInner))
      continue;
    int64_t width = info(r.op.getResult()).width;
    if (width == 1)
      e.store(e.number(element, least), r.row);
    else
      e.forRow(width, mostLanes, [&](Value i, Lanes lanes) {
        e.store(e.number(VectorType::get(lanes.count, element), least),
                e.at(r.row, i, element), lanes);
      });
  }
  SmallVector<Value> outer;
  auto nest = [&](auto &&self) -> void {
    if (outer.size() + 1 == shape.size())
      return emitInner(work, outer);
    e.loop(e.index(0), e.index(shape[outer.size()]), [&](Value i) {
      outer.push_back(i);
      self(self);
      outer.pop_back();
    });
  };
  nest(nest);
  for (Reduction &r : work.reductions)
    if (r.row && !info(r.op.getResult()).inMemory)
      known[r.op.getResult()] = e.load(r.row, elementOf(r.op));
}

/// What the body's values are looped over.
SmallVector<LoopShape> RowEmitter::loopShapes() {
  SmallVector<LoopShape> shapes;
  for (Operation &op : *scan.getStep())
    for (ValueRange values :
         {ValueRange(op.getOperands()), ValueRange(op.getResults())})
      for (Value value : values)
        if (info(value).width > 1 &&
            !llvm::is_contained(shapes, info(value).shape))
          shapes.push_back(info(value).shape);
  return shapes;
}

} // namespace rnn
