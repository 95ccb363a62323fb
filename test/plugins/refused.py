# RUN: %python %s %build
"""Plugins that rnnc cannot use, and ops of plugins that it cannot compile: one
clear line each."""

import pathlib
import re
import subprocess
import sys
import tempfile

build = pathlib.Path(sys.argv[1])
trial = build / "test" / "plugins" / "trial.so"
MODEL = (
    "rnn.objective @o(%x: tensor<?x?x8xf32>, %t: tensor<?x?x8xf32>)"
    " -> tensor<f32> {{\n"
    "  %y = {} : tensor<?x?x8xf32>\n"
    "  %l = rnn.mse %y, %t : tensor<?x?x8xf32>, tensor<?x?x8xf32> -> tensor<f32>\n"
    "  rnn.return %l : tensor<f32>\n}}\n"
)
failures = []


def check(name, plugins, op, expected):
    with tempfile.TemporaryDirectory() as folder:
        model = pathlib.Path(folder) / "m.mlir"
        model.write_text(MODEL.format(op))
        for tool, arguments in (
            ("rnnc", [model, "--emit=kernels", "-o", f"{folder}/out"]),
            ("rnn-lsp-server", []),
        ):
            if tool == "rnn-lsp-server" and not expected.startswith("cannot load"):
                continue
            process = subprocess.run(
                [tool, *[f"--load-dialect-plugin={p}" for p in plugins], *arguments],
                capture_output=True, text=True, timeout=60, input="",
            )
            lines = process.stderr.splitlines()
            if process.returncode != 1 or len(lines) != 1:
                failures.append(f"{name}: {tool} {process.returncode}: {lines}")
            elif not re.search(rf"^({tool}|{model}:\d+:\d+): error: .*{expected}", lines[0]):
                failures.append(f"{name}: expected /{expected}/ in: {lines[0]}")


def changed(folder, name, old, new):
    """A copy of the plugin with one name in it changed."""
    data = trial.read_bytes()
    assert data.count(old) >= 1 and len(old) == len(new)
    path = pathlib.Path(folder) / name
    path.write_bytes(data.replace(old, new))
    return path


with tempfile.TemporaryDirectory() as name:
    folder = pathlib.Path(name)
    text = folder / "text.so"
    text.write_text("not a library")
    halves = []
    for share in (0, 0.001, 0.3, 0.9):
        half = folder / f"half{share}.so"
        data = trial.read_bytes()
        half.write_bytes(data[: int(len(data) * share)])
        halves.append(half)
    version = re.search(rb"librnnc_dialect\.so\.([0-9.]+)", trial.read_bytes())
    other = b"librnnc_dialect.so." + re.sub(rb"[0-9]", b"9", version[1])
    mlir = re.search(rb"libMLIR\.so\.([0-9.]+)", trial.read_bytes())
    older = b"libMLIR.so." + re.sub(rb"[0-9]", b"1", mlir[1])
    entry = b"mlirGetDialectPluginInfo"
    silu = b"_ZN3rnn6SiluOp6create"
    cube = "trial.cube %x"
    for case in (
        ("missing", [folder / "none.so"], cube, "cannot load .*none.so': No such file"),
        ("a folder", [folder], cube, "cannot load .*not a regular file"),
        ("a text", [text], cube, "cannot load .*not a shared object"),
        ("no plugin", [build / "lib" / "librnn.so"], cube,
         "cannot load .*does not define mlirGetDialectPluginInfo"),
        ("another version", [changed(folder, "v.so", version[0], other)], cube,
         "cannot load .*was built for librnnc_dialect.so.9.9.9, but this is .*again"),
        ("another MLIR", [changed(folder, "m.so", mlir[0], older)], cube,
         "cannot load .*was built for libMLIR.so.11.1\\S*, but this is .*again"),
        ("an interface of the future", [trial.parent / "future.so"], cube,
         "cannot load .*version 99 of MLIR's plugin interface"),
        ("our name", [trial.parent / "imposter.so"], cube,
         "cannot load .*defines the dialect 'rnn', which is there"),
        ("twice", [trial, trial], cube, "cannot load .*no dialect that is not there"),
        ("no entry point", [changed(folder, "e.so", entry, b"x" + entry[1:])], cube,
         "cannot load .*does not define mlirGetDialectPluginInfo"),
        ("a symbol that is missing",
         [changed(folder, "s.so", silu, silu[:-1] + b"x")], cube,
         "cannot load .*: undefined symbol: _ZN3rnn6SiluOp6creatx"),
        *((f"truncated to {h.stat().st_size} bytes", [h], cube,
           "cannot load .*not a shared object, or a damaged one") for h in halves),
        ("no plugin given", [], cube, "no op 'trial.cube'; if a plugin .*--load-dialect"),
        ("a misspelt op", [trial], "trial.cuba %x", "did you mean 'trial.cube'"),
        ("a forgotten dialect", [trial], "cube %x", "did you mean 'trial.cube'"),
        ("an op of another dialect", [trial],
         "rnn.relu %x : tensor<?x?x8xf32>\n"
         '  %c = "llvm.mlir.poison"() : () -> i32\n  %z = rnn.relu %x',
         "'llvm.mlir.poison' is not .* rnn, arith, math and trial ops"),
        ("an op without interfaces", [trial], "trial.mute %x", "does not say what"),
        ("an op without an adjoint", [trial], "trial.step %x",
         "'trial.step' .*has no adjoint"),
        ("an op that expands into itself", [trial], "trial.endless %x", "into itself"),
        ("an op that expands into nothing", [trial], "trial.short %x",
         "expands into values of the types"),
        ("an op that expands into no value", [trial], "trial.null %x", "does not exist"),
    ):
        check(*case)

print("\n".join(failures))
sys.exit(bool(failures))
