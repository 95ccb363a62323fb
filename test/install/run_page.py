"""Does what a page of the documentation shows, and compares.

    run_page.py PAGE.md FOLDER

Fenced blocks of a page mean, in order, in FOLDER:

* ```LANGUAGE NAME: the file NAME, which is written; if it is there, for example
  because it belongs to the project, it must contain the block's text.
* ```console: each line after `$ ` is a command, the lines up to the next one its
  output, standard error included. A line `...` stands for any lines, `...` in a
  line for any text, a number like 1.2e-03 for any such number. A command must
  succeed, unless its output has an error line.

Other blocks are not looked at. All commands of a page share one shell.
"""

import pathlib
import re
import subprocess
import sys

FENCE = re.compile(r"^```(\w+)?[ \t]*(\S+)?\n(.*?)^```$", re.M | re.S)
NUMBER = r"\d\.\d\de[-+]\d\d"
NUMBER_ESCAPED = r"\d\\\.\d\de(?:\\-|\+|\\\+)\d\d"
MARK = "== end of command, status "


def pattern(shown):
    """A regular expression for the output that `shown` stands for."""

    def of_line(line):
        if line.strip() == "...":
            return r"(?:.*\n)*?"
        text = re.escape(line).replace(r"\.\.\.", ".*?")
        return re.sub(NUMBER_ESCAPED, lambda _: NUMBER, text) + r"\n"

    return re.compile("".join(map(of_line, shown.splitlines())) + r"\Z")


def commands(block):
    """Pairs of a command and the output shown for it."""
    pairs = []
    for line in block.splitlines(keepends=True):
        if line.startswith("$ "):
            pairs.append([line[2:], ""])
        elif pairs and pairs[-1][0].endswith("\\\n"):
            pairs[-1][0] += line
        elif pairs:
            pairs[-1][1] += line
        else:
            sys.exit(f"a console block begins with output: {line}")
    return pairs


def write_file(path, text):
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    elif text not in path.read_text():
        return f"{path.name} does not contain what the page shows of it"
    return None


class Shell:
    def __init__(self, folder):
        self.process = subprocess.Popen(
            ["bash", "--norc"], cwd=folder, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )

    def run(self, command):
        """Output and exit status."""
        self.process.stdin.write(f"{command}\nstatus=$?; echo; echo \"{MARK}$status\"\n")
        self.process.stdin.flush()
        output = ""
        for line in self.process.stdout:
            if line.startswith(MARK):
                return output[:-1], int(line[len(MARK):])
            output += line
        sys.exit(f"the shell ended in: {command}")


def run_page(page, folder):
    shell, faults, count = Shell(folder), [], 0
    for language, name, text in FENCE.findall(page.read_text()):
        if name:
            faults.append(write_file(folder / name, text))
        if language != "console":
            continue
        for command, shown in commands(text):
            count += 1
            output, status = shell.run(command)
            if not pattern(shown).match(output):
                faults.append(f"$ {command}shown:\n{shown}found:\n{output}")
            if (status == 0) == ("error: " in shown):
                faults.append(f"$ {command}exit status {status}\n{output}")
    return list(filter(None, faults)), count


def main(page, folder):
    faults, count = run_page(pathlib.Path(page), pathlib.Path(folder))
    print("\n".join(faults))
    print(f"{page}: {count} commands, {len(faults)} faults")
    return bool(faults) or count == 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
