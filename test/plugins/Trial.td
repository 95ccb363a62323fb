// The dialect `trial`: an op for each thing that a plugin's op may do or fail to.
include "mlir/IR/OpBase.td"
include "mlir/Interfaces/InferTypeOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"
include "dialect/RNNDialect.td"
include "dialect/RNNInterfaces.td"

def Trial_Dialect : Dialect {
  let name = "trial";
  let cppNamespace = "::trial";
  let dependentDialects = ["::rnn::RNNDialect"];
}

class Trial_Op<string mnemonic, list<Trait> traits = []>
    : Op<Trial_Dialect, mnemonic, traits> {
  let results = (outs RNN_FloatTensor:$result);
}
class Trial_Unary<string mnemonic, list<Trait> traits>
    : Trial_Op<mnemonic, !listconcat(traits, [SameOperandsAndResultType])> {
  let arguments = (ins RNN_FloatTensor:$input);
  let assemblyFormat = "$input attr-dict `:` type($input)";
}

def Trial_CubeOp : Trial_Unary<"cube", [Pure, Elementwise,
    DeclareOpInterfaceMethods<ElementOpInterface>,
    DeclareOpInterfaceMethods<DifferentiableOpInterface>]> {
  let summary = "x^3, with an adjoint of its own";
}
def Trial_StepOp : Trial_Unary<"step", [Pure, Elementwise,
    DeclareOpInterfaceMethods<ElementOpInterface>]> {
  let summary = "1 where x > 0, else 0; no adjoint";
}
def Trial_BlockOp : Trial_Op<"block", [AllTypesMatch<["input", "result"]>,
    DeclareOpInterfaceMethods<LayerOpInterface>]> {
  let summary = "silu of a linear layer: layers within a layer";
  let arguments = (ins StrAttr:$name, RNN_FloatTensor:$input);
  let assemblyFormat = "$name $input attr-dict `:` type($input)";
}
def Trial_EndlessOp : Trial_Unary<"endless", [
    DeclareOpInterfaceMethods<LayerOpInterface>]> {
  let summary = "expands into itself";
}
def Trial_ShortOp : Trial_Unary<"short", [
    DeclareOpInterfaceMethods<LayerOpInterface>]> {
  let summary = "expands into nothing";
}
def Trial_NullOp : Trial_Unary<"null", [
    DeclareOpInterfaceMethods<LayerOpInterface>]> {
  let summary = "expands into no value";
}
def Trial_MuteOp : Trial_Unary<"mute", [Pure]> {
  let summary = "does not say what it computes";
}
