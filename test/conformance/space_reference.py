"""References for layers with several numbers a channel, in float64 NumPy.

Where the paper has another form than the recurrence - a convolution, a softmax,
a sum over all pairs of steps - that form is used for whole sequences from a
fresh start; the recurrence is here for initial states, resets and masks.
"""

import numpy as np

from reference import sigmoid, silu, softplus


def run(step, inputs, starts, reset=None, mask=None, reverse=False):
    """Applies step(inputs at t, states) -> (y, states) over time; `starts` are
    the initial states, [batch, ...] each. Returns y and the last states."""
    time = inputs[0].shape[1]
    states, outputs = list(starts), [None] * time

    def where(flags, yes, no):
        return np.where(flags.reshape(-1, *[1] * (yes.ndim - 1)), yes, no)
    for t in reversed(range(time)) if reverse else range(time):
        before = states
        if reset is not None:
            before = [where(reset[:, t], a, b) for a, b in zip(starts, states)]
        y, after = step([x[:, t] for x in inputs], before)
        if mask is not None:
            y = where(mask[:, t], y, np.zeros_like(y))
            after = [where(mask[:, t], a, b) for a, b in zip(after, states)]
        outputs[t], states = y, list(after)
    return np.stack(outputs, 1), states


# --- Mamba (Gu and Dao 2023) --------------------------------------------------


def selective_scan(x, p, starts, **clauses):
    """The block of mamba-ssm's Mamba.step: the convolution's last inputs and
    the state s, [batch, D, N], from step to step."""
    channels, size = p["A_log"].shape
    rank = p["dt_proj.weight"].shape[1]
    taps = p["conv1d.weight"][:, 0]
    rates = -np.exp(p["A_log"])

    def step(inputs, states):
        *past, s = states
        u, z = np.split(inputs[0] @ p["in_proj.weight"].T, 2, -1)
        window = [u, *past]
        u = silu(sum(taps[:, -1 - i] * value for i, value in enumerate(window))
                 + p["conv1d.bias"])
        r, b, c = np.split(u @ p["x_proj.weight"].T, [rank, rank + size], -1)
        dt = softplus(r @ p["dt_proj.weight"].T + p["dt_proj.bias"])
        s = np.exp(np.einsum("bd,dn->bdn", dt, rates)) * s \
            + np.einsum("bd,bn->bdn", dt * u, b)
        y = np.einsum("bdn,bn->bd", s, c) + p["D"] * u
        return (y * silu(z)) @ p["out_proj.weight"].T, [*window[:-1], s]
    return run(step, [x], starts, **clauses)


# --- S4D (Gu, Gupta, Goel and Re 2022) ----------------------------------------


def s4d_system(p, bilinear=False):
    """a and c of s' = a s + x, y = 2 Re(c s') + D x."""
    dt = np.exp(p["log_dt"])[:, None]
    rate = -np.exp(p["log_A_real"]) + 1j * p["A_imag"]
    c = p["C"][..., 0] + 1j * p["C"][..., 1]
    if bilinear:
        below = 1 - dt * rate / 2
        return (1 + dt * rate / 2) / below, c * dt / below
    return np.exp(dt * rate), c * np.expm1(dt * rate) / rate


def s4d(x, p, bilinear=False):
    """As the convolution with K[l] = 2 Re(sum_p c a^l), which S4DKernel makes."""
    a, c = s4d_system(p, bilinear)
    time = x.shape[1]
    kernel = 2 * np.einsum("dp,dpl->dl", c, a[..., None] ** np.arange(time)).real
    y = np.empty_like(x)
    for b in range(x.shape[0]):
        for d in range(x.shape[2]):
            y[b, :, d] = np.convolve(x[b, :, d], kernel[d])[:time]
    return y + p["D"] * x


def s4d_states(x, p, starts, bilinear=False, **clauses):
    a, c = s4d_system(p, bilinear)

    def step(inputs, states):
        s = a * (states[0] + 1j * states[1]) + inputs[0][..., None]
        return 2 * (c * s).sum(-1).real + p["D"] * inputs[0], [s.real, s.imag]
    return run(step, [x], starts, **clauses)


# --- Aaren (Feng et al. 2024, "Attention as an RNN") --------------------------


def split_heads(x, heads):
    return x.reshape(*x.shape[:-1], heads, -1)


def aaren(x, p):
    """Softmax attention of the learned query over the steps so far."""
    heads, size = p["query"].shape
    k, v = (split_heads(part, heads) for part in
            np.split(x @ p["to_kv.weight"].T, 2, -1))
    e = np.einsum("bthk,hk->bth", k, p["query"])
    y = np.empty_like(v)
    for t in range(x.shape[1]):
        seen = e[:, :t + 1]
        weights = np.exp(seen - seen.max(1, keepdims=True))
        weights /= weights.sum(1, keepdims=True)
        y[:, t] = np.einsum("bth,bthk->bhk", weights, v[:, :t + 1])
    return y.reshape(x.shape) @ p["to_out.weight"].T


def aaren_states(x, p, starts, **clauses):
    """The recurrence of the paper's section 3.1; m, u and w are its m, c, a."""
    heads, size = p["query"].shape

    def step(inputs, states):
        m, u, w = states
        k, v = (split_heads(part, heads) for part in
                np.split(inputs[0] @ p["to_kv.weight"].T, 2, -1))
        e = (k * p["query"]).sum(-1, keepdims=True)
        most = np.maximum(m, e)
        u = u * np.exp(m - most) + np.exp(e - most)
        w = w * np.exp(m - most) + v * np.exp(e - most)
        y = (w / u).reshape(len(w), -1)
        return y @ p["to_out.weight"].T, [most, u, w]
    return run(step, [x], starts, **clauses)


# --- Linear attention (Katharopoulos et al. 2020; Yang et al. 2024) -----------


def feature_map(x, identity):
    return x if identity else np.where(x > 0, x + 1, np.exp(np.minimum(x, 0)))


def linear_attention(x, p, heads, identity=False):
    """Sums over all pairs of steps, equation 9 of the paper."""
    q, k, v = (split_heads(part, heads) for part in
               np.split(x @ p["to_qkv.weight"].T, 3, -1))
    weights = np.einsum("bthk,bshk->bhts", feature_map(q, identity),
                        feature_map(k, identity))
    weights = np.tril(weights)
    y = np.einsum("bhts,bshk->bthk", weights, v)
    if not identity:
        y /= weights.sum(-1).transpose(0, 2, 1)[..., None] + 1e-6
    return y.reshape(x.shape) @ p["to_out.weight"].T


def linear_attention_states(x, p, starts, heads, identity=False, **clauses):
    """Equations 18 to 20, or with decay gates those of Yang et al. 2024,
    section 4: S' = diag(a) S + k v^T, a = sigmoid(W2 W1 x + b)^(1/16)."""
    has_decay = "decay_in.weight" in p

    def step(inputs, states):
        q, k, v = (split_heads(part, heads) for part in
                   np.split(inputs[0] @ p["to_qkv.weight"].T, 3, -1))
        q, k = feature_map(q, identity), feature_map(k, identity)
        s = states[0]
        if has_decay:
            logits = inputs[0] @ p["decay_in.weight"].T \
                @ p["decay_out.weight"].T + p["decay_out.bias"]
            a = sigmoid(logits) ** (1 / 16)
            s = split_heads(a, heads)[..., None] * s
        s = s + np.einsum("bhi,bhj->bhij", k, v)
        y, after = np.einsum("bhi,bhij->bhj", q, s), [s]
        if not identity and not has_decay:
            z = states[1] + k
            y /= (q * z).sum(-1, keepdims=True) + 1e-6
            after.append(z)
        return y.reshape(len(y), -1) @ p["to_out.weight"].T, after
    return run(step, [x], starts, **clauses)
