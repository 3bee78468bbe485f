"""A file of documents, one line of JSON each, so that a writer killed at any moment loses at most one."""

import json


def read(path):
    """Reads the complete documents; a last line without a line break is incomplete."""
    return [json.loads(line) for line in whole_lines(path).splitlines()]


def append(path):
    """Opens `path` for more documents, after cutting off an incomplete last line."""
    path.touch()
    with path.open("r+b") as file:
        file.truncate(len(whole_lines(path)))
    return path.open("a")


def whole_lines(path):
    data = path.read_bytes()
    return data[: data.rfind(b"\n") + 1]
