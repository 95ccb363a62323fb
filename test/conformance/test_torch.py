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


if __name__ == "__main__":
    unittest.main()
