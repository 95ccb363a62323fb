// What the values of a step are in terms of a matrix state S: a * S + k v^T.
#ifndef RNN_PASSES_RANKONETERMS_H
#define RNN_PASSES_RANKONETERMS_H

#include "passes/StateFunctions.h"
#include "passes/Variation.h"

#include <optional>

namespace rnn {

/// Follows the ops that lead from an affine matrix state S to its next value.
class RankOneTerms {
public:
  /// a * S + k v^T, where k does not vary along the value dimension and v not
  /// along the key dimension.
  struct Term {
    bool hasState = false, hasUpdate = false; // else a, or k and v, is 0
    Dimensions decays = 0;                    // that a varies in
    mlir::Value decay, key, value;            // after `build`, null for 1
  };

  /// `key` and `value` are the feature dimensions of S along which k and v run.
  RankOneTerms(ScanOp scan, const StateFunctions &functions,
               Variation &variation, unsigned state, unsigned key,
               unsigned value);

  /// False if a value that leads to the next S is no such term.
  bool find();
  /// True if `value`, free of S, does not vary along the value dimension.
  bool isRow(mlir::Value value);
  /// Of a value on the way from S to its next one.
  const Term &of(mlir::Value value) const { return terms.find(value)->second; }

  /// After `find`, if key and value are the last dimensions, in either order:
  /// again, with each term's a, k and v as values at the end of the step.
  void build();
  /// `value`, free of S and a row, as the built k are typed.
  mlir::Value row(mlir::Value value);
  /// The types of built k [H, K] and v [H, V], H being all other dimensions
  /// together, and of a: [H, K], or [H, 1] if no a varies along the key.
  mlir::Type keyType, valueType, decayType;

private:
  using Found = std::optional<Term>;
  Found apply(mlir::Operation &op);
  Found termOf(mlir::Value value);
  Found free(mlir::Value value);
  Found scaled(mlir::Value value, mlir::Value factor, bool isDivisor);
  Found product(mlir::Value a, mlir::Value b);
  Found sum(Found a, Found b);
  Found negated(Found term);
  Found select(mlir::Value condition, Found a, Found b);
  bool isOuterProduct(mlir::Value value, unsigned depth = maxDepth);
  bool isColumn(mlir::Value value);

  mlir::Value column(mlir::Value value);
  mlir::Value decayRow(mlir::Value value);
  /// `value`, which does not vary along these dimensions, typed `type`.
  mlir::Value without(Dimensions dimensions, mlir::Value value,
                      mlir::Type type);

  /// k and v of an outer product, each null for 1.
  using Factors = std::pair<mlir::Value, mlir::Value>;
  Factors split(mlir::Value value);
  Factors makeSplit(mlir::Value value);
  mlir::Value times(mlir::Value a, mlir::Value b);
  mlir::Value over(mlir::Value a, mlir::Value b, mlir::Type type);
  mlir::Value minus(mlir::Value a, mlir::Type type);
  mlir::Value number(double value, mlir::Type type);
  /// `a` of a term, 0 and 1 as constants.
  mlir::Value decayOf(const Term &term);

  /// How far a product is followed through its factors.
  static constexpr unsigned maxDepth = 32;

  ScanOp scan;
  const StateFunctions &functions;
  Variation &variation;
  unsigned state, key, value;
  llvm::SmallVector<mlir::Operation *> path; // of ops on the cycle, in order
  llvm::DenseMap<mlir::Value, Term> terms;
  llvm::DenseMap<mlir::Value, bool> outer;
  llvm::DenseMap<mlir::Value, Factors> splits;
  bool isBuilding = false;
  mlir::OpBuilder builder; // at the end of the step
};

} // namespace rnn

#endif // RNN_PASSES_RANKONETERMS_H
