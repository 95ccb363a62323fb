"""A first-order scan, h[t] = a[t] h[t-1] + b[t], written in Triton as its users
would: one pass over time, a program for some channels of a row. A peer of ours;
importing it needs Triton."""

import torch
import triton
import triton.language as tl

CHANNELS = 64  # of a program


@triton.jit
def scan_forward(a, b, h, time, features, CHANNELS: tl.constexpr):
    channel = tl.program_id(1) * CHANNELS + tl.arange(0, CHANNELS)
    there = channel < features
    at = tl.program_id(0).to(tl.int64) * time * features + channel
    state = tl.zeros([CHANNELS], tl.float32)
    for _ in range(time):
        state = (tl.load(a + at, there, 0.0) * state
                 + tl.load(b + at, there, 0.0))
        tl.store(h + at, state, there)
        at += features


@triton.jit
def scan_backward(a, h, dh, da, db, time, features, CHANNELS: tl.constexpr):
    channel = tl.program_id(1) * CHANNELS + tl.arange(0, CHANNELS)
    there = channel < features
    first = tl.program_id(0).to(tl.int64) * time * features + channel
    at = first + (time - 1) * features
    carried = tl.zeros([CHANNELS], tl.float32)
    for _ in range(time):
        slope = tl.load(dh + at, there, 0.0) + carried
        before = tl.load(h + at - features, there & (at > first), 0.0)
        tl.store(da + at, slope * before, there)
        tl.store(db + at, slope, there)
        carried = tl.load(a + at, there, 0.0) * slope
        at -= features


class Scan(torch.autograd.Function):
    @staticmethod
    def forward(context, a, b):
        a, b = a.contiguous(), b.contiguous()
        batch, time, features = a.shape
        h = torch.empty_like(a)
        scan_forward[batch, triton.cdiv(features, CHANNELS)](
            a, b, h, time, features, CHANNELS)
        context.save_for_backward(a, h)
        return h

    @staticmethod
    def backward(context, dh):
        a, h = context.saved_tensors
        batch, time, features = a.shape
        da, db = torch.empty_like(a), torch.empty_like(a)
        scan_backward[batch, triton.cdiv(features, CHANNELS)](
            a, h, dh.contiguous(), da, db, time, features, CHANNELS)
        return da, db


class MinGru(torch.nn.Module):
    def __init__(self, features):
        super().__init__()
        self.both = torch.nn.Linear(features, 2 * features)

    def forward(self, x):
        k, c = self.both(x).chunk(2, -1)
        positive = torch.where(c >= 0, torch.relu(c) + 0.5, torch.sigmoid(c))
        z = torch.sigmoid(k)
        return Scan.apply(1 - z, z * positive), None
