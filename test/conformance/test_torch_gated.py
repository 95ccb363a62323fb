"""200 random GRUs and LSTMs beside PyTorch's: in f32 we are as near to the
truth, PyTorch in float64, as PyTorch in f32 is. A padded batch with a mask is
PyTorch's packed sequence."""

import unittest
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from librnn import BUILD, Session, compile_model

try:
    import torch
except ImportError:
    torch = None

COUNT, FILES = 200, 8
# Few, so that modules share kernels.
HIDDEN = (1, 2, 5, 8, 13, 16, 33, 64)


class Configuration:
    def __init__(self, index):
        rng = self.rng = np.random.default_rng([2026, index])
        self.name = f"m{index}"
        self.op = ("gru", "lstm")[index % 2]
        self.hidden = int(rng.choice(HIDDEN))
        self.input = int(rng.integers(1, 49))
        self.layers = int(rng.integers(1, 4))
        self.directions = int(rng.integers(1, 3))
        self.bias = bool(rng.integers(2))
        self.init = bool(rng.integers(2))
        self.masked = bool(rng.integers(2))
        self.batch = int(rng.integers(1, 8))
        self.time = int(rng.integers(1, 50))
        self.states = "hc" if self.op == "lstm" else "h"
        self.width = self.layers * self.directions * self.hidden

    def __str__(self):
        return (f"{self.name}: {self.op} {self.input} -> {self.hidden}, "
                f"{self.layers} layers, {self.directions} directions, "
                f"bias {self.bias}, init {self.init}, mask {self.masked}, "
                f"batch {self.batch}, time {self.time}")

    def text(self):
        """A model that returns all states, and the sum of the mean squares of
        what it returns, less a target each."""
        x = f"tensor<?x?x{self.input}xf32>"
        y = f"tensor<?x?x{self.directions * self.hidden}xf32>"
        state = f"tensor<?x{self.width}xf32>"
        wide = state.replace("<?x", "<?x?x")
        count = len(self.states)
        types = ", ".join([state] * count)
        names = ", ".join(f"%{s}" for s in self.states)
        options = f" layers {self.layers}" \
            + " bidirectional" * (self.directions == 2) + " bias" * self.bias
        arguments = [("x", x)]
        if self.init:
            arguments += [(f"{s}0", state) for s in self.states]
            options += f" init({', '.join(f'%{s}0' for s in self.states)}" \
                f" : {types})"
        if self.masked:
            arguments.append(("m", "tensor<?x?xi1>"))
            options += " mask(%m : tensor<?x?xi1>)"
        targets = [("ty", y)] + [(f"t{s}", wide) for s in self.states]

        def listed(pairs):
            return ", ".join(f"%{n}: {t}" for n, t in pairs)
        losses = "".join(f"""
  %w{s} = rnn.broadcast %{s} : {state} -> {wide}
  %l{s} = rnn.mse %w{s}, %t{s} : {wide}, {wide} -> tensor<f32>"""
                         for s in self.states)
        sums, total = "", "%ly"
        for s in self.states:
            sums += f"\n  %sum{s} = arith.addf {total}, %l{s} : tensor<f32>"
            total = f"%sum{s}"
        return f"""
rnn.model @{self.name}({listed(arguments)}) -> ({y}, {types}) {{
  %y, {names} = rnn.{self.op} "{self.name}" %x{options}
      : {x} -> {y} last {types}
  rnn.return %y, {names} : {y}, {types}
}}
rnn.objective @{self.name}_loss({listed(arguments + targets)}) -> tensor<f32> {{
  %y, {names} = rnn.call @{self.name}({", ".join(f"%{n}" for n, _ in arguments)})
      : ({", ".join(t for _, t in arguments)}) -> ({y}, {types})
  %ly = rnn.mse %y, %ty : {y}, {y} -> tensor<f32>{losses}{sums}
  rnn.return {total} : tensor<f32>
}}
"""

    def draw(self):
        """Inputs, initial states, targets and parameters; f32 numbers."""
        def normal(*shape):
            return self.rng.standard_normal(shape).astype(np.float32)
        b, t, count = self.batch, self.time, len(self.states)
        self.x = normal(b, t, self.input)
        self.inits = [normal(b, self.width) for _ in range(count * self.init)]
        self.lengths = self.rng.integers(1, t + 1, b) if self.masked \
            else np.full(b, t)
        self.targets = [normal(b, t, self.directions * self.hidden)] \
            + [normal(b, t, self.width) for _ in range(count)]
        like = self.network(torch.float32)
        scale = self.rng.uniform(0.2, 1.5) / np.sqrt(self.hidden)
        self.parameters = {
            name: scale * normal(*value.shape)
            for name, value in like.named_parameters()}

    def network(self, dtype):
        kind = torch.nn.LSTM if self.op == "lstm" else torch.nn.GRU
        return kind(self.input, self.hidden, self.layers, self.bias, True,
                    bidirectional=self.directions == 2).to(dtype)

    def torch(self, dtype):
        """Everything that there is to compare, by name."""
        network = self.network(dtype)
        for name, value in network.named_parameters():
            value.data.copy_(torch.from_numpy(self.parameters[name]))
        x, *inits = [torch.from_numpy(a).to(dtype).requires_grad_()
                     for a in [self.x] + self.inits]
        parts = self.layers * self.directions
        given = tuple(a.reshape(self.batch, parts, -1).transpose(0, 1)
                      .contiguous() for a in inits)
        if self.op == "gru":
            given = given[0] if given else None
        packed = torch.nn.utils.rnn.pack_padded_sequence(
            x, torch.from_numpy(self.lengths), batch_first=True,
            enforce_sorted=False) if self.masked else x
        y, last = network(packed, given or None) if self.op == "lstm" \
            else network(packed, given)
        if self.masked:
            y, _ = torch.nn.utils.rnn.pad_packed_sequence(
                y, batch_first=True, total_length=self.time)
        lasts = [state.transpose(0, 1).reshape(self.batch, -1)
                 for state in (last if self.op == "lstm" else (last,))]
        targets = [torch.from_numpy(a).to(dtype) for a in self.targets]
        loss = ((y - targets[0]) ** 2).mean()
        for state, target in zip(lasts, targets[1:]):
            loss = loss + ((state[:, None] - target) ** 2).mean()
        loss.backward()
        found = {"y": y, "loss": loss, "d_x": x.grad}
        found |= {f"last {s}": a for s, a in zip(self.states, lasts)}
        found |= {f"d_{s}0": a.grad for s, a in zip(self.states, inits)}
        found |= {f"d {name}": p.grad for name, p
                  in network.named_parameters()}
        return {name: value.detach().double().numpy()
                for name, value in found.items()}

    def ours(self, session):
        for name, value in self.parameters.items():
            session.set(f"{self.name}.{name}", value)
        inputs = [self.x] + self.inits
        if self.masked:
            inputs.append(np.arange(self.time) < self.lengths[:, None])
        y, *lasts = session.run(self.name + ".forward", inputs)
        session.zero_gradients()
        loss, *d = session.run(self.name + "_loss.gradient",
                               inputs + self.targets)
        found = {"y": y, "loss": loss, "d_x": d[0]}
        found |= {f"last {s}": a for s, a in zip(self.states, lasts)}
        found |= {f"d_{s}0": a for s, a in zip(self.states, d[1:1 + len(
            self.inits)])}
        found |= {f"d {name}": session.gradient(f"{self.name}.{name}")
                  for name in self.parameters}
        return found


def group(name):
    """Results, and the gradients of input, initial states and parameters."""
    return "gradient of parameters" if name.startswith("d ") else \
        "gradient of x" if name == "d_x" else \
        "gradient of init" if name.startswith("d_") else "results"


def errors(found, truth):
    """For each group the largest error relative to the largest value: single
    numbers may all but cancel, in PyTorch as here."""
    worst, largest = {}, {}
    for name, value in truth.items():
        key = group(name)
        worst[key] = max(worst.get(key, 0), np.abs(found[name] - value).max())
        largest[key] = max(largest.get(key, 0), np.abs(value).max())
    return {key: worst[key] / max(largest[key], 1e-30) for key in worst}


@unittest.skipUnless(torch, "PyTorch is not installed (python3-torch)")
class TorchGated(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.all = [Configuration(i) for i in range(COUNT)]

        def compiled(file):
            return compile_model(
                "".join(c.text() for c in cls.all[file::FILES]),
                BUILD / "conformance" / f"torch_gated_{file}.so")
        with ThreadPoolExecutor(2) as pool:
            modules = list(pool.map(compiled, range(FILES)))
        cls.sessions = [Session(module, threads=1) for module in modules]

    def test_as_near_as_torch(self):
        worst = 0.0
        for index, one in enumerate(self.all):
            one.draw()
            truth, theirs = one.torch(torch.float64), one.torch(torch.float32)
            ours = one.ours(self.sessions[index % FILES])
            self.assertEqual(set(ours), set(truth))
            allowed = errors(theirs, truth)
            for what, found in errors(ours, truth).items():
                limit = 2 * allowed[what] + 1e-6
                worst = max(worst, found / limit)
                self.assertLessEqual(found, limit, f"{what} of {one}")
        print(f"\nlargest error over its limit: {worst:.2f}")


if __name__ == "__main__":
    unittest.main()
