"""How states, actions and returns become a model's inputs, and back."""

import json
from pathlib import Path

import numpy as np

from refused import Refused

FILE = "scaling.json"


class Scaling:
    """`about` is what scaling.json holds:

      action        "discrete" or "continuous"
      actions       how many there are to choose from, or features of one
      width         features of a step's input
      action_scale  of continuous ones: the greatest size of each feature
      state_mean, state_std
      return_scale  what a return-to-go is divided by; 0: it is left out
      returns       mean, std, least and greatest of the episodes
      reference     returns that count as 0 and as 100; null: not known
    """

    def __init__(self, about):
        self.about = about
        self.discrete = about["action"] == "discrete"
        self.actions, self.width = about["actions"], about["width"]
        self.mean = np.array(about["state_mean"])
        self.std = np.array(about["state_std"])
        self.action_scale = np.array(about.get("action_scale", 1.0))

    @staticmethod
    def read(folder):
        path = Path(folder) / FILE
        try:
            return Scaling(json.loads(path.read_text()))
        except OSError as error:
            raise Refused(f"cannot read '{path}': {error.strerror}; "
                          "convert.py writes it") from None
        except (ValueError, KeyError, TypeError) as error:
            raise Refused(f"cannot use '{path}': {error!r}; convert.py writes "
                          "it") from None

    def write(self, folder):
        (Path(folder) / FILE).write_text(json.dumps(self.about, indent=1)
                                         + "\n")

    def encoded(self, actions):
        """Actions as a model reads them, float [steps, actions]."""
        if self.discrete:
            return np.eye(self.actions)[actions]
        return actions / self.action_scale

    def inputs(self, returns_to_go, observations, before):
        """Float [steps, width]; `before` is the encoded action before each."""
        scale = self.about["return_scale"]
        returns = returns_to_go / scale if scale else 0 * returns_to_go
        return np.concatenate(
            [returns[:, None], (observations - self.mean) / self.std, before],
            axis=1)

    def action(self, output):
        """What an environment takes, and the same encoded, for a model's output
        [actions]: the greatest logit, or numbers within what was recorded."""
        if self.discrete:
            action = int(np.argmax(output))
            return action, self.encoded(action)
        encoded = np.clip(output, -1, 1)
        return (encoded * self.action_scale).astype(np.float32), encoded

    def score(self, value):
        """A return between the reference's two, 0 and 100; None: not known."""
        if self.about["reference"] is None:
            return None
        zero, hundred = self.about["reference"]
        return 100 * (value - zero) / (hundred - zero)


def scaling_of(episodes, reference, return_scale):
    """`return_scale` None: so that the greatest return-to-go has size 1."""
    states = np.concatenate([e.observations for e in episodes])
    actions = np.concatenate([e.actions for e in episodes])
    totals = np.array([e.rewards.sum() for e in episodes])
    if return_scale is None:
        return_scale = max(np.abs(e.returns_to_go()).max() for e in episodes)
    if actions.ndim == 1:
        about = {"action": "discrete", "actions": int(actions.max()) + 1}
    else:
        greatest = np.abs(actions).max(0)
        about = {"action": "continuous", "actions": actions.shape[1],
                 "action_scale": np.where(greatest, greatest, 1).tolist()}
    return Scaling(about | {
        "width": 1 + states.shape[1] + about["actions"],
        "state_mean": states.mean(0).tolist(),
        # A feature that never changes stays 0.
        "state_std": (states.std(0) + 1e-6).tolist(),
        "return_scale": float(return_scale),
        "returns": {"mean": totals.mean(), "std": totals.std(),
                    "least": totals.min(), "greatest": totals.max()},
        "reference": reference,
        "episodes": len(episodes), "steps": len(states),
        "longest": max(len(e.rewards) for e in episodes)})
