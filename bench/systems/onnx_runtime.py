"""ONNX Runtime's GRU and LSTM, which infer and do not train."""

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

from systems.case import Case, DECODE, INFER, threads

# ONNX's order of gates by PyTorch's places: update, reset, new; in, out,
# forget, candidate.
ORDER = {"gru": (1, 0, 2), "lstm": (0, 3, 1, 2)}
NO_BF16 = "ONNX Runtime's GRU and LSTM on CPUs are f32"


def reordered(cell, array):
    parts = np.split(array, len(ORDER[cell]))
    return np.concatenate([parts[i] for i in ORDER[cell]])[None]


def layer(cell, p, i, x, y, last, initial=None):
    """A node and its constants; x is [time, batch, inputs]."""
    arrays = {f"w{i}": reordered(cell, p["w_ih"]),
              f"r{i}": reordered(cell, p["w_hh"]),
              f"b{i}": np.concatenate((reordered(cell, p["b_ih"]),
                                       reordered(cell, p["b_hh"])), 1)}
    options = {"linear_before_reset": 1} if cell == "gru" else {}
    inputs = [x, *arrays] + (["", initial] if initial else [])
    node = helper.make_node(cell.upper(), inputs, [y, last],
                            hidden_size=p["w_hh"].shape[1], **options)
    return node, [numpy_helper.from_array(a, n) for n, a in arrays.items()]


def session(nodes, constants, inputs, outputs):
    def values(named):
        return [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
                for name, shape in named.items()]
    graph = helper.make_graph(nodes, "g", values(inputs), values(outputs),
                              constants)
    model = helper.make_model(graph, opset_imports=[
        helper.make_opsetid("", 17)], ir_version=9)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads()
    options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(model.SerializeToString(), options,
                                        providers=["CPUExecutionProvider"])


class Prepared:
    def __init__(self, case, work):
        self.x = np.ascontiguousarray(
            work.inputs(case.cell)[0].swapaxes(0, 1))
        time, batch, _ = self.x.shape
        node, constants = layer(case.cell, work.parameters(case.cell), 0, "x",
                                "y", "last")
        features = work.shape.features
        self.session = session([node], constants, {"x": self.x.shape},
                               {"y": (time, 1, batch, features)})
        self.y = None

    def forward(self):
        self.y = self.session.run(["y"], {"x": self.x})[0]

    def results(self):
        return {"y": self.y[:, 0].swapaxes(0, 1)}

    def release(self):
        self.y = None


class Decoder:
    """The states go to and fro between two sets of arrays, so that a token
    copies and allocates nothing."""

    def __init__(self, case, work):
        stack, features = work.layers(case.cell), work.shape.features
        self.tokens, = work.inputs(case.cell)
        batch = self.tokens.shape[0]
        kind, nodes, constants = (1, batch, features), [], []
        inputs, outputs, x = {"x0": kind}, {}, "x0"
        for i, p in enumerate(stack):
            node, arrays = layer(case.cell, p, i, x, f"y{i}", f"new{i}",
                                 f"old{i}")
            squeezed = helper.make_node("Squeeze", [f"y{i}", "one"],
                                        [f"x{i + 1}"])
            nodes += [node, squeezed]
            constants += arrays
            inputs[f"old{i}"], outputs[f"new{i}"] = kind, kind
            x = f"x{i + 1}"
        outputs[x] = kind
        constants.append(numpy_helper.from_array(np.array([1]), "one"))
        self.session = session(nodes, constants, inputs, outputs)

        def value():
            return onnxruntime.OrtValue.ortvalue_from_numpy(
                np.zeros(kind, np.float32))
        self.x, self.y = value(), value()
        self.states = [[value() for _ in stack] for _ in range(2)]
        self.bindings = [self._binding(x, *pair) for pair
                         in (self.states, self.states[::-1])]
        self.turn = 0

    def _binding(self, y, old, new):
        binding = self.session.io_binding()
        binding.bind_ortvalue_input("x0", self.x)
        binding.bind_ortvalue_output(y, self.y)
        for i, (before, after) in enumerate(zip(old, new)):
            binding.bind_ortvalue_input(f"old{i}", before)
            binding.bind_ortvalue_output(f"new{i}", after)
        return binding

    def step(self, tokens):
        for _ in range(tokens):
            self.session.run_with_iobinding(self.bindings[self.turn])
            self.turn ^= 1

    def results(self):
        zero = np.zeros(self.x.shape(), np.float32)
        for value in self.states[self.turn]:
            value.update_inplace(zero)
        found = []
        for t in range(self.tokens.shape[1]):
            self.x.update_inplace(np.ascontiguousarray(
                self.tokens[None, :, t]))
            self.step(1)
            found.append(self.y.numpy()[0].copy())
        return {"y": np.stack(found, 1)}

    def release(self):
        pass


class System:
    def versions(self):
        return {"ONNX Runtime": onnxruntime.__version__,
                "ONNX": onnx.__version__}

    def cases(self):
        layers = [Case(cell, cell.upper(), "f32", INFER)
                  for cell in ("gru", "lstm")]
        layers += [Case(cell, cell.upper(), "bf16", INFER, NO_BF16)
                   for cell in ("gru", "lstm")]
        return layers + [Case("gru", "GRU", ops=DECODE)]

    def prepare(self, case, work):
        return (Decoder if case.ops == DECODE else Prepared)(case, work)
