"""Ours: models compiled by rnnc, called through the C library."""

import ctypes
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

from systems.case import Case, DECODE, LAYERS, TRAIN, threads

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "test"
                       / "conformance"))
import librnn  # noqa: E402

# h' = (1 - z) h + z c, with z = sigmoid(k), as a cell. What k and c are, the
# model says: given ones are the scan alone.
CELL = """rnn.cell @step(%k: {step}, %c: {step}) state(%h: {step}) -> {step} {{
  %z = rnn.sigmoid %k : {step}
{candidate}  %d = arith.subf {g}, %h : {step}
  %zd = arith.mulf %z, %d : {step}
  %h1 = arith.addf %h, %zd : {step}
  rnn.yield %h1 : {step} next(%h1 : {step})
}}
"""
APPLY = '%h = rnn.apply @step "cell" over(%k, %c : {y}, {y}) : {y}'
BODIES = {
    "min_gru": '%h = rnn.min_gru "layer" %x candidate positive : {y}',
    "gru": '%h = rnn.gru "layer" %x bias : {x} -> {y}',
    "lstm": '%h = rnn.lstm "layer" %x bias : {x} -> {y}',
    "scan": APPLY,
    # The layer has as many features as inputs; with others it is a cell.
    "wider min_gru": """%c = rnn.linear "candidate" %x : {x} -> {y}
  %k = rnn.linear "gate" %x : {x} -> {y}
  """ + APPLY,
}


def layer_text(cell, shape):
    """A model of one layer, and the mean over rows of the sum of squares."""
    features = shape.features
    wider = cell == "min_gru" and shape.inputs != features
    x, y, step = (f"tensor<?x?x{shape.inputs}xf32>",
                  f"tensor<?x?x{features}xf32>", f"tensor<?x{features}xf32>")
    body = BODIES["wider min_gru" if wider else cell].format(x=x, y=y)
    preface = ""
    if wider or cell == "scan":
        preface = CELL.format(step=step, candidate=(
            f"  %g = rnn.positive %c : {step}\n" if wider else ""),
            g="%g" if wider else "%c")
    types = {"k": y, "c": y} if cell == "scan" else {"x": x}
    arguments = ", ".join(f"%{name}: {kind}" for name, kind in types.items())
    return f"""{preface}rnn.model @m({arguments}) -> {y} {{
  {body}
  rnn.return %h : {y}
}}
rnn.objective @o({arguments}) -> tensor<f32> {{
  %h = rnn.call @m({", ".join("%" + name for name in types)})
      : ({", ".join(types.values())}) -> {y}
  %squared = arith.mulf %h, %h : {y}
  %sum = rnn.reduce sum %squared : {y} -> tensor<?x?x1xf32>
  %loss = rnn.mean %sum : tensor<?x?x1xf32> -> tensor<f32>
  rnn.return %loss : tensor<f32>
}}
"""


def stack_text(cell, features):
    """Layers on top of each other, to decode with."""
    kind = f"tensor<?x?x{features}xf32>"
    if cell == "min_gru":
        lines = [f'%x{i + 1} = rnn.min_gru "l{i}" %x{i} candidate positive '
                 f": {kind}" for i in range(LAYERS)]
    else:
        lines = [f'%x{LAYERS} = rnn.{cell} "layer" %x0 layers {LAYERS} bias '
                 f": {kind} -> {kind}"]
    body = "\n  ".join(lines)
    return f"""rnn.model @m(%x0: {kind}) -> {kind} {{
  {body}
  rnn.return %x{LAYERS} : {kind}
}}
"""


def parameters(cell, p, layer=0, stacked=False):
    """A layer's arrays by the names that the module has for them."""
    if cell == "scan":
        return {}
    if cell == "min_gru":
        name = f"l{layer}" if stacked else "layer"
        return {f"{name}.to_hidden_and_gate.weight": p["weight"]}
    return {f"layer.weight_ih_l{layer}": p["w_ih"],
            f"layer.weight_hh_l{layer}": p["w_hh"],
            f"layer.bias_ih_l{layer}": p["b_ih"],
            f"layer.bias_hh_l{layer}": p["b_hh"]}


class Entry:
    """A call of an entry with its arrays made ready, so that a call in a loop
    costs what the C function costs."""

    def __init__(self, session, name, inputs, state=None):
        inputs = session.typed(name, inputs)
        self.results = session.outputs(name, inputs)
        self._kept = [librnn.views(inputs), librnn.views(self.results)]
        tensors = [views[0] for views in self._kept]
        counts = [ctypes.c_size_t(len(inputs)),
                  ctypes.c_size_t(len(self.results))]
        self._error = librnn.Error()
        arrays = (tensors[0], counts[0], tensors[1], counts[1])
        if state:
            self._function = librnn.library().rnn_session_step
            self._arguments = (session.handle, state.handle, *arrays,
                               ctypes.byref(self._error))
        else:
            self._function = librnn.library().rnn_session_run
            self._arguments = (session.handle, name.encode(), *arrays, None,
                               None, ctypes.byref(self._error))

    def __call__(self):
        if self._function(*self._arguments):
            raise RuntimeError(self._error.message.decode())


class Layer:
    def __init__(self, module, case, work):
        self.module, self.case, self.work = module, case, work
        self.inputs = work.inputs(case.cell)
        self.release()

    def release(self):
        """A session anew, which has no workspace yet."""
        self.entries = {}
        self.session = librnn.Session(self.module, threads())
        for name, value in self._named(self.work.parameters(self.case.cell)):
            self.session.set(name, value)

    def _named(self, p):
        if "candidate.weight" in self.module.shapes:
            c, k = np.split(p["weight"], 2)
            return [("candidate.weight", c), ("gate.weight", k)]
        return parameters(self.case.cell, p).items()

    def _call(self, name):
        if name not in self.entries:
            self.entries[name] = Entry(self.session, name, self.inputs)
        self.entries[name]()

    def forward(self):
        self._call("m.forward")

    def forward_backward(self):
        self.session.zero_gradients()
        self._call("o.gradient")

    def results(self):
        found = {"y": self.entries["m.forward"].results[0]}
        names = ("k", "c") if self.case.cell == "scan" else ("x",)
        found |= zip(names, self.entries["o.gradient"].results[1:])
        if "candidate.weight" in self.module.shapes:
            return found | {"weight": np.concatenate(
                [self.session.gradient(f"{name}.weight")
                 for name in ("candidate", "gate")])}
        p = self.work.parameters(self.case.cell)
        ours = parameters(self.case.cell, {name: name for name in p})
        return found | {theirs: self.session.gradient(name)
                        for name, theirs in ours.items()}

    def workspace_bytes(self):
        """Of a training step, as the module says (rnn inspect)."""
        s = self.work.shape
        size = self.module.entries["o.gradient"]["workspace"]
        return (size["batch_time"] * s.batch * s.time + size["batch"] * s.batch
                + size["constant"])


class Decoder:
    def __init__(self, module, case, work):
        self.work = work
        self.session = librnn.Session(module, threads())
        for layer, p in enumerate(work.layers(case.cell)):
            for name, value in parameters(case.cell, p, layer, True).items():
                self.session.set(name, value)
        self.x, = work.inputs(case.cell)
        self.state = librnn.State(self.session, "m", self.x.shape[0])
        self.token = np.zeros_like(self.x[:, :1])
        self.entry = Entry(self.session, "m.step", [self.token], self.state)

    def step(self, tokens):
        for _ in range(tokens):
            self.entry()

    def results(self):
        """What the tokens of the work give, one after the other."""
        librnn.call("rnn_state_reset", self.state.handle)
        found = []
        for t in range(self.x.shape[1]):
            self.token[...] = self.x[:, t:t + 1]
            self.entry()
            found.append(self.entry.results[0].copy())
        return {"y": np.concatenate(found, 1)}

    def release(self):
        pass


class System:
    def __init__(self):
        self.folder = tempfile.TemporaryDirectory()
        self.modules = {}

    def versions(self):
        done = subprocess.run([librnn.RNNC, "--version"], capture_output=True,
                              text=True, check=True)
        return {"rnnc": done.stdout.splitlines()[0].removeprefix("rnnc ")}

    def cases(self):
        layers = [Case(cell, "rnnc", precision, TRAIN)
                  for cell in ("min_gru", "gru", "lstm")
                  for precision in ("f32", "bf16")]
        # What a caller hands over is f32: a scan alone has no other.
        layers.append(Case("scan", "rnnc", "f32", TRAIN))
        return layers + [Case(cell, "rnnc", "f32", DECODE)
                         for cell in ("min_gru", "gru")]

    def prepare(self, case, work):
        decodes = case.ops == DECODE
        text = stack_text(case.cell, work.shape.features) if decodes \
            else layer_text(case.cell, work.shape)
        return (Decoder if decodes else Layer)(
            self._module(text, case.precision), case, work)

    def _module(self, text, precision):
        if (text, precision) not in self.modules:
            path = Path(self.folder.name, f"{len(self.modules)}.so")
            self.modules[text, precision] = librnn.compile_model(
                text, path, precision)
        return self.modules[text, precision]
