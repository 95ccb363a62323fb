"""Compiles the modules of this folder from the stage `kernels` and compares
them with NumPy in float64. Run as: check_numbers.py FOLDER-FOR-OUTPUTS"""

import json
import pathlib
import re
import subprocess
import sys
import unittest

import numpy as np

from compiled import Module, Update

import ctypes

HERE = pathlib.Path(__file__).parent
OUT = pathlib.Path(sys.argv.pop(1))


def build(source, cpu="native", replace=()):
    """Links what rnn-opt makes of a file; takes the descriptor from its text,
    as no tool but rnnc writes the section."""
    text = (HERE / source).read_text()
    for old, new in replace:
        text = text.replace(old, new)
    llvm = subprocess.run(
        ["rnn-opt", f"-rnn-lower-to-loops=cpu={cpu}", "-rnn-expand-math",
         "-rnn-loops-to-llvm"], input=text, capture_output=True, text=True)
    if llvm.returncode:
        raise RuntimeError(llvm.stderr)
    quoted = re.search(r'rnn\.descriptor = "((?:[^"\\]|\\.)*)"', llvm.stdout)
    descriptor = re.sub(r"\\([0-9A-F]{2})",
                        lambda m: chr(int(m.group(1), 16)), quoted.group(1))
    descriptor = descriptor.replace('\\"', '"')
    name = OUT / f"{source}.{cpu}.{len(replace)}"
    code = subprocess.run(["mlir-translate", "--mlir-to-llvmir"],
                          input=llvm.stdout, capture_output=True, text=True,
                          check=True).stdout
    subprocess.run(["llc", "-O2", "-filetype=obj", "-relocation-model=pic",
                    "-o", f"{name}.o"], input=code, text=True, check=True)
    subprocess.run(["ld.lld", "-shared", "-o", f"{name}.so", f"{name}.o",
                    "-L/usr/lib/x86_64-linux-gnu", "-l:libm.so.6",
                    "-l:libc.so.6"], check=True)
    return Module(f"{name}.so", json.loads(descriptor))


def philox(key, c):
    k0, k1 = key & 0xFFFFFFFF, key >> 32
    for _ in range(10):
        p0, p1 = 0xD2511F53 * c[0], 0xCD9E8D57 * c[2]
        c = [(p1 >> 32) ^ c[1] ^ k0, p1 & 0xFFFFFFFF,
             (p0 >> 32) ^ c[3] ^ k1, p0 & 0xFFFFFFFF]
        k0, k1 = (k0 + 0x9E3779B9) & 0xFFFFFFFF, (k1 + 0xBB67AE85) & 0xFFFFFFFF
    return c[0]


def attend(q, k, v, dy, context, base):
    """One head: its results, the log of its sums in all columns, and the
    adjoints of q, k and v. The last queries are those of the last keys."""
    count, size = q.shape
    places = np.arange(len(k))
    turn = places[:, None] * base ** (-2 * np.arange(size // 2) / size)

    def rotate(x, turn):
        a, b = x[:, :size // 2], x[:, size // 2:]
        return np.concatenate([a * np.cos(turn) - b * np.sin(turn),
                               b * np.cos(turn) + a * np.sin(turn)], 1)
    own = len(k) - count
    q, k = rotate(q, turn[own:]) / np.sqrt(size), rotate(k, turn)
    distance = places[own:, None] - places
    scores = np.where((distance >= 0) & (distance < context), q @ k.T, -np.inf)
    weights = np.exp(scores)
    sums = weights.sum(1, keepdims=True)
    weights /= sums
    y = weights @ v
    slopes = weights * (dy @ v.T - (dy * y).sum(1, keepdims=True))
    return np.stack([y, np.broadcast_to(np.log(sums), y.shape),
                     rotate(slopes @ k, -turn[own:]) / np.sqrt(size),
                     rotate(slopes.T @ q, -turn)[own:], (weights.T @ dy)[own:]])


class Numbers(unittest.TestCase):
    def close(self, ours, reference, limit=2e-5):
        np.testing.assert_allclose(np.asarray(ours, np.float64).ravel(),
                                   np.asarray(reference).ravel(),
                                   rtol=limit, atol=limit)

    def setUp(self):
        self.random = np.random.default_rng(1)

    def test_forward(self):
        doubled = (("xf32", "xf64"),)
        for cpu, replace, limit in (("native", (), 2e-5),
                                    ("x86-64-v3", (), 2e-5),
                                    ("x86-64-v2", (), 2e-5),
                                    ("native", doubled, 1e-12)):
            module = build("lower-to-loops.mlir", cpu, replace)
            for batch, time in ((1, 1), (3, 7), (2, 37)):
                with self.subTest(cpu=cpu, batch=batch, time=time):
                    self.forward(module, batch, time, limit)

    def forward(self, module, batch, time, limit):
        flat, named = module.parameters(self.random)
        p = {k: v.astype(np.float64) for k, v in named.items()}
        states, carried = None, [np.zeros((batch, 36))] * 3
        for _ in range(2):
            tokens = self.random.integers(0, 11, (batch, time))
            (y,), states = module.run("lm.forward", batch, time, [tokens],
                                      flat, states=states)
            x = p["embed.weight"][tokens]
            for layer in range(3):
                name = f"layers.{layer}."
                n = x / np.sqrt((x * x).mean(-1, keepdims=True) + 1e-6)
                kc = (n * p[name + "norm.weight"]) @ p[name + "mixer.weight"].T
                z = 1 / (1 + np.exp(-kc[..., :36]))
                h, rows = carried[layer], []
                for t in range(time):
                    h = h + z[:, t] * (kc[:, t, 36:] - h)
                    rows.append(h)
                carried[layer] = h
                x = x + np.stack(rows, 1) @ p[name + "mixer.out.weight"].T
            self.close(y, x @ p["head.weight"].T, limit)
            self.close(states, np.concatenate([c.ravel() for c in carried]),
                       limit)

    def test_attention(self):
        doubled = (("xf32", "xf64"),)
        for cpu, replace, limit in (("native", (), 2e-5),
                                    ("x86-64-v3", (), 2e-5),
                                    ("x86-64-v2", (), 2e-5),
                                    ("native", doubled, 1e-12)):
            module = build("attention.mlir", cpu, replace)
            for batch, time in ((1, 1), (3, 7), (2, 130)):
                with self.subTest(cpu=cpu, batch=batch, time=time):
                    self.attention(module, batch, time, limit)

    def attention(self, module, batch, time, limit):
        """Three calls, each from the states that the one before it left."""
        states, pasts = None, [np.zeros((2, 0, 12))] * batch
        for _ in range(3):
            inputs = self.random.normal(size=(4, batch, time, 12))
            mask = self.random.random((batch, time)) < 0.8
            q, k, v, dy = inputs.astype(module.dtype).astype(np.float64)
            ours, states = module.run("attend.forward", batch, time,
                                      [q, k, v, mask, dy], states=states)
            for b in range(batch):
                seen = mask[b]
                every = np.concatenate(
                    [pasts[b], np.stack([k[b, seen], v[b, seen]])], 1)
                wanted = np.zeros((5, time, 12))
                for h in (slice(0, 6), slice(6, 12)):
                    wanted[:, seen, h] = attend(
                        q[b, seen, h], every[0, :, h], every[1, :, h],
                        dy[b, seen, h], 70, 100.0)
                wanted[1, :, 1] = wanted[1, :, 6]  # the log sum of the second
                for i, width in enumerate((12, 2, 12, 12, 12)):
                    self.close(ours[i][b], wanted[i, :, :width], limit)
                pasts[b] = every[:, -69:]
                length = pasts[b].shape[1]
                flat = states[2 * batch * 69 * 12:]
                self.assertEqual(flat[b], length)
                for part in range(2):
                    left = states[part * batch * 69 * 12:][b * 69 * 12:]
                    self.close(left[(69 - length) * 12:69 * 12],
                               pasts[b][part], limit)

    def test_rows(self):
        module = build("bodies.mlir")
        x = self.random.normal(size=(3, 4, 7))
        k = self.random.integers(0, 6, (3, 4))
        m = self.random.integers(0, 2, (3, 4)) != 0
        (a, b, c, d), _ = module.run("rows.forward", 3, 4, [x, k, m])
        y = x / np.sqrt((x * x).sum(-1, keepdims=True))
        top = y.max(-1, keepdims=True)
        self.close(a, np.concatenate([np.exp(y[..., 2:]), top, x[..., 4:]], -1))
        np.testing.assert_array_equal(b, (k > 2) & m)
        np.testing.assert_array_equal(c, k + 2)
        self.close(d, top)

    def test_products(self):
        module = build("bodies.mlir")
        flat, p = module.parameters(self.random)
        x = self.random.normal(size=(3, 5, 37))
        (y,), states = module.run("products.forward", 3, 5, [x], flat)
        h = np.tile(p["h0"], (3, 1)).astype(np.float64)
        for t in range(5):
            h = np.tanh(np.tanh(h @ p["u"].T) @ p["w"] + x[:, t])
            self.close(y[:, t], h)
        self.close(states, h)

    def test_delays(self):
        module = build("bodies.mlir")
        for time in (1, 2, 3, 6):
            x = self.random.normal(size=(2, time, 5))
            s = self.random.normal(size=(3, 2, 5)).astype(np.float32)
            outputs, states = module.run("delays.forward", 2, time, [x],
                                         states=s.copy())
            line = np.concatenate([s[2][:, None], s[1][:, None],
                                   s[0][:, None], x], 1)
            for delay, y in enumerate(outputs, 1):
                self.close(y, line[:, 3 - delay:3 - delay + time])
            self.close(states, np.stack([line[:, time + 2], line[:, time + 1],
                                         line[:, time]]))

    def test_ahead(self):
        module = build("bodies.mlir")
        for time in (1, 4):
            x = self.random.normal(size=(2, time, 5))
            h = self.random.normal(size=(2, 5))
            (before, after), _ = module.run("ahead.forward", 2, time, [x, h])
            self.close(before, np.concatenate([h[:, None], x[:, :-1]], 1))
            self.close(after, np.concatenate([x[:, 1:], h[:, None]], 1)
                       + h[:, None])

    def test_dropout(self):
        module = build("bodies.mlir")
        x = self.random.normal(size=(2, 3, 21))
        (y,), _ = module.run("dropout.forward", 2, 3, [x], seed=2**63 + 5,
                             step=7, time_offset=9)
        key = (2**63 + 5 + 7 * 0x9E3779B97F4A7C15) % 2**64
        want = x.copy()
        for layer in range(2):
            for b, t, f in np.ndindex(x.shape):
                word = philox(key, [f, t + 9, b, 3 * 65536 + layer])
                want[b, t, f] *= (word >= 2**30) / 0.75
        self.close(y, want)

    def test_join(self):
        module = build("memory.mlir")
        flat, p = module.parameters(self.random)
        x = self.random.normal(size=(2, 3, 6))
        (y,), _ = module.run("join.forward", 2, 3, [x], flat)
        self.close(y, np.concatenate([x[..., 2:5] @ p["w"].T, -x], -1))

    def test_layers(self):
        module = build("memory.mlir")
        flat, p = module.parameters(self.random)
        x, y = self.random.normal(size=(2, 2, 3, 3))
        (ours_a, ours_c, ours_z), _ = module.run("layers.forward", 2, 3,
                                                 [x, y], flat)
        a, b, kept = x, y, []
        for layer in range(5):
            s = a + b * p[f"layers.{layer}.g"]
            kept.append((b, s))
            a, b = b, s
        z = b
        for k, l in reversed(kept):
            z = z * 0.5 - k + l
        self.close(ours_a, a)
        self.close(ours_c, x)
        self.close(ours_z, z)

    def test_stream(self):
        module = build("memory.mlir")
        for carry in (False, True):
            flat, p = module.parameters(self.random)
            gradients = np.ones_like(flat)
            want = {k: np.ones(v.shape) for k, v in p.items()}
            x = self.random.normal(size=(2, 4, 3))
            index = self.random.integers(0, 4, (2, 4))
            s = self.random.normal(size=(6, 2, 3)).astype(np.float32)
            (loss, dx), states = module.run(
                "stream.gradient", 2, 4, [x, index], flat, gradients,
                states=s.copy() if carry else None)
            a, kept, lasts = x, [], []
            for layer in range(6):
                kept.append(a)
                h = s[layer].astype(np.float64) if carry else np.zeros((2, 3))
                rows = []
                for t in range(4):
                    h = h * p[f"outer.{layer // 2}.inner.{layer % 2}.g"] \
                        + a[:, t]
                    rows.append(h)
                lasts.append(h)
                a = np.stack(rows, 1)
            for layer in reversed(range(6)):
                want[f"outer.{layer // 2}.inner.{layer % 2}.g"] += \
                    (a * kept[layer]).sum((0, 1))
                a = a - kept[layer]
            for b, t in np.ndindex(2, 4):
                want["table"][index[b, t]] += a[b, t] + x[b, t] / 8
            want["square"] += np.einsum("bti,btj->ij", a, x)
            want["rows"][1] += 0 if carry else a.sum((0, 1))
            self.close(dx, a)
            self.close(loss, a.sum() / 8)
            self.close(states, np.stack(lasts))
            for name, ours in module.named(gradients).items():
                self.close(ours, want[name])

    def test_update(self):
        module = build("memory.mlir")
        n = 37
        p, g, m, v = self.random.uniform(0.1, 1, (4, n)).astype(np.float32)
        before = [a.astype(np.float64) for a in (p, g, m, v)]
        c = dict(learning_rate=0.01, beta1=0.9, beta2=0.98, epsilon=1e-8,
                 weight_decay=0.1, correction1=0.3, correction2=0.2,
                 gradient_scale=0.7)
        module.library.rnn_update(ctypes.byref(Update(
            None, *[a.ctypes.data for a in (p, g, m, v)], n, *c.values())))
        rp, rg, rm, rv = before
        rg = rg * 0.7
        rm = 0.9 * rm + 0.1 * rg
        rv = 0.98 * rv + 0.02 * rg * rg
        rp = rp - 0.01 * (0.1 * rp + rm / 0.3 / (np.sqrt(rv / 0.2) + 1e-8))
        for ours, reference in ((p, rp), (m, rm), (v, rv)):
            self.close(ours, reference, 1e-6)


if __name__ == "__main__":
    unittest.main()
