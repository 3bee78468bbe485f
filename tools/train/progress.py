"""How far a run is, and what that means for its learning rate: warm-up, stable, decay."""


class Progress:
    """How far a run is, in steps and tokens."""

    def __init__(self, config):
        self.config = config
        self.n_steps = self.n_tokens = self.i_phase = self.n_phase_tokens = 0

    @property
    def phase(self):
        """The phase of the next step; None when the run is over."""
        return self.config.phases[self.i_phase] if self.i_phase < len(self.config.phases) else None

    def advance(self):
        n = self.config.batch_tokens
        self.n_steps, self.n_tokens, self.n_phase_tokens = self.n_steps + 1, self.n_tokens + n, self.n_phase_tokens + n
        if self.n_phase_tokens >= self.phase.n_tokens:
            self.i_phase, self.n_phase_tokens = self.i_phase + 1, 0

    def finish(self):
        if self.phase is not None and not self.phase.decays:
            self.i_phase = next(i for i, phase in enumerate(self.config.phases) if phase.decays)
            self.n_phase_tokens = 0

    def learning_rate_factor(self):
        """Warm-up, then 1, then down to zero over the phases that decay."""
        warmup = min(1, (self.n_tokens + self.config.batch_tokens) / self.config.warmup_tokens)
        if not self.phase.decays:
            return warmup
        decaying = [(i, phase.n_tokens) for i, phase in enumerate(self.config.phases) if phase.decays]
        n_done = sum(n for i, n in decaying if i < self.i_phase) + self.n_phase_tokens
        return warmup * (1 - n_done / sum(n for _, n in decaying))

    def state_dict(self):
        return {key: value for key, value in vars(self).items() if key != "config"}
