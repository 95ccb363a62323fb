"""Compiles a bad model and says what is wrong with the way it was refused.

A refusal is: exit status 1; on stderr one line `FILE:LINE:COL: error: ...`,
perhaps with notes; nothing on stdout; no module; and all that soon.
"""

import pathlib
import re
import subprocess
import tempfile

# Under a second is the aim; this only tells slow from never on a busy machine.
SECONDS = 10


def compile_file(path, output, stdin=None):
    """The finished process, or None if it did not end in time."""
    try:
        return subprocess.run(
            ["rnnc", str(path), "-o", str(output)],
            input=stdin,
            capture_output=True,
            timeout=SECONDS,
        )
    except subprocess.TimeoutExpired:
        return None


def fault_of_file(path, message, stdin=None):
    """What is wrong with the refusal of the file, or None. The error line must
    match the regular expression `message`."""
    with tempfile.TemporaryDirectory() as folder:
        output = pathlib.Path(folder) / "model.so"
        process = compile_file(path, output, stdin)
        if process is None:
            return f"ran for more than {SECONDS} s"
        errors = process.stderr.decode("utf-8", "replace")
        if process.returncode != 1:
            return f"exit status {process.returncode}: {errors[:500]}"
        if process.stdout:
            return "wrote to standard output"
        if output.exists():
            return "left a module behind"
    wrong = complaint(errors, "<stdin>" if str(path) == "-" else str(path))
    if wrong:
        return wrong
    line = errors.splitlines()[0]
    return None if re.search(message, line) else f"expected /{message}/ in: {line}"


def fault_of_several(text, messages):
    """As fault, for a text with several mistakes: `messages` are all the lines, each
    as `LINE: regular expression`, in any order."""
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "model.mlir"
        path.write_text(text)
        process = compile_file(path, pathlib.Path(folder) / "model.so")
        errors = process.stderr.decode("utf-8", "replace") if process else "no end"
        wrong = complaint(errors, str(path), several=True)
        if wrong:
            return wrong
        lines = errors.splitlines()
        for message in messages:
            number, pattern = message.split(": ", 1)
            form = rf".*:{number}:\d+: (error|note): .*{pattern}"
            if not any(re.match(form, line) for line in lines):
                return f"expected /{message}/ in: {errors}"
        return None if len(lines) == len(messages) else f"more than these: {errors}"


def complaint(errors, name, several=False):
    """What is wrong with the form of an error about the file `name`, or None. Where
    there are `several` mistakes, each may have its line."""
    lines = errors.splitlines()
    place = re.escape(name) + r":\d+:\d+: "
    if not lines or not re.match(place + "error: .", lines[0]):
        return f"the first line is no error with its place: {errors[:500]}"
    more = "(note|error): ." if several else "note: ."
    if not all(re.match(r".*:\d+:\d+: " + more, line) for line in lines[1:]):
        return f"more than one line: {errors[:500]}"
    if len(lines[0]) > 1000:
        return "the line is longer than 1000 characters"
    return None


def fault(text, message):
    """As fault_of_file, for a model's text (or bytes)."""
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "model.mlir"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return fault_of_file(path, message)
