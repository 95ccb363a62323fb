"""Independent references in float64 NumPy, written from the papers' formulas.

Shapes are [batch, time, features]; weights have the layouts of the dialect
(dialect/LayerOps.td). minGRU and minLSTM come with a backward pass derived by
hand; everything else is differentiated by finite differences of these
functions (finite_differences.py).
"""

import math

import numpy as np


def sigmoid(x):
    return np.where(x >= 0, 1 / (1 + np.exp(-np.abs(x))),
                    np.exp(-np.abs(x)) / (1 + np.exp(-np.abs(x))))


def softplus(x):
    return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))


def relu(x):
    return np.maximum(x, 0)


def silu(x):
    return x * sigmoid(x)


_erf = np.vectorize(math.erf, otypes=[float])


def gelu(x):
    """Hendrycks and Gimpel 2016, the exact form."""
    return x * 0.5 * (1 + _erf(x / math.sqrt(2)))


def erf(x):
    return _erf(x)


def positive(x):
    """g of Feng et al. 2024, appendix B."""
    return np.where(x >= 0, x + 0.5, sigmoid(x))


def linear(x, weight, bias=None):
    y = x @ weight.T
    return y if bias is None else y + bias


def embedding(tokens, weight):
    return weight[tokens]


def rms_norm(x, weight, epsilon=1e-5):
    """Zhang and Sennrich 2019."""
    return x / np.sqrt((x * x).mean(-1, keepdims=True) + epsilon) * weight


def layer_norm(x, weight, bias, epsilon=1e-5):
    """Ba, Kiros and Hinton 2016; the variance is the biased one."""
    centred = x - x.mean(-1, keepdims=True)
    variance = (centred * centred).mean(-1, keepdims=True)
    return centred / np.sqrt(variance + epsilon) * weight + bias


def causal_conv1d(x, weight, bias=None, reset=None, mask=None, past=()):
    """y[t] = sum_k weight[k] x[t - K + 1 + k]. Before the start, and before a
    reset, x is `past`, the last step first, else zero. Where the mask is false
    there is no step: y is zero. Returns y and the last K - 1 steps."""
    taps, (batch, time, width) = len(weight), x.shape
    if not len(past):
        past = np.zeros((taps - 1, batch, width))
    y, last = np.zeros_like(x), np.empty((taps - 1, batch, width))
    for b in range(batch):
        start = seen = [step[b] for step in past]
        for t in range(time):
            if mask is not None and not mask[b, t]:
                continue
            if reset is not None and reset[b, t]:
                seen = start
            steps = [x[b, t]] + seen
            y[b, t] = sum(weight[taps - 1 - k] * step
                          for k, step in enumerate(steps))
            if bias is not None:
                y[b, t] += bias
            seen = steps[:-1]
        last[:, b] = seen if taps > 1 else 0
    return y, last


def mse(prediction, target):
    return ((prediction - target) ** 2).mean()


def cross_entropy(logits, targets):
    """Mean of -log softmax(logits)[target], in nats."""
    shifted = logits - logits.max(-1, keepdims=True)
    log_sum = np.log(np.exp(shifted).sum(-1))
    picked = np.take_along_axis(shifted, targets[..., None], -1)[..., 0]
    return (log_sum - picked).mean()


# --- minGRU and minLSTM (Feng et al. 2024, "Were RNNs All We Needed?") -------


class MinimalRNN:
    """A minGRU or minLSTM layer: forward keeps what backward needs.

    gates 1: minGRU, h' = (1 - z) h + z g(c). gates 2: minLSTM,
    h' = f' h + i' g(c), where f' = f / (f + i), i' = i / (f + i) if scaled.
    """

    def __init__(self, weight, gates, bias=None, out=None, out_bias=None,
                 candidate="linear", scaled=True):
        self.weight, self.bias = weight, bias
        self.out, self.out_bias = out, out_bias
        self.gates, self.candidate, self.scaled = gates, candidate, scaled

    def forward(self, x, init=None, reset=None, mask=None):
        """Returns (y, last state). init: [batch, H] or [H] or None."""
        batch, time, _ = x.shape
        hidden = len(self.weight) // (1 + self.gates)
        start = np.zeros((batch, hidden))
        start += 0 if init is None else init
        projected = linear(x, self.weight, self.bias)
        raw, first = projected[..., :hidden], projected[..., hidden:2 * hidden]
        second = projected[..., 2 * hidden:]
        c = positive(raw) if self.candidate == "positive" else raw
        if self.gates == 1:
            take = sigmoid(first)
            keep = 1 - take
        else:
            forget, take = sigmoid(first), sigmoid(second)
            keep = forget
            if self.scaled:
                keep, take = forget / (forget + take), take / (forget + take)
        if reset is None:
            reset = np.zeros((batch, time), bool)
        if mask is None:
            mask = np.ones((batch, time), bool)
        before, after = np.empty(raw.shape), np.zeros(raw.shape)
        h = start
        for t in range(time):
            before[:, t] = np.where(reset[:, t, None], start, h)
            run = mask[:, t, None]
            h = np.where(run, keep[:, t] * before[:, t] + take[:, t] * c[:, t],
                         h)
            after[:, t] = np.where(run, h, 0)
        self.kept = (x, raw, c, first, second, keep, take, before, after, reset,
                     mask)
        y = after
        if self.out is not None:
            y = linear(after, self.out, self.out_bias) * mask[..., None]
        return y, h

    def backward(self, dy, dlast=None):
        """Gradients of sum(dy * y) + sum(dlast * last): a dict with x, init
        ([batch, H]), weight, bias, out, out_bias."""
        x, raw, c, first, second, keep, take, before, after, reset, mask \
            = self.kept
        batch, time, _ = x.shape
        gradients = {}
        dh = dy = dy * mask[..., None]
        if self.out is not None:
            dh = dy @ self.out
            gradients["out"] = np.einsum("btf,bth->fh", dy, after)
            gradients["out_bias"] = dy.sum((0, 1))
        # The adjoint of the state runs backwards; a reset sends it to init, and
        # it passes over a step that was skipped.
        total = np.empty(dh.shape)
        carry = np.zeros(dh[:, 0].shape) if dlast is None else dlast
        d_init = np.zeros(carry.shape)
        for t in reversed(range(time)):
            run, cut = mask[:, t, None], reset[:, t, None]
            total[:, t] = np.where(run, dh[:, t] + carry, 0)
            flows = total[:, t] * keep[:, t]
            d_init += np.where(cut, flows, 0)
            carry = np.where(run, 0, carry) + np.where(cut, 0, flows)
        d_keep, d_take = total * before, total * c
        d_c = total * take
        if self.candidate == "positive":
            s = sigmoid(raw)
            d_c = d_c * np.where(raw >= 0, 1, s * (1 - s))
        if self.gates == 1:
            d_z = d_take - d_keep
            parts = [d_c, d_z * take * (1 - take)]
        else:
            f, i = sigmoid(first), sigmoid(second)
            d_f, d_i = d_keep, d_take
            if self.scaled:
                square = (f + i) ** 2
                d_f, d_i = ((d_keep - d_take) * i / square,
                            (d_take - d_keep) * f / square)
            parts = [d_c, d_f * f * (1 - f), d_i * i * (1 - i)]
        d_projected = np.concatenate(parts, -1)
        gradients["x"] = d_projected @ self.weight
        gradients["weight"] = np.einsum("btg,btf->gf", d_projected, x)
        gradients["bias"] = d_projected.sum((0, 1))
        gradients["init"] = d_init + carry
        return gradients


# --- Recurrences that are not minimal ----------------------------------------


def run_cell(step, x, states, mask=None):
    """Applies step(x_t, states) -> (y_t, states) over time; where the mask is
    false, y is zero and the states stay."""
    outputs = []
    for t in range(x.shape[1]):
        y, after = step(x[:, t], states)
        if mask is not None:
            run = mask[:, t, None]
            y = np.where(run, y, 0)
            after = tuple(np.where(run, a, s) for a, s in zip(after, states)) \
                if isinstance(after, tuple) else np.where(run, after, states)
        outputs.append(y)
        states = after
    return np.stack(outputs, 1), states


def elman(x, w, w_bias, u, h=0.0, mask=None):
    """Elman 1990: h' = tanh(W x + U h + b)."""
    def step(x_t, h):
        h = np.tanh(linear(x_t, w, w_bias) + h @ u.T)
        return h, h
    return run_cell(step, x, np.zeros((len(x), len(w))) + h, mask)


def gru(x, p, hidden):
    """Cho et al. 2014 in PyTorch's form, weights by the names of
    examples/cells/gru.mlir."""
    def gate(x_t, h, name):
        return linear(x_t, p[f"input_{name}.weight"], p[f"input_{name}.bias"]), \
            linear(h, p[f"hidden_{name}.weight"], p[f"hidden_{name}.bias"])

    def step(x_t, h):
        r = sigmoid(sum(gate(x_t, h, "reset")))
        z = sigmoid(sum(gate(x_t, h, "update")))
        new, gated = gate(x_t, h, "new")
        n = np.tanh(new + r * gated)
        h = (1 - z) * n + z * h
        return h, h
    return run_cell(step, x, np.zeros((len(x), hidden)))


def input_lstm(x, p, hidden, mask=None):
    """Hochreiter and Schmidhuber 1997 with gates that do not read h."""
    def part(x_t, name):
        return linear(x_t, p[f"{name}.weight"], p[f"{name}.bias"])

    def step(x_t, c):
        c = sigmoid(part(x_t, "forget")) * c \
            + sigmoid(part(x_t, "input")) * np.tanh(part(x_t, "candidate"))
        return sigmoid(part(x_t, "output")) * np.tanh(c), c
    return run_cell(step, x, np.zeros((len(x), hidden)), mask)


# --- GRU, LSTM and Elman's network -------------------------------------------


def gru_step(gates, h, weight, bias, before=False):
    """Cho et al. 2014 in PyTorch's form, rows r, z, n; `before`: the reset gate
    acts before the product (ONNX, linear_before_reset 0)."""
    r, z, n = np.split(gates, 3, -1)
    u_r, u_z, u_n = np.split(weight, 3)
    b_r, b_z, b_n = np.split(bias, 3)
    r = sigmoid(r + h @ u_r.T + b_r)
    z = sigmoid(z + h @ u_z.T + b_z)
    state = (r * h) @ u_n.T + b_n if before else r * (h @ u_n.T + b_n)
    n = np.tanh(n + state)
    return ((1 - z) * n + z * h,)


def lstm_step(gates, h, c, weight, bias):
    """Hochreiter and Schmidhuber 1997 with forget gates, rows i, f, g, o."""
    i, f, g, o = np.split(gates + h @ weight.T + bias, 4, -1)
    c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
    return sigmoid(o) * np.tanh(c), c


def elman_step(gates, h, weight, bias, relu=False):
    """Elman 1990."""
    h = gates + h @ weight.T + bias
    return (np.maximum(h, 0) if relu else np.tanh(h),)


def gated(step, x, p, init, layers=1, directions=1, reset=None, mask=None,
          reverse=False, **options):
    """A stack of layers by PyTorch's parameter names. `init`: for each state
    [batch, layers * directions * H]. Returns y and the last states."""
    batch, time, _ = x.shape
    parts = layers * directions
    starts = [np.split(state, parts, -1) for state in init]
    lasts = [[] for _ in init]
    for part in range(parts):
        side = part % directions
        if side == 0:
            below, x = x, []
        name = f"l{part // directions}" + ("_reverse" if side else "")
        gates = linear(below, p[f"weight_ih_{name}"], p.get(f"bias_ih_{name}"))
        weight = p[f"weight_hh_{name}"]
        bias = p.get(f"bias_hh_{name}", np.zeros(len(weight)))
        start = [state[part] for state in starts]
        states, y = start, np.zeros((batch, time, weight.shape[1]))
        for t in reversed(range(time)) if side or reverse else range(time):
            before = states
            if reset is not None:
                before = [np.where(reset[:, t, None], a, b)
                          for a, b in zip(start, states)]
            after = step(gates[:, t], *before, weight, bias, **options)
            run = mask[:, t, None] if mask is not None else True
            y[:, t] = np.where(run, after[0], 0)
            states = [np.where(run, a, b) for a, b in zip(after, states)]
        for last, state in zip(lasts, states):
            last.append(state)
        x.append(y)
        if side == directions - 1:
            x = np.concatenate(x, -1)
    return x, [np.concatenate(last, -1) for last in lasts]


# --- Random numbers ----------------------------------------------------------


def philox(key, counter):
    """Philox4x32-10 (Salmon et al. 2011). key: two uint32, counter: four
    arrays of uint32 that broadcast. Returns four arrays."""
    c = [np.asarray(word, np.uint64) for word in np.broadcast_arrays(*counter)]
    k = [int(word) for word in key]
    low = np.uint64(0xffffffff)
    for _ in range(10):
        p0, p1 = np.uint64(0xd2511f53) * c[0], np.uint64(0xcd9e8d57) * c[2]
        c = [(p1 >> np.uint64(32)) ^ c[1] ^ np.uint64(k[0]), p1 & low,
             (p0 >> np.uint64(32)) ^ c[3] ^ np.uint64(k[1]), p0 & low]
        k = [(k[0] + 0x9e3779b9) & 0xffffffff, (k[1] + 0xbb67ae85) & 0xffffffff]
    return [word.astype(np.uint32) for word in c]
