"""The plain loop: PyTorch's cells, one step after the other, as "Were RNNs All
We Needed?" measured its baselines. examples/speed has it; it is too slow for
what bench/run.sh measures."""

import torch

from systems import torch_layers as layers
from systems.case import Case


class CellLoop(torch.nn.Module):
    """nn.GRUCell or nn.LSTMCell over time, which is outermost."""

    def __init__(self, cell, p):
        super().__init__()
        features = p["w_hh"].shape[1]
        self.cell = getattr(torch.nn, cell.upper() + "Cell")(
            p["w_ih"].shape[1], features)
        layers.fill(self.cell, p)

    def forward(self, x):
        h = x.new_zeros(x.shape[1], self.cell.hidden_size)
        is_lstm = isinstance(self.cell, torch.nn.LSTMCell)
        state, outputs = (h, h) if is_lstm else h, []
        for x_t in x.unbind(0):
            state = self.cell(x_t, state)
            outputs.append(state[0] if is_lstm else state)
        return torch.stack(outputs)


class System:
    def versions(self):
        return {"PyTorch": torch.__version__}

    def cases(self):
        return [Case(cell, f"loop of nn.{cell.upper()}Cell")
                for cell in ("gru", "lstm")]

    def prepare(self, case, work):
        return layers.Prepared(CellLoop(case.cell, work.parameters(case.cell)),
                               case, work, time_first=True)
