"""PyTorch by torch.compile. A loop over time would be unrolled: its steps are
compiled in pieces of CHUNK and the pieces called in a loop."""

import torch

from systems import torch_layers as layers
from systems.case import Case, DECODE

CHUNK = 16
TRAIN = ("forward_backward",)  # forward without gradients compiles once more
NO_LAYER = "torch.compile leaves nn.{} as it is: see torch_eager"


class System:
    def versions(self):
        return {}  # those of torch_eager

    def cases(self):
        found = [Case("min_gru", variant, precision, TRAIN)
                 for variant, precisions in (
                     ("log space", ("f32", "bf16")),
                     ("minGRU-pytorch", ("f32",)),
                     (f"hoisted loop by {CHUNK}", ("f32", "bf16")))
                 for precision in precisions]
        found.append(Case("min_gru", "minGRU-pytorch", "bf16", TRAIN,
                          why="compiled it is the log-space form's graph"))
        found += [Case(cell, f"nn.{cell.upper()}",
                       why=NO_LAYER.format(cell.upper()))
                  for cell in ("gru", "lstm")]
        return found + [Case("min_gru", "step", ops=DECODE),
                        Case("gru", "nn.GRUCell", ops=DECODE)]

    def prepare(self, case, work):
        torch._dynamo.config.recompile_limit = 256
        if case.ops == DECODE:
            return layers.Decoder(case, work, compiled=True)
        p = work.parameters(case.cell)
        if case.variant == "log space":
            layer = layers.LogSpace(p["weight"])
        elif case.variant == "minGRU-pytorch":
            layer = layers.package(p, work.shape)
        else:
            layer = layers.HoistedLoop(
                p["weight"], torch.compile(layers.stack_steps, dynamic=False),
                CHUNK)
            return layers.Prepared(layer, case, work, time_first=True)
        return layers.Prepared(layer, case, work, time_first=False,
                               call=torch.compile(layer, dynamic=False))
