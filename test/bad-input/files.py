# RUN: %python %s
"""What is no file that a model's text can be read from."""

import os
import pathlib
import sys
import tempfile

from refusal import fault_of_file

GOOD = "rnn.model @m(%x: tensor<?x8xf32>) {\n  rnn.return\n}\n"

with tempfile.TemporaryDirectory() as name:
    folder = pathlib.Path(name)
    fifo = folder / "fifo.mlir"
    os.mkfifo(fifo)
    secret = folder / "secret.mlir"
    secret.write_text(GOOD)
    secret.chmod(0)
    loop = folder / "loop.mlir"
    loop.symlink_to(loop)
    cases = {
        "a file that is not there": (folder / "none.mlir", "No such file"),
        "a folder": (folder, "not a regular file"),
        "a FIFO": (fifo, "not a regular file"),
        "a device": ("/dev/zero", "not a regular file"),
        "a link to itself": (loop, "cannot open"),
        "a name that is too long": (folder / ("x" * 300), "cannot open"),
    }
    if os.geteuid() != 0:  # root may read everything
        cases["an unreadable file"] = (secret, "Permission denied")
    wrong = {name: fault_of_file(*case) for name, case in cases.items()}
    wrong["nothing on standard input"] = fault_of_file("-", "empty", stdin=b"")
    wrong["no model on standard input"] = fault_of_file(
        "-", "did you mean 'rnn.model'", stdin=b"rnn.modle"
    )

failures = {name: fault for name, fault in wrong.items() if fault}
for name, fault in failures.items():
    print(f"{name}: {fault}")
sys.exit(bool(failures))
