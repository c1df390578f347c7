"""The extractors that main text is compared with, each as a function of HTML and URL to text.

All run in this process but rs-trafilatura, which is built from Rust and wants an environment of its own:

    python -m venv rs && rs/bin/pip install rs-trafilatura==0.1.1      (needs cargo)

A child in that environment gets one page at a time on its input, and answers with the text and its processor seconds.
readability-lxml runs where it is installed (`pip install readability-lxml`; an older pip cannot do it beside jusText).
"""

import json
import logging
import subprocess
import time
from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import justext
import trafilatura
from lxml.html import document_fromstring
from resiliparse.extract.html2text import extract_plain_text

logging.getLogger("trafilatura").setLevel(logging.CRITICAL)
logging.getLogger("readability.readability").setLevel(logging.CRITICAL)

Timed = Callable[[str, str], tuple[str, float]]  # (HTML, URL) to (text, processor seconds)

_CHILD = """
import json, sys, time
from rs_trafilatura import extract
for line in sys.stdin:
    html, url = json.loads(line)
    start = time.process_time()
    try:
        text = extract(html, url=url).main_content or ""
    except Exception:
        text = ""
    print(json.dumps([text, time.process_time() - start]), flush=True)
"""


def _trafilatura(html: str, url: str) -> str:
    return trafilatura.extract(html) or ""


def _trafilatura_precise(html: str, url: str) -> str:
    return trafilatura.extract(html, favor_precision=True) or ""


def _resiliparse(html: str, url: str) -> str:
    return extract_plain_text(html, main_content=True)


def _readability(html: str, url: str) -> str:
    summary = import_module("readability").Document(html, url=url).summary(html_partial=True)
    return "\n".join(text.strip() for text in document_fromstring(summary).itertext() if text.strip())


def _justext(html: str, url: str) -> str:
    paragraphs = justext.justext(html.encode(), justext.get_stoplist("English"), encoding="utf-8")
    return "\n".join(paragraph.text for paragraph in paragraphs if not paragraph.is_boilerplate)


PEERS: dict[str, Callable[[str, str], str]] = {
    "trafilatura": _trafilatura,
    "precision": _trafilatura_precise,
    "resiliparse": _resiliparse,
    "justext": _justext,
}
if find_spec("readability"):
    PEERS["readability"] = _readability


def with_time(extract: Callable[[str, str], str]) -> Timed:
    """The same extractor with its seconds; a page on which it fails has no text."""

    def run(html: str, url: str) -> tuple[str, float]:
        start = time.process_time()
        try:
            text = extract(html, url)
        except Exception:
            text = ""
        return text, time.process_time() - start

    return run


def rs_trafilatura(python: Path) -> Timed:
    """rs-trafilatura in the environment of this interpreter."""
    child = subprocess.Popen([str(python), "-c", _CHILD], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert child.stdin and child.stdout
    write, read = child.stdin, child.stdout

    def run(html: str, url: str) -> tuple[str, float]:
        print(json.dumps([html.encode("utf-8", "replace").decode(), url]), file=write, flush=True)
        answer = read.readline()
        if not answer:
            raise RuntimeError(f"rs-trafilatura ended; try: {python} -c 'import rs_trafilatura'")
        text, seconds = json.loads(answer)
        return text, seconds

    return run
