// In a round, each block of a team publishes its columns of what the products
// read, waits for the others' flags, fetches all of it, and multiplies it
// by its columns of the matrices. Two rounds' rows alternate: who publishes the
// one after next has seen everybody done with this one.
#include "passes/gpu/ResidentProduct.h"

#include "dialect/Shapes.h"
#include "passes/gpu/Flags.h"

#include "mlir/Dialect/LLVMIR/NVVMDialect.h"

using namespace mlir;

namespace rnn {

constexpr int64_t rows = ResidentShape::rows;
/// What a vector of `rows` numbers in shared memory is aligned to.
constexpr unsigned vectorBytes = 16;
/// Loads of a thread from global memory.
constexpr int64_t weightsOnTheWay = 16;

static Value atMost(Emitter &e, Value value, Value most) {
  return arith::MinSIOp::create(e, value, most);
}

ResidentProduct::ResidentProduct(Emitter &e, const ResidentShape &shape,
                                 Value batch, Value exchange)
    : e(e), shape(shape), batch(batch), exchange(exchange) {
  Value blocks = arith::ExtUIOp::create(
      e, e.getI64Type(), NVVM::GridDimXOp::create(e, e.getI32Type()));
  teams = arith::DivSIOp::create(e, blocks, e.index(shape.team));
  team = arith::DivSIOp::create(e, e.gpu->block, e.index(shape.team));
  member = arith::RemSIOp::create(e, e.gpu->block, e.index(shape.team));
  int64_t used = rows * shape.columns;
  place = e.gpu->thread;
  if (used < shape.threads()) {
    isThread = e.less(place, e.index(used));
    place = atMost(e, place, e.index(used - 1));
  }
  slot = arith::DivSIOp::create(e, place, e.index(shape.columns));
  local = arith::RemSIOp::create(e, place, e.index(shape.columns));
  column = e.add(e.mul(member, e.index(shape.columns)), local);
  hasColumn = e.less(column, e.index(shape.width));
  if (isThread)
    hasColumn = e.both(hasColumn, isThread);
  column = atMost(e, column, e.index(shape.width - 1));
  count = e.index(0);
}

void ResidentProduct::ifThere(Value condition,
                              llvm::function_ref<void()> body) {
  condition ? e.when(condition, body) : body();
}

void ResidentProduct::loadMatrices(
    llvm::function_ref<Value(MatmulOp)> pointer) {
  Type element = shape.element;
  Value zero = e.number(element, 0);
  inputs = e.allocate(shape.exchanged() * rows, element);
  sums = e.allocate(shape.mostGates() * rows * rows * shape.columns, element);
  // Places between inputs, which are multiplied by zeros.
  e.spread(e.index(shape.exchanged() * rows),
           [&](Value i) { e.store(zero, e.at(inputs, i, element)); });
  for (const ResidentShape::Round &round : shape.rounds)
    for (const ResidentShape::Input &input : round.inputs)
      for (const ResidentShape::Gate &gate : input.gates) {
        Value from = pointer(gate.product);
        if (int64_t(matrices.size()) >= shape.kept) {
          matrices.push_back(from);
          continue;
        }
        Value matrix = e.allocate(input.padded() * shape.columns, element);
        matrices.push_back(matrix);
        e.spread(e.index(input.padded() * shape.columns), [&](Value i) {
          Value k = arith::DivSIOp::create(e, i, e.index(shape.columns));
          Value own = e.add(
              e.mul(member, e.index(shape.columns)),
              Value(arith::RemSIOp::create(e, i, e.index(shape.columns))));
          Value isThere = e.both(e.less(k, e.index(input.width)),
                                 e.less(own, e.index(shape.width)));
          Value at = weightAt(input, gate, k, own);
          Value weight = e.load(e.at(from, at, element), element);
          e.store(e.select(isThere, weight, zero), e.at(matrix, i, element));
        });
      }
  // Of a team, the first round's barriers come in time.
  if (!exchange)
    e.barrier();
}

Value ResidentProduct::weightAt(const ResidentShape::Input &input,
                                const ResidentShape::Gate &gate, Value k,
                                Value own) {
  MatmulOp product = gate.product;
  int64_t outer = getWidth(product.getType());
  k = atMost(e, k, e.index(input.width - 1));
  own = e.add(atMost(e, own, e.index(shape.width - 1)),
              e.index(gate.number * shape.width));
  return product.getTransposed() ? e.add(e.mul(own, e.index(input.width)), k)
                                 : e.add(e.mul(k, e.index(outer)), own);
}

Value ResidentProduct::keptWeight(Value matrix, Value term) {
  Value at = e.add(e.mul(term, e.index(rows * shape.columns)), place);
  return e.load(e.at(matrix, at, shape.element), shape.element);
}

Value ResidentProduct::readWeight(const ResidentShape::Input &input,
                                  const ResidentShape::Gate &gate, Value matrix,
                                  Value term) {
  Value k = e.add(e.mul(term, e.index(rows)), slot);
  Value at = weightAt(input, gate, k, column);
  return e.load(e.at(matrix, at, shape.element), shape.element);
}

void ResidentProduct::beginRows(Value firstRow, Value lastRow) {
  first = firstRow;
  last = lastRow;
  row = e.add(first, slot);
  exists = e.both(hasColumn, e.less(row, e.add(last, e.index(1))));
  row = atMost(e, row, last);
}

/// Of the round that is under way.
Value ResidentProduct::exchangedRow(Value row) {
  Value parity = e.both(count, e.index(1));
  Value index = e.add(e.mul(parity, batch), row);
  return e.at(
      e.at(exchange, e.mul(batch, e.index(shape.flags())), shape.element),
      e.mul(index, e.index(shape.exchanged())), shape.element);
}

void ResidentProduct::publish(
    const ResidentShape::Round &round,
    llvm::function_ref<SmallVector<Value>(unsigned)> parts) {
  Type element = shape.element;
  // One block hands rows to itself, those that are not there as well.
  ifThere(exchange ? exists : isThread, [&] {
    Value to = exchange ? exchangedRow(row) : Value();
    for (auto [i, input] : llvm::enumerate(round.inputs))
      for (auto [number, part] : llvm::enumerate(parts(i))) {
        Value at =
            e.add(column, e.index(input.from + int64_t(number) * shape.width));
        e.store(part,
                exchange ? e.at(to, at, element)
                         : e.at(inputs, e.add(e.mul(at, e.index(rows)), slot),
                                element),
                {1, 1});
      }
  });
}

/// Until all blocks have published: each raises its flag and looks at all.
void ResidentProduct::awaitTeam() {
  Type word = e.getI32Type(); // in an element's place
  Value flags =
      e.at(exchange, e.mul(team, e.index(shape.flags())), shape.element);
  Value now = arith::TruncIOp::create(e, word, e.add(count, e.index(1)));
  e.barrier();
  ifThere(e.equal(e.gpu->thread, e.index(0)),
          [&] { raiseFlag(e, e.at(flags, member, shape.element), now); });
  e.spread(e.index(shape.team), [&](Value other) {
    awaitFlag(e, e.at(flags, other, shape.element), now);
  });
  e.barrier();
}

/// From the team's memory to the block's.
void ResidentProduct::fetch(const ResidentShape::Round &round) {
  Type element = shape.element;
  for (const ResidentShape::Input &input : round.inputs)
    e.spread(e.index(input.width * rows), [&](Value i) {
      Value from = arith::RemSIOp::create(e, i, e.index(rows));
      Value k = e.add(arith::DivSIOp::create(e, i, e.index(rows)),
                      e.index(input.from));
      Value of = exchangedRow(atMost(e, e.add(first, from), last));
      e.store(e.load(e.at(of, k, element), element),
              e.at(inputs, e.add(i, e.index(input.from * rows)), element));
    });
}

SmallVector<Value> ResidentProduct::emitRound(
    unsigned number, llvm::function_ref<SmallVector<Value>(unsigned)> parts) {
  const ResidentShape::Round &round = shape.rounds[number];
  Type element = shape.element;
  auto type = VectorType::get(rows, element);
  publish(round, parts);
  if (exchange) {
    awaitTeam();
    fetch(round);
  }
  e.barrier();

  size_t gate = 0;
  for (unsigned i = 0; i < number; ++i)
    gate += shape.rounds[i].gates;
  // Where the sum of a gate, of a part of it and a row is.
  auto sumAt = [&](int64_t gate, Value part, Value row) {
    Value index = e.add(
        e.mul(
            e.add(e.mul(e.add(e.index(gate * rows), part), e.index(rows)), row),
            e.index(shape.columns)),
        local);
    return e.at(sums, index, element);
  };
  int64_t done = 0;
  for (const ResidentShape::Input &input : round.inputs) {
    SmallVector<Value> zeros(input.gates.size(), e.number(type, 0));
    auto weightsOf = [&](Value term) {
      SmallVector<Value> weights;
      for (auto [j, own] : llvm::enumerate(input.gates)) {
        Value matrix = matrices[gate + j];
        weights.push_back(int64_t(gate + j) < shape.kept
                              ? keptWeight(matrix, term)
                              : readWeight(input, own, matrix, term));
      }
      return weights;
    };
    auto addTerm = [&](Value term, ArrayRef<Value> weights, ValueRange before) {
      Value k = e.add(e.mul(term, e.index(rows)), slot);
      Value x = LLVM::LoadOp::create(
          e, type,
          e.at(inputs, e.mul(e.add(k, e.index(input.from)), e.index(rows)),
               element),
          vectorBytes);
      SmallVector<Value> after;
      for (auto [weight, sum] : llvm::zip(weights, before))
        after.push_back(e.multiplyAdd(e.splat(weight, rows), x, sum));
      return after;
    };
    // The part of a slot is every eighth term: neighbours read side by side.
    // Weights from global memory are on the way several at once.
    SmallVector<Value> totals = zeros;
    auto addTerms = [&](int64_t from, int64_t to, int64_t together) {
      totals = llvm::to_vector(
          e.loop(e.index(from), e.index(to), together, totals,
                 [&](Value first, ValueRange before) {
                   SmallVector<Value> terms, sums(before);
                   SmallVector<SmallVector<Value>> weights;
                   for (int64_t i = 0; i < together; ++i) {
                     terms.push_back(e.add(first, e.index(i)));
                     weights.push_back(weightsOf(terms.back()));
                   }
                   for (auto [term, own] : llvm::zip(terms, weights))
                     sums = addTerm(term, own, sums);
                   return sums;
                 }));
    };
    int64_t terms = input.padded() / rows, whole = 0;
    if (int64_t(gate + input.gates.size()) > shape.kept) {
      int64_t together =
          std::max<int64_t>(1, weightsOnTheWay / int64_t(input.gates.size()));
      whole = terms / together * together;
      addTerms(0, whole, together);
    }
    if (whole < terms)
      addTerms(whole, terms, 1);
    ifThere(isThread, [&] {
      for (auto [j, total] : llvm::enumerate(totals))
        for (int64_t r = 0; r < rows; ++r)
          e.store(vector::ExtractOp::create(e, total, ArrayRef<int64_t>{r}),
                  sumAt(done + int64_t(j), slot, e.index(r)));
    });
    gate += input.gates.size();
    done += int64_t(input.gates.size());
  }
  e.barrier();
  SmallVector<Value> results;
  for (int64_t i = 0; i < round.gates; ++i) {
    Value sum = e.load(sumAt(i, e.index(0), slot), element, {1, 1});
    for (int64_t part = 1; part < rows; ++part)
      sum =
          e.combine(sum, e.load(sumAt(i, e.index(part), slot), element, {1, 1}),
                    /*isMax=*/false);
    results.push_back(sum);
  }
  count = e.add(count, e.index(1));
  return results;
}

} // namespace rnn
