"""What PyTorch does on the same GPU: layers of its own (cuDNN), and a minGRU in
log space as the paper writes it; with Triton its scan as a kernel (triton_scan.py).
Every function gives milliseconds, or None."""


def device():
    """PyTorch with a GPU, or None and why not."""
    try:
        import torch
    except ImportError:
        return None, "no PyTorch"
    if not torch.cuda.is_available():
        return None, "PyTorch finds no GPU"
    return torch, ""


def milliseconds(torch, call, repeat=5):
    for _ in range(2):
        call()
    times = []
    for _ in range(repeat):
        start, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        start.record()
        call()
        end.record()
        torch.cuda.synchronize()
        times.append(start.elapsed_time(end))
    return sorted(times)[len(times) // 2]


def copy_bandwidth(torch):
    """Bytes read and written a second by a copy of 1 GiB."""
    a = torch.empty(1 << 28, device="cuda")
    b = torch.empty_like(a)
    return 2 * a.numel() * 4 / (milliseconds(torch, lambda: b.copy_(a)) / 1e3)


def matrix_peak(torch, precision):
    """Operations a second of a large product in f32, without TF32, or bf16."""
    torch.backends.cuda.matmul.allow_tf32 = False
    kind = {"f32": torch.float32, "bf16": torch.bfloat16}[precision]
    a = torch.randn(8192, 8192, device="cuda", dtype=kind)
    return 2 * 8192 ** 3 / (milliseconds(torch, lambda: a @ a) / 1e3)


def min_gru(torch, features):
    import torch.nn.functional as F

    class MinGru(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.both = torch.nn.Linear(features, 2 * features)

        def forward(self, x):
            k, c = self.both(x).chunk(2, -1)
            log_g = torch.where(c >= 0, (F.relu(c) + 0.5).log(),
                                -F.softplus(-c))
            decays = (-F.softplus(k)).cumsum(1)
            values = -F.softplus(-k) + log_g
            return (decays + (values - decays).logcumsumexp(1)).exp(), None

    return MinGru().cuda()


def layers(torch, features):
    made = {"gru, cuDNN": torch.nn.GRU(features, features, batch_first=True),
            "lstm, cuDNN": torch.nn.LSTM(features, features, batch_first=True),
            "min_gru, eager": min_gru(torch, features)}
    made["min_gru, compiled"] = torch.compile(min_gru(torch, features))
    try:
        import triton_scan
        made["min_gru, Triton scan"] = triton_scan.MinGru(features)
    except ImportError:  # no Triton
        pass
    return {name: layer.cuda() for name, layer in made.items()}


def measure(torch, layer, precision, batch, time, features):
    """Milliseconds of forward, and of forward with backward, and the most bytes
    that the latter takes beside parameters and input; (None, why) where it
    fails. bf16 is PyTorch's autocast."""
    narrow = torch.autocast("cuda", torch.bfloat16, precision == "bf16")
    try:
        x = torch.randn(batch, time, features, device="cuda",
                        requires_grad=True)

        def both():
            with narrow:
                loss = layer(x)[0].sum()
            loss.backward()

        def forward():
            with torch.no_grad(), narrow:
                layer(x)
        taken = milliseconds(torch, forward), milliseconds(torch, both)
        layer.zero_grad(set_to_none=True)
        x.grad = None
        torch.cuda.reset_peak_memory_stats()
        before = torch.cuda.memory_allocated()
        both()
        return (*taken, torch.cuda.max_memory_allocated() - before), ""
    except Exception as failure:  # a peer's failure is a line of the table
        return None, str(failure).splitlines()[0][:80]
