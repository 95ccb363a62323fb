"""minGRU in PyTorch, in the three ways that users have, and how any layer of
PyTorch runs."""

import numpy as np
import torch
from torch.nn import functional as F

from systems.case import threads


def tensor(array):
    return torch.from_numpy(np.ascontiguousarray(array))


def positive(c):
    return torch.where(c >= 0, c + 0.5, c.sigmoid())


class MinGRU(torch.nn.Module):
    def __init__(self, weight):
        super().__init__()
        self.weight = torch.nn.Parameter(tensor(weight))

    def gates(self, x):
        return F.linear(x, self.weight).chunk(2, -1)


class LogSpace(MinGRU):
    """The paper's parallel form (Feng et al. 2024, appendix B)."""

    def forward(self, x):
        c, k = self.gates(x)
        log_g = torch.where(c >= 0, (F.relu(c) + 0.5).log(), -F.softplus(-c))
        log_a = (-F.softplus(k)).cumsum(1)
        log_b = -F.softplus(-k) + log_g
        return (log_a + (log_b - log_a).logcumsumexp(1)).exp()


class HoistedLoop(MinGRU):
    """One product for all steps, then a loop over time, which is outermost.
    Its steps are taken some at a time by `steps`, which may be compiled."""

    def __init__(self, weight, steps=None, chunk=0):
        super().__init__(weight)
        self.steps, self.chunk = steps or run_steps, chunk

    def forward(self, x):
        c, k = self.gates(x)
        z, g = k.sigmoid(), positive(c)
        h = torch.zeros_like(g[0])
        if not self.chunk:
            return torch.stack(self.steps(h, z.unbind(0), g.unbind(0)))
        outputs = []
        for z_part, g_part in zip(z.split(self.chunk), g.split(self.chunk)):
            outputs.append(self.steps(h, z_part, g_part))
            h = outputs[-1][-1]
        return torch.cat(outputs)


def run_steps(h, z, g):
    outputs = []
    for z_t, g_t in zip(z, g):
        h = torch.lerp(h, g_t, z_t)
        outputs.append(h)
    return outputs


def stack_steps(h, z, g):
    return torch.stack(run_steps(h, z.unbind(0), g.unbind(0)))


def package(p, shape):
    """minGRU-pytorch; its expansion makes other features than inputs."""
    from minGRU_pytorch import minGRU
    layer = minGRU(shape.inputs, expansion_factor=shape.features / shape.inputs,
                   proj_out=False)
    with torch.no_grad():
        layer.to_hidden_and_gate.weight.copy_(tensor(p["weight"]))
    return layer


class GatedLayer(torch.nn.Module):
    """nn.GRU or nn.LSTM without the last state."""

    def __init__(self, cell, p, layers=1):
        super().__init__()
        stack = p if isinstance(p, list) else [p]
        features = stack[0]["w_hh"].shape[1]
        self.rnn = getattr(torch.nn, cell.upper())(
            stack[0]["w_ih"].shape[1], features, num_layers=len(stack))
        for i, one in enumerate(stack):
            fill(self.rnn, one, f"_l{i}")

    def forward(self, x):
        return self.rnn(x)[0]


NAMES = {"w_ih": "weight_ih", "w_hh": "weight_hh", "b_ih": "bias_ih",
         "b_hh": "bias_hh"}


def fill(module, p, suffix=""):
    with torch.no_grad():
        for ours, theirs in NAMES.items():
            getattr(module, theirs + suffix).copy_(tensor(p[ours]))


def gradients(layer):
    """By our names."""
    found = {}
    for name, parameter in layer.named_parameters():
        last = name.split(".")[-1].removesuffix("_l0")
        if name == "to_hidden_and_gate.weight":
            last = "weight"
        ours = {theirs: ours for ours, theirs in NAMES.items()}.get(last, last)
        found[ours] = parameter.grad.float().numpy()
    return found


class Prepared:
    """A layer with its input. Gradients are made anew by each call, as a
    training loop that sets them to None does."""

    def __init__(self, layer, case, work, time_first, call=None):
        torch.set_num_threads(threads())
        self.layer, self.call = layer, layer if call is None else call
        self.time_first = time_first
        self.bf16 = case.precision == "bf16"
        x, = work.inputs(case.cell)
        self.x = self._placed(x).requires_grad_()
        self.dy = self._placed(work.slope(case.cell))
        self.y = None

    def _placed(self, array):
        return tensor(array.swapaxes(0, 1) if self.time_first else array)

    def _run(self):
        with torch.autocast("cpu", torch.bfloat16, enabled=self.bf16):
            return self.call(self.x)

    def forward(self):
        with torch.no_grad():
            self.y = self._run()

    def forward_backward(self):
        self.release()
        y = self._run()
        if self.dy.dtype != y.dtype:
            self.dy = self.dy.to(y.dtype)
        y.backward(self.dy)
        self.y = y.detach()

    def results(self):
        found = {"y": self.y, "x": self.x.grad}
        found = {name: value.detach().float().numpy()
                 for name, value in found.items()}
        if self.time_first:
            found = {name: value.swapaxes(0, 1)
                     for name, value in found.items()}
        return found | gradients(self.layer)

    def release(self):
        self.y = self.x.grad = None
        for parameter in self.layer.parameters():
            parameter.grad = None


def min_gru_step(x, states, weights):
    """One token through all layers."""
    new = []
    for h, weight in zip(states, weights):
        c, k = F.linear(x, weight).chunk(2, -1)
        x = torch.lerp(h, positive(c), k.sigmoid())
        new.append(x)
    return x, new


def gru_step(x, states, cells):
    new = []
    for h, cell in zip(states, cells):
        x = cell(x, h)
        new.append(x)
    return x, new


class Decoder:
    def __init__(self, case, work, compiled=False):
        torch.set_num_threads(threads())
        stack = work.layers(case.cell)
        if case.cell == "min_gru":
            step, self.stack = min_gru_step, [tensor(p["weight"])
                                              for p in stack]
        else:
            features = work.shape.features
            step, self.stack = gru_step, [
                torch.nn.GRUCell(features, features) for _ in stack]
            for module, p in zip(self.stack, stack):
                fill(module, p)
        self.one = torch.compile(step) if compiled else step
        self.x = tensor(work.inputs(case.cell)[0])
        self.zero = [torch.zeros_like(self.x[:, 0]) for _ in stack]

    def step(self, tokens):
        states, x = self.zero, self.x[:, 0]
        with torch.inference_mode():
            for _ in range(tokens):
                _, states = self.one(x, states, self.stack)

    def results(self):
        states, found = self.zero, []
        with torch.inference_mode():
            for x in self.x.unbind(1):
                y, states = self.one(x, states, self.stack)
                found.append(y.clone())
        return {"y": torch.stack(found, 1).numpy()}

    def release(self):
        pass
