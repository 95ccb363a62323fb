// The passes of the middle end, in pipeline order (Pipelines.cpp).
#ifndef RNN_PASSES_TD
#define RNN_PASSES_TD

include "mlir/Pass/PassBase.td"

//===----------------------------------------------------------------------===//
// model -> scans
//===----------------------------------------------------------------------===//

def SetElementType : Pass<"rnn-set-element-type", "::mlir::ModuleOp"> {
  let summary = "Compute in another floating-point type than the text says";
  let description = [{
    Replaces f32 by the given type in every type. First in the pipeline; used
    with f64 to check gradients by finite differences.
  }];
  let options = [Option<"elementType", "element-type", "std::string",
                        /*default=*/"\"f32\"", "f32 or f64">];
}

def InlineCalls : Pass<"rnn-inline-calls", "::mlir::ModuleOp"> {
  let summary = "Replace `rnn.call` by the model's body";
  let description = [{
    An objective then holds all that it differentiates. A model that calls
    itself is refused at the call.
  }];
}

def ExpandLayers : Pass<"rnn-expand-layers", "::mlir::ModuleOp"> {
  let summary = "Replace layers by core ops and scans";
  let description = [{
    Calls `LayerOpInterface::expand` for every layer, and gives parameters and
    states their full names. Two different parameters of one name are refused at
    the second. Afterwards there is no layer, cell or apply op.
  }];
}

def Classify : Pass<"rnn-classify", "::mlir::ModuleOp"> {
  let summary = "Find what each recurrence is";
  let description = [{
    A recurrence is a strongly connected component of a scan's states: a shift
    in time, affine (per channel or in small blocks), associative in another way
    (maximum, minimum, log-sum-exp), or sequential. Each is told with the reason
    in a remark at the scan's line; for a sequential one, which op makes it so.

    Sets `form` on every scan, the weakest of its recurrences' forms, and
    attaches `rnn.recurrences` to the module for the descriptor. Before
    `rnn-hoist` and `rnn-distribute`, so that a layer's recurrences are reported
    as the user wrote them, in one place; what those move decides no form. Later
    passes ask again (RecurrenceForm.h).
  }];
}

def Hoist : Pass<"rnn-hoist", "::mlir::ModuleOp"> {
  let summary = "Move products out of the time loop";
  let description = [{
    A product by a captured weight whose rows do not depend on a state runs
    before its scan, for all time steps at once; one that no state depends on
    runs after it. Elementwise work stays: inside the loop it is free. States
    that only hand on inputs are no obstacle: before the scan they are a shift.
  }];
  let statistics = [
    Statistic<"numHoisted", "products-hoisted", "products before the loop">,
    Statistic<"numSunk", "products-sunk", "products after the loop">
  ];
}

def Distribute : Pass<"rnn-distribute", "::mlir::ModuleOp"> {
  let summary = "Give recurrences scans of their own, where that frees work";
  let description = [{
    Loop distribution (Allen and Kennedy 1987). The recurrences of a scan, in
    topological order, go into one scan after another. A later one reads the
    sequences of an earlier one's new states; where it reads the state before
    the step, it gets a state of its own that hands on that sequence.

    Two recurrences are taken apart for one of two reasons only:

    * a product stands between them, of the one's results, read by the other:
      `rnn-hoist`, which follows, makes it one product over all of time;
    * one is parallel in time and the other sequential: the parallel one keeps
      its freedom.

    Elsewhere a split would cost and gain nothing: each sequence between two
    scans is written and read once more, and what both compute is computed
    twice. So shifts in time go with their readers, coupled parallel
    recurrences stay in one scan, and `rnn-fuse` may merge again what turned out
    to need no scan of its own. Products and sums of rows are never computed
    twice. Outputs go with the last recurrence that they read.
  }];
  let statistics = [
    Statistic<"numDistributed", "scans-distributed", "scans taken apart">
  ];
}

def MakeEntries : Pass<"rnn-make-entries", "::mlir::ModuleOp"> {
  let summary = "Turn models and objectives into entry points";
  let description = [{
    A model becomes `NAME.forward` and, if nothing in it runs backwards in time,
    `NAME.step`; an objective `NAME.loss`, and `NAME.gradient`, which
    `rnn-differentiate` completes. Dropout is numbered, and stays in gradients
    only.
  }];
}

//===----------------------------------------------------------------------===//
// scans -> training
//===----------------------------------------------------------------------===//

def CheckDifferentiable : Pass<"rnn-check-differentiable", "::mlir::ModuleOp"> {
  let summary = "Refuse objectives with an op that has no adjoint";
  let description = [{
    Before anything is rewritten; names every such op at its line.
  }];
}

def MatrixScans : Pass<"rnn-matrix-scans", "::mlir::ModuleOp"> {
  let summary = "Compute matrix states with rank-one updates in chunks";
  let description = [{
    A recurrence S' = a * S + k v^T that is read through one product q^T S
    becomes `rnn.matrix_scan`. Step by step its backward pass would need S at
    every step; the op keeps it once for every 16. A scan before it computes q, k,
    v and a, and all else that does not read S; one after it what does, with
    (q . k) v where a step reads its own update.

    The decay may be none, one number a head, or one a key. Left alone are
    states that two queries read, whose queries depend on what was read before,
    that are too large for a thread to keep one, or through which a gradient is
    stopped. Before `rnn-fuse`, which gives both scans to their neighbours.
    Entries of one step have no chunk, and are left alone.
  }];
  let statistics = [
    Statistic<"numMatrices", "matrices-in-chunks", "recurrences in chunks">
  ];
}

def Differentiate : Pass<"rnn-differentiate", "::mlir::ModuleOp"> {
  let summary = "Complete the gradient entries";
  let description = [{
    Reverse mode. The adjoint of a scan is a scan the other way that computes
    the step again from its inputs and the states before it; only states and
    products are kept. The adjoint of a repeat is a repeat from the last layer.
  }];
}

def LowerTrainingOps : Pass<"rnn-lower-training-ops", "::mlir::ModuleOp"> {
  let summary = "Replace `rnn.mean` by a scan and `rnn.stop_gradient` by nothing";
  let description = [{
    After differentiation, which knows them.
  }];
}

//===----------------------------------------------------------------------===//
// training -> kernels
//===----------------------------------------------------------------------===//

def Fuse : Pass<"rnn-fuse", "::mlir::ModuleOp"> {
  let summary = "Make scans of elementwise ops, and one scan of neighbours";
  let description = [{
    Wraps what is elementwise outside of scans, and merges a scan into the one
    that reads its results at the same time step, if both run the same way.
    Afterwards all elementwise work is inside scans, each one kernel. A scan
    that is parallel in time stays apart from a sequential one with products:
    beside those, a sequence written and read once more costs little.

    Runs before differentiation, so that what is inside a scan is computed again
    in the backward pass and not kept; and after it, on the adjoints.
  }];
  let statistics = [
    Statistic<"numFused", "scans-fused", "scans merged into another">
  ];
}

def ArrangeWeights : Pass<"rnn-arrange-weights", "::mlir::ModuleOp"> {
  let summary = "Lay out the weights that a recurrence multiplies its state by";
  let description = [{
    Last before machine code. A product inside a scan reads its matrix at every
    time step, for several batch rows at once; it is fastest along the results.
    A weight in a linear layer's layout is transposed once before the scan; for
    a CPU, every weight is cut in panels of columns that lie one behind the
    other (`rnn.pack`). Not in `step` entries, which read each matrix once.
  }];
  let options = [
    Option<"vectorBits", "vector-bits", "int64_t", /*default=*/"0",
           "of a CPU's vectors, 128, 256 or 512; 0: no panels">,
  ];
}

def ChunkScans : Pass<"rnn-chunk-scans", "::mlir::ModuleOp"> {
  let summary = "Run long recurrences in chunks of time, side by side";
  let description = [{
    Blelloch 1990, in two passes over time. After all fusion, on kernels whose
    recurrences are shifts, affine (one or two states together), maxima or
    minima, or sums; others stay as they are. How many chunks there are is
    decided at run time by the call's shapes, so that one module serves short
    and long sequences with the same bits for any number of threads; with one
    chunk the first pass does not run. Not in `step` entries.
  }];
  let statistics = [
    Statistic<"numChunked", "scans-chunked", "scans cut into chunks">
  ];
}

def MixedPrecision : Pass<"rnn-mixed-precision", "::mlir::ModuleOp"> {
  let summary = "Keep what lies in memory over time in bf16";
  let description = [{
    Last, for `--precision=bf16`: sequences between kernels become bf16, what is
    kept for the backward pass as well. Bodies of scans widen what they read and
    round what they write, so states, statistics and losses stay f32. Products
    over time multiply bf16 and add up in f32; weights are rounded before them
    (`rnn.cast`), parameters, gradients and the optimizer stay f32. So do what a
    caller gives and gets, what chunks of time hand on, and what attention and
    matrix scans read and write. Not in `step` entries.

    With `tf32` nothing but a mark on the module, which a GPU's products obey.
  }];
  let options = [Option<"precision", "precision", "std::string",
                        /*default=*/"\"bf16\"", "bf16 or tf32">];
  let dependentDialects = ["::mlir::arith::ArithDialect"];
}

#endif // RNN_PASSES_TD

