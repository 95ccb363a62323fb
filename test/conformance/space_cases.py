"""Rows of layers with several numbers a channel (space_reference.py).

Their states have several dimensions and differ in shape. A row that gives or
returns them does so as one vector: `init` is sliced and reshaped into the
states, the last states are put side by side as %last.
"""

import numpy as np

import space_reference as ref
from case import MASK, RESET, Case, X, normal


def step_type(shape):
    return f"tensor<?x{'x'.join(map(str, shape))}xf32>"


class Layer:
    """A layer with options: its text, and its reference from given states.

    shapes(W): {state: shape}. reference(p, x, starts, **clauses): y and the last
    states. whole(p, x): y from a fresh start, where the paper has another form.
    start: {state: initial value} where that is not 0. positive: states of a
    random `init` that must be above 0.
    """

    def __init__(self, op, shapes, reference, whole=None, start=None,
                 positive=()):
        self.op, self.shapes, self.reference = op, shapes, reference
        self.whole, self.start, self.positive = whole, start or {}, positive

    def sizes(self, width):
        return [int(np.prod(shape)) for shape in self.shapes(width).values()]

    def flat(self, width):
        return step_type([sum(self.sizes(width))])

    def random_init(self, rng, b, t, w, h):
        parts = [normal(rng, b, size) for size in self.sizes(w)]
        for i, name in enumerate(self.shapes(w)):
            if name in self.positive:
                parts[i] = np.abs(parts[i]) + 0.25
        return np.concatenate(parts, -1)

    def words(self, width):
        """Text to take a vector apart into states, and to put it together."""
        shapes, sizes = self.shapes(width), self.sizes(width)
        flat, before, after, offset = self.flat(width), "", "", 0
        for (name, shape), size in zip(shapes.items(), sizes):
            row, full = step_type([size]), step_type(shape)
            before += f"%{name}r = rnn.slice %init[{offset}] : {flat} -> {row}\n" \
                f"  %{name}0 = rnn.reshape %{name}r : {row} -> {full}\n  "
            after += f"  %{name}2 = rnn.reshape %{name}1 : {full} -> {row}\n"
            offset += size
        after += f"  %last = rnn.concat {', '.join(f'%{n}2' for n in shapes)} " \
            f": {', '.join(step_type([n]) for n in sizes)} -> {flat}"
        return {"apart": before, "together": after, "flat": flat,
                "inits": ", ".join(f"%{name}0" for name in shapes),
                "lasts": ", ".join(f"%{name}1" for name in shapes),
                "states": ", ".join(map(step_type, shapes.values())),
                "heads": HEADS.get(width)}

    def case(self, name, options="", take=(), learned=False, last=False,
             reverse=False, **more):
        inputs = dict(X)
        last = last or "init" in take
        text = f'rnn.{self.op} "$N" %x {options}'
        if "init" in take:
            inputs["init"] = ("$flat", self.random_init)
            text += " init($inits : $states)"
            more["feedback"] = {"init": 1}
        if learned:
            text += " learned_init"
        for flag, given in (RESET | MASK).items():
            if flag in take:
                inputs[flag] = given
                text += f" {flag}(%{flag} : tensor<?x?xi1>)"
        if reverse:
            text += " reverse"
        body = f"%y = {text} : $X"
        if last:
            body = f"%y, $lasts = {text} : $X last $states\n$together"
        if "init" in take:
            body = "$apart" + body

        def reference(p, *values):
            given = dict(zip(inputs, values))
            x = given.pop("x")
            init = given.pop("init", None)
            plain = not given and init is None
            if self.whole and plain and not (learned or last or reverse):
                return self.whole(p, x)
            shapes, starts = self.shapes(x.shape[-1]), []
            for i, (state, shape) in enumerate(shapes.items()):
                start = np.zeros((len(x), *shape))
                if init is not None:
                    ends = np.cumsum(self.sizes(x.shape[-1]))
                    start += np.split(init, ends[:-1], -1)[i].reshape(
                        len(x), *shape)
                elif learned:
                    start += p[state + "0"]
                else:
                    start += self.start.get(state, 0.0)
                starts.append(start)
            y, lasts = self.reference(p, x, starts, reverse=reverse, **given)
            if not last:
                return y
            return y, np.concatenate([s.reshape(len(x), -1) for s in lasts], -1)

        # A reset in a later window knows that window's init only.
        continues = not reverse and not {"init", "reset"} <= set(take)
        return Case(name, body, reference, inputs,
                    last="$flat" if last else "", words=self.words,
                    **({"widths": (1, 7, 33), "continues": continues} | more))


# Heads of one number, of all, and of eleven.
HEADS = {1: 1, 7: 7, 33: 3}


def selective(state, expansion, kernel):
    def shapes(width):
        channels = expansion * width
        return {f"x{k}": (channels,) for k in range(1, kernel)} \
            | {"s": (channels, state)}
    return Layer("selective_scan", shapes, lambda p, x, starts, **clauses:
                 ref.selective_scan(x, p, starts, **clauses))


def s4d(state, bilinear=False):
    def shapes(width):
        return {"re": (width, state // 2), "im": (width, state // 2)}
    return Layer("s4d", shapes, lambda p, x, starts, **clauses:
                 ref.s4d_states(x, p, starts, bilinear, **clauses),
                 lambda p, x: ref.s4d(x, p, bilinear))


def aaren_shapes(width):
    heads = HEADS[width]
    return {"m": (heads, 1), "u": (heads, 1), "w": (heads, width // heads)}


AAREN = Layer("aaren", aaren_shapes, lambda p, x, starts, **clauses:
              ref.aaren_states(x, p, starts, **clauses),
              lambda p, x: ref.aaren(x, p), {"m": -1e30}, ["u"])


def linear_attention(identity=False, decay=False):
    def shapes(width):
        heads = HEADS[width]
        size = width // heads
        return {"S": (heads, size, size)} \
            | ({} if identity or decay else {"z": (heads, size)})
    whole = None
    if not decay:
        def whole(p, x):
            return ref.linear_attention(x, p, HEADS[x.shape[-1]], identity)
    return Layer("linear_attention", shapes, lambda p, x, starts, **clauses:
                 ref.linear_attention_states(
                     x, p, starts, HEADS[x.shape[-1]], identity, **clauses),
                 whole, positive=["z", "S"])


SPACES = [
    selective(16, 2, 4).case("selective_scan"),
    selective(5, 1, 3).case("selective_scan_init",
                            "state 5 expansion 1 kernel 3 rank 2",
                            take=["init"]),
    selective(1, 3, 1).case("selective_scan_reset_learned",
                            "state 1 expansion 3 kernel 1", take=["reset"],
                            learned=True, last=True, widths=(7,)),
    selective(3, 1, 2).case("selective_scan_mask_reset",
                            "state 3 expansion 1 kernel 2",
                            take=["init", "reset", "mask"], widths=(1, 7)),
    selective(3, 2, 4).case("selective_scan_reverse", "state 3",
                            take=["mask"], learned=True, reverse=True,
                            last=True, widths=(7,)),
    # A state turns by up to pi radians a step, so after 1000 steps a
    # difference's step in dt is half a turn. At 2 steps what A_imag does to a
    # and to 1 / A all but cancels.
    s4d(64).case("s4d", kinks=True, single=3e-3),
    s4d(2, True).case("s4d_bilinear", "state 2 discretization bilinear"),
    # |a| is near 1, and its rounding in f32 adds up over 1000 steps.
    s4d(6).case("s4d_init", "state 6", take=["init"], rounding=1e-4),
    s4d(10, True).case("s4d_reset_learned",
                       "state 10 discretization bilinear",
                       take=["reset", "mask"], learned=True, last=True,
                       widths=(7,)),
    s4d(6).case("s4d_reverse", "state 6", take=["init", "reset"], reverse=True,
                widths=(7,)),
    AAREN.case("aaren", "heads $heads"),
    AAREN.case("aaren_init", "heads $heads", take=["init"], kinks=True),
    AAREN.case("aaren_reset_mask", "heads $heads", take=["reset", "mask"]),
    AAREN.case("aaren_learned", "heads $heads", take=["reset"], learned=True,
               last=True, kinks=True, widths=(7,)),
    AAREN.case("aaren_reverse", "heads $heads", take=["mask"], reverse=True,
               widths=(33,)),
    linear_attention().case("linear_attention", "heads $heads", kinks=True),
    linear_attention().case("linear_attention_init", "heads $heads",
                            take=["init", "mask"], kinks=True),
    linear_attention().case("linear_attention_reset_learned", "heads $heads",
                            take=["reset"], learned=True, last=True,
                            kinks=True, widths=(7, 33)),
    linear_attention(True).case("linear_attention_identity",
                                "heads $heads feature_map identity"),
    linear_attention(True, True).case(
        "linear_attention_decay", "heads $heads feature_map identity decay",
        take=["init"]),
    linear_attention(False, True).case(
        "linear_attention_decay_reverse", "heads $heads decay",
        take=["reset", "mask"], reverse=True, last=True, kinks=True,
        widths=(7, 33)),
]
