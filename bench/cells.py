"""The cells that are measured: their parameters, drawn alike for every system,
and what they compute, with gradients, in float64 NumPy.

Sequences are [batch, time, features]. A cell's parameters are a dictionary:

  min_gru  weight [2H, I]: candidate, gate
  gru      w_ih [3H, I], w_hh [3H, H], b_ih, b_hh [3H]: reset, update, new
  lstm     the same with 4H rows: in, forget, candidate, out
  scan     none; its inputs are the gate's and the candidate's pre-activations

These are PyTorch's layouts (minGRU-pytorch's for the first). The candidate of
minGRU is g(c) = c + 0.5 for c >= 0 and sigmoid(c) below, as the log-space forms
need it positive.
"""

import numpy as np

GATES = {"min_gru": 2, "gru": 3, "lstm": 4}


def parameters(cell, input_size, features, layer=0):
    """float32, uniform(1/sqrt(inputs)); the same for everyone."""
    if cell == "scan":
        return {}
    rng = np.random.default_rng([layer, input_size, features])
    rows = GATES[cell] * features

    def draw(bound, *shape):
        return rng.uniform(-bound, bound, shape).astype(np.float32)
    if cell == "min_gru":
        return {"weight": draw(input_size ** -0.5, rows, input_size)}
    bound = features ** -0.5
    return {"w_ih": draw(bound, rows, input_size),
            "w_hh": draw(bound, rows, features),
            "b_ih": draw(bound, rows), "b_hh": draw(bound, rows)}


def inputs(cell, batch, time, input_size, features):
    """The arrays that a cell reads, and the gradient of its output."""
    rng = np.random.default_rng([batch, time])

    def draw(width):
        return rng.standard_normal((batch, time, width), np.float32)
    read = [draw(features), draw(features)] if cell == "scan" \
        else [draw(input_size)]
    return read, draw(features)


def sigmoid(x):
    return 0.5 + 0.5 * np.tanh(0.5 * x)


def positive(c):
    return np.where(c >= 0, c + 0.5, sigmoid(c))


def positive_slope(c):
    return np.where(c >= 0, 1, sigmoid(c) * (1 - sigmoid(c)))


def affine_scan(k, c, candidate, slope, dy):
    """h' = (1 - z) h + z candidate(c): h, and the gradients of k and c by dy(h).
    """
    z, g = sigmoid(k), candidate(c)
    h, state = np.empty_like(g), np.zeros_like(g[:, 0])
    for t in range(h.shape[1]):
        state = state + z[:, t] * (g[:, t] - state)
        h[:, t] = state
    before = np.concatenate((np.zeros_like(h[:, :1]), h[:, :-1]), 1)
    slopes, carry = dy(h), np.zeros_like(state)
    dk, dc = np.empty_like(h), np.empty_like(h)
    for t in reversed(range(h.shape[1])):
        carry = carry + slopes[:, t]
        dk[:, t] = carry * (g[:, t] - before[:, t]) * z[:, t] * (1 - z[:, t])
        dc[:, t] = carry * z[:, t] * slope(c[:, t])
        carry = carry * (1 - z[:, t])
    return h, dk, dc


def scan(p, read, dy):
    k, c = read
    h, dk, dc = affine_scan(k, c, lambda c: c, np.ones_like, dy)
    return h, {"k": dk, "c": dc}


def min_gru(p, read, dy):
    x, = read
    c, k = np.split(x @ p["weight"].T, 2, -1)
    h, dk, dc = affine_scan(k, c, positive, positive_slope, dy)
    both = np.concatenate((dc, dk), -1)
    return h, {"x": both @ p["weight"],
               "weight": np.einsum("bth,bti->hi", both, x)}


def gru_step(p, gates, h):
    """The new state, and what the backward step needs of this one."""
    r_x, z_x, n_x = np.split(gates, 3, -1)
    r_h, z_h, n_h = np.split(h @ p["w_hh"].T + p["b_hh"], 3, -1)
    r, z = sigmoid(r_x + r_h), sigmoid(z_x + z_h)
    n = np.tanh(n_x + r * n_h)
    return (1 - z) * n + z * h, (h, r, z, n, n_h)


def gru_step_back(kept, g):
    """Gradients of both products, and of the state beside its product."""
    h, r, z, n, n_h = kept
    dn = g * (1 - z) * (1 - n * n)
    dz = g * (h - n) * z * (1 - z)
    dr = dn * n_h * r * (1 - r)
    return (np.concatenate((dr, dz, dn), -1),
            np.concatenate((dr, dz, dn * r), -1), g * z)


def gru(p, read, dy):
    x, = read
    gates = x @ p["w_ih"].T + p["b_ih"]
    state = np.zeros((len(x), p["w_hh"].shape[1]))
    states, kept = [], []
    for t in range(x.shape[1]):
        state, saved = gru_step(p, gates[:, t], state)
        states.append(state)
        kept.append(saved)
    h = np.stack(states, 1)
    slopes, carry = dy(h), np.zeros_like(state)
    d_x, d_h = np.empty_like(gates), np.empty_like(gates)
    for t in reversed(range(x.shape[1])):
        d_x[:, t], d_h[:, t], carry = gru_step_back(kept[t],
                                                    carry + slopes[:, t])
        carry = carry + d_h[:, t] @ p["w_hh"]
    return h, gated_gradients(p, x, h, d_x, d_h)


def lstm(p, read, dy):
    x, = read
    gates = x @ p["w_ih"].T + p["b_ih"]
    h = c = np.zeros((len(x), p["w_hh"].shape[1]))
    states, kept = [], []
    for t in range(x.shape[1]):
        i, f, g, o = np.split(gates[:, t] + h @ p["w_hh"].T + p["b_hh"], 4, -1)
        i, f, g, o = sigmoid(i), sigmoid(f), np.tanh(g), sigmoid(o)
        kept.append((c, i, f, g, o))
        c = f * c + i * g
        h = o * np.tanh(c)
        states.append(h)
    y = np.stack(states, 1)
    slopes, dh, dc = dy(y), np.zeros_like(h), np.zeros_like(c)
    d = np.empty_like(gates)
    for t in reversed(range(x.shape[1])):
        c, i, f, g, o = kept[t]
        s = np.tanh(f * c + i * g)
        dh = dh + slopes[:, t]
        dc = dc + dh * o * (1 - s * s)
        d[:, t] = np.concatenate(
            (dc * g * i * (1 - i), dc * c * f * (1 - f), dc * i * (1 - g * g),
             dh * s * o * (1 - o)), -1)
        dh, dc = d[:, t] @ p["w_hh"], dc * f
    return y, gated_gradients(p, x, y, d, d)


def gated_gradients(p, x, h, d_x, d_h):
    """Of the parameters and x, from those of the products of x and of h."""
    before = np.concatenate((np.zeros_like(h[:, :1]), h[:, :-1]), 1)
    return {"x": d_x @ p["w_ih"],
            "w_ih": np.einsum("btg,bti->gi", d_x, x),
            "w_hh": np.einsum("btg,bth->gh", d_h, before),
            "b_ih": d_x.sum((0, 1)), "b_hh": d_h.sum((0, 1))}


CELLS = {"min_gru": min_gru, "gru": gru, "lstm": lstm, "scan": scan}


def squares_slope(h):
    """The gradient of the loss that all systems are checked with, the mean over
    rows of the sum of squares."""
    return 2 * h / (h.shape[0] * h.shape[1])


def reference(cell, p, read):
    """Outputs, and gradients of inputs and parameters by the sum of squares."""
    def wide(value):
        return np.asarray(value, np.float64)
    return CELLS[cell]({name: wide(value) for name, value in p.items()},
                       [wide(value) for value in read], squares_slope)


def reference_stack(cell, layers, x):
    """The outputs of layers on top of each other."""
    for p in layers:
        x, _ = reference(cell, p, [x])
    return x
