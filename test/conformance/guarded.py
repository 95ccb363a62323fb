"""Calls a compiled module with every buffer right beside a page that cannot be
touched, behind it or before it, so that an access outside of a buffer stops the
process. What a call must not write lies in pages that cannot be written.
"""

import ctypes
import mmap
import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "cpu"))
from compiled import DTYPES, HOST, Call, Update  # noqa: E402

PAGE = mmap.PAGESIZE
NONE, READ = 0, 1
_mprotect = ctypes.CDLL(None, use_errno=True).mprotect
_mprotect.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]


def protect(address, size, access):
    if _mprotect(address, size, access) != 0:
        raise OSError(ctypes.get_errno(), "mprotect")


def array(shape, dtype, at_end, alignment=1):
    """An array that ends (or begins) where its pages do, of 0xff bytes, which
    are NaN where they are numbers."""
    dtype = np.dtype(dtype)
    size = int(np.prod(shape)) * dtype.itemsize
    pages = max(1, -(-size // PAGE)) * PAGE
    # Unmapped with the last array that looks at it.
    block = mmap.mmap(-1, pages + 2 * PAGE)
    begin = ctypes.addressof(ctypes.c_char.from_buffer(block))
    for page in (begin, begin + PAGE + pages):
        protect(page, PAGE, NONE)
    room = (pages - size) // alignment * alignment if at_end else 0
    flat = np.frombuffer(block, np.uint8, size, PAGE + room)
    flat[...] = 0xFF
    return flat.view(dtype).reshape(shape)


def copy(values, dtype, at_end):
    """Such an array with these values, which cannot be written."""
    values = np.ascontiguousarray(values, dtype)
    result = array(values.shape, dtype, at_end)
    result[...] = values
    begin = result.ctypes.data // PAGE * PAGE
    end = result.ctypes.data + max(result.nbytes, 1)
    protect(begin, end - begin, READ)
    return result


def pointers(arrays):
    return (ctypes.c_void_p * max(1, len(arrays)))(
        *[array.ctypes.data for array in arrays])


class Module:
    """A module's library with its parameters and gradients."""

    def __init__(self, path, descriptor, parameters, at_end):
        self.library = ctypes.CDLL(str(path))
        self.descriptor = descriptor
        self.dtype = DTYPES[descriptor["element_type"]]
        self.at_end = at_end
        self.parameters = copy(parameters, self.dtype, at_end)
        self.gradients = array(parameters.shape, self.dtype, at_end)

    def run(self, entry, batch, time, inputs, states=None):
        """Returns what it wrote."""
        dims = {"batch": batch, "time": time}
        outputs = [array([dims.get(d, d) for d in o["shape"]],
                         DTYPES[o["type"]], self.at_end)
                   for o in entry["outputs"]]
        given = [copy(value, DTYPES[spec["type"]], self.at_end)
                 for value, spec in zip(inputs, entry["inputs"], strict=True)]
        space = entry["workspace"]
        workspace = array(space["batch_time"] * batch * time
                          + space["batch"] * batch + space["constant"],
                          np.uint8, self.at_end, alignment=64)
        states_out = array(batch * entry["state_count"], self.dtype,
                           self.at_end)
        carried = None if states is None else copy(states, self.dtype,
                                                   self.at_end)
        written = [*outputs, states_out]
        gradients = None
        if entry["kind"] == "gradient":
            self.gradients[...] = 0
            gradients = self.gradients.ctypes.data
            written.append(self.gradients)
        call = Call(ctypes.pointer(HOST), batch, time, pointers(given),
                    pointers(outputs), self.parameters.ctypes.data, gradients,
                    None if carried is None else carried.ctypes.data,
                    states_out.ctypes.data, workspace.ctypes.data, 1, 0, 0,
                    carried is not None, 0)
        assert getattr(self.library, entry["symbol"])(ctypes.byref(call)) == 0
        return written

    def update(self, count):
        """The optimizer on `count` elements; returns what it wrote."""
        written = [array(count, self.dtype, self.at_end) for _ in range(3)]
        for values in written:
            values[...] = 0.5
        gradients = copy(np.ones(count), self.dtype, self.at_end)
        parameters, first, second = written
        getattr(self.library, self.descriptor["update"])(ctypes.byref(Update(
            None, parameters.ctypes.data, gradients.ctypes.data,
            first.ctypes.data, second.ctypes.data, count, 1e-3, 0.9, 0.95,
            1e-8, 0.1, 0.1, 0.05, 1)))
        return written
