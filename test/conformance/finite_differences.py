"""Central differences of fourth order, at single elements and along random
directions."""

import numpy as np

# A kink (relu, max) between two samples spoils a difference, whatever the
# gradient: such cases are tried with the smaller steps too.
STEPS = (1e-3, 1e-4, 1e-5)


def difference(f, step):
    """f'(0) of a function of one number."""
    return (8 * (f(step) - f(-step)) - (f(2 * step) - f(-2 * step))) \
        / (12 * step)


def directions(shape, rng, elements, random):
    """Unit directions: `elements` single elements, `random` dense ones."""
    size = int(np.prod(shape))
    for index in rng.permutation(size)[:elements]:
        direction = np.zeros(size)
        direction[index] = 1
        yield direction.reshape(shape)
    for _ in range(random):
        direction = rng.choice([-1.0, 1.0], size)
        yield direction.reshape(shape) / np.sqrt(size)


def worst_error(f, tensor, gradient, scale, rng, elements, random,
                kinks=False):
    """The largest |difference - gradient . direction| / scale, where
    f(tensor + change) is the function."""
    worst = 0.0
    for direction in directions(tensor.shape, rng, elements, random):
        wanted = float((gradient * direction).sum())
        error = np.inf
        for step in STEPS if kinks else STEPS[:1]:
            found = difference(lambda s: f(tensor + s * direction), step)
            error = min(error, abs(found - wanted))
            if error <= 1e-7 * scale:
                break
        worst = max(worst, error / scale)
    return worst
