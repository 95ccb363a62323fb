"""The systems by name, ours first. Each is imported in its own process only."""

NAMES = ("rnnc", "torch_eager", "torch_compile", "jax_scan", "onnx_runtime",
         "onednn")
