"""Layers that PyTorch has too: the same values and gradients in float64."""

import unittest

import numpy as np

from case import Instance
from cases import CASES

try:
    import torch
except ImportError:
    torch = None


@unittest.skipUnless(torch, "PyTorch is not installed (python3-torch)")
class Torch(unittest.TestCase):
    def compare(self, name, build, width=7):
        """build(p, *inputs) -> output; p and inputs are torch tensors."""
        case = next(c for c in CASES if c.name == name)
        run = Instance(case, width, case.compile("f64"))
        inputs = run.random_inputs(3, 37)
        outputs = run.forward(inputs)
        inputs += run.random_targets(3, 37, outputs)
        loss, gradients = run.gradients(inputs)

        p = {key: torch.tensor(value, requires_grad=True)
             for key, value in run.parameters.items()}
        values = [torch.tensor(value, requires_grad=value.dtype == np.float64)
                  for value in inputs]
        y = build(p, *values[:len(case.inputs)])
        np.testing.assert_allclose(outputs[0], y.detach().numpy(), rtol=1e-9,
                                   atol=1e-12)
        if case.classes:
            wanted = torch.nn.functional.cross_entropy(
                y.flatten(0, 1), values[-1].flatten())
        else:
            wanted = torch.nn.functional.mse_loss(y, values[-1])
        wanted.backward()
        self.assertAlmostEqual(loss, float(wanted), places=11)
        for key, value in gradients.items():
            tensor = values[key[1]] if isinstance(key, tuple) else p[key]
            np.testing.assert_allclose(value, tensor.grad.numpy(), rtol=1e-8,
                                       atol=1e-12, err_msg=str(key))

    def test_linear(self):
        self.compare("linear_bias", lambda p, x: torch.nn.functional.linear(
            x, p["weight"], p["bias"]))

    def test_layer_norm(self):
        self.compare("layer_norm", lambda p, x:
                     torch.nn.functional.layer_norm(
                         x, x.shape[-1:], p["weight"], p["bias"]))

    def test_gelu(self):
        self.compare("gelu", lambda p, x: torch.nn.functional.gelu(x))

    def test_embedding(self):
        self.compare("embedding", lambda p, tokens:
                     torch.nn.functional.embedding(tokens, p["weight"]))

    def test_cross_entropy(self):
        self.compare("cross_entropy", lambda p, x: x)

    def test_causal_conv1d(self):
        def conv(p, x):
            padded = torch.nn.functional.pad(x.transpose(1, 2), (3, 0))
            weight = p["weight"].t()[:, None]
            return torch.nn.functional.conv1d(
                padded, weight, groups=len(weight)).transpose(1, 2)
        self.compare("conv", conv)

    def test_attention(self):
        def attention(p, x):
            time, features = x.shape[1:]
            steps = torch.arange(time)
            distance = steps[:, None] - steps
            hidden = (distance < 0) | (distance >= 70)
            y, _ = torch.nn.functional.multi_head_attention_forward(
                *[x.transpose(0, 1)] * 3, features, 5, p["to_qkv.weight"],
                p["to_qkv.bias"], None, None, False, 0.0, p["to_out.weight"],
                p["to_out.bias"], attn_mask=hidden)
            return y.transpose(0, 1)
        self.compare("attention_heads", attention, width=100)

    def test_gru(self):
        def gru(p, x):
            gates = ("reset", "update", "new")
            weights = [torch.cat([p[f"{side}_{gate}.{what}"] for gate in gates])
                       for what in ("weight", "bias")
                       for side in ("input", "hidden")]
            zero = x.new_zeros(1, len(x), x.shape[-1])
            return torch.gru(x, zero, weights, True, 1, 0.0, False, False,
                             True)[0]
        self.compare("cell_gru", gru)

    def test_selective_scan(self):
        """Mamba.forward of mamba-ssm with its selective_scan_ref."""
        def mamba(p, x):
            f, time = torch.nn.functional, x.shape[1]
            u, z = f.linear(x, p["in_proj.weight"]).transpose(1, 2).chunk(2, 1)
            u = f.silu(f.conv1d(
                u, p["conv1d.weight"], p["conv1d.bias"], padding=3,
                groups=u.shape[1])[..., :time])
            size = p["A_log"].shape[1]
            rank = p["dt_proj.weight"].shape[1]
            dt, b, c = torch.split(
                f.linear(u.transpose(1, 2), p["x_proj.weight"]),
                [rank, size, size], -1)
            dt = f.softplus(f.linear(dt, p["dt_proj.weight"],
                                     p["dt_proj.bias"])).transpose(1, 2)
            decay = torch.exp(torch.einsum(
                "bdl,dn->bdln", dt, -torch.exp(p["A_log"])))
            change = torch.einsum("bdl,bln,bdl->bdln", dt, b, u)
            s, outputs = 0, []
            for t in range(time):
                s = decay[:, :, t] * s + change[:, :, t]
                outputs.append(torch.einsum("bdn,bn->bd", s, c[:, t]))
            y = torch.stack(outputs, 2) + u * p["D"][:, None]
            return f.linear((y * f.silu(z)).transpose(1, 2),
                            p["out_proj.weight"])
        self.compare("selective_scan", mamba)

    def test_s4d(self):
        """S4D.forward of the official s4d.py, without what follows."""
        def s4d(p, x):
            time = x.shape[1]
            dt = torch.exp(p["log_dt"])
            c = torch.view_as_complex(p["C"])
            rate = -torch.exp(p["log_A_real"]) + 1j * p["A_imag"]
            scaled = rate * dt[:, None]
            c = c * (torch.exp(scaled) - 1) / rate
            powers = torch.exp(scaled[..., None] * torch.arange(time))
            kernel = 2 * torch.einsum("hn,hnl->hl", c, powers).real
            u = x.transpose(1, 2)
            y = torch.fft.irfft(torch.fft.rfft(kernel, 2 * time)
                                * torch.fft.rfft(u, 2 * time), 2 * time)
            return (y[..., :time] + u * p["D"][:, None]).transpose(1, 2)
        self.compare("s4d", s4d)

    def test_aaren(self):
        def aaren(p, x):
            heads, size = p["query"].shape
            k, v = (part.unflatten(-1, (heads, size)) for part in
                    (x @ p["to_kv.weight"].t()).chunk(2, -1))
            scores = torch.einsum("bshk,hk->bhs", k, p["query"])
            seen = torch.ones(x.shape[1], x.shape[1]).tril().bool()
            scores = scores[:, :, None].masked_fill(~seen, -torch.inf)
            y = torch.einsum("bhts,bshk->bthk", scores.softmax(-1), v)
            return y.flatten(2) @ p["to_out.weight"].t()
        self.compare("aaren", aaren)


if __name__ == "__main__":
    unittest.main()
