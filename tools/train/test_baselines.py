"""Tests of the baselines: the trigram's probabilities, and which tokens are scored in which context."""

import unittest

import numpy as np

from baselines import N_POSITIONS, SEPARATOR, held_out, smollm2_nats, trigram_nats
from gpt2 import END_OF_TEXT
from trigram import Trigram, discounts

VOCAB_SIZE = 50


class Probabilities(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        # With Zipf's law every order has grams with the counts 1 to 4, and the tokens 40 to 49 remain unseen.
        cls.tokens = np.random.default_rng(0).zipf(1.3, 5000) % 40
        cls.model = Trigram(cls.tokens, VOCAB_SIZE)

    def probabilities(self, first, second):
        every = np.arange(VOCAB_SIZE)
        return self.model.probabilities(np.full(VOCAB_SIZE, first), np.full(VOCAB_SIZE, second), every)

    def test_probabilities_sum_to_one_after_seen_half_seen_and_unseen_contexts(self):
        for first, second in [self.tokens[:2], self.tokens[77:79], (49, 1), (1, 49), (48, 49)]:
            p = self.probabilities(first, second)
            self.assertGreater(p.min(), 0)
            self.assertAlmostEqual(p.sum(), 1, places=12)

    def test_probabilities_depend_on_the_context(self):
        model = Trigram(np.array([1, 2, 3, 4, 2, 5] * 20), VOCAB_SIZE)
        after_one, after_four = model.probabilities([1, 4], [2, 2], [3, 3])
        self.assertGreater(after_one, 0.9)
        self.assertLess(after_four, 0.1)

    def test_discounts_are_chen_and_goodman_s(self):
        # n1, n2, n3, n4 = 8, 4, 2, 1, hence y = 1/2.
        counts = np.repeat([1, 2, 3, 4], [8, 4, 2, 1])
        np.testing.assert_allclose(discounts(counts), [0, 0.5, 1.25, 2])


class Spelling:
    """Stands in for both tokenizers: every token except the end of text is one character."""

    def decode(self, ids, skip_special_tokens=True):
        texts = [SEPARATOR if id == END_OF_TEXT else chr(id) for id in ids]
        return "".join(text for text in texts if not (skip_special_tokens and text == SEPARATOR))

    def tokenize(self, text):
        return [END_OF_TEXT] if text == SEPARATOR else [ord(character) for character in text]


class OneNat(Spelling):
    """A model for which every token costs one nat, and which records its calls."""

    def __init__(self):
        self.asked = []

    def nats(self, ids):
        self.asked.append(ids)
        return np.ones(len(ids) - 1)


class Scoring(unittest.TestCase):
    tokens = np.arange(2 * N_POSITIONS + 11, dtype="<u2") % 26 + ord("a")

    def test_every_token_after_the_first_is_scored_once(self):
        text = held_out(Spelling(), self.tokens)
        np.testing.assert_array_equal(np.concatenate([window[1:] for window in text.windows]), self.tokens[1:])
        self.assertEqual((text.n_tokens, text.n_bytes), (len(self.tokens) - 1, len(self.tokens) - 1))

    def test_the_end_of_a_document_is_read_but_not_scored(self):
        tokens = self.tokens.copy()
        tokens[20] = END_OF_TEXT
        text = held_out(Spelling(), tokens)
        self.assertEqual((text.n_tokens, text.n_bytes), (len(tokens) - 2, len(tokens) - 2))
        uniform = Trigram(np.arange(END_OF_TEXT + 1), END_OF_TEXT + 1)
        self.assertGreater(trigram_nats(uniform, [tokens[:20]]), 0)
        self.assertEqual(
            trigram_nats(uniform, [tokens[:20]]), trigram_nats(uniform, [np.append(tokens[:20], END_OF_TEXT)])
        )

    def test_a_window_begins_with_an_end_of_text_and_one_unscored_token(self):
        model = OneNat()
        windows = held_out(Spelling(), self.tokens).windows
        self.assertEqual(smollm2_nats(model, Spelling(), windows), len(self.tokens) - 1)
        self.assertEqual(model.asked[1], [END_OF_TEXT, *self.tokens[N_POSITIONS : 2 * N_POSITIONS + 1]])


if __name__ == "__main__":
    unittest.main()
