"""The prompts, the journal and the rules around SmolLM2's prose; none of it needs the model."""

import tempfile
import unittest
from pathlib import Path

import drop_rules
import journal
import prompts

REQUEST = "Write a letter from Maya to Tom about the state of the playground. The tone is warm."
PROSE = """Dear Tom,
The swings were painted last week, and my daughter has not talked about anything else since. She says that the red one
is the fastest. I walked past again on Sunday with a thermos of tea and found your neighbour there, sanding the bench
where we used to sit. He told me that nobody had asked him to; he was just tired of splinters.
Come and see it when you are back from the coast, and bring the kite.
Maya"""


class Prompts(unittest.TestCase):
    def test_a_number_has_one_prompt_and_other_numbers_have_others(self):
        drawn = [prompts.prompt(7, number) for number in range(500)]
        self.assertEqual(drawn[123], prompts.prompt(7, 123))
        self.assertGreater(len(set(drawn)), 490)
        self.assertEqual({prompt.style for prompt in drawn}, set(prompts.STYLES))

    def test_every_template_is_filled(self):
        for number in range(2000):
            for text in prompts.prompt(0, number):
                self.assertNotRegex(text, r"[{}]|  ")


class Journal(unittest.TestCase):
    def test_a_torn_line_is_not_read_and_is_cut_off_before_more_is_written(self):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "journal.jsonl"
            path.write_text('{"number": 0}\n{"number": 1}\n{"num')
            self.assertEqual([document["number"] for document in journal.read(path)], [0, 1])
            with journal.append(path) as file:
                file.write('{"number": 2}\n')
            self.assertEqual([document["number"] for document in journal.read(path)], [0, 1, 2])

    def test_a_new_journal_is_empty(self):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "journal.jsonl"
            journal.append(path).close()
            self.assertEqual(journal.read(path), [])


class Clean(unittest.TestCase):
    def test_typography_becomes_the_corpus_s(self):
        reply = "\u201cIt\u2019s late\u2026\u201d  she said \u2014 again."
        self.assertEqual(drop_rules.clean(reply, True), ['"It\'s late..." she said\u2014again.'])

    def test_headers_and_a_placeholder_below_are_cut_off(self):
        reply = "Subject: Playground\n\nDear Tom,\n\nIt is done.\n\nBest,\n[Your Name]\n"
        self.assertEqual(drop_rules.clean(reply, True), ["Dear Tom,", "It is done.", "Best,"])

    def test_an_unfinished_reply_ends_with_its_last_sentence(self):
        self.assertEqual(drop_rules.clean('One.\nTwo. "Three!" And then', False), ["One.", 'Two. "Three!"'])
        self.assertEqual(drop_rules.clean("One.\nand then", False), ["One."])
        self.assertEqual(drop_rules.clean("", False), [])


class Rules(unittest.TestCase):
    def test_prose_breaks_none(self):
        self.assertIsNone(drop_rules.broken_rule(PROSE, REQUEST))

    def test_each_rule_finds_its_kind(self):
        kinds = {
            "not ASCII": PROSE + "\nSee you \N{GRINNING FACE}",
            "placeholder": PROSE.replace("your neighbour", "[name of the neighbour]"),
            "list or markup": PROSE + "\n1. Paint the swings.",
            "refusal": "I'm sorry, but I can't assist with that. " + PROSE,
            "talk about the task or about being an AI": PROSE + " As an AI, I have no kite.",
            "too short": PROSE[:100],
            "repetition": PROSE + PROSE,
            "echo of the request": PROSE + " " + REQUEST,
        }
        self.assertEqual(set(kinds), set(drop_rules.RULES))
        for rule, text in kinds.items():
            self.assertEqual(drop_rules.broken_rule(text, REQUEST), rule)

    def test_a_sentence_is_used_so_often_and_left_out_afterwards(self):
        n = drop_rules.MAX_USES_OF_A_SENTENCE + 1
        documents = [
            {
                "number": number,
                "request": REQUEST,
                "reply": f"I hope this message finds you well. {PROSE.replace('e ', f'e {number} ')}",
                "finished": True,
            }
            for number in range(n)
        ]
        kept, dropped = drop_rules.select(documents)
        self.assertEqual([text.startswith("I hope") for text in kept.values()], [True] * (n - 1) + [False])
        self.assertEqual([text.endswith("Maya") for text in kept.values()], [True] * n)
        self.assertEqual(list(kept), list(range(n)))
        self.assertEqual(dropped, {})


if __name__ == "__main__":
    unittest.main()
