"""Tests with a tiny SmolLM2: its file, its forward pass, and the writer against writing one text at a time."""

import math
import tempfile
import unittest
from pathlib import Path

import numpy as np
import torch

import gguf
import tiny_smollm2
from smollm2 import SmolLM2
from writer import END_IDS, Sampling, Writer, attend, pick, uniform


class Miniature(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = Path(cls.enterClassContext(tempfile.TemporaryDirectory()))
        cls.meta = tiny_smollm2.metadata(tiny_smollm2.WORDS)
        cls.tensors = tiny_smollm2.random_tensors(cls.meta, seed=3)
        tiny_smollm2.write(cls.folder / "tiny.gguf", cls.meta, cls.tensors)
        cls.model = SmolLM2(cls.folder / "tiny.gguf")


class File(Miniature):
    def test_a_file_is_read_as_it_was_written(self):
        meta, tensors = gguf.read(self.folder / "tiny.gguf")
        self.assertEqual(meta["tokenizer.ggml.tokens"], self.meta["tokenizer.ggml.tokens"])
        self.assertAlmostEqual(meta["llama.attention.layer_norm_rms_epsilon"], 1e-5)
        self.assertEqual(set(tensors), set(self.tensors))
        # The file stores queries and keys in a different order.
        for name, value in self.tensors.items():
            np.testing.assert_array_equal(tensors[name], value, name)

    def test_quantised_tensors_are_off_by_at_most_half_a_step(self):
        path = self.folder / "quantised.gguf"
        tiny_smollm2.write(path, self.meta, self.tensors, {"attn_q.weight": gguf.Q4_1, "token_embd.weight": gguf.Q8_0})
        _, tensors = gguf.read(path)
        for name, n_steps in ("blk.0.attn_q.weight", 15), ("blk.1.attn_q.weight", 15), ("token_embd.weight", 254):
            blocks = self.tensors[name].reshape(-1, gguf.BLOCK_LEN)
            span = np.ptp(blocks, 1) if n_steps == 15 else 2 * np.abs(blocks).max(1)
            off = np.abs(tensors[name].reshape(blocks.shape) - blocks).max(1)
            self.assertGreater(off.max(), 0)
            self.assertTrue((off <= span * (0.5 / n_steps + 2e-3)).all(), name)

    def test_blocks_of_known_numbers(self):
        q8 = np.float16(0.5).tobytes() + np.arange(-16, 16, dtype="i1").tobytes()
        np.testing.assert_array_equal(gguf.dequantise(q8, 0, 32, gguf.Q8_0), np.arange(-16, 16) / 2)
        q4 = np.float16([0.5, -1]).tobytes() + bytes(i | (15 - i) << 4 for i in range(16))
        expected = np.concatenate([np.arange(16), np.arange(15, -1, -1)]) / 2 - 1
        np.testing.assert_array_equal(gguf.dequantise(q4, 0, 32, gguf.Q4_1), expected)
        with self.assertRaisesRegex(ValueError, "kind 2;"):
            gguf.dequantise(q4, 0, 32, 2)

    def test_other_files_are_refused(self):
        (self.folder / "other").write_bytes(b"PK\3\4" + bytes(100))
        with self.assertRaisesRegex(ValueError, "not a GGUF file"):
            gguf.read_meta(self.folder / "other")

    def test_text_is_split_by_the_merges_and_decodes_to_itself(self):
        for text in ("the thin cat, in 2021:\n\n\tna\u00efve \N{GRINNING FACE}", "<|im_start|>user\nthe<|im_end|>\n"):
            ids = self.model.tokenize(text)
            self.assertEqual(self.model.tokenizer.decode(ids, skip_special_tokens=False), text)
        tokens = [self.meta["tokenizer.ggml.tokens"][i] for i in ids]
        self.assertEqual(tokens, ["<|im_start|>", *"user", "\u010a", "the", "<|im_end|>", "\u010a"])


def logits_by_hand(meta, tensors, ids):
    """(t, n_vocab) logits: Llama position by position and head by head, in float64, rotating as complex numbers."""
    w = {name.removesuffix(".weight"): value.astype(float) for name, value in tensors.items()}
    n_head, n_kv = meta["llama.attention.head_count"], meta["llama.attention.head_count_kv"]
    d = meta["llama.embedding_length"] // n_head
    frequencies = meta["llama.rope.freq_base"] ** (-2 * np.arange(d // 2) / d)

    def norm(x, weight):
        return x / math.sqrt((x**2).mean() + meta["llama.attention.layer_norm_rms_epsilon"]) * weight

    def rotated(x, position):
        z = (x[: d // 2] + 1j * x[d // 2 :]) * np.exp(1j * position * frequencies)
        return np.concatenate([z.real, z.imag])

    stream = [w["token_embd"][i] for i in ids]
    for i in range(meta["llama.block_count"]):
        blk = f"blk.{i}."
        normed = [norm(x, w[blk + "attn_norm"]) for x in stream]
        q, k, v = ([(w[blk + f"attn_{name}"] @ x).reshape(-1, d) for x in normed] for name in "qkv")
        for t in range(len(ids)):
            heads = []
            for head in range(n_head):
                kv = head * n_kv // n_head
                scores = [rotated(q[t][head], t) @ rotated(k[s][kv], s) / math.sqrt(d) for s in range(t + 1)]
                p = np.exp(scores) / np.exp(scores).sum()
                heads.append(sum(p[s] * v[s][kv] for s in range(t + 1)))
            stream[t] = stream[t] + w[blk + "attn_output"] @ np.concatenate(heads)
        for t, x in enumerate(stream):
            x = norm(x, w[blk + "ffn_norm"])
            gate = w[blk + "ffn_gate"] @ x
            stream[t] = stream[t] + w[blk + "ffn_down"] @ (gate / (1 + np.exp(-gate)) * (w[blk + "ffn_up"] @ x))
    return np.array([w["token_embd"] @ norm(x, w["output_norm"]) for x in stream])


class Forward(Miniature):
    def test_the_logits_are_those_of_the_plain_forward_pass(self):
        ids = np.random.default_rng(2).integers(0, len(self.model.embedding), 11)
        expected = logits_by_hand(self.meta, self.tensors, ids)
        logits = self.model.logits(torch.from_numpy(ids), self.model.causal_attention(len(ids)))
        np.testing.assert_allclose(logits.numpy(), expected, atol=2e-4)
        nats = self.model.nats(ids.tolist())
        log_p = expected - np.log(np.exp(expected).sum(1, keepdims=True))
        np.testing.assert_allclose(nats, -log_p[range(10), ids[1:]], atol=1e-4)


class Writing(Miniature):
    numbers = [3, 5, 6, 9, 14, 21, 22, 30, 31]
    prompts = [[1, 50 + i, *range(60, 60 + i)] for i in range(9)]

    def write(self, n_rows, n_positions, sampling, n_steps=200, numbers=numbers, prompts=prompts):
        """{number: (ids, finished)}"""
        writer = Writer(self.model, numbers, prompts, n_rows, n_positions, seed=7, sampling=sampling)
        harvest = []
        for _ in range(n_steps):
            writer.advance()
            harvest += writer.harvest()
        self.assertEqual(len({number for number, _, _ in harvest}), len(harvest))
        return {number: (ids, finished) for number, ids, finished in harvest}

    def one_after_another(self, number, ids, n_positions, sampling):
        """Writes the document `number` without a cache, running the whole text through every step."""
        temperature = sampling.temperatures[number // 3 % len(sampling.temperatures)]
        ids = list(ids)
        while len(ids) < n_positions:
            logits = self.model.logits(torch.tensor(ids), self.model.causal_attention(len(ids)))[-1]
            for i in set(ids[1:][-sampling.n_penalised :]):
                logits[i] *= 1 / sampling.penalty if logits[i] > 0 else sampling.penalty
            p = (logits / temperature).softmax(0)
            p = torch.where(p >= sampling.min_p * p.max(), p, torch.zeros_like(p))
            coin = uniform(torch.tensor([(7 * 2**20 + number) * 2**12 + len(ids) - 1]))
            token = int(torch.searchsorted(p.cumsum(0), coin * p.sum()))
            if token in END_IDS:
                return ids, True
            ids.append(token)
        return ids, False

    def test_refilled_rows_write_the_same_as_one_text_at_a_time(self):
        for sampling in (
            Sampling(),
            Sampling(min_p=0.9999),
            Sampling(temperatures=(2.0,), min_p=0.01, penalty=1.5, n_penalised=4),
        ):
            written = self.write(4, 32, sampling)
            for number, prompt in zip(self.numbers, self.prompts):
                self.assertEqual(
                    written[number], self.one_after_another(number, prompt, 32, sampling), (number, sampling)
                )
        # The last sampling has both kinds: texts that end and texts that are cut off.
        self.assertEqual({finished for _, finished in written.values()}, {True, False})

    def test_a_text_does_not_depend_on_those_beside_it(self):
        together = self.write(9, 32, Sampling())
        alone = self.write(1, 32, Sampling(), numbers=self.numbers[4:5], prompts=self.prompts[4:5])
        self.assertEqual(together[14], alone[14])

    def test_the_checks_accept_the_plain_functions_and_refuse_wrong_ones(self):
        writer = Writer(self.model, self.numbers, self.prompts, 8, 70, seed=7)
        writer.check_attend(attend)
        writer.check_pick(pick)
        with self.assertRaises(ArithmeticError):
            writer.check_attend(lambda qkv, k, v, positions, cos, sin: attend(qkv, k, v, positions.roll(1), cos, sin))
        with self.assertRaises(ArithmeticError):
            writer.check_pick(lambda logits, inverse_temperatures, min_p, keys: logits.argmax(1))
        with self.assertRaises(ArithmeticError):
            writer.check_pick(
                lambda logits, inverse_temperatures, min_p, keys: pick(logits, inverse_temperatures, 1e-3, keys)
            )

    def test_random_numbers_are_uniform_and_uncorrelated_between_neighbours(self):
        drawn = uniform(torch.arange(-5000, 5000))
        self.assertTrue(((0 < drawn) & (drawn < 1)).all())
        counts = torch.histc(drawn, 10, 0, 1)
        self.assertLess((counts - 1000).abs().max().item(), 120)
        self.assertLess(np.corrcoef(drawn[1:], drawn[:-1])[0, 1], 0.03)


if __name__ == "__main__":
    unittest.main()
