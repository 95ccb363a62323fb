// The dialect and the types that its ops agree on.
#ifndef RNN_DIALECT_TD
#define RNN_DIALECT_TD

include "mlir/IR/OpBase.td"
include "mlir/IR/OpAsmInterface.td"
include "mlir/IR/EnumAttr.td"
include "mlir/Interfaces/SideEffectInterfaces.td"
include "mlir/Interfaces/InferTypeOpInterface.td"

def RNN_Dialect : Dialect {
  let name = "rnn";
  let cppNamespace = "::rnn";
  let summary = "Recurrent sequence models, written as one step of time";
  let description = [{
    Three kinds of tensors occur (dialect/Shapes.h):

    * a *sequence* `tensor<?x?xF...>`: batch, time, then static features;
    * a *step* `tensor<?xF...>`: batch, then static features: a sequence at one
      time, a recurrent state, or anything else there is one of per batch row;
    * a *static* tensor `tensor<N...>`: parameters and scalars.

    Features may have several dimensions, `tensor<?x?x8x64xf32>`; a row of them
    lies in memory in order. A model has one batch and one time: all leading `?`
    of its tensors agree.
    Element types are f32 (f64 when compiled for checking), i32 and i1.
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect",
                           "::mlir::math::MathDialect"];
  let useDefaultAttributePrinterParser = 0;
}

class RNN_Op<string mnemonic, list<Trait> traits = []>
    : Op<RNN_Dialect, mnemonic, traits>;

// bf16 is made by `rnn-mixed-precision` only, so messages do not offer it.
class RNN_TensorOf<list<Type> types, list<Type> told>
    : Type<RankedTensorOf<types>.predicate, RankedTensorOf<told>.summary,
           "::mlir::RankedTensorType">;
def RNN_Tensor : RNN_TensorOf<[F32, F64, BF16, I32, I1], [F32, F64, I32, I1]>;
def RNN_FloatTensor : RNN_TensorOf<[F32, F64, BF16], [F32, F64]>;
def RNN_IntTensor : RankedTensorOf<[I32]>;
def RNN_BoolTensor : RankedTensorOf<[I1]>;

#endif // RNN_DIALECT_TD
