"""A definition, a tokenizer, and the command in this process: what tests of refreshes share."""

import os

import pytest

DEFINITION = """
output = "data"
[[source]]
name = "webtext"
submissions = "incoming/RS_*"
pages = "incoming/crawl/*/*.warc.gz"
{source}
[tokenizer]
{tokenizer}
[shards]
validation_share = 0.2
write = {shards}
[run]
flags = ["--direct_num_workers=1"]
{more}
"""


def define(folder, source="", tokenizer="vocab_size = 300", shards="true", more=""):
    """Write `corpus.toml`; its path."""
    path = folder / "corpus.toml"
    path.write_text(DEFINITION.format(source=source, tokenizer=tokenizer, shards=shards, more=more))
    return path


def refresh(*arguments):
    """Run the command in this process, which stays where it is; the exit code."""
    from pipelines.refresh.__main__ import main

    here = os.getcwd()
    try:
        return main([str(word) for word in arguments])
    finally:
        os.chdir(here)


@pytest.fixture(scope="session")
def tokenizer_folder(tmp_path_factory):
    """A tokenizer for all refreshes of these tests: a byte is a token."""
    from corpus.tokenizer.encoding import tokenizer_from
    from corpus.tokenizer.files import save_tokenizer
    from corpus.tokenizer.models import byte_characters, gpt2_model

    folder = tmp_path_factory.mktemp("bytes")
    vocabulary = {character: number for number, character in enumerate(byte_characters())}
    save_tokenizer(tokenizer_from("gpt2", gpt2_model({**vocabulary, "<|endoftext|>": 256}, [])), folder)
    return folder
