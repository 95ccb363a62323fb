"""Records episodes of a classic-control environment of Gymnasium as an HDF5 file
in Minari's layout.

A controller that was written by hand acts, better or worse: of an episode of
quality q, an action that is a choice is random with probability 1 - q; a force
is q times the controller's and 1 - q times a random one. A fifth of the
episodes each has quality 0, 0.25, 0.5, 0.75 and 1. The scores that count as 0
and as 100 are the means of those of quality 0 and of those of quality 1.
"""

import argparse
import sys

import gymnasium
import h5py
import numpy as np

QUALITIES = (1, 0.75, 0.5, 0.25, 0)


def balance(state):
    """CartPole: push to where the pole falls and the cart drifts."""
    return int(0.1 * state[0] + 0.3 * state[1] + 2 * state[2] + 0.6 * state[3]
               > 0)


def pump(state):
    """Acrobot: push the second joint the way it turns."""
    return 2 if state[5] > 0 else 0


def swing_up(state):
    """Pendulum: add energy or take it away until it is that of standing upright
    (kinetic w^2 / 6, potential 5 cos, as the environment has mass 1, length 1
    and g 10); near the top a PD controller."""
    cosine, sine, speed = state
    angle = np.arctan2(sine, cosine)
    if abs(angle) < 0.5:
        torque = -10 * angle - 2.5 * speed
    else:
        surplus = speed * speed / 6 + 5 * (cosine - 1)
        torque = -5 * surplus * (np.sign(speed) or 1)
    return np.clip([torque], -2, 2).astype(np.float32)


CONTROLLERS = {"CartPole-v1": balance, "Acrobot-v1": pump,
               "Pendulum-v1": swing_up}


def mixed(action, other, quality, rng):
    if isinstance(action, int):
        return action if rng.random() < quality else other
    return (quality * action + (1 - quality) * other).astype(np.float32)


def record_episode(environment, controller, quality, seed):
    """The arrays of a group of the file, by name."""
    rng = np.random.default_rng(seed)
    environment.action_space.seed(seed)
    state, _ = environment.reset(seed=seed)
    states, steps, ended = [state], [], False
    while not ended:
        action = mixed(controller(state), environment.action_space.sample(),
                       quality, rng)
        state, reward, terminated, truncated, _ = environment.step(action)
        states.append(state)
        steps.append((action, float(reward), terminated, truncated))
        ended = terminated or truncated
    names = ("actions", "rewards", "terminations", "truncations")
    return {"observations": np.array(states)} | {
        name: np.array(column) for name, column in zip(names, zip(*steps))}


def record(name, path, episodes, seed):
    environment = gymnasium.make(name)
    returns = {quality: [] for quality in QUALITIES}
    with h5py.File(path, "w") as file:
        for i in range(episodes):
            quality = QUALITIES[i % len(QUALITIES)]
            arrays = record_episode(environment, CONTROLLERS[name],
                                    quality, seed + i)
            group = file.create_group(f"episode_{i}")
            group.attrs.update({"id": i, "seed": seed + i,
                                "total_steps": len(arrays["rewards"])})
            for key, array in arrays.items():
                group[key] = array
            returns[quality].append(arrays["rewards"].sum())
        file.attrs["ref_min_score"] = np.mean(returns[0])
        file.attrs["ref_max_score"] = np.mean(returns[1])
    return returns


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("environment", choices=CONTROLLERS)
    parser.add_argument("--out", required=True, metavar="FILE.hdf5")
    parser.add_argument("--episodes", type=int, default=400)
    parser.add_argument("--seed", type=int, default=100000,
                        help="of the first episode; each has its own (not "
                        "those that evaluate.py begins with)")
    options = parser.parse_args()
    if options.episodes < len(QUALITIES):
        parser.error(f"--episodes must be {len(QUALITIES)} or more")
    for quality, earned in record(
            options.environment, options.out, options.episodes,
            options.seed).items():
        print(f"quality {quality:4}: {len(earned)} episodes, "
              f"returns {np.mean(earned):.2f} +- {np.std(earned):.2f}")


if __name__ == "__main__":
    sys.exit(main())
