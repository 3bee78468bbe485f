"""How far a run is, from 0 to 1, by the tokens it has read or by a clock, and what that means for its learning rate."""

WARM_UP = 0.025  # of the run


def learning_rate_factor(progress):
    """Up from zero at first, and down to zero at the end, both in a straight line."""
    return min(1.0, (progress + 1e-4) / WARM_UP) * (1 - progress)


class Progress:
    """Counts the steps of a run, which is over after `n_tokens` or, if `seconds` are given, after so many of them.

    `clock()` gives seconds. A run that is gone on with has its `seconds` over all its sittings.
    """

    def __init__(self, n_tokens, batch_tokens, seconds=None, clock=None):
        self.n_tokens, self.batch_tokens, self.seconds, self.clock = n_tokens, batch_tokens, seconds, clock
        self.n_steps = 0
        self.seconds_before, self.started = 0.0, clock() if clock else 0.0

    def __call__(self):
        """From 0 to 1; 1 means that the run is over."""
        if self.seconds is None:
            return min(1.0, self.n_steps * self.batch_tokens / self.n_tokens)
        return min(1.0, self.seconds_used() / self.seconds)

    def seconds_used(self):
        return self.seconds_before + (self.clock() - self.started if self.clock else 0.0)

    def state_dict(self):
        return dict(n_steps=self.n_steps, seconds=self.seconds_used())

    def load_state_dict(self, state):
        self.n_steps, self.seconds_before = state["n_steps"], state["seconds"]
