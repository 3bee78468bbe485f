"""Documents in a file, one line of JSON each, so that a writer killed at any moment loses one at most."""

import json


def read(path):
    """The whole documents; a last line without its end is still being written, or never will be."""
    return [json.loads(line) for line in whole_lines(path).splitlines()]


def append(path):
    """Opens `path` for more documents, after cutting off what a kill left of one."""
    path.touch()
    with path.open("r+b") as file:
        file.truncate(len(whole_lines(path)))
    return path.open("a")


def whole_lines(path):
    data = path.read_bytes()
    return data[: data.rfind(b"\n") + 1]
