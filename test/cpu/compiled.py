"""Loads a compiled module without the runtime, by ctypes: for tests of the
code generator alone. The host table is Python: products are numpy's, and
parallel loops are cut into uneven ranges."""

import ctypes as c

import numpy as np

BODY = c.CFUNCTYPE(None, c.c_void_p, c.c_int64, c.c_int64)
PARALLEL = c.CFUNCTYPE(None, c.c_void_p, c.c_int64, c.c_void_p, c.c_void_p)


class Product(c.Structure):
    _fields_ = [("m", c.c_int64), ("n", c.c_int64), ("k", c.c_int64),
                ("a", c.c_void_p), ("lda", c.c_int64),
                ("b", c.c_void_p), ("ldb", c.c_int64),
                ("c", c.c_void_p), ("ldc", c.c_int64),
                ("transpose_a", c.c_int32), ("transpose_b", c.c_int32),
                ("accumulate", c.c_int32), ("element_type", c.c_int32),
                ("result_type", c.c_int32), ("reserved", c.c_int32)]


MATMUL = c.CFUNCTYPE(None, c.c_void_p, c.POINTER(Product))


class Host(c.Structure):
    _fields_ = [("struct_size", c.c_uint32), ("reserved", c.c_uint32),
                ("context", c.c_void_p), ("parallel_for", PARALLEL),
                ("matmul", MATMUL), ("launch", c.c_void_p)]


class Call(c.Structure):
    _fields_ = [("host", c.POINTER(Host)), ("batch", c.c_int64),
                ("time", c.c_int64), ("inputs", c.POINTER(c.c_void_p)),
                ("outputs", c.POINTER(c.c_void_p)),
                ("parameters", c.c_void_p), ("gradients", c.c_void_p),
                ("states_in", c.c_void_p), ("states_out", c.c_void_p),
                ("workspace", c.c_void_p), ("seed", c.c_uint64),
                ("step", c.c_uint64), ("time_offset", c.c_uint64),
                ("carry", c.c_uint32), ("reserved", c.c_uint32),
                ("constants", c.c_void_p)]


class Update(c.Structure):
    _fields_ = [("host", c.POINTER(Host)),
                ("parameters", c.c_void_p), ("gradients", c.c_void_p),
                ("first_moment", c.c_void_p), ("second_moment", c.c_void_p),
                ("count", c.c_int64)] + [
                    (name, c.c_double) for name in
                    ("learning_rate", "beta1", "beta2", "epsilon",
                     "weight_decay", "correction1", "correction2",
                     "gradient_scale")]


@PARALLEL
def parallel_for(context, count, body, argument):
    body = BODY(body)
    cut = (count + 2) // 3
    for begin in range(0, count, cut):
        body(argument, begin, min(count, begin + cut))


def view(address, rows, columns, stride, dtype):
    """rows x columns at the address, rows being `stride` elements apart."""
    assert rows == 1 or stride >= columns, "rows of a product overlap"
    size = np.dtype(dtype).itemsize
    span = (rows - 1) * stride + columns
    flat = np.frombuffer((c.c_char * (span * size)).from_address(address),
                         dtype)
    return np.lib.stride_tricks.as_strided(flat, (rows, columns),
                                           (stride * size, size))


@MATMUL
def matmul(context, product):
    p = product.contents
    dtype = np.float64 if p.element_type == 1 else np.float32
    a = (view(p.a, p.k, p.m, p.lda, dtype).T if p.transpose_a else
         view(p.a, p.m, p.k, p.lda, dtype))
    b = (view(p.b, p.n, p.k, p.ldb, dtype).T if p.transpose_b else
         view(p.b, p.k, p.n, p.ldb, dtype))
    out = view(p.c, p.m, p.n, p.ldc, dtype)
    out[...] = (out if p.accumulate else 0) + a @ b


HOST = Host(c.sizeof(Host), 0, None, parallel_for, matmul, None)
DTYPES = {"f32": np.float32, "f64": np.float64, "i32": np.int32,
          "bool": np.bool_}


class Module:
    def __init__(self, path, descriptor):
        self.descriptor = descriptor
        self.library = c.CDLL(str(path))
        self.dtype = DTYPES[self.descriptor["element_type"]]

    def entry(self, name):
        return next(e for e in self.descriptor["entries"]
                    if e["name"] == name)

    def parameters(self, random):
        """A flat buffer of random numbers, and its tensors by name."""
        flat = np.full(self.descriptor["parameter_count"], np.nan, self.dtype)
        named = {}
        for p in self.descriptor["parameters"]:
            size = int(np.prod(p["shape"]))
            part = flat[p["offset"]:p["offset"] + size]
            part[...] = random.uniform(-0.6, 0.6, size)
            named[p["name"]] = part.reshape(p["shape"])
        return flat, named

    def named(self, flat):
        return {p["name"]: flat[p["offset"]:p["offset"] +
                                int(np.prod(p["shape"]))].reshape(p["shape"])
                for p in self.descriptor["parameters"]}

    def run(self, name, batch, time, inputs, parameters=None, gradients=None,
            states=None, seed=1, step=0, time_offset=0):
        """Returns outputs and the flat states after the call. The workspace is
        filled with NaN before it, and nothing outside of it may change."""
        entry = self.entry(name)
        dims = {"batch": batch, "time": time}
        outputs = [np.full([dims.get(s, s) for s in o["shape"]],
                           0 if o["type"] in ("i32", "bool") else np.nan,
                           DTYPES[o["type"]]) for o in entry["outputs"]]
        arrays = [np.ascontiguousarray(x, DTYPES[i["type"]])
                  for x, i in zip(inputs, entry["inputs"])]
        w = entry["workspace"]
        size = (w["batch_time"] * batch * time + w["batch"] * batch +
                w["constant"])
        space = np.full(size // 4 + 64, np.nan, np.float32)
        begin = (-space.ctypes.data // 4) % 16
        guard = space[begin + size // 4:].copy()
        states_out = np.full(batch * entry["state_count"], np.nan, self.dtype)
        kept = [a.copy() for a in arrays]

        def pointers(list):
            return (c.c_void_p * max(1, len(list)))(
                *[a.ctypes.data for a in list])

        def address(array):
            return None if array is None else array.ctypes.data

        call = Call(c.pointer(HOST), batch, time, pointers(arrays),
                    pointers(outputs), address(parameters),
                    address(gradients), address(states),
                    states_out.ctypes.data, space.ctypes.data + 4 * begin,
                    seed, step, time_offset, states is not None, 0)
        assert getattr(self.library, entry["symbol"])(c.byref(call)) == 0
        assert all((a == b).all() for a, b in zip(kept, arrays))
        np.testing.assert_array_equal(guard, space[begin + size // 4:])
        return outputs, states_out

