// The clauses that all recurrent layers share, and the class that declares them.
#ifndef RNN_RECURRENCE_TD
#define RNN_RECURRENCE_TD

include "RNNDialect.td"
include "RNNInterfaces.td"

/// A layer with states. Its arguments end with `clauses`, its format has
/// `clauseFormat` before the types and `lastFormat` after them, its description
/// ends with `clauseDescription`, its verifier with `verifyRecurrence`; what
/// the clauses mean is built by `LayerExpander::recurrence`, for all layers.
/// `dialect` is a plugin's, for layers of plugins.
class RNN_RecurrentOpOf<Dialect dialect, string mnemonic,
                        list<Trait> traits = []>
    : Op<dialect, mnemonic, !listconcat(traits, [AttrSizedOperandSegments,
        DeclareOpInterfaceMethods<LayerOpInterface>,
        DeclareOpInterfaceMethods<RecurrentOpInterface, ["getStates"]>])> {
  dag clauses = (ins Variadic<RNN_FloatTensor>:$inits, UnitAttr:$learned_init,
                     Optional<RNN_BoolTensor>:$reset,
                     Optional<RNN_BoolTensor>:$mask, UnitAttr:$reverse);
  string clauseFormat = [{
    (`init` `(` $inits^ `:` type($inits) `)`)? (`learned_init` $learned_init^)?
    (`reset` `(` $reset^ `:` type($reset) `)`)?
    (`mask` `(` $mask^ `:` type($mask) `)`)? (`reverse` $reverse^)? attr-dict
  }];
  string lastFormat = "(`last` type($lasts)^)?";
  string clauseDescription = [{

    The clauses of a recurrent layer:

    * `init(%h, ...)` gives the initial states, `learned_init` makes parameters
      of them; else they are zero. Without `init` the states are carried from
      call to call: a call goes on where the one before it ended.
    * `reset(%r)`: where it is true, the states are set back to their initial
      values before the step.
    * `mask(%m)`: where it is false, the step is skipped: the states stay as
      they are, whatever `reset` says, and the results are zero. This is for
      batches of sequences of different lengths, padded with finite numbers.
    * `reverse` runs from the last step to the first. The start of a call does
      not follow from the end of another, so nothing is carried: each call
      starts from the initial states, and a model with such a layer has no step
      entry. "Before the step" is in the order of running: `reset` marks the
      last step of each sequence. With `mask` a padded tail is skipped, so that
      a sequence starts at its own last step.
    * `last` adds the states after the last step that was run.

    * `recurrent_c1`: there is one `init` for each state or none, and one last
      state for each or none.
    * `recurrent_c2`: `init` and last states are steps, of the states' widths.
    * `recurrent_c3`: `reset` is a sequence of i1 without features.
    * `recurrent_c4`: `mask` is a sequence of i1 without features.
    * `recurrent_c5`: not both `init` and `learned_init`.
  }];
}

class RNN_RecurrentOp<string mnemonic, list<Trait> traits = []>
    : RNN_RecurrentOpOf<RNN_Dialect, mnemonic, traits>;

#endif // RNN_RECURRENCE_TD
