// The one recurrence, and the repetition of layers.
#ifndef RNN_SCAN_OPS_TD
#define RNN_SCAN_OPS_TD

include "RNNDialect.td"
include "RNNInterfaces.td"
include "mlir/Interfaces/ControlFlowInterfaces.td"

def RNN_Domain : I32EnumAttr<"Domain", "what a scan's body runs once for", [
    I32EnumAttrCase<"sequence", 0>, I32EnumAttrCase<"batch", 1>,
    I32EnumAttrCase<"single", 2>]> {
  let cppNamespace = "::rnn";
}

def RNN_Form : I32EnumAttr<"Form", "what a recurrence was found to be", [
    I32EnumAttrCase<"map", 0>, I32EnumAttrCase<"shift", 1>,
    I32EnumAttrCase<"affine", 2>, I32EnumAttrCase<"associative", 3>,
    I32EnumAttrCase<"sequential", 4>]> {
  let description = [{
    In order of what they leave of the freedom over time; a scan with several
    recurrences has the weakest of their forms. Nothing carried; handed on from
    step to step; s' = A s + b with small matrices A, lane by lane; another
    associative step such as a running maximum; none of these.
  }];
  let cppNamespace = "::rnn";
}

def RNN_Chunks : I32EnumAttr<"Chunks", "a scan's part in one over chunks", [
    I32EnumAttrCase<"alone", 0>, I32EnumAttrCase<"across", 1>,
    I32EnumAttrCase<"resumed", 2>]> {
  let cppNamespace = "::rnn";
}

def RNN_ScanOp : RNN_Op<"scan", [AttrSizedOperandSegments,
    AttrSizedResultSegments, RecursiveMemoryEffects]> {
  let summary = "runs one step of a recurrence for every time step";
  let description = [{
    With inputs `x`, states `s` and body `f`:

    ```
    s_0 = init,  (y_t, s_t) = f(x_t, s_{t-1})    for t = 1 .. T
    ```

    and the results are `y_1 .. y_T` for each output and `s_T` for each state.
    With `reverse`, time runs from T to 1. The body works on steps
    (`tensor<?xF>`); it may use any value defined outside the scan that is not
    a sequence (weights, initial states).

    An `ahead` operand hands the body the element that the scan will process
    *next*, and its `init` at the last: in the adjoint of a scan, which runs the
    other way, this is the state before the step.

    Without states the body is a map, and the order of time means nothing. In
    `domain batch` the operands are steps and there is no time; in `domain
    single` they are static and there is no batch either. Such scans have no
    states.

    Long sequences of few batch rows are cut into chunks of time, which run side
    by side (`rnn-chunk-scans`). What there is one of per chunk is typed as a
    sequence. A scan of chunks `alone` runs each chunk from the same initial
    states, to find what it does to a state; its last states are one per chunk.
    One `across` goes from chunk to chunk, and finds the state that each starts
    with. One `resumed` runs each chunk from there; its last states are the last
    chunk's, or one per chunk, as their types say.

    * `scan_c1`: the body has one argument per input, ahead operand and state,
      each the operand's type at one step.
    * `scan_c2`: `rnn.yield` gives one value per output, and one `next` value
      per state, of the state's type.
    * `scan_c3`: outputs are the yielded types over the domain; last states have
      the states' types.
    * `scan_c4`: the body has no sequence from outside and no side effects.

    ```mlir
    %y, %last = rnn.scan over(%k = %K, %c = %C : tensor<?x?x384xf32>, tensor<?x?x384xf32>)
                         state(%h = %h0 : tensor<?x384xf32>) {
      %z = rnn.sigmoid %k : tensor<?x384xf32>
      %d = arith.subf %c, %h : tensor<?x384xf32>
      %zd = arith.mulf %z, %d : tensor<?x384xf32>
      %h1 = arith.addf %h, %zd : tensor<?x384xf32>
      rnn.yield %h1 : tensor<?x384xf32> next(%h1 : tensor<?x384xf32>)
    } : tensor<?x?x384xf32> last tensor<?x384xf32>
    ```
  }];
  let arguments = (ins Variadic<RNN_Tensor>:$inputs,
                       Variadic<RNN_FloatTensor>:$ahead,
                       Variadic<RNN_FloatTensor>:$ahead_inits,
                       Variadic<RNN_FloatTensor>:$inits,
                       UnitAttr:$reverse,
                       DefaultValuedAttr<RNN_Domain, "Domain::sequence">:$domain,
                       OptionalAttr<RNN_Chunks>:$chunks,
                       OptionalAttr<RNN_Form>:$form,
                       OptionalAttr<StrAttr>:$label);
  let results = (outs Variadic<RNN_Tensor>:$outputs,
                      Variadic<RNN_FloatTensor>:$lasts);
  let regions = (region SizedRegion<1>:$body);
  let hasCustomAssemblyFormat = 1;
  let hasVerifier = 1;
  let hasRegionVerifier = 1;
  let hasCanonicalizer = 1;
  let skipDefaultBuilders = 1;
  let builders = [OpBuilder<(ins "::mlir::ValueRange":$inputs,
      "::mlir::ValueRange":$ahead, "::mlir::ValueRange":$aheadInits,
      "::mlir::ValueRange":$inits, "bool":$reverse,
      CArg<"Domain", "Domain::sequence">:$domain)>];
  let extraClassDeclaration = [{
    ::mlir::Block *getStep() { return &getBody().front(); }
    ::mlir::Block::BlockArgListType inputArgs();
    ::mlir::Block::BlockArgListType aheadArgs();
    ::mlir::Block::BlockArgListType stateArgs();
    /// What the user calls the state: `h` of a cell's `state(%h)`, or the
    /// layer's name for it; `#0` if it has none.
    std::string getStateName(unsigned state);
    YieldOp getYield();
    /// True if it runs chunk by chunk.
    bool isChunked() {
      return getChunks() && *getChunks() != Chunks::across;
    }
    /// Gives the finished body `yield` as terminator and sets the result types
    /// that follow from it. Called once, after the default builder, which makes
    /// the body's block with its arguments but no results.
    static ScanOp finish(::mlir::OpBuilder &builder, ScanOp scan,
                         ::mlir::ValueRange outputs, ::mlir::ValueRange next);
  }];
}

def RNN_YieldOp : RNN_Op<"yield", [Pure, Terminator, ReturnLike,
    AttrSizedOperandSegments, ParentOneOf<["ScanOp", "RepeatOp", "CellOp"]>]> {
  let summary = "ends a step: its outputs, and the next states";
  let arguments = (ins Variadic<RNN_Tensor>:$values,
                       Variadic<RNN_FloatTensor>:$next);
  let assemblyFormat = [{
    ($values^ `:` type($values))? (`next` `(` $next^ `:` type($next) `)`)?
    attr-dict
  }];
}

def RNN_RepeatOp : RNN_Op<"repeat", [RecursiveMemoryEffects,
    AttrSizedOperandSegments]> {
  let summary = "a stack of equal layers with parameters of their own";
  let description = [{
    Runs the body `count` times, handing each result to the next. Parameters
    inside belong to `name.0`, `name.1`, ... It stays rolled: one body is
    differentiated and compiled, whatever the depth.

    Passes also use it with `stack` operands, which have a leading dimension of
    `count` and of which layer i sees element i, and with further yielded
    values, which become results with such a dimension. With `reverse` the last
    layer runs first.

    * `repeat_c1`: `count` is at least 1.
    * `repeat_c2`: the body yields the carried values' types first.

    ```mlir
    %y = rnn.repeat 3 "layers" (%x = %x0) : tensor<?x?x384xf32> { ... }
    ```
  }];
  let arguments = (ins I64Attr:$count, StrAttr:$name,
                       Variadic<RNN_Tensor>:$inits,
                       Variadic<RNN_Tensor>:$stacks, UnitAttr:$reverse);
  let results = (outs Variadic<RNN_Tensor>:$results);
  let regions = (region SizedRegion<1>:$body);
  let hasCustomAssemblyFormat = 1;
  let hasVerifier = 1;
  let hasRegionVerifier = 1;
  let hasCanonicalizer = 1;
  let skipDefaultBuilders = 1;
  let builders = [OpBuilder<(ins "int64_t":$count, "::llvm::StringRef":$name,
      "::mlir::ValueRange":$inits, "::mlir::ValueRange":$stacks,
      "bool":$reverse)>];
  let extraClassDeclaration = [{
    ::mlir::Block *getLayer() { return &getBody().front(); }
    YieldOp getYield();
    /// As ScanOp::finish: `values` are the carried ones, then the stacked.
    static RepeatOp finish(::mlir::OpBuilder &builder, RepeatOp repeat,
                           ::mlir::ValueRange values);
  }];
}

#endif // RNN_SCAN_OPS_TD
