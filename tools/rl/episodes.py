"""Recorded episodes from HDF5 files of D4RL and of Minari."""

from dataclasses import dataclass

import numpy as np

from refused import Refused

try:
    import h5py
except ImportError:
    h5py = None

D4RL = ("observations", "actions", "rewards", "terminals", "timeouts")
MINARI = ("observations", "actions", "rewards", "terminations", "truncations")


@dataclass
class Episode:
    """What was seen before each action, the action, and what it earned."""
    observations: np.ndarray  # float [steps, features]
    actions: np.ndarray       # int [steps], or float [steps, features]
    rewards: np.ndarray       # float64 [steps]

    def returns_to_go(self):
        """The sum of the rewards from each step on, [steps]."""
        return np.cumsum(self.rewards[::-1])[::-1]


@dataclass
class Recording:
    layout: str       # "D4RL" or "Minari"
    episodes: list
    left_out: int     # steps after the last end of an episode
    reference: list   # returns that count as 0 and as 100; None: not known


def read_recording(path):
    """Throws Refused, which names the file and the place in it."""
    if h5py is None:
        raise Refused(f"cannot read '{path}': there is no h5py for this "
                      "Python; Debian's package is python3-h5py")
    try:
        with h5py.File(path, "r") as file:
            return _recording(file)
    except Refused as reason:
        raise Refused(f"cannot use '{path}': {reason}") from None
    except OSError as error:
        reason = str(error).splitlines()[0]
        raise Refused(f"cannot read '{path}': {reason}; an HDF5 file is "
                      "needed") from None


def _recording(file):
    names = sorted((name for name in file if name.startswith("episode_")),
                   key=lambda name: (len(name), name))
    if names:
        layout, left_out = "Minari", 0
        episodes = [_minari_episode(file, name) for name in names]
    else:
        layout = "D4RL"
        episodes, left_out = _d4rl_episodes(file)
    if not episodes:
        raise Refused("no episode ends in it: terminals and timeouts are all "
                      "false")
    reference = [file.attrs.get(name)
                 for name in ("ref_min_score", "ref_max_score")]
    known = None not in reference and reference[0] != reference[1]
    return Recording(layout, _alike(episodes), left_out,
                     [float(score) for score in reference] if known else None)


def _arrays(group, keys, where):
    missing = [key for key in keys if key not in group]
    if missing:
        found = ", ".join(sorted(group)[:8]) or "nothing"
        raise Refused(f"{where} has no {missing[0]} (found: {found}); needed "
                      f"are {', '.join(keys)}, as D4RL has them, or groups "
                      "episode_0, ..., as Minari has them")
    arrays = {}
    for key in keys:
        if not isinstance(group[key], h5py.Dataset):
            raise Refused(f"{key} of {where} is a group; only observations "
                          "and actions that are one vector a step are read")
        array = group[key][()]
        if not isinstance(array, np.ndarray) or array.dtype.kind not in "biuf":
            raise Refused(f"{key} of {where} is no array of numbers")
        arrays[key] = array
    return arrays


def _minari_episode(file, name):
    if not isinstance(file[name], h5py.Group):
        raise Refused(f"{name} is no group")
    arrays = _arrays(file[name], MINARI, name)
    steps = _size(arrays["actions"])
    # One observation more than actions: what the last action led to.
    _require_steps(arrays, MINARI[:1], steps + 1, name)
    _require_steps(arrays, MINARI[2:], steps, name)
    return _episode(arrays, 0, steps, name)


def _d4rl_episodes(file):
    arrays = _arrays(file, D4RL, "the file")
    steps = _size(arrays["actions"])
    _require_steps(arrays, D4RL, steps, "the file")
    ends = np.flatnonzero((arrays["terminals"].reshape(-1) != 0)
                          | (arrays["timeouts"].reshape(-1) != 0)) + 1
    begins = [0, *ends[:-1]]
    episodes = [_episode(arrays, begin, end, f"episode {i}")
                for i, (begin, end) in enumerate(zip(begins, ends))]
    return episodes, steps - (int(ends[-1]) if len(ends) else 0)


def _size(array):
    return array.shape[0] if array.ndim else 0


def _require_steps(arrays, keys, steps, where):
    for key in keys:
        if _size(arrays[key]) != steps:
            raise Refused(
                f"{key} of {where} has {_size(arrays[key])} rows where "
                f"{_size(arrays['actions'])} actions need {steps}")
        if key in D4RL[2:] + MINARI[3:] and arrays[key].size != steps:
            raise Refused(f"{key} of {where} has shape "
                          f"{list(arrays[key].shape)} where one number a step "
                          "is needed")


def _episode(arrays, begin, end, where):
    observations = _vectors(arrays["observations"][begin:end],
                            "observations", where)
    actions = arrays["actions"][begin:end]
    if actions.dtype.kind == "f":
        actions = _vectors(actions, "actions", where)
    elif actions.size != len(actions):
        raise Refused(f"actions of {where} are {actions.shape[1:]} whole "
                      "numbers a step; one is read, or a vector of floats")
    else:
        actions = actions.reshape(-1).astype(np.int64)
        if actions.size and actions.min() < 0:
            raise Refused(f"actions of {where} hold {actions.min()}; they "
                          "count from 0")
    rewards = arrays["rewards"][begin:end].reshape(-1).astype(np.float64)
    episode = Episode(observations, actions, rewards)
    _require_finite(episode, where)
    return episode


def _vectors(array, key, where):
    if array.ndim == 1:
        array = array[:, None]
    if array.ndim != 2 or array.shape[1] == 0:
        raise Refused(f"{key} of {where} have shape {list(array.shape)} where "
                      "[steps, features] is needed")
    return array.astype(np.float64)


def _require_finite(episode, where):
    for key in ("observations", "actions", "rewards"):
        finite = np.isfinite(getattr(episode, key))
        if not finite.all():
            step = np.argwhere(~finite)[0][0]
            value = getattr(episode, key)[step]
            raise Refused(f"{key} of {where} are not finite at step {step}: "
                          f"{value}")


def _alike(episodes):
    first = episodes[0]
    for i, episode in enumerate(episodes):
        for key in ("observations", "actions"):
            a, b = getattr(first, key), getattr(episode, key)
            if a.shape[1:] != b.shape[1:] or a.dtype != b.dtype:
                raise Refused(f"{key} of episode {i} are {b.dtype} "
                              f"{list(b.shape[1:])} a step and of the first "
                              f"one {a.dtype} {list(a.shape[1:])}")
    return episodes
