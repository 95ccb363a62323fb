"""A conformance case: a fragment of model text, and what it should compute.

A case's `body` computes %y (and %last, if `last` is given) from its inputs. It
is text with shorthands, instantiated at several widths W:

  $W       the width            $H   hidden width (expansion * W)
  $X $XH   tensor<?x?xWxf32>, tensor<?x?xHxf32>: sequences
  $S $SH   tensor<?xWxf32>, tensor<?xHxf32>: steps
  $N       the name under which layers keep their parameters
  $C       a name for symbols of this case

`reference(p, x, ...)` gets the parameters by name without "$N.", and the inputs
in order; it returns y, or (y, last).
"""

import json
import string
from dataclasses import dataclass, field

import numpy as np

from librnn import BUILD, REPOSITORY, Session, compile_model

WIDTHS = (1, 7, 100, 385)


@dataclass
class Case:
    name: str
    body: str
    reference: callable
    # Name -> (type, maker of random values: f(rng, batch, time, W, H)).
    inputs: dict = field(default_factory=lambda: dict(X))
    result: str = "$X"
    last: str = ""
    expansion: int = 1
    widths: tuple = WIDTHS
    # From text: its rnn.cell ops are put in front (examples/cells/NAME.mlir).
    cell: str = ""
    preface: str = ""
    classes: bool = False  # the loss is cross_entropy over %y, else mse
    # A kink somewhere, or a bend as sharp as a difference's step (a norm of
    # width 1 is x / sqrt(x^2 + 1e-5)).
    kinks: bool = False
    single: float = 1e-4  # limit of f32 gradients
    rounding: float = 1e-5  # limit of f32 values
    # Step by step, or window by window, it gives what one long call gives.
    continues: bool = True
    # Input -> output that is handed to it at the next step or window.
    feedback: dict = field(default_factory=dict)
    # Further words of the text: f(W) -> {word: text}.
    words: callable = None
    # Gradients by hand: f(p, inputs, dy, dlast) -> {input or parameter: value}.
    gradient: callable = None

    def instance(self, width):
        return f"{self.name}_{width}"

    def text(self, width):
        """The model and the objective at one width."""
        hidden = width * self.expansion
        name = self.instance(width)
        words = dict(
            W=width, H=hidden, N=name, C=name, X=f"tensor<?x?x{width}xf32>",
            XH=f"tensor<?x?x{hidden}xf32>", S=f"tensor<?x{width}xf32>",
            SH=f"tensor<?x{hidden}xf32>")
        words |= {f"W{n}": n * width for n in range(9)}
        words |= {f"X{n}": f"tensor<?x?x{n * width}xf32>" for n in (2, 3)}
        if self.words:
            words |= self.words(width)

        def fill(text):
            return string.Template(text).substitute(words)
        types = {input: fill(type) for input, (type, _) in self.inputs.items()}
        arguments = ", ".join(f"%{n}: {t}" for n, t in types.items())
        result, last = fill(self.result), fill(self.last)
        results = [result] + ([last] if last else [])
        values = "%y" + (", %last" if last else "")
        listed = ", ".join(results)
        target = "tensor<?x?xi32>" if self.classes else result
        loss = "rnn.cross_entropy" if self.classes else "rnn.mse"
        extra, total = "", "%y_loss"
        if last:
            wide = last.replace("<?x", "<?x?x")
            arguments_last = f", %last_target: {wide}"
            extra = f"""
  %last_wide = rnn.broadcast %last : {last} -> {wide}
  %last_loss = rnn.mse %last_wide, %last_target : {wide}, {wide} -> tensor<f32>
  %loss = arith.addf %y_loss, %last_loss : tensor<f32>"""
            total = "%loss"
        else:
            arguments_last = ""
        called = ", ".join(f"%{n}" for n in types)
        return f"""
{fill(self.preface)}
rnn.model @{name}({arguments}) -> ({listed}) {{
  {fill(self.body).strip()}
  rnn.return {values} : {listed}
}}
rnn.objective @{name}_loss({arguments}, %target: {target}{arguments_last})
    -> tensor<f32> {{
  {values} = rnn.call @{name}({called})
      : ({", ".join(types.values())}) -> ({listed})
  %y_loss = {loss} %y, %target : {result}, {target} -> tensor<f32>{extra}
  rnn.return {total} : tensor<f32>
}}
"""

    def module_text(self):
        cell = cell_text(self.cell) if self.cell else ""
        return cell + "".join(self.text(width) for width in self.widths)

    def compile(self, element_type, target="cpu"):
        name = f"{self.name}.{element_type}" \
            + ("" if target == "cpu" else f".{target}")
        return compile_model(self.module_text(),
                             BUILD / "conformance" / f"{name}.so", element_type,
                             target)


def cell_text(name):
    """The rnn.cell of examples/cells/NAME.mlir."""
    text = (REPOSITORY / "examples" / "cells" / f"{name}.mlir").read_text()
    return text[:text.index("rnn.model")]


def normal(rng, *shape):
    """Numbers that f32 holds exactly, so that both types see the same."""
    return rng.standard_normal(shape).astype(np.float32).astype(np.float64)


X = {"x": ("$X", lambda rng, b, t, w, h: normal(rng, b, t, w))}


def resets(rng, b, t, w, h):
    return rng.random((b, t)) < 0.2


def masks(rng, b, t, w, h):
    """Padded tails, the first sequence whole, and a few holes."""
    lengths = rng.integers(0, t + 1, b)
    lengths[0] = t
    return (np.arange(t) < lengths[:, None]) & (rng.random((b, t)) < 0.9)


RESET = {"reset": ("tensor<?x?xi1>", resets)}
MASK = {"mask": ("tensor<?x?xi1>", masks)}


def clear_of_zero(rng, b, t, w, h):
    """Inputs for functions with a kink at zero."""
    x = normal(rng, b, t, w)
    return x + np.where(x >= 0, 0.0625, -0.0625)


class Instance:
    """A case at one width in one element type, with parameters and inputs that
    do not depend on the type."""

    def __init__(self, case, width, module, threads=2, device=None):
        self.case, self.width, self.module = case, width, module
        self.hidden = width * case.expansion
        self.name = case.instance(width)
        self.session = Session(module, threads, device=device)
        self.scope = self.name + "."
        rng = np.random.default_rng(width)
        self.parameters = {}
        for name in sorted(module.shapes):
            if not name.startswith(self.scope):
                continue
            shape = module.shapes[name]
            # Vectors start as constants (norms, learned states): move them.
            value = self._initial(name, shape, rng)
            self.session.set(name, value)
            self.parameters[name[len(self.scope):]] = value

    def _initial(self, name, shape, rng):
        init = next(p for p in self.module.descriptor["parameters"]
                    if p["name"] == name)["init"]
        kind = init["kind"]
        if kind == "constant":
            value = init["value"] + 0.5 * rng.standard_normal(shape)
        elif kind == "arange":
            value = init["step"] * np.arange(shape[-1]) \
                + 0.5 * rng.standard_normal(shape)
        elif kind == "log_arange":
            value = np.log(init["first"] + np.arange(shape[-1])) \
                + 0.5 * rng.standard_normal(shape)
        elif kind == "normal":
            value = init["mean"] + init["std"] * rng.standard_normal(shape)
        else:
            value = rng.uniform(init["low"], init["high"], shape)
        return value.astype(np.float32).astype(np.float64)

    def random_inputs(self, batch, time):
        rng = np.random.default_rng([batch, time, self.width])
        return [make(rng, batch, time, self.width, self.hidden)
                for _, make in self.case.inputs.values()]

    def random_targets(self, batch, time, outputs):
        rng = np.random.default_rng([batch, time, self.width, 1])
        if self.case.classes:
            targets = [rng.integers(0, outputs[0].shape[-1], (batch, time))]
        else:
            targets = [normal(rng, *outputs[0].shape)]
        if len(outputs) == 2:
            last = outputs[1]
            targets.append(normal(rng, batch, time, *last.shape[1:]))
        return targets

    def forward(self, inputs, **options):
        return self.session.run(self.name + ".forward", inputs, **options)

    def loss(self, inputs):
        return float(self.session.run(self.name + "_loss.loss", inputs)[0])

    def gradients(self, inputs, **options):
        """The loss and {name: gradient} of float inputs and parameters; inputs
        are those of the objective."""
        entry = self.name + "_loss.gradient"
        self.session.zero_gradients()
        loss, *found = self.session.run(entry, inputs, **options)
        names = [i["name"] for i, tensor
                 in zip(self.module.entries[entry]["inputs"], inputs)
                 if i["type"] in ("f32", "f64")]
        gradients = {("input", self.position(entry, name)): value
                     for name, value in zip(names, found, strict=True)}
        gradients |= {name: self.session.gradient(self.scope + name)
                      for name in self.parameters}
        return float(loss), gradients

    def position(self, entry, name):
        return [i["name"] for i in self.module.entries[entry]["inputs"]
                ].index(name)

    def loss_with(self, key, value, inputs):
        """The loss with one parameter or input replaced."""
        if isinstance(key, tuple):
            changed = list(inputs)
            changed[key[1]] = value
            return self.loss(changed)
        self.session.set(self.scope + key, value)
        loss = self.loss(inputs)
        self.session.set(self.scope + key, self.parameters[key])
        return loss

    def value(self, key, inputs):
        return inputs[key[1]] if isinstance(key, tuple) \
            else self.parameters[key]

    # --- the reference, with the objective's loss -----------------------------

    def reference(self, inputs, parameters=None):
        count = len(self.case.inputs)
        result = self.case.reference(parameters or self.parameters,
                                     *inputs[:count])
        return result if isinstance(result, tuple) else (result,)

    def reference_loss(self, inputs, parameters=None):
        import reference
        outputs = self.reference(inputs, parameters)
        targets = inputs[len(self.case.inputs):]
        measure = reference.cross_entropy if self.case.classes \
            else reference.mse
        loss = measure(outputs[0], targets[0])
        if len(outputs) == 2:
            loss += reference.mse(outputs[1][:, None], targets[1])
        return loss

    def reference_loss_with(self, key, value, inputs):
        if isinstance(key, tuple):
            changed = list(inputs)
            changed[key[1]] = value
            return self.reference_loss(changed)
        return self.reference_loss(inputs, self.parameters | {key: value})
