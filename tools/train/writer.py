"""SmolLM2 writes many documents side by side, one token per step; a row that finishes a document begins the next one.

Each row has its own length in the cache, and prompts go through the same step as generated text. A step is therefore
one fixed program, which a GPU replays as a CUDA graph without synchronising with the CPU.
"""

import math
from typing import NamedTuple

import numpy as np
import torch

import kernels
from fallback import checked, require_near
from smollm2 import rotated, split_heads

END_IDS = (0, 2)  # <|endoftext|>, <|im_end|>


class Sampling(NamedTuple):
    temperatures: tuple = (0.7, 0.8, 0.9)  # in turn, three documents each
    min_p: float = 0.04  # tokens below this fraction of the likeliest token's probability are never drawn
    penalty: float = 1.07  # on the last `n_penalised` tokens, as llama.cpp's repetition penalty
    n_penalised: int = 96


class Writer:
    """`n_rows` rows of up to `n_positions` tokens, and the documents for them to write.

    `numbers`, (n,): the documents; `prompts`: a list of token ids for each. A document's text depends on `seed` and its
    number but, apart from rounding, not on the documents beside it.
    """

    def __init__(self, model, numbers, prompts, n_rows, n_positions, seed, sampling=Sampling(), say=print):
        self.model, self.n_positions, self.sampling, self.say = model, n_positions, sampling, say
        device = self.device = model.device
        self.numbers = np.asarray(numbers)
        self.n_documents = n = len(prompts)
        # An extra document, for rows with none left to write.
        self.lengths = torch.tensor([*map(len, prompts), 1], device=device)
        padded = np.zeros((n + 1, max(map(len, prompts))), np.int64)
        for row, ids in zip(padded, prompts):
            row[: len(ids)] = ids
        self.prompts = torch.from_numpy(padded).to(device)
        numbers = torch.tensor([*self.numbers, 0], device=device)
        self.seeds = (seed * 2**20 + numbers) * 2**12
        temperatures = torch.tensor(sampling.temperatures, device=device)
        self.inverse_temperatures = 1 / temperatures[numbers // 3 % len(temperatures)]
        self.texts = torch.zeros((n + 1, n_positions), device=device, dtype=torch.int32)
        # Lengths of finished documents without their end token; negative for those cut off by the row's end.
        self.ended = torch.zeros(n + 1, device=device, dtype=torch.int32)
        self.rows = torch.arange(n_rows, device=device)
        self.back = torch.arange(sampling.n_penalised, device=device)
        shape = (model.n_layer, n_rows, model.n_kv, n_positions, model.head_dim)
        self.k = torch.zeros(shape, device=device, dtype=model.dtype)
        self.v = torch.zeros(shape, device=device, dtype=model.dtype)
        self.cos, self.sin = model.rotations(n_positions)
        self.document, self.token, self.position = torch.zeros((3, n_rows), device=device, dtype=torch.int64)
        self.n_begun = torch.zeros((), device=device, dtype=torch.int64)
        self.choose_ways()
        self.begin()

    def choose_ways(self):
        """Uses the kernels and the CUDA graph where they work correctly."""
        has_kernels = kernels.are_for(self.device)
        fast = (kernels.attend, kernels.pick) if has_kernels else (None, None)
        self.attend = checked("The attention kernel", fast[0], attend, self.check_attend, self.say)
        self.pick = checked("The sampling kernel", fast[1], pick, self.check_pick, self.say)
        self.advance = self.step
        if self.device.type == "cuda":
            try:
                self.advance = self.graph()
            except Exception as error:  # single steps give the same text, only slower
                self.say(f"The CUDA graph is not used: {type(error).__name__}: {str(error)[:500]}")

    def begin(self):
        """Starts every row with the first token of a document."""
        self.document.copy_(self.rows.clamp(max=self.n_documents))
        self.token.copy_(self.prompts[self.document, 0])
        self.position.zero_()
        self.n_begun.fill_(len(self.rows))
        self.ended.zero_()
        self.texts.zero_()

    @torch.no_grad()
    def step(self):
        """Adds a token to every row."""
        sampled = self.pick(self.penalised(self.logits()), *self.draw())
        after = self.position + 1
        is_prompt = after < self.lengths[self.document]
        given = self.prompts[self.document, after.clamp(max=self.prompts.shape[1] - 1)]
        new = torch.where(is_prompt, given, sampled)
        self.texts.view(-1)[self.document * self.n_positions + after] = new.int()
        is_end = ~is_prompt & ((new == END_IDS[0]) | (new == END_IDS[1]))
        is_over = is_end | (after >= self.n_positions - 1)
        length = torch.where(is_end, after, -(after + 1)).int()
        self.ended[self.document] = torch.where(is_over, length, self.ended[self.document])
        following = (self.n_begun + is_over.cumsum(0) - 1).clamp(max=self.n_documents)
        self.n_begun.add_(is_over.sum())
        self.document.copy_(torch.where(is_over, following, self.document))
        self.token.copy_(torch.where(is_over, self.prompts[self.document, 0], new))
        self.position.copy_(torch.where(is_over, torch.zeros_like(after), after))

    def logits(self):
        """(n_rows, n_vocab) logits of each row's next token."""
        cached = lambda i, qkv: self.attend(qkv, self.k[i], self.v[i], self.position, self.cos, self.sin)
        return self.model.logits(self.token, cached)

    def penalised(self, logits):
        """Lowers the logits of a row's last tokens: divides positive ones by the penalty, multiplies negative ones."""
        at = (self.position[:, None] - self.back).clamp(min=1)  # (n_rows, n_penalised)
        recent = self.texts.view(-1)[self.document[:, None] * self.n_positions + at].long()
        x, penalty = logits.gather(1, recent), self.sampling.penalty
        return logits.scatter_(1, recent, torch.where(x > 0, x / penalty, x * penalty))

    def draw(self):
        """The arguments of `pick` after the logits."""
        keys = self.seeds[self.document] + self.position
        return self.inverse_temperatures[self.document], self.sampling.min_p, keys

    def harvest(self):
        """[(number, ids of prompt and text, whether the model ended it)] for documents finished since the last call."""
        self.ended[-1] = 0
        which = self.ended.nonzero()[:, 0]
        lengths, texts = self.ended[which].tolist(), self.texts[which].cpu().numpy()
        starts = self.prompts[which, 0].tolist()
        self.ended[which] = 0
        numbers = self.numbers[which.cpu().numpy()].tolist()
        return [
            (number, [start, *text[1 : abs(length)].tolist()], length > 0)
            for number, start, text, length in zip(numbers, starts, texts, lengths)
        ]

    def graph(self):
        """Captures `step` as a CUDA graph; returns the function that replays it."""
        self.begin()
        stream = torch.cuda.Stream()
        stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(stream):
            for _ in range(3):
                self.step()
        torch.cuda.current_stream().wait_stream(stream)
        torch.cuda.synchronize()
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph, capture_error_mode="thread_local"):
            self.step()
        return graph.replay

    @torch.no_grad()
    def check_attend(self, fast):
        """Raises ArithmeticError if `fast` differs from `attend` on a full cache of random numbers."""
        k, v, last = self.k[0].normal_(), self.v[0].normal_(), self.n_positions - 1
        positions = torch.randint(0, self.n_positions, self.rows.shape, device=self.device)
        edges = torch.tensor([0, 1, 15, 16, 63, 64, 65, last], device=self.device).clamp(max=last)[: len(positions)]
        positions[: len(edges)] = edges
        width = self.model.layers[0]["qkv"].shape[1]
        qkv = torch.randn((len(self.rows), width), device=self.device).to(self.model.dtype)
        expected = attend(qkv, k, v, positions, self.cos, self.sin)
        expected_k = k[self.rows, :, positions].clone()
        k[self.rows, :, positions] = 0
        require_near(fast(qkv, k, v, positions, self.cos, self.sin), expected, 2e-2)
        require_near(k[self.rows, :, positions], expected_k, 2e-2)

    @torch.no_grad()
    def check_pick(self, fast, n=4096):
        """Raises ArithmeticError if many draws by `fast` from one row do not follow its probabilities."""
        n_vocab, min_p = len(self.model.embedding), self.sampling.min_p
        expected = torch.tensor([0.5, 0.3, 0.15, 0.05], device=self.device)
        at = torch.tensor([7, n_vocab // 3, n_vocab // 2, n_vocab - 1], device=self.device)
        temperature = 0.8
        logits = torch.full((n, n_vocab), -20.0, device=self.device)
        logits[:, at] = expected.log() * temperature
        logits[:, 5] = math.log(0.5 * min_p * 0.9) * temperature  # just below min-p
        keys = torch.arange(n, device=self.device)
        picked = fast(logits.to(self.model.dtype), torch.full((n,), 1 / temperature, device=self.device), min_p, keys)
        found = torch.stack([(picked == i).float().mean() for i in at])
        if not (found.sum() > 0.999 and (found - expected).abs().max() < 0.05):
            raise ArithmeticError(f"it draws {found.tolist()} where {expected.tolist()} is expected")


def attend(qkv, k_cache, v_cache, positions, cos, sin):
    """Stores each row's key and value at its position, and attends to all positions up to it: (n_rows, n_embd).

    `qkv`: (n_rows, (n_head + 2 * n_kv) * head_dim); the caches: (n_rows, n_kv, n_positions, head_dim).
    """
    n_rows, n_kv, n_positions, head_dim = k_cache.shape
    rows = torch.arange(n_rows, device=qkv.device)
    cos, sin = cos[positions][:, None], sin[positions][:, None]  # (n_rows, 1, head_dim / 2)
    q, k, v = split_heads(qkv, n_kv, head_dim)
    q = rotated(q.flatten(1, 2), cos, sin).view_as(q)
    k_cache[rows, :, positions], v_cache[rows, :, positions] = rotated(k, cos, sin), v
    is_later = torch.arange(n_positions, device=qkv.device) > positions[:, None]  # (n_rows, n_positions)
    weights = (q @ k_cache.transpose(2, 3)).float() / math.sqrt(head_dim)  # (n_rows, n_kv, n_head / n_kv, n_positions)
    weights = weights.masked_fill(is_later[:, None, None], -math.inf).softmax(-1)
    return (weights.to(v.dtype) @ v_cache).flatten(1)


def pick(logits, inverse_temperatures, min_p, keys):
    """One token per row, (n_rows,), drawn with a number between 0 and 1 that depends on the row's key only."""
    x = logits.float() * inverse_temperatures[:, None]
    x = x.masked_fill(x < x.amax(1, keepdim=True) + math.log(min_p), -math.inf)
    sums = x.softmax(1).cumsum(1)
    return (sums < uniform(keys)[:, None] * sums[:, -1:]).sum(1)


def uniform(keys):
    """Maps (n,) int64 to (n,) float32 in the open interval (0, 1): SplitMix64 (Steele et al. 2014)."""
    x = (keys + 1) * -0x61C8864680B583EB  # the odd constant 2^64 / golden ratio, in int64
    for shift, factor in (30, -0x40A7B892E31B1A47), (27, -0x6B2FB644ECCEEE15):
        x = (x ^ shifted(x, shift)) * factor
    x = x ^ shifted(x, 31)
    return (shifted(x, 41).float() + 0.5) / 2**23


def shifted(x, n):
    """Shifts right and fills with zeros, as int64's own shift does not."""
    return (x >> n) & ((1 << (64 - n)) - 1)
