# What all text tests share. The tools under test and LLVM's (FileCheck, not,
# split-file) are found through PATH.
import os
import shutil

import lit.formats

config.name = "rnnc"
config.test_format = lit.formats.ShTest(execute_external=False)
config.suffixes = [".mlir", ".test"]
# These run on their own: see scripts/test.sh.
config.excludes = ["runtime", "conformance"]
config.test_source_root = os.path.dirname(__file__)

tools = [os.path.join(config.build_dir, "bin"), config.llvm_tools_dir]
config.environment["PATH"] = os.pathsep.join(tools + [os.environ["PATH"]])
config.environment["FILECHECK_OPTS"] = "--enable-var-scope"
config.environment["PYTHONDONTWRITEBYTECODE"] = "1"
# LLVM and MLIR are not instrumented, so containers that they fill look wrong.
config.environment["ASAN_OPTIONS"] = "detect_container_overflow=0"

# NVIDIA's assembler takes part where there is one: scripts/install-ptxas.sh.
ptxas = shutil.which("ptxas", path=os.pathsep.join(
    [os.path.join(config.build_dir, "ptxas"), os.environ["PATH"]]))
if ptxas:
    config.available_features.add("ptxas")
    config.environment["PATH"] += os.pathsep + os.path.dirname(ptxas)

config.substitutions += [
    ("%python", config.python),
    ("%source", config.source_dir),
    ("%build", config.build_dir),
]
