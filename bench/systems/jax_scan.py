"""JAX, jitted: minGRU by associative_scan and by lax.scan, with time outermost."""

import jax
import jax.numpy as jnp
import numpy as np

from systems.case import Case, DECODE


def gates(x, weight):
    """Decay and what is added, in f32."""
    c, k = jnp.split(jnp.matmul(x, weight.T,
                                preferred_element_type=jnp.float32), 2, -1)
    z = jax.nn.sigmoid(k)
    return 1 - z, z * jnp.where(c >= 0, c + 0.5, jax.nn.sigmoid(c))


def associative(x, weight):
    def combine(early, late):
        return early[0] * late[0], early[1] * late[0] + late[1]
    return jax.lax.associative_scan(combine, gates(x, weight))[1]


def serial(x, weight):
    def step(h, gate):
        h = gate[0] * h + gate[1]
        return h, h
    decay, added = gates(x, weight)
    return jax.lax.scan(step, jnp.zeros_like(added[0]), (decay, added))[1]


VARIANTS = {"associative_scan": associative, "lax.scan": serial}


class Prepared:
    def __init__(self, case, work):
        kind = jnp.bfloat16 if case.precision == "bf16" else jnp.float32

        def placed(array):
            return jnp.asarray(np.swapaxes(array, 0, 1), kind)
        self.x = placed(work.inputs(case.cell)[0])
        self.dy = placed(work.slope(case.cell))
        self.weight = jnp.asarray(work.parameters(case.cell)["weight"], kind)
        layer = VARIANTS[case.variant]

        def run(x, weight):
            return layer(x, weight).astype(kind)

        def train(x, weight, dy):
            y, back = jax.vjp(run, x, weight)
            return y, back(dy)
        self.run, self.train = jax.jit(run), jax.jit(train)
        self.y = self.slopes = None

    def forward(self):
        self.y = self.run(self.x, self.weight).block_until_ready()

    def forward_backward(self):
        self.y = self.slopes = None
        self.slopes = jax.block_until_ready(
            self.train(self.x, self.weight, self.dy))[1]

    def results(self):
        self.forward()

        def array(value):
            return np.asarray(value, np.float32)
        dx, weight = self.slopes
        return {"y": array(self.y).swapaxes(0, 1),
                "x": array(dx).swapaxes(0, 1), "weight": array(weight)}

    def release(self):
        self.y = self.slopes = None


class Decoder:
    def __init__(self, case, work):
        self.weights = [jnp.asarray(p["weight"])
                        for p in work.layers(case.cell)]
        self.x = jnp.asarray(work.inputs(case.cell)[0])
        self.zero = [jnp.zeros_like(self.x[:, 0]) for _ in self.weights]

        @jax.jit
        def one(x, states, weights):
            new = []
            for h, weight in zip(states, weights):
                decay, added = gates(x, weight)
                x = decay * h + added
                new.append(x)
            return x, new
        self.one = one

    def step(self, tokens):
        x, states = self.x[:, 0], self.zero
        for _ in range(tokens):  # a token is read before the next one is sent
            y, states = self.one(x, states, self.weights)
            y.block_until_ready()

    def results(self):
        states, found = self.zero, []
        for t in range(self.x.shape[1]):
            y, states = self.one(self.x[:, t], states, self.weights)
            found.append(np.asarray(y))
        return {"y": np.stack(found, 1)}

    def release(self):
        pass


class System:
    def versions(self):
        return {"JAX": jax.__version__}

    def cases(self):
        return [Case("min_gru", variant, precision) for variant in VARIANTS
                for precision in ("f32", "bf16")] \
            + [Case("min_gru", "step", ops=DECODE)]

    def prepare(self, case, work):
        return (Decoder if case.ops == DECODE else Prepared)(case, work)
