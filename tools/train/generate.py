"""Everyday prose written by SmolLM2-135M-Instruct, for sequence-level distillation (Kim and Rush 2016).

    python generate.py FOLDER [--documents 4000] [--seed 0] [--threads 2]

Appends every reply to FOLDER/smollm2.jsonl, one a line; run again, it goes on where it was stopped. `drop_rules.py`
makes the training text of it, so that a rule can be mended without writing anything again.
"""

import argparse
import json
import random
import time
from collections import deque
from pathlib import Path

import llama_cpp

import journal
from prompts import prompt
from smollm2 import SmolLM2, weights

N_SEQ = 32  # written side by side, since reading the weights is most of the work of one token
MAX_PROMPT_TOKENS = 128
MAX_NEW_TOKENS = 384
N_BATCH = 512


def chat(request, opening):
    """`request` in SmolLM2's chat template, with the beginning of the reply."""
    return f"<|im_start|>user\n{request}<|im_end|>\n<|im_start|>assistant\n{opening}"


def sampler(model, seed, number):
    """The sampler of document `number`, with a generator of its own: what else is in the batch does not matter to it."""
    chain = llama_cpp.llama_sampler_chain_init(llama_cpp.llama_sampler_chain_default_params())
    for step in (
        llama_cpp.llama_sampler_init_top_k(50),
        llama_cpp.llama_sampler_init_penalties(model.n_vocab, 128, 1.05, 0.0, 0.0),
        llama_cpp.llama_sampler_init_top_p(0.9, 1),
        llama_cpp.llama_sampler_init_temp(0.6),
        llama_cpp.llama_sampler_init_dist(random.Random(f"{seed} {number} sampler").getrandbits(32)),
    ):
        llama_cpp.llama_sampler_chain_add(chain, step)
    return chain


class Document:
    """A reply being written in one of the model's sequences."""

    def __init__(self, model, sequence, seed, number):
        self.model, self.sequence, self.number = model, sequence, number
        self.prompt = prompt(seed, number)
        self.sampler = sampler(model, seed, number)
        self.unread = model.tokenize(chat(self.prompt.request, self.prompt.opening))  # tokens the model has not seen
        self.n_past = 0
        self.new = []
        self.finished = False  # by the model, not by the limit

    def entries(self):
        """The unread tokens as a batch for the model; only behind the last one is a token to be chosen."""
        last = len(self.unread) - 1
        entries = [(token, self.n_past + i, self.sequence, i == last) for i, token in enumerate(self.unread)]
        self.n_past += len(self.unread)
        return entries

    def sample(self, index):
        """Takes the next token from the logits at `index` of the batch; returns whether the reply goes on."""
        token = llama_cpp.llama_sampler_sample(self.sampler, self.model.context, index)
        self.finished = llama_cpp.llama_vocab_is_eog(self.model.vocab, token)
        if not self.finished:
            self.new.append(token)
            self.unread = [token]
        return not self.finished and len(self.new) < MAX_NEW_TOKENS

    def close(self):
        """Frees the sequence and returns the document's line of the journal."""
        llama_cpp.llama_sampler_free(self.sampler)
        self.model.forget(self.sequence)
        return {
            "number": self.number,
            **self.prompt._asdict(),
            "reply": self.prompt.opening + self.model.detokenize(self.new),
            "n_tokens": len(self.new),
            "finished": self.finished,
        }


def write(model, numbers, seed):
    """Yields the finished documents `numbers` of the collection `seed`, in the order in which they end."""
    waiting = deque(numbers)
    documents = [None] * N_SEQ
    while waiting or any(documents):
        batch, last = [], {}
        # llama.cpp runs tokens of many sequences at once only where they stand in the sequences' order.
        for sequence in range(N_SEQ):
            if not documents[sequence] and waiting and len(batch) + MAX_PROMPT_TOKENS + N_SEQ <= N_BATCH:
                documents[sequence] = Document(model, sequence, seed, waiting.popleft())
            if documents[sequence]:
                batch += documents[sequence].entries()
                last[sequence] = len(batch) - 1
        model.decode(batch)
        for sequence, index in last.items():
            if not documents[sequence].sample(index):
                yield documents[sequence].close()
                documents[sequence] = None


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, metavar="FOLDER")
    parser.add_argument("--documents", type=int, default=4000, help="in all, with those of earlier runs")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()

    model = SmolLM2(weights(options.folder), N_SEQ, MAX_PROMPT_TOKENS + MAX_NEW_TOKENS, N_BATCH, options.threads)
    path = options.folder / "smollm2.jsonl"
    n_tokens, started = 0, time.monotonic()
    with journal.append(path) as file:
        written = {document["number"] for document in journal.read(path)}
        numbers = [number for number in range(options.documents) if number not in written]
        for n_documents, document in enumerate(write(model, numbers, options.seed), 1):
            file.write(json.dumps(document) + "\n")
            file.flush()
            n_tokens += document["n_tokens"]
            if n_documents % N_SEQ == 0:
                rate = n_tokens / (time.monotonic() - started)
                print(f"{len(written) + n_documents} documents, {rate:.0f} tokens/s", flush=True)


if __name__ == "__main__":
    main()
