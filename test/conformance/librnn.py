"""The runtime's C API (runtime/rnn.h) through ctypes: modules, sessions, calls.

The build folder is $RNNC_BUILD, else build/ beside test/.
"""

import ctypes
import json
import os
import subprocess
from pathlib import Path

import numpy as np

REPOSITORY = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.get("RNNC_BUILD", REPOSITORY / "build"))
RNNC = BUILD / "bin" / "rnnc"
RNN = BUILD / "bin" / "rnn"

TYPES = {"f32": (0, np.float32), "f64": (1, np.float64), "i32": (2, np.int32),
         "i1": (3, np.bool_), "bool": (3, np.bool_)}
CODES = {np.dtype(dtype): code for code, dtype in TYPES.values()}


class Error(ctypes.Structure):
    _fields_ = [("code", ctypes.c_int), ("message", ctypes.c_char * 1024)]


class Tensor(ctypes.Structure):
    _fields_ = [("data", ctypes.c_void_p), ("type", ctypes.c_int32),
                ("ndim", ctypes.c_int32),
                ("shape", ctypes.POINTER(ctypes.c_int64))]


class SessionOptions(ctypes.Structure):
    _fields_ = [("struct_size", ctypes.c_uint32), ("threads", ctypes.c_uint32),
                ("seed", ctypes.c_uint64), ("host", ctypes.c_void_p),
                ("device", ctypes.c_char_p)]


class RunOptions(ctypes.Structure):
    _fields_ = [("struct_size", ctypes.c_uint32), ("reserved", ctypes.c_uint32),
                ("seed", ctypes.c_uint64), ("step", ctypes.c_uint64)]


class TrainerOptions(ctypes.Structure):
    _fields_ = [("struct_size", ctypes.c_uint32),
                ("gradient_accumulation", ctypes.c_uint32),
                ("learning_rates", ctypes.c_double * 2),
                ("warmup_and_total_steps", ctypes.c_uint64 * 2),
                ("adam_w_and_clip", ctypes.c_double * 5),
                ("seed", ctypes.c_uint64), ("allow_changes", ctypes.c_uint32),
                ("reserved", ctypes.c_uint32)]


class Metrics(ctypes.Structure):
    _fields_ = [("step", ctypes.c_uint64), ("loss", ctypes.c_double),
                ("gradient_norm", ctypes.c_double),
                ("learning_rate", ctypes.c_double)]


_library = None


def library():
    global _library
    if _library is None:
        found = sorted((BUILD / "lib").glob("librnn.so*"))
        if not found:
            raise FileNotFoundError(
                f"no librnn.so in {BUILD / 'lib'}: build the project, or set "
                "RNNC_BUILD to its build folder")
        _library = ctypes.CDLL(str(found[0]))
        _library.rnn_module_describe.restype = ctypes.c_char_p
    return _library


def call(name, *arguments):
    error = Error()
    code = getattr(library(), name)(*arguments, ctypes.byref(error))
    if code != 0:
        raise RuntimeError(f"{name}: {error.message.decode()}")


class TensorView:
    """An rnn_tensor over a NumPy array, which it keeps alive."""

    def __init__(self, array):
        self.array = np.asarray(array, order="C")
        self.shape = (ctypes.c_int64 * self.array.ndim)(*array.shape)
        self.tensor = Tensor(self.array.ctypes.data, CODES[self.array.dtype],
                             self.array.ndim, self.shape)


def views(arrays):
    kept = [TensorView(array) for array in arrays]
    return (Tensor * max(len(kept), 1))(*[view.tensor for view in kept]), kept


class Module:
    def __init__(self, path):
        self.handle = ctypes.c_void_p()
        call("rnn_module_open", str(path).encode(), ctypes.byref(self.handle))
        self.descriptor = json.loads(
            library().rnn_module_describe(self.handle))
        self.dtype = TYPES[self.descriptor["element_type"]][1]
        self.entries = {entry["name"]: entry
                        for entry in self.descriptor["entries"]}
        self.shapes = {p["name"]: tuple(p["shape"])
                       for p in self.descriptor["parameters"]}

    def __del__(self):
        if self.handle:
            library().rnn_module_close(self.handle)


class Session:
    def __init__(self, module, threads=2, seed=0, device=None):
        self.module = module
        self.handle = ctypes.c_void_p()
        options = SessionOptions(ctypes.sizeof(SessionOptions), threads, seed,
                                 None, device and device.encode())
        call("rnn_session_create", module.handle, ctypes.byref(options),
             ctypes.byref(self.handle))

    def __del__(self):
        if self.handle:
            library().rnn_session_destroy(self.handle)

    def _copy(self, function, name, array):
        view = TensorView(array)
        call(function, self.handle, name.encode(), ctypes.byref(view.tensor))
        return view.array

    def get(self, name):
        return self._copy("rnn_session_get_parameter", name,
                          np.empty(self.module.shapes[name], self.module.dtype))

    def set(self, name, value):
        self._copy("rnn_session_set_parameter", name,
                   np.asarray(value, self.module.dtype))

    def gradient(self, name):
        return self._copy("rnn_session_get_gradient", name,
                          np.empty(self.module.shapes[name], self.module.dtype))

    def zero_gradients(self):
        call("rnn_session_zero_gradients", self.handle)

    def profile(self):
        text = ctypes.c_char_p()
        call("rnn_session_profile", self.handle, ctypes.byref(text))
        try:
            return json.loads(text.value)
        finally:
            library().rnn_string_free(text)

    def typed(self, entry, inputs):
        """The inputs in the entry's element types."""
        specs = self.module.entries[entry]["inputs"]
        return [np.asarray(value, TYPES[spec["type"]][1], order="C")
                for spec, value in zip(specs, inputs, strict=True)]

    def outputs(self, entry, inputs):
        spec, sizes = self.module.entries[entry], {}
        for tensor, array in zip(spec["inputs"], inputs):
            sizes.update((dim, size) for dim, size
                         in zip(tensor["shape"], array.shape)
                         if isinstance(dim, str))
        return [np.empty([sizes.get(dim, dim) for dim in tensor["shape"]],
                         TYPES[tensor["type"]][1])
                for tensor in spec["outputs"]]

    def run(self, entry, inputs, state=None, seed=0, step=0):
        inputs = self.typed(entry, inputs)
        outputs = self.outputs(entry, inputs)
        input_tensors, kept_inputs = views(inputs)
        output_tensors, kept_outputs = views(outputs)
        options = RunOptions(ctypes.sizeof(RunOptions), 0, seed, step)
        call("rnn_session_run", self.handle, entry.encode(), input_tensors,
             ctypes.c_size_t(len(inputs)), output_tensors,
             ctypes.c_size_t(len(outputs)), state and state.handle,
             ctypes.byref(options))
        return [view.array for view in kept_outputs]


class State:
    def __init__(self, session, name, batch):
        self.session = session
        self.handle = ctypes.c_void_p()
        call("rnn_state_create", session.handle, name.encode(),
             ctypes.c_int64(batch), ctypes.byref(self.handle))

    def __del__(self):
        if self.handle:
            library().rnn_state_destroy(self.handle)

    def step(self, entry, inputs):
        """One step through rnn_session_step; inputs have time 1."""
        inputs = self.session.typed(entry, inputs)
        outputs = self.session.outputs(entry, inputs)
        input_tensors, kept_inputs = views(inputs)
        output_tensors, kept_outputs = views(outputs)
        call("rnn_session_step", self.session.handle, self.handle,
             input_tensors, ctypes.c_size_t(len(inputs)), output_tensors,
             ctypes.c_size_t(len(outputs)))
        return [view.array for view in kept_outputs]


class Trainer:
    """Of one micro-batch a step, with the default options."""

    def __init__(self, session, objective):
        self.session, self.entry = session, f"{objective}.loss"
        options = TrainerOptions()
        library().rnn_trainer_options_default(ctypes.byref(options))
        self.handle = ctypes.c_void_p()
        call("rnn_trainer_create", session.handle, objective.encode(),
             ctypes.byref(options), ctypes.byref(self.handle))

    def __del__(self):
        if self.handle:
            library().rnn_trainer_destroy(self.handle)

    def step(self, inputs, state):
        """The loss and the norm of the gradient."""
        inputs = self.session.typed(self.entry, inputs)
        tensors, kept = views(inputs)
        states = (ctypes.c_void_p * 1)(state.handle)
        metrics = Metrics()
        call("rnn_trainer_step", self.handle, tensors,
             ctypes.c_size_t(len(kept)), states, ctypes.c_size_t(1),
             ctypes.byref(metrics))
        return metrics.loss, metrics.gradient_norm


def compile_model(text, path, element_type="f32", target="cpu", options=()):
    """Compiles model text to a module at `path` (unless it is there already,
    newer than the compiler and from the same text) and opens it. The element
    type may be f64, or a precision of f32: f32, bf16, tf32."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    source = path.with_suffix(".mlir")
    if not (path.exists() and source.exists() and source.read_text() == text
            and path.stat().st_mtime > RNNC.stat().st_mtime):
        path.unlink(missing_ok=True)
        source.write_text(text)
        option = "element-type" if element_type == "f64" else "precision"
        done = subprocess.run([str(RNNC), str(source), "-o", str(path),
                               f"--{option}={element_type}",
                               f"--target={target}", *options],
                              capture_output=True, text=True, timeout=120)
        if done.returncode != 0:
            raise RuntimeError(f"rnnc {source} exited {done.returncode}: "
                               + done.stderr[:2000])
    return Module(path)
