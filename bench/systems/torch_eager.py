"""PyTorch as it comes: minGRU in three ways, nn.GRU, nn.LSTM, and cells."""

import importlib.metadata

import torch

from systems import torch_layers as layers
from systems.case import Case, DECODE, has_bf16

SLOW = ("this CPU has no bf16 arithmetic: PyTorch emulates each step's product "
        "and takes minutes")


class System:
    def versions(self):
        return {"PyTorch": torch.__version__,
                "minGRU-pytorch": importlib.metadata.version("minGRU-pytorch")}

    def cases(self):
        found = [Case("min_gru", variant, precision)
                 for variant in ("log space", "minGRU-pytorch", "hoisted loop")
                 for precision in ("f32", "bf16")]
        for cell in ("gru", "lstm"):
            variant = f"nn.{cell.upper()}"
            found += [Case(cell, variant),
                      Case(cell, variant, "bf16",
                           why="" if has_bf16() else SLOW)]
        return found + [Case("min_gru", "step", ops=DECODE),
                        Case("gru", "nn.GRUCell", ops=DECODE)]

    def prepare(self, case, work):
        if case.ops == DECODE:
            return layers.Decoder(case, work)
        p = work.parameters(case.cell)
        layer = {
            "log space": lambda: layers.LogSpace(p["weight"]),
            "minGRU-pytorch": lambda: layers.package(p, work.shape),
            "hoisted loop": lambda: layers.HoistedLoop(p["weight"]),
        }.get(case.variant, lambda: layers.GatedLayer(case.cell, p))()
        time_first = not isinstance(layer, layers.LogSpace) \
            and case.variant != "minGRU-pytorch"
        return layers.Prepared(layer, case, work, time_first)
