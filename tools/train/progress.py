"""The progress of a run from 0 to 1, by tokens read or by a clock, and the learning rate that follows from it."""

WARM_UP = 0.025  # of the run


def learning_rate_factor(progress):
    """Linear warm-up from zero, then linear decay to zero."""
    return min(1.0, (progress + 1e-4) / WARM_UP) * (1 - progress)


class Progress:
    """Counts the steps of a run, which ends after `n_tokens` or, if given, after `seconds`.

    `clock()` returns seconds. The time of a resumed run includes its earlier sessions.
    """

    def __init__(self, n_tokens, batch_tokens, seconds=None, clock=None):
        self.n_tokens, self.batch_tokens, self.seconds, self.clock = n_tokens, batch_tokens, seconds, clock
        self.n_steps = 0
        self.seconds_before, self.started = 0.0, clock() if clock else 0.0

    def __call__(self):
        """From 0 to 1, the end of the run."""
        if self.seconds is None:
            return min(1.0, self.n_steps * self.batch_tokens / self.n_tokens)
        return min(1.0, self.seconds_used() / self.seconds)

    def seconds_used(self):
        return self.seconds_before + (self.clock() - self.started if self.clock else 0.0)

    def state_dict(self):
        return dict(n_steps=self.n_steps, seconds=self.seconds_used())

    def load_state_dict(self, state):
        self.n_steps, self.seconds_before = state["n_steps"], state["seconds"]
