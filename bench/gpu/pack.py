"""Packs what a machine with a GPU needs to check and to measure the compiled
kernels: the runtime, modules, what they should compute, and run.py. That machine
needs a driver, Python and NumPy, and PyTorch for the peers; nothing of LLVM.

    bench/gpu/pack.py FOLDER [--target cuda:sm_80] [--cases NAME...]
                      [--features N...]

PTX for sm_80 is compiled for any newer GPU by its driver.
"""

import argparse
import shutil
import subprocess
import sys
from itertools import product
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1] / "test" / "conformance"))

import test_chunks  # noqa: E402
from case import Instance  # noqa: E402
from cases import CASES  # noqa: E402
from librnn import BUILD, RNNC  # noqa: E402
from test_bf16 import LIMITS  # noqa: E402
from test_sim import SHAPES, small  # noqa: E402

MOST_BYTES = 60 << 20
# In three chunks of time.
CHUNKED = (1, 192)
PRECISIONS = ("f32", "bf16")
# Those whose products and kernels differ in kind.
NARROW = ("linear_bias", "min_gru", "min_lstm", "gru", "lstm", "attention",
          "selective_scan", "s4d", "aaren", "linear_attention")
LAYERS = ("min_gru", "min_lstm", "gru", "lstm")
FEATURES = (100, 384, 1024)
DEPTHS = (1, 5)  # their difference is four layers and nothing else


def compile_text(text, path, target, precision="f32"):
    source = path.with_suffix(".mlir")
    source.write_text(text)
    done = subprocess.run(
        [str(RNNC), str(source), "-o", str(path), f"--target={target}",
         f"--precision={precision}", "--cpu=x86-64-v3"],
        capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"rnnc {source}: {done.stderr}")
    source.unlink()


def layer_text(layer, features, depth):
    """Tokens in and a loss out, so that nothing large crosses the bus."""
    x = f"tensor<?x?x{features}xf32>"
    types = x if layer.startswith("min") else f"{x} -> {x}"
    return f"""
rnn.model @m(%t: tensor<?x?xi32>) -> tensor<?x?x16xf32> {{
  %e = rnn.embedding "embed" %t : tensor<?x?xi32> -> {x}
  %h = rnn.repeat {depth} "layers" (%x = %e) : {x} {{
    %y = rnn.{layer} "mixer" %x : {types}
    rnn.yield %y : {x}
  }}
  %y = rnn.linear "head" %h : {x} -> tensor<?x?x16xf32>
  rnn.return %y : tensor<?x?x16xf32>
}}
rnn.objective @o(%t: tensor<?x?xi32>, %n: tensor<?x?xi32>) -> tensor<f32> {{
  %y = rnn.call @m(%t) : (tensor<?x?xi32>) -> tensor<?x?x16xf32>
  %l = rnn.cross_entropy %y, %n : tensor<?x?x16xf32>, tensor<?x?xi32>
      -> tensor<f32>
  rnn.return %l : tensor<f32>
}}
"""


def pack_case(name, folder, target, precision):
    """A module, and what the CPU computes in f64."""
    case = small(name)
    path = folder / f"{case.name}.{precision}.so"
    compile_text(case.module_text(), path, target, precision)
    run = Instance(case, case.widths[0], case.compile("f64"))
    limits = LIMITS.get(precision, (case.rounding, case.single))
    kept = {"limits": np.array(limits)}
    kept |= {f"parameter:{run.scope}{name}": value
             for name, value in run.parameters.items()}
    shapes = (*SHAPES, CHUNKED) if name in test_chunks.NAMES else SHAPES
    for i, shape in enumerate(shapes):
        inputs = run.random_inputs(*shape)
        outputs = run.forward(inputs)
        count = len(inputs)
        inputs += run.random_targets(*shape, outputs)
        loss, gradients = run.gradients(inputs)
        kept[f"{i}:count"] = np.array(count)
        kept[f"{i}:loss"] = np.array(loss)
        kept |= {f"{i}:input:{k}": v for k, v in enumerate(inputs)}
        kept |= {f"{i}:output:{k}": v for k, v in enumerate(outputs)}
        kept |= {f"{i}:gradient:{run.scope}{key}": value
                 for key, value in gradients.items() if isinstance(key, str)}
    np.savez_compressed(path.with_suffix(".npz"), name=run.name, **kept)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--target", default="cuda:sm_80")
    parser.add_argument("--cases", nargs="*", help="only these")
    parser.add_argument("--features", nargs="*", type=int, default=FEATURES,
                        help="of the layers to measure")
    options = parser.parse_args()
    folder = options.folder
    if folder.exists() and any(folder.iterdir()):
        sys.exit(f"{folder} is not empty")
    for name in ("lib", "bin", "conformance", "layers"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    shutil.copy((BUILD / "lib" / "librnn.so").resolve(),
                folder / "lib" / "librnn.so")
    shutil.copy(BUILD / "bin" / "rnn", folder / "bin" / "rnn")
    for source in (HERE / "run.py", HERE / "peers.py",
                   HERE / "triton_scan.py", HERE.parent / "measure.py",
                   HERE.parents[1] / "test" / "conformance" / "librnn.py"):
        shutil.copy(source, folder)
    names = options.cases or [case.name for case in CASES]
    for name in names:
        for precision in PRECISIONS if name in NARROW else PRECISIONS[:1]:
            pack_case(name, folder / "conformance", options.target, precision)
    for layer, features, depth, precision in product(
            LAYERS, options.features, DEPTHS, PRECISIONS):
        path = folder / "layers" / f"{layer}_{features}_{depth}.{precision}.so"
        compile_text(layer_text(layer, features, depth), path, options.target,
                     precision)
    size = sum(f.stat().st_size for f in folder.rglob("*") if f.is_file())
    print(f"{folder}: {size / (1 << 20):.1f} MiB, {len(names)} cases")
    if size > MOST_BYTES:
        sys.exit(f"that is more than {MOST_BYTES >> 20} MiB")


if __name__ == "__main__":
    main()
