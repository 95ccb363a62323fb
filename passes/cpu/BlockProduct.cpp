#include "passes/cpu/BlockProduct.h"
#include "passes/cpu/ScanKernel.h"

using namespace mlir;

namespace rnn {

namespace {

/// Rows of a register block: with four vectors a row of 512 bits, or two
/// shorter ones, all sums and factors fit the registers.
constexpr int64_t blockRows = 6, fewRows = 4;

class ProductFunction {
public:
  ProductFunction(Emitter &e, const CpuTarget &target,
                  const BlockProduct &product, LLVM::LLVMFuncOp function)
      : e(e), product(product),
        lanes(target.vectorBits / product.element.getIntOrFloatBitWidth()),
        mostVectors(target.hasAVX512() ? 4 : 2), a(function.getArgument(0)),
        b(function.getArgument(1)), c(function.getArgument(2)),
        m(function.getArgument(3)), k(function.getArgument(4)),
        distance(product.isSpread ? function.getArgument(5)
                                  : e.index(product.columns)) {}

  void emit() {
    int64_t panel = mostVectors * lanes;
    int64_t full = product.columns / panel * panel;
    if (full == panel)
      emitPanel(e.index(0), mostVectors);
    else if (full > 0)
      e.loop(
          e.index(0), e.index(full),
          [&](Value column) { emitPanel(column, mostVectors); }, panel);
    if (full < product.columns)
      emitPanel(e.index(full), (product.columns - full) / lanes);
  }

private:
  void emitPanel(Value column, int64_t vectors) {
    Value rest = arith::RemSIOp::create(e, m, e.index(blockRows));
    Value full = e.sub(m, rest);
    e.loop(
        e.index(0), full,
        [&](Value row) { emitBlock(row, blockRows, column, vectors); },
        blockRows);
    // Sixteen rows, a chunk's, are 6 + 6 + 4.
    Value hasFour = arith::CmpIOp::create(e, arith::CmpIPredicate::sge, rest,
                                          e.index(fewRows));
    Value four = e.select(hasFour, e.add(full, e.index(fewRows)), full);
    e.loop(
        full, four,
        [&](Value row) { emitBlock(row, fewRows, column, vectors); }, fewRows);
    e.loop(four, m, [&](Value row) { emitBlock(row, 1, column, vectors); });
  }

  void emitBlock(Value row, int64_t rows, Value column, int64_t vectors) {
    auto type = VectorType::get(lanes, product.element);
    Lanes all{lanes, lanes};
    auto address = [&](Value base, Value row, Value distance, int64_t vector) {
      Value at = e.add(e.mul(row, distance), column);
      return e.at(e.at(base, at, product.element), vector * lanes,
                  product.element);
    };
    Value columns = e.index(product.columns);
    SmallVector<Value> sums;
    for (int64_t r = 0; r < rows; ++r)
      for (int64_t v = 0; v < vectors; ++v)
        sums.push_back(
            product.accumulate
                ? e.load(address(c, e.add(row, e.index(r)), distance, v),
                         product.element, all)
                : e.number(type, 0));
    Value first =
        e.at(a, e.mul(row, e.index(product.rowStride)), product.element);
    ValueRange results =
        e.loop(e.index(0), k, 1, sums, [&](Value step, ValueRange before) {
          SmallVector<Value> right, after;
          for (int64_t v = 0; v < vectors; ++v)
            right.push_back(
                e.load(address(b, step, columns, v), product.element, all));
          Value left = e.at(first, e.mul(step, e.index(product.stepStride)),
                            product.element);
          for (int64_t r = 0; r < rows; ++r) {
            Value factor = e.splat(
                e.load(e.at(left, r * product.rowStride, product.element),
                       product.element),
                lanes);
            for (int64_t v = 0; v < vectors; ++v)
              after.push_back(
                  e.multiplyAdd(factor, right[v], before[r * vectors + v]));
          }
          return after;
        });
    for (int64_t r = 0; r < rows; ++r)
      for (int64_t v = 0; v < vectors; ++v)
        e.store(results[r * vectors + v],
                address(c, e.add(row, e.index(r)), distance, v), all);
  }

  Emitter &e;
  const BlockProduct &product;
  int64_t lanes, mostVectors;
  Value a, b, c, m, k, distance;
};

std::string nameOf(const BlockProduct &product) {
  return (product.accumulate ? "add_product_f" : "product_f") +
         std::to_string(product.element.getIntOrFloatBitWidth()) + "_" +
         std::to_string(product.rowStride) + "_" +
         std::to_string(product.stepStride) + "_" +
         std::to_string(product.columns) + (product.isSpread ? "_spread" : "");
}

/// Each number of C by one thread.
void emitThreadsProduct(Emitter &e, const BlockProduct &product, Value a,
                        Value b, Value c, Value m, Value k) {
  Type element = product.element;
  Value columns = e.index(product.columns);
  e.spread(e.mul(m, columns), [&](Value i) {
    Value row = arith::DivSIOp::create(e, i, columns);
    Value column = arith::RemSIOp::create(e, i, columns);
    Value from = e.at(a, e.mul(row, e.index(product.rowStride)), element);
    Value down = e.at(b, column, element), to = e.at(c, i, element);
    Value start =
        product.accumulate ? e.load(to, element) : e.number(element, 0);
    Value sum =
        e.loop(e.index(0), k, 1, {start},
               [&](Value step, ValueRange before) -> SmallVector<Value> {
                 Value left = e.at(
                     from, e.mul(step, e.index(product.stepStride)), element);
                 Value right = e.at(down, e.mul(step, columns), element);
                 return {e.multiplyAdd(e.load(left, element),
                                       e.load(right, element), before[0])};
               })[0];
    e.store(sum, to);
  });
  e.barrier();
}

} // namespace

void emitBlockProduct(Emitter &e, ModuleOp module, const CpuTarget &target,
                      const BlockProduct &product, Value a, Value b, Value c,
                      Value m, Value k, Value distance) {
  if (e.gpu)
    return emitThreadsProduct(e, product, a, b, c, m, k);
  std::string name = nameOf(product);
  if (!module.lookupSymbol(name)) {
    Emitter inner(module.getLoc(), module.getContext());
    inner.setInsertionPointToEnd(module.getBody());
    Type pointer = e.pointer, number = e.getI64Type();
    SmallVector<Type> types{pointer, pointer, pointer, number, number};
    if (product.isSpread)
      types.push_back(number);
    auto function = LLVM::LLVMFuncOp::create(
        inner, name,
        LLVM::LLVMFunctionType::get(LLVM::LLVMVoidType::get(e.getContext()),
                                    types),
        LLVM::Linkage::Internal);
    setTarget(function, target);
    inner.setInsertionPointToStart(function.addEntryBlock(inner));
    inner.setInsertionPoint(LLVM::ReturnOp::create(inner, ValueRange()));
    ProductFunction(inner, target, product, function).emit();
  }
  auto function = module.lookupSymbol<LLVM::LLVMFuncOp>(name);
  SmallVector<Value> arguments{a, b, c, m, k};
  if (product.isSpread)
    arguments.push_back(distance);
  LLVM::CallOp::create(e, function, arguments);
}

void emitBlockTranspose(Emitter &e, Type element, int64_t lanes, Value from,
                        Value to, int64_t rows, int64_t columns) {
  if (e.gpu) {
    e.spread(e.index(rows * columns), [&](Value i) {
      Value row = arith::DivSIOp::create(e, i, e.index(columns));
      Value column = arith::RemSIOp::create(e, i, e.index(columns));
      Value turned = e.add(e.mul(column, e.index(rows)), row);
      e.store(e.load(e.at(from, i, element), element),
              e.at(to, turned, element));
    });
    return e.barrier();
  }
  Lanes all{lanes, lanes};
  auto square = [&](Value row, Value column) {
    auto address = [&](Value base, Value row, int64_t more, Value column,
                       int64_t stride) {
      Value begin = e.mul(e.add(row, e.index(more)), e.index(stride));
      return e.at(base, e.add(begin, column), element);
    };
    SmallVector<Value> part;
    for (int64_t i = 0; i < lanes; ++i)
      part.push_back(
          e.load(address(from, row, i, column, columns), element, all));
    for (int64_t bit = 1; bit < lanes; bit *= 2) {
      SmallVector<int64_t> low, high;
      for (int64_t i = 0; i < lanes; ++i) {
        low.push_back(i & bit ? lanes + (i ^ bit) : i);
        high.push_back(i & bit ? lanes + i : i ^ bit);
      }
      for (int64_t i = 0; i < lanes; ++i)
        if (!(i & bit)) {
          Value a = part[i], b = part[i | bit];
          part[i] = vector::ShuffleOp::create(e, a, b, low);
          part[i | bit] = vector::ShuffleOp::create(e, a, b, high);
        }
    }
    for (int64_t i = 0; i < lanes; ++i)
      e.store(part[i], address(to, column, i, row, rows), all);
  };
  e.loop(
      e.index(0), e.index(rows),
      [&](Value row) {
        e.loop(
            e.index(0), e.index(columns),
            [&](Value column) { square(row, column); }, lanes);
      },
      lanes);
}

} // namespace rnn
