"""The table of what is checked in numbers. A new layer is a new row."""

import numpy as np

import reference as ref
from attention_cases import ATTENTION
from case import MASK, RESET, Case, X, clear_of_zero, normal
from space_cases import SPACES

# --- Inputs ------------------------------------------------------------------

INIT = {"init": ("$SH", lambda rng, b, t, w, h: normal(rng, b, h))}
TOKENS = {"tokens": ("tensor<?x?xi32>", lambda rng, b, t, w, h:
                     rng.integers(0, 11, (b, t)))}
CLEAR = {"x": ("$X", clear_of_zero)}
POSITIVE = {"x": ("$X", lambda rng, b, t, w, h:
                  np.abs(normal(rng, b, t, w)) + 0.25)}
TWO = X | {"x2": X["x"]}

# --- minGRU and minLSTM: one row gives text, reference and gradient ----------


def minimal(name, op, options, **more):
    """A row for rnn.min_gru or rnn.min_lstm with the given attributes."""
    words = options.split()
    gates, weight = {"min_gru": (1, "to_hidden_and_gate"),
                     "min_lstm": (2, "to_hidden_and_f_i_gate")}[op]
    expansion = int(words[words.index("expansion") + 1]) \
        if "expansion" in words else 1
    inputs = dict(X)
    text = f'rnn.{op} "$N" %x {options}'
    if "init" in more.pop("take", ()):
        inputs |= INIT
        text += " init(%init : $SH)"
        more["feedback"] = {"init": 1}
    if more.pop("learned", False):
        text += " learned_init"
    for name_of, given in (("reset", RESET), ("mask", MASK)):
        if more.pop(name_of, False):
            inputs |= given
            text += f" {name_of}(%{name_of} : tensor<?x?xi1>)"
    reverse = more.pop("reverse", False)
    if reverse:
        text += " reverse"
        more["continues"] = False
    last = more.pop("last", False) or "init" in inputs
    body = f"%y = {text} : $X"
    if last:
        body = f"%y, %last = {text} : $X last $SH"
    names = list(inputs)

    def layer(p):
        return ref.MinimalRNN(
            p[f"{weight}.weight"], gates, p.get(f"{weight}.bias"),
            p.get("to_out.weight"), p.get("to_out.bias"),
            "positive" if "positive" in words else "linear",
            "unscaled" not in words)

    def turned(value):
        """In the order of running."""
        return value[:, ::-1] if reverse and value is not None else value

    def forward(run, p, values):
        given = dict(zip(names, values))
        y, state = run.forward(
            turned(given["x"]), given.get("init", p.get("h0")),
            turned(given.get("reset")), turned(given.get("mask")))
        return turned(y), state

    def reference(p, *values):
        y, state = forward(layer(p), p, values)
        return (y, state) if last else y

    def gradient(p, values, dy, dlast):
        run = layer(p)
        forward(run, p, values)
        g = run.backward(turned(dy), dlast)
        found = {("input", 0): turned(g["x"]), f"{weight}.weight": g["weight"]}
        if "bias" in words:
            found[f"{weight}.bias"] = g["bias"]
        if expansion != 1:
            found["to_out.weight"] = g["out"]
            if "bias" in words:
                found["to_out.bias"] = g["out_bias"]
        if "init" in names:
            found["input", names.index("init")] = g["init"]
        if "h0" in p:
            found["h0"] = g["init"].sum(0)
        return found

    return Case(name, body, reference, inputs, last="$SH" if last else "",
                expansion=expansion, kinks="positive" in words,
                gradient=gradient, **more)


MINIMAL = [
    minimal("min_gru", "min_gru", ""),
    minimal("min_gru_bias", "min_gru", "bias"),
    minimal("min_gru_expansion", "min_gru", "expansion 2 bias"),
    minimal("min_gru_positive", "min_gru", "candidate positive"),
    minimal("min_gru_last", "min_gru", "", last=True),
    minimal("min_gru_init", "min_gru", "expansion 2", take=["init"]),
    minimal("min_gru_learned", "min_gru", "", learned=True, last=True),
    minimal("min_gru_reset", "min_gru", "", reset=True),
    minimal("min_gru_reset_init", "min_gru", "", take=["init"], reset=True,
            continues=False),  # a reset in a later window knows its init only
    minimal("min_gru_reset_learned", "min_gru",
            "expansion 2 candidate positive bias", learned=True, reset=True),
    minimal("min_gru_mask", "min_gru", "expansion 2 bias", mask=True),
    minimal("min_gru_mask_reset_init", "min_gru", "", take=["init"],
            reset=True, mask=True, continues=False, widths=(7,)),
    minimal("min_gru_reverse", "min_gru", "", learned=True, reset=True,
            reverse=True, last=True, widths=(7, 100)),
    minimal("min_gru_mask_reverse", "min_gru", "candidate positive",
            take=["init"], mask=True, reverse=True, widths=(7, 100)),
    minimal("min_lstm", "min_lstm", ""),
    minimal("min_lstm_unscaled", "min_lstm", "unscaled bias"),
    minimal("min_lstm_positive", "min_lstm", "candidate positive"),
    minimal("min_lstm_expansion", "min_lstm", "expansion 2 bias", last=True),
    minimal("min_lstm_init", "min_lstm", "unscaled", take=["init"]),
    minimal("min_lstm_reset_learned", "min_lstm",
            "expansion 2 candidate positive unscaled bias", learned=True,
            reset=True),
    minimal("min_lstm_mask_reverse", "min_lstm", "bias", learned=True,
            mask=True, reverse=True, last=True, widths=(7,)),
]

# --- GRU, LSTM, Elman: one row gives text and reference ----------------------


def gated(name, op, options="", layers=1, directions=1, width=1, take=(),
          learned=False, last=False, reverse=False, **more):
    """A row for rnn.gru, rnn.lstm or rnn.elman of `width` times the case's
    width; `take` may have init, reset and mask. States side by side are one
    input and one result."""
    step, states = {"gru": (ref.gru_step, "h"), "lstm": (ref.lstm_step, "hc"),
                    "elman": (ref.elman_step, "h")}[op]
    parts, count = layers * directions, len(states)
    total = count * parts * width
    one = f"tensor<?x${{W{parts * width}}}xf32>"
    types = ", ".join([one] * count)
    text = f'rnn.{op} "$N" %x'
    if layers > 1:
        text += f" layers {layers}"
    if directions > 1:
        text += " bidirectional"
    text += " " + options
    inputs, before, after = dict(X), "", ""
    if "init" in take:
        inputs |= INIT
        before = "".join(
            f"%{s}0 = rnn.slice %init[${{W{i * parts * width}}}] "
            f": $SH -> {one}\n  " for i, s in enumerate(states))
        text += f" init({', '.join(f'%{s}0' for s in states)} : {types})"
        more["feedback"] = {"init": 1}
    if learned:
        text += " learned_init"
    for flag, given in (("reset", RESET), ("mask", MASK)):
        if flag in take:
            inputs |= given
            text += f" {flag}(%{flag} : tensor<?x?xi1>)"
    if reverse:
        text += " reverse"
    last = last or "init" in take
    body = f"%y = {text} : $X -> $R"
    if last:
        names = ", ".join(f"%{s}1" for s in states)
        body = f"%y, {names} = {text} : $X -> $R last {types}\n" \
            f"  %last = rnn.concat {names} : {types} -> $SH"
    body = (before + body).replace(
        "$R", f"tensor<?x?x${{W{directions * width}}}xf32>")

    def reference(p, *values):
        given = dict(zip(inputs, values))
        x = given.pop("x")
        init = given.pop("init", np.zeros(
            (len(x), x.shape[-1] * total)))
        init = np.split(init, count, -1)
        if learned:
            init = [a + p[f"{s}0"].reshape(-1) for a, s in zip(init, states)]
        more_options = {"before": "gate_before_product" in options} \
            if op == "gru" else {"relu": "relu" in options} \
            if op == "elman" else {}
        y, lasts = ref.gated(step, x, p, init, layers, directions,
                             reverse=reverse, **given, **more_options)
        return (y, np.concatenate(lasts, -1)) if last else y

    return Case(name, body, reference, inputs,
                result=f"tensor<?x?x${{W{directions * width}}}xf32>",
                last="$SH" if last else "", expansion=total,
                kinks="relu" in options,
                **({"continues": directions == 1 and not reverse} | more))


GATED = [
    gated("gru", "gru", "bias", width=2, widths=(1, 7, 100)),
    gated("gru_init", "gru", take=["init"], layers=2, widths=(7, 100)),
    gated("gru_reset_learned", "gru", "bias", take=["reset"], layers=2,
          learned=True, widths=(7,)),
    gated("gru_bidirectional", "gru", "bias", take=["init", "mask"], layers=2,
          directions=2, widths=(7,)),
    gated("gru_bidirectional_learned", "gru", directions=2, learned=True,
          last=True, widths=(7,)),
    gated("gru_mask_reverse", "gru", "bias", take=["init", "mask"],
          reverse=True, widths=(7, 100)),
    gated("gru_before", "gru", "gate_before_product bias", layers=2,
          widths=(1, 7, 100)),
    gated("gru_before_init", "gru", "gate_before_product",
          take=["init", "reset", "mask"], widths=(7,), continues=False),
    gated("lstm", "lstm", "bias", width=2, widths=(1, 7, 100)),
    gated("lstm_init", "lstm", layers=2, take=["init"], widths=(7, 100)),
    gated("lstm_reset_learned", "lstm", "bias", layers=2, take=["reset"],
          learned=True, widths=(7,)),
    gated("lstm_bidirectional", "lstm", "bias", take=["init", "mask"], layers=2,
          directions=2, widths=(7,)),
    gated("lstm_mask_reverse", "lstm", take=["mask"], learned=True, last=True,
          reverse=True, widths=(7,)),
    gated("elman", "elman", "bias", width=2, widths=(1, 7, 100)),
    gated("elman_relu", "elman", "relu", layers=2, take=["init"], widths=(7,)),
    gated("elman_bidirectional", "elman", "bias", take=["init", "mask"],
          directions=2, widths=(7,)),
    gated("elman_reset_reverse", "elman", "bias", take=["reset"], learned=True,
          reverse=True, widths=(7,)),
]

# --- Layers without a recurrence ----------------------------------------------



def conv_last(result):
    y, past = result
    return y, past[0]


LAYERS = [
    Case("embedding",
         '%y = rnn.embedding "$N" %tokens vocabulary 11 '
         ': tensor<?x?xi32> -> $X',
         lambda p, tokens: ref.embedding(tokens, p["weight"]), TOKENS),
    Case("linear", '%y = rnn.linear "$N" %x : $X -> $X',
         lambda p, x: ref.linear(x, p["weight"])),
    Case("linear_bias", '%y = rnn.linear "$N" %x bias : $X -> $X2',
         lambda p, x: ref.linear(x, p["weight"], p["bias"]), result="$X2"),
    # At width 1 all but nothing of the gradient of x cancels.
    Case("rms_norm", '%y = rnn.rms_norm "$N" %x : $X',
         lambda p, x: ref.rms_norm(x, p["weight"]), kinks=True, single=1e-3),
    Case("rms_norm_epsilon", '%y = rnn.rms_norm "$N" %x epsilon 0.5 : $X',
         lambda p, x: ref.rms_norm(x, p["weight"], 0.5)),
    Case("layer_norm", '%y = rnn.layer_norm "$N" %x : $X',
         lambda p, x: ref.layer_norm(x, p["weight"], p["bias"])),
    Case("conv", '%y = rnn.causal_conv1d "$N" %x : $X',
         lambda p, x: ref.causal_conv1d(x, p["weight"])[0]),
    Case("conv_one_tap", '%y = rnn.causal_conv1d "$N" %x kernel 1 bias : $X',
         lambda p, x: ref.causal_conv1d(x, p["weight"], p["bias"])[0]),
    Case("conv_reset", '%y = rnn.causal_conv1d "$N" %x kernel 3 bias '
         'reset(%reset : tensor<?x?xi1>) : $X',
         lambda p, x, reset: ref.causal_conv1d(
             x, p["weight"], p["bias"], reset)[0], X | RESET),
    Case("conv_mask_init", '%y, %last = rnn.causal_conv1d "$N" %x kernel 2 bias'
         ' init(%init : $S) reset(%reset : tensor<?x?xi1>) '
         'mask(%mask : tensor<?x?xi1>) : $X last $S',
         lambda p, x, init, reset, mask: conv_last(ref.causal_conv1d(
             x, p["weight"], p["bias"], reset, mask, [init])),
         X | INIT | RESET | MASK, last="$S", widths=(1, 7),
         continues=False),
    Case("conv_reverse", '%y = rnn.causal_conv1d "$N" %x learned_init reverse '
         ': $X', lambda p, x: ref.causal_conv1d(
             x[:, ::-1], p["weight"], past=[
                 np.broadcast_to(p[f"x{k}0"], x[:, 0].shape)
                 for k in (1, 2, 3)])[0][:, ::-1],
         widths=(7,), continues=False),
    Case("dropout_zero", "%y = rnn.dropout %x rate 0.0 : $X",
         lambda p, x: x),
    Case("cross_entropy", "%zero = rnn.constant 0.0 : $X\n"
         "  %y = arith.addf %x, %zero : $X", lambda p, x: x, classes=True),
]

# --- Elementwise -------------------------------------------------------------


def elementwise(name, op, function, inputs=X):
    return Case(name, f"%y = {op} %x : $X", lambda p, x: function(x), inputs,
                widths=(1, 7, 100), kinks=inputs is CLEAR)


ELEMENTWISE = [
    elementwise("relu", "rnn.relu", ref.relu, CLEAR),
    elementwise("silu", "rnn.silu", ref.silu),
    elementwise("gelu", "rnn.gelu", ref.gelu),
    elementwise("tanh", "rnn.tanh", np.tanh),
    elementwise("positive", "rnn.positive", ref.positive, CLEAR),
    elementwise("sigmoid", "rnn.sigmoid", ref.sigmoid),
    elementwise("softplus", "rnn.softplus", ref.softplus),
    elementwise("exp", "math.exp", np.exp),
    elementwise("erf", "math.erf", ref.erf),
    elementwise("sin", "math.sin", np.sin),
    elementwise("cos", "math.cos", np.cos),
    elementwise("absf", "math.absf", np.abs, CLEAR),
    elementwise("log", "math.log", np.log, POSITIVE),
    elementwise("log1p", "math.log1p", np.log1p, POSITIVE),
    elementwise("sqrt", "math.sqrt", np.sqrt, POSITIVE),
    elementwise("rsqrt", "math.rsqrt", lambda x: 1 / np.sqrt(x), POSITIVE),
    Case("divide", "%y = arith.divf %x, %x2 : $X", lambda p, x, x2: x / x2,
         X | {"x2": POSITIVE["x"]}, widths=(7, 100)),
    Case("maximum", "%y = arith.maximumf %x, %x2 : $X",
         lambda p, x, x2: np.maximum(x, x2), TWO, widths=(7,), kinks=True),
    Case("select", """%c = arith.cmpf ogt, %x, %x2 : $X
  %y = arith.select %c, %x, %x2 : tensor<?x?x${W}xi1>, $X""",
         lambda p, x, x2: np.where(x > x2, x, x2), TWO, widths=(7,),
         kinks=True),
    Case("concat_slice", """%b = rnn.concat %x, %x2, %x : $X, $X, $X -> $X3
  %y = rnn.slice %b[$W] : $X3 -> $X2""",
         lambda p, x, x2: np.concatenate([x2, x], -1), TWO, result="$X2"),
    Case("softmax", """%m = rnn.reduce max %x : $X -> tensor<?x?x1xf32>
  %mb = rnn.broadcast %m : tensor<?x?x1xf32> -> $X
  %d = arith.subf %x, %mb : $X
  %e = math.exp %d : $X
  %s = rnn.reduce sum %e : $X -> tensor<?x?x1xf32>
  %sb = rnn.broadcast %s : tensor<?x?x1xf32> -> $X
  %y = arith.divf %e, %sb : $X""",
         lambda p, x: np.exp(x) / np.exp(x).sum(-1, keepdims=True)),
    Case("static_input",
         """%b = rnn.broadcast %scale : tensor<${W}xf32> -> $X
  %y = arith.mulf %x, %b : $X""",
         lambda p, x, scale: x * scale,
         X | {"scale": ("tensor<${W}xf32>", lambda rng, b, t, w, h:
                        normal(rng, w))}),
    Case("step_input", """%b = rnn.broadcast %init : $S -> $X
  %y = arith.mulf %x, %b : $X""",
         lambda p, x, init: x * init[:, None],
         X | {"init": ("$S", INIT["init"][1])}),
]

# --- Cells of a user's own ---------------------------------------------------


def apply(cell, options=""):
    return f'rnn.apply @{cell} "$N" bind {{D = $W, H = $H}} ' \
        f"over(%x : $X) {options}"


def my_min_gru(p, x, init=None):
    weight = np.concatenate([p["candidate.weight"], p["gate.weight"]])
    return ref.MinimalRNN(weight, 1).forward(x, init)


def leaky(p, x):
    """h' = sigmoid(a) h + x, a learned for each channel."""
    def step(x_t, h):
        h = ref.sigmoid(p["decay"]) * h + x_t
        return h, h
    return ref.run_cell(step, x, np.zeros(x[:, 0].shape))[0]


LEAKY = """
rnn.cell @cell_$C(%x: $S) state(%h: $S) -> $S {
  %a = rnn.parameter "decay" init uniform(1.0) no_decay : tensor<${W}xf32>
  %b = rnn.broadcast %a : tensor<${W}xf32> -> $S
  %k = rnn.sigmoid %b : $S
  %kh = arith.mulf %k, %h : $S
  %h1 = arith.addf %kh, %x : $S
  rnn.yield %h1 : $S next(%h1 : $S)
}"""

# No gate reads a state and both states matter: h2 sums h1.
CASCADE = """
rnn.cell @cell_$C(%x: $S) state(%a: $S, %b: $S) -> $S {
  %half = rnn.constant 0.5 : $S
  %ha = arith.mulf %half, %a : $S
  %a1 = arith.addf %ha, %x : $S
  %hb = arith.mulf %half, %b : $S
  %b1 = arith.addf %hb, %a1 : $S
  %y = arith.mulf %a1, %b1 : $S
  rnn.yield %y : $S next(%a1, %b1 : $S, $S)
}"""


def cascade(p, x):
    def step(x_t, states):
        a, b = states
        a = 0.5 * a + x_t
        b = 0.5 * b + a
        return a * b, (a, b)
    zero = np.zeros(x[:, 0].shape)
    return ref.run_cell(step, x, (zero, zero))[0]


# Not affine: the state is squashed.
SQUASHED = """
rnn.cell @cell_$C(%x: $S, %k: $S) state(%h: $S) -> $S {
  %z = rnn.sigmoid %k : $S
  %zh = arith.mulf %z, %h : $S
  %sum = arith.addf %zh, %x : $S
  %h1 = math.tanh %sum : $S
  rnn.yield %h1 : $S next(%h1 : $S)
}"""


def squashed(p, x, k, h=0.0):
    outputs, h = [], h + np.zeros(x[:, 0].shape)
    for t in range(x.shape[1]):
        h = np.tanh(ref.sigmoid(k[:, t]) * h + x[:, t])
        outputs.append(h)
    return np.stack(outputs, 1), h


# Of the LSTM's gates only the output gate reads h: c is parallel in time, h
# alone is not.
OUTPUT_LSTM = """
rnn.cell @cell_$C(%x: $S) state(%c: $S, %h: $S) -> $S {
  %kf = rnn.linear "forget" %x bias : $S -> $S
  %ki = rnn.linear "input" %x bias : $S -> $S
  %kc = rnn.linear "candidate" %x bias : $S -> $S
  %ko = rnn.linear "output" %x bias : $S -> $S
  %uo = rnn.linear "hidden" %h : $S -> $S
  %f = rnn.sigmoid %kf : $S
  %i = rnn.sigmoid %ki : $S
  %g = math.tanh %kc : $S
  %so = arith.addf %ko, %uo : $S
  %o = rnn.sigmoid %so : $S
  %kept = arith.mulf %f, %c : $S
  %taken = arith.mulf %i, %g : $S
  %c1 = arith.addf %kept, %taken : $S
  %t = math.tanh %c1 : $S
  %h1 = arith.mulf %o, %t : $S
  rnn.yield %h1 : $S next(%c1, %h1 : $S, $S)
}"""


def output_lstm(p, x):
    def part(x_t, name):
        return ref.linear(x_t, p[f"{name}.weight"], p[f"{name}.bias"])

    def step(x_t, states):
        c, h = states
        c = ref.sigmoid(part(x_t, "forget")) * c + \
            ref.sigmoid(part(x_t, "input")) * np.tanh(part(x_t, "candidate"))
        h = np.tanh(c) * ref.sigmoid(
            part(x_t, "output") + ref.linear(h, p["hidden.weight"]))
        return h, (c, h)
    zero = np.zeros(x[:, 0].shape)
    return ref.run_cell(step, x, (zero, zero))[0]


# Two layers in one step: each is parallel in time, and the product between them
# is one over all of time.
TWO_LAYERS = """
rnn.cell @cell_$C(%x: $S) state(%a: $S, %b: $S) -> $S {
  %k = rnn.linear "gate" %x : $S -> $S
  %f = rnn.sigmoid %k : $S
  %fa = arith.mulf %f, %a : $S
  %a1 = arith.addf %fa, %x : $S
  %t = math.tanh %a1 : $S
  %u = rnn.linear "between" %t bias : $S -> $S
  %fb = arith.mulf %f, %b : $S
  %b1 = arith.addf %fb, %u : $S
  rnn.yield %b1 : $S next(%a1, %b1 : $S, $S)
}"""


def two_layers(p, x):
    def step(x_t, states):
        a, b = states
        f = ref.sigmoid(ref.linear(x_t, p["gate.weight"]))
        a = f * a + x_t
        b = f * b + ref.linear(np.tanh(a), p["between.weight"],
                               p["between.bias"])
        return b, (a, b)
    zero = np.zeros(x[:, 0].shape)
    return ref.run_cell(step, x, (zero, zero))[0]


# The second reads the first as it was before the step, and so does a product.
TWO_LAYERS_BEFORE = """
rnn.cell @cell_$C(%x: $S) state(%a: $S, %b: $S) -> $S {
  %half = rnn.constant 0.5 : $S
  %ha = arith.mulf %half, %a : $S
  %a1 = arith.addf %ha, %x : $S
  %u = rnn.linear "between" %a : $S -> $S
  %f = rnn.sigmoid %a : $S
  %fb = arith.mulf %f, %b : $S
  %b1 = arith.addf %fb, %u : $S
  rnn.yield %b1 : $S next(%a1, %b1 : $S, $S)
}"""


def two_layers_before(p, x, reset=None, mask=None):
    start = [p[name] + np.zeros(x[:, 0].shape) for name in ("h0", "h1")]
    if reset is None:
        reset = np.zeros(x.shape[:2], bool)

    def step(x_t, states):
        again, x_t = x_t[:, :1], x_t[:, 1:]
        a, b = np.where(again, start, states)
        b = ref.sigmoid(a) * b + ref.linear(a, p["between.weight"])
        return b, np.array((0.5 * a + x_t, b))
    both = np.concatenate([reset[..., None], x], -1)
    return ref.run_cell(step, both, np.array(start), mask)


# A product of the input of two steps ago: it needs no loop over time.
DELAYED = """
rnn.cell @cell_$C(%x: $S) state(%h: $S, %p: $S, %q: $S) -> $S {
  %half = rnn.constant 0.5 : $S
  %hh = arith.mulf %half, %h : $S
  %u = rnn.linear "delayed" %q : $S -> $S
  %h1 = arith.addf %hh, %u : $S
  rnn.yield %h1 : $S next(%h1, %x, %p : $S, $S, $S)
}"""


def delayed(p, x):
    def step(x_t, states):
        h, one, two = states
        h = 0.5 * h + ref.linear(two, p["delayed.weight"])
        return h, (h, x_t, one)
    start = [p[name] + np.zeros(x[:, 0].shape) for name in ("h0", "h1", "h2")]
    return ref.run_cell(step, x, tuple(start))[0]


def backwards(run, x):
    y, last = run(x[:, ::-1])
    return y[:, ::-1], last


def elman(p, x, mask=None):
    return ref.elman(x, p["input.weight"], p["input.bias"],
                     p["hidden.weight"], mask=mask)


CELLS = [
    Case("cell_min_gru", f"%y = {apply('my_min_gru')} : $XH",
         lambda p, x: my_min_gru(p, x)[0], expansion=2, result="$XH",
         cell="my_min_gru"),
    Case("cell_min_gru_init",
         f"%y, %last = {apply('my_min_gru', 'init(%init : $SH)')} "
         ": $XH last $SH", my_min_gru, X | INIT, result="$XH", last="$SH",
         cell="my_min_gru", feedback={"init": 1}),
    Case("cell_min_gru_reverse",
         f"%y = {apply('my_min_gru', 'reverse')} : $XH",
         lambda p, x: backwards(lambda x: my_min_gru(p, x), x)[0],
         result="$XH", cell="my_min_gru", continues=False),
    Case("cell_elman", f"%y, %last = {apply('elman')} : $XH last $SH", elman,
         result="$XH", last="$SH", cell="elman"),
    Case("cell_elman_reverse",
         f"%y, %last = {apply('elman', 'reverse')} : $XH last $SH",
         lambda p, x: backwards(lambda x: elman(p, x), x),
         result="$XH", last="$SH", cell="elman", continues=False),
    Case("cell_elman_mask_reverse",
         f"""%y, %last = {apply('elman', 'mask(%mask : tensor<?x?xi1>) reverse')}
      : $XH last $SH""",
         lambda p, x, mask: backwards(lambda x: elman(p, x, mask[:, ::-1]), x),
         X | MASK, result="$XH", last="$SH", cell="elman", widths=(7, 100),
         continues=False),
    Case("cell_input_lstm_mask",
         f"%y = {apply('input_lstm', 'mask(%mask : tensor<?x?xi1>)')} : $XH",
         lambda p, x, mask: ref.input_lstm(x, p, x.shape[-1], mask)[0],
         X | MASK, result="$XH", cell="input_lstm", widths=(7, 100)),
    Case("cell_gru", f"%y = {apply('gru')} : $XH",
         lambda p, x: ref.gru(x, p, x.shape[-1])[0], result="$XH", cell="gru"),
    Case("cell_input_lstm", f"%y = {apply('input_lstm')} : $XH",
         lambda p, x: ref.input_lstm(x, p, x.shape[-1])[0], result="$XH",
         cell="input_lstm"),
    Case("cell_leaky", '%y = rnn.apply @cell_$C "$N" over(%x : $X) : $X',
         leaky, preface=LEAKY),
    Case("cell_cascade", '%y = rnn.apply @cell_$C "$N" over(%x : $X) : $X',
         cascade, preface=CASCADE),
    Case("cell_output_lstm", '%y = rnn.apply @cell_$C "$N" over(%x : $X) : $X',
         output_lstm, preface=OUTPUT_LSTM, widths=(7, 100)),
    Case("cell_two_layers", '%y = rnn.apply @cell_$C "$N" over(%x : $X) : $X',
         two_layers, preface=TWO_LAYERS, widths=(7, 100)),
    Case("cell_two_layers_before", '%y = rnn.apply @cell_$C "$N" '
         'over(%x : $X) learned_init : $X',
         lambda p, x: two_layers_before(p, x)[0], preface=TWO_LAYERS_BEFORE,
         widths=(7, 100)),
    Case("cell_two_layers_flags", '%y = rnn.apply @cell_$C "$N" '
         'over(%x : $X) learned_init reset(%reset : tensor<?x?xi1>) '
         'mask(%mask : tensor<?x?xi1>) reverse : $X',
         lambda p, x, reset, mask: backwards(
             lambda x: two_layers_before(p, x, reset[:, ::-1], mask[:, ::-1]),
             x)[0], X | RESET | MASK, preface=TWO_LAYERS_BEFORE,
         widths=(7,), continues=False),
    Case("cell_delayed", '%y = rnn.apply @cell_$C "$N" over(%x : $X) '
         'learned_init : $X', delayed, preface=DELAYED, widths=(7, 100)),
    Case("cell_squashed",
         '%y, %last = rnn.apply @cell_$C "$N" over(%x, %k : $X, $X) '
         'init(%init : $S) : $X last $S', squashed,
         X | {"k": X["x"], "init": ("$S", INIT["init"][1])}, last="$S",
         preface=SQUASHED, feedback={"init": 1}),
]

# --- Features of several dimensions -------------------------------------------

# A matrix for each batch row: it decays by rows, takes an outer product and is
# read by a product with a vector.
MATRIX = """
rnn.cell @cell_$C(%x: $S) state(%s: tensor<?x5x${W}xf32>) -> $S {
  %k = rnn.linear "key" %x : $S -> tensor<?x5xf32>
  %q = rnn.linear "query" %x : $S -> tensor<?x5xf32>
  %a = rnn.parameter "decay" init uniform(1.0) no_decay : tensor<5x1xf32>
  %ab = rnn.broadcast %a : tensor<5x1xf32> -> tensor<?x5x${W}xf32>
  %as = rnn.sigmoid %ab : tensor<?x5x${W}xf32>
  %kept = arith.mulf %as, %s : tensor<?x5x${W}xf32>
  %k1 = rnn.reshape %k : tensor<?x5xf32> -> tensor<?x5x1xf32>
  %kb = rnn.broadcast %k1 : tensor<?x5x1xf32> -> tensor<?x5x${W}xf32>
  %vb = rnn.broadcast %x : $S -> tensor<?x5x${W}xf32>
  %kv = arith.mulf %kb, %vb : tensor<?x5x${W}xf32>
  %s1 = arith.addf %kept, %kv : tensor<?x5x${W}xf32>
  %q1 = rnn.reshape %q : tensor<?x5xf32> -> tensor<?x5x1xf32>
  %qb = rnn.broadcast %q1 : tensor<?x5x1xf32> -> tensor<?x5x${W}xf32>
  %qs = arith.mulf %qb, %s1 : tensor<?x5x${W}xf32>
  %y1 = rnn.reduce sum %qs : tensor<?x5x${W}xf32> -> tensor<?x1x${W}xf32>
  %y = rnn.reshape %y1 : tensor<?x1x${W}xf32> -> $S
  rnn.yield %y : $S next(%s1 : tensor<?x5x${W}xf32>)
}"""


def matrix(p, x, s=0.0):
    def step(x_t, s):
        k, q = x_t @ p["key.weight"].T, x_t @ p["query.weight"].T
        s = ref.sigmoid(p["decay"]) * s + k[:, :, None] * x_t[:, None]
        return (q[:, :, None] * s).sum(1), s
    start = s + np.zeros((x.shape[0], 5, x.shape[2]))
    return ref.run_cell(step, x, start)


# The best of what was seen, which fades: max(s - d, x).
SCORE = """
rnn.cell @cell_$C(%x: $S) state(%s: $S) -> $S {
  %d = rnn.softplus %x : $S
  %kept = arith.subf %s, %d : $S
  %s1 = arith.maximumf %kept, %x : $S
  rnn.yield %s1 : $S next(%s1 : $S)
}
"""


def score(p, x):
    def step(x_t, s):
        s = np.maximum(s - np.logaddexp(0, x_t), x_t)
        return s, s
    return ref.run_cell(step, x, np.zeros_like(x[:, 0]))[0]


# Three numbers for each channel, with steps, as in a state space model.
SPACE = """
rnn.cell @cell_$C(%x: $S) state(%s: tensor<?x${W}x3xf32>) -> $S {
  %b = rnn.linear "b" %x : $S -> tensor<?x3xf32>
  %c = rnn.linear "c" %x : $S -> tensor<?x3xf32>
  %dt = rnn.softplus %x : $S
  %dt1 = rnn.reshape %dt : $S -> tensor<?x${W}x1xf32>
  %dtb = rnn.broadcast %dt1 : tensor<?x${W}x1xf32> -> tensor<?x${W}x3xf32>
  %log = rnn.parameter "log_a" init uniform(1.0) : tensor<${W}x3xf32>
  %rate = math.exp %log : tensor<${W}x3xf32>
  %rb = rnn.broadcast %rate : tensor<${W}x3xf32> -> tensor<?x${W}x3xf32>
  %dta = arith.mulf %dtb, %rb : tensor<?x${W}x3xf32>
  %minus = arith.negf %dta : tensor<?x${W}x3xf32>
  %a = math.exp %minus : tensor<?x${W}x3xf32>
  %as = arith.mulf %a, %s : tensor<?x${W}x3xf32>
  %x1 = rnn.reshape %x : $S -> tensor<?x${W}x1xf32>
  %xb = rnn.broadcast %x1 : tensor<?x${W}x1xf32> -> tensor<?x${W}x3xf32>
  %bb = rnn.broadcast %b : tensor<?x3xf32> -> tensor<?x${W}x3xf32>
  %bx = arith.mulf %bb, %xb : tensor<?x${W}x3xf32>
  %in = arith.mulf %dtb, %bx : tensor<?x${W}x3xf32>
  %s1 = arith.addf %as, %in : tensor<?x${W}x3xf32>
  %cb = rnn.broadcast %c : tensor<?x3xf32> -> tensor<?x${W}x3xf32>
  %cs = arith.mulf %cb, %s1 : tensor<?x${W}x3xf32>
  %y1 = rnn.reduce sum %cs : tensor<?x${W}x3xf32> -> tensor<?x${W}x1xf32>
  %y = rnn.reshape %y1 : tensor<?x${W}x1xf32> -> $S
  rnn.yield %y : $S next(%s1 : tensor<?x${W}x3xf32>)
}"""


def space(p, x):
    def step(x_t, s):
        b, c = x_t @ p["b.weight"].T, x_t @ p["c.weight"].T
        dt = ref.softplus(x_t)[:, :, None]
        s = np.exp(-dt * np.exp(p["log_a"])) * s \
            + dt * b[:, None] * x_t[:, :, None]
        return (c[:, None] * s).sum(-1), s
    return ref.run_cell(step, x, np.zeros((*x[:, 0].shape, 3)))[0]


def cube(p, x):
    """Sums and maxima along each dimension, and along all."""
    z = np.einsum("bti,btj->btij", ref.linear(x, p["up.weight"]), x)
    z = z.reshape(*x.shape[:2], 2, 3, x.shape[-1])
    y = z * z.sum(2, keepdims=True) + z.max(3, keepdims=True)
    y = y + np.cos(z).sum(-1, keepdims=True) + z.sum((2, 3, 4), keepdims=True)
    return y.sum((2, 3))


CUBE = """%u = rnn.linear "$N.up" %x : $X -> tensor<?x?x6xf32>
  %u1 = rnn.reshape %u : tensor<?x?x6xf32> -> tensor<?x?x2x3x1xf32>
  %ub = rnn.broadcast %u1 : tensor<?x?x2x3x1xf32> -> $CUBE
  %xb = rnn.broadcast %x : $X -> $CUBE
  %z = arith.mulf %ub, %xb : $CUBE
  %a = rnn.reduce sum %z : $CUBE -> tensor<?x?x1x3x${W}xf32>
  %b = rnn.reduce max %z : $CUBE -> tensor<?x?x2x1x${W}xf32>
  %cos = math.cos %z : $CUBE
  %c = rnn.reduce sum %cos : $CUBE -> tensor<?x?x2x3x1xf32>
  %d = rnn.reduce sum %z : $CUBE -> tensor<?x?x1x1x1xf32>
  %ab = rnn.broadcast %a : tensor<?x?x1x3x${W}xf32> -> $CUBE
  %bb = rnn.broadcast %b : tensor<?x?x2x1x${W}xf32> -> $CUBE
  %cb = rnn.broadcast %c : tensor<?x?x2x3x1xf32> -> $CUBE
  %db = rnn.broadcast %d : tensor<?x?x1x1x1xf32> -> $CUBE
  %za = arith.mulf %z, %ab : $CUBE
  %zab = arith.addf %za, %bb : $CUBE
  %zabc = arith.addf %zab, %cb : $CUBE
  %all = arith.addf %zabc, %db : $CUBE
  %y2 = rnn.reduce sum %all : $CUBE -> tensor<?x?x1x1x${W}xf32>
  %y = rnn.reshape %y2 : tensor<?x?x1x1x${W}xf32> -> $X""".replace(
      "$CUBE", "tensor<?x?x2x3x${W}xf32>")

DIMENSIONS = [
    Case("matrix_state",
         '%y, %last = rnn.apply @cell_$C "$N" over(%x : $X) '
         "init(%init : tensor<?x5x${W}xf32>) : $X "
         "last tensor<?x5x${W}xf32>", matrix,
         X | {"init": ("tensor<?x5x${W}xf32>", lambda rng, b, t, w, h:
                       normal(rng, b, 5, w))},
         last="tensor<?x5x${W}xf32>", widths=(1, 7, 33), preface=MATRIX,
         feedback={"init": 1}),
    Case("space_state", '%y = rnn.apply @cell_$C "$N" over(%x : $X) : $X',
         space, widths=(1, 7, 33), preface=SPACE),
    Case("score", '%y = rnn.apply @cell_$C "$N" over(%x : $X) : $X', score,
         widths=(1, 7, 33), preface=SCORE, kinks=True),
    Case("cube", CUBE, cube, widths=(1, 7, 33), kinks=True),
]

# --- Models: layers together --------------------------------------------------


def block(p, x, scope):
    n = ref.rms_norm(x, p[f"{scope}norm.weight"])
    run = ref.MinimalRNN(p[f"{scope}mixer.to_hidden_and_gate.weight"], 1,
                         out=p[f"{scope}mixer.to_out.weight"])
    return x + run.forward(n)[0]


def repeat(name, depth):
    def reference(p, x):
        for i in range(depth):
            x = block(p, x, f"{i}.")
        return x
    return Case(name, f"""%y = rnn.repeat {depth} "$N" (%h = %x) : $X {{
    %n = rnn.rms_norm "norm" %h : $X
    %m = rnn.min_gru "mixer" %n expansion 2 : $X
    %r = arith.addf %h, %m : $X
    rnn.yield %r : $X
  }}""", reference, expansion=2, widths=(7, 100))


def nested(p, x):
    for i in range(2):
        x = ref.linear(x, p[f"{i}.first.weight"], p[f"{i}.first.bias"])
        for j in range(3):
            run = ref.MinimalRNN(
                p[f"{i}.inner.{j}.mixer.to_hidden_and_gate.weight"], 1)
            x = x + run.forward(x, p[f"{i}.inner.{j}.mixer.h0"])[0]
    return x


def paper_block(p, x):
    x = x + ref.causal_conv1d(x, p["conv.weight"], p["conv.bias"])[0]
    run = ref.MinimalRNN(p["mixer.to_hidden_and_gate.weight"], 1,
                         out=p["mixer.to_out.weight"])
    x = x + run.forward(ref.rms_norm(x, p["mixer_norm.weight"]))[0]
    up = ref.linear(ref.layer_norm(x, p["feed_norm.weight"],
                                   p["feed_norm.bias"]),
                    p["feed_in.weight"], p["feed_in.bias"])
    return x + ref.linear(ref.gelu(up), p["feed_out.weight"])


def tied(p, tokens):
    x = ref.embedding(tokens, p["embed"])
    return ref.linear(x + ref.MinimalRNN(
        p["mixer.to_hidden_and_gate.weight"], 1).forward(x)[0], p["embed"])


MODELS = [
    repeat("repeat_1", 1),
    repeat("repeat_2", 2),
    repeat("repeat_5", 5),
    Case("repeat_nested", """%y = rnn.repeat 2 "$N" (%a = %x) : $X {
    %f = rnn.linear "first" %a bias : $X -> $X
    %b = rnn.repeat 3 "inner" (%c = %f) : $X {
      %m = rnn.min_gru "mixer" %c learned_init : $X
      %r = arith.addf %c, %m : $X
      rnn.yield %r : $X
    }
    rnn.yield %b : $X
  }""", nested, widths=(7, 100)),
    Case("repeat_two_values",
         """%y, %z = rnn.repeat 3 "$N" (%a = %x, %b = %x2) : $X, $X {
    %f = rnn.linear "first" %b : $X -> $X
    %r = arith.addf %a, %f : $X
    rnn.yield %r, %a : $X, $X
  }""", lambda p, x, x2: swapped(p, x, x2), TWO, widths=(7, 100)),
    Case("paper_block", """%c = rnn.causal_conv1d "$N.conv" %x bias : $X
  %x1 = arith.addf %x, %c : $X
  %n1 = rnn.rms_norm "$N.mixer_norm" %x1 : $X
  %m = rnn.min_gru "$N.mixer" %n1 expansion 2 : $X
  %x2 = arith.addf %x1, %m : $X
  %n2 = rnn.layer_norm "$N.feed_norm" %x2 : $X
  %u = rnn.linear "$N.feed_in" %n2 bias : $X -> $X3
  %g = rnn.gelu %u : $X3
  %f = rnn.linear "$N.feed_out" %g : $X3 -> $X
  %y = arith.addf %x2, %f : $X""", paper_block, expansion=2, kinks=True),
    Case("tied", """%w = rnn.parameter "$N.embed" init normal(0.5)
      : tensor<11x${W}xf32>
  %x = rnn.embedding "$N" %tokens vocabulary 11
      weight(%w : tensor<11x${W}xf32>) : tensor<?x?xi32> -> $X
  %m = rnn.min_gru "$N.mixer" %x : $X
  %s = arith.addf %x, %m : $X
  %y = rnn.linear "$N.head" %s weight(%w : tensor<11x${W}xf32>)
      : $X -> tensor<?x?x11xf32>""", tied, TOKENS,
         result="tensor<?x?x11xf32>", classes=True),
    Case("shared_layer", """%w = rnn.parameter "$N.weight" init uniform(0.3)
      : tensor<${W}x${W}xf32>
  %a = rnn.linear "$N.a" %x weight(%w : tensor<${W}x${W}xf32>) : $X -> $X
  %t = rnn.tanh %a : $X
  %y = rnn.linear "$N.b" %t weight(%w : tensor<${W}x${W}xf32>) : $X -> $X""",
         lambda p, x: ref.linear(np.tanh(ref.linear(x, p["weight"])),
                                 p["weight"])),
]


def swapped(p, x, x2):
    for i in range(3):
        x, x2 = x + ref.linear(x2, p[f"{i}.first.weight"]), x
    return x


CASES = MINIMAL + GATED + LAYERS + ATTENTION + SPACES + ELEMENTWISE + CELLS \
    + DIMENSIONS + MODELS
