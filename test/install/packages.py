# RUN: %python %s %source %build
"""find_package(rnnc) and pkg-config, from an installed prefix: each component by
itself, and what is said where something is missing."""

import os
import pathlib
import re
import subprocess
import sys
import tempfile

from prefix import install

# As if neither were on this machine.
NO_LLVM = ["-DCMAKE_DISABLE_FIND_PACKAGE_LLVM=ON", "-DCMAKE_DISABLE_FIND_PACKAGE_MLIR=ON"]
FIND = """
cmake_minimum_required(VERSION 3.22)
project(uses_rnnc LANGUAGES C CXX)
find_package(rnnc {} CONFIG REQUIRED COMPONENTS {})
add_executable(main main.c)
set_target_properties(main PROPERTIES LINKER_LANGUAGE CXX)
target_link_libraries(main PRIVATE {})
"""
MAIN = '#include <rnn.h>\n#include <stdio.h>\nint main(void) { puts(rnn_version()); }\n'
source, build = map(pathlib.Path, sys.argv[1:])
failures = []


def run(*command, **options):
    return subprocess.run(
        [str(word) for word in command], text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **options,
    )


def expect(name, process, text):
    """The command must have failed if and only if `text` is an error's."""
    said = " ".join(process.stdout.split())
    if (process.returncode != 0) != text.startswith("error") or not re.search(
        text.removeprefix("error: "), said
    ):
        failures.append(f"{name}: expected /{text}/ in: {said[-1500:]}")


def project(folder, version, components, target, *options):
    """Configures a project that asks for `components`; builds and runs it."""
    folder.mkdir()
    (folder / "CMakeLists.txt").write_text(FIND.format(version, components, target))
    (folder / "main.c").write_text(MAIN)
    configured = run("cmake", "-S", folder, "-B", folder / "build",
                     f"-DCMAKE_PREFIX_PATH={prefix}", *options)
    if configured.returncode != 0:
        return configured
    built = run("cmake", "--build", folder / "build")
    return built if built.returncode != 0 else run(folder / "build" / "main")


with tempfile.TemporaryDirectory() as name:
    folder = pathlib.Path(name)
    prefix = install(build, folder)
    expect("static", project(folder / "a", "0.1", "runtime", "rnnc::runtime", *NO_LLVM),
           r"^0\.1\.0$")
    expect("shared", project(folder / "b", "0.1", "runtime", "rnnc::runtime", *NO_LLVM,
                             "-DBUILD_SHARED_LIBS=ON"), r"^0\.1\.0$")
    expect("no MLIR", project(folder / "c", "0.1", "runtime compiler", "rnnc::runtime",
                              *NO_LLVM),
           "error: component compiler: it needs MLIR 22.1, which was not found; install")
    expect("a later version", project(folder / "d", "0.2", "runtime", "rnnc::runtime"),
           'error: requested version "0.2"')
    expect("an unknown component", project(folder / "e", "0.1", "gpu", "rnnc::runtime"),
           "error: component gpu: there is no such component; there are runtime and")

    # The example, which finds the installed library rather than the sources.
    configured = run("cmake", "-S", source / "examples" / "embed-c", "-B", folder / "f",
                     f"-DCMAKE_PREFIX_PATH={prefix}", "-DRNNC_SOURCE=/nowhere", *NO_LLVM)
    expect("embed-c", configured, "Build files have been written")
    expect("embed-c", run("cmake", "--build", folder / "f"), "Built target embed-c")

    # By hand, with pkg-config, the shared library and the static one.
    paths = {**os.environ, "PKG_CONFIG_PATH": str(next(prefix.rglob("pkgconfig")))}
    for kind, more in (("shared", ["--libs"]), ("static", ["--static", "--libs"])):
        flags = run("pkg-config", "--cflags", *more, "rnnc-runtime", env=paths)
        expect("pkg-config", flags, "-lrnn")
        words = flags.stdout.split()
        library = next(prefix.rglob("librnn.so")).parent
        if kind == "static":
            words = [w if w != "-lrnn" else f"{library}/librnn.a" for w in words]
        built = run("cc", folder / "a" / "main.c", "-o", folder / kind, *words,
                    f"-Wl,-rpath,{library}")
        expect(kind, built, "^$")
        expect(kind, run(folder / kind), r"^0\.1\.0$")

print("\n".join(failures))
sys.exit(bool(failures))
