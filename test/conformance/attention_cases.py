"""Rows for rnn.attention, and its reference in float64: the formula of Vaswani
et al. 2017 with all scores in one matrix, and rotary positions of Su et al.
2021."""

import numpy as np

import reference as ref
from case import Case, X


def rotate(x, places, base):
    """x [time, features of a head]: pairs (i, i + D / 2) by places[t] times
    base^(-2 i / D)."""
    half = x.shape[-1] // 2
    angles = places[:, None] * base ** (-np.arange(half) / half)
    a, b = x[:, :half], x[:, half:]
    return np.concatenate([a * np.cos(angles) - b * np.sin(angles),
                           b * np.cos(angles) + a * np.sin(angles)], -1)


def attention(x, p, heads, context, rotary=None, reset=None, mask=None,
              reverse=False, scope=""):
    """Skipped steps (mask false) are no places: taken out, they change nothing
    but their own results, which are 0."""
    batch, time, features = x.shape
    size = features // heads
    reset = np.zeros((batch, time), bool) if reset is None else reset
    mask = np.ones((batch, time), bool) if mask is None else mask
    if reverse:
        return attention(x[:, ::-1], p, heads, context, rotary,
                         reset[:, ::-1], mask[:, ::-1], False, scope)[:, ::-1]
    all = ref.linear(x, p[f"{scope}to_qkv.weight"], p.get(f"{scope}to_qkv.bias"))
    mixed = np.zeros_like(x)
    for b in range(batch):
        seen = np.flatnonzero(mask[b])
        places = np.arange(len(seen))
        section = np.cumsum(reset[b] & mask[b])[seen]
        distance = places[:, None] - places
        visible = (distance >= 0) & (distance < context) \
            & (section[:, None] == section)
        for h in range(heads):
            q, k, v = (all[b, seen, part * features + h * size:][:, :size]
                       for part in range(3))
            if rotary:
                q, k = rotate(q, places, rotary), rotate(k, places, rotary)
            scores = np.where(visible, q @ k.T / np.sqrt(size), -np.inf)
            weights = np.exp(scores - scores.max(-1, keepdims=True)) \
                if len(seen) else scores
            weights /= weights.sum(-1, keepdims=True)
            mixed[b, seen, h * size:(h + 1) * size] = weights @ v
    y = ref.linear(mixed, p[f"{scope}to_out.weight"],
                   p.get(f"{scope}to_out.bias"))
    return np.where(mask[..., None], y, 0)


FLAGS = {"reset": lambda rng, b, t, w, h: rng.random((b, t)) < 0.2,
         "mask": lambda rng, b, t, w, h: rng.random((b, t)) < 0.7}


def row(name, heads, context, options="", flags=(), **more):
    words = options.split()
    rotary = float(words[words.index("rotary") + 1]) \
        if "rotary" in words else None
    clauses = "".join(f" {flag}(%{flag} : tensor<?x?xi1>)" for flag in flags)
    options = options.replace("reverse", "")
    text = f'rnn.attention "$N" %x heads {heads} context {context} {options}' \
        + clauses + (" reverse" if "reverse" in words else "") + " : $X"

    def reference(p, x, *given):
        return attention(x, p, heads, context, rotary,
                         reverse="reverse" in words, **dict(zip(flags, given)))
    inputs = X | {flag: ("tensor<?x?xi1>", FLAGS[flag]) for flag in flags}
    return Case(name, f"%y = {text}", reference, inputs,
                continues="reverse" not in words, **more)


def layers(p, x):
    for i in range(3):
        n = ref.rms_norm(x, p[f"{i}.norm.weight"])
        x = x + attention(n, p, 2, 7, 100.0, scope=f"{i}.mixer.")
    return x


def ops(p, q, k, v):
    """Two heads over the last 3 steps, and the log of each one's sum."""
    y, parts = np.zeros_like(q), []
    size, steps = q.shape[-1] // 2, np.arange(q.shape[1])
    distance = steps[:, None] - steps
    for h in (slice(0, size), slice(size, None)):
        scores = q[..., h] @ k[..., h].swapaxes(1, 2) / np.sqrt(size)
        scores = np.where((distance >= 0) & (distance < 3), scores, -np.inf)
        weights = np.exp(scores)
        y[..., h] = weights / weights.sum(-1, keepdims=True) @ v[..., h]
        parts.append(np.log(weights.sum(-1)))
    return np.concatenate([y, np.stack(parts, -1)], -1)


ATTENTION = [
    row("attention", 1, 5),
    row("attention_heads", 5, 70, "bias", widths=(5, 100)),
    row("attention_alone", 1, 1, widths=(7,)),
    row("attention_long", 2, 1500, "rotary 10000.0", widths=(4, 36)),
    row("attention_reset", 3, 4, "", ["reset"], widths=(3, 39)),
    row("attention_mask", 1, 64, "bias", ["mask"], widths=(7, 100)),
    row("attention_reset_mask", 2, 9, "rotary 50.0 bias", ["reset", "mask"],
        widths=(4, 36)),
    row("attention_reverse", 2, 6, "rotary 100.0 reverse", ["reset", "mask"],
        widths=(4, 100)),
    Case("attention_ops", """%s, %c, %n = rnn.attend_steps context 3
      : tensor<?x?x2xi32>, tensor<?x1xi32>, tensor<?x1xf32>
  %o, %l = rnn.attend %x, %k, %v
      steps(%s, %c : tensor<?x?x2xi32>, tensor<?x1xi32>) heads 2 context 3
      : $X, tensor<?x?x2xf32>
  %y = rnn.concat %o, %l : $X, tensor<?x?x2xf32> -> tensor<?x?x${H}xf32>""",
         ops, X | {"k": X["x"], "v": X["x"]}, result="$XH", widths=(2,),
         expansion=2, continues=False),
    Case("attention_repeat", """%y = rnn.repeat 3 "$N" (%h = %x) : $X {
    %n = rnn.rms_norm "norm" %h : $X
    %m = rnn.attention "mixer" %n heads 2 context 7 rotary 100.0 : $X
    %r = arith.addf %h, %m : $X
    rnn.yield %r : $X
  }""", layers, widths=(4, 36)),
]
