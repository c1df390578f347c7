"""The search over rejected documents: the one script that a page of ours may run, and what it searches.

The script stands in `search.js` and is written into the page as it is, without a word of what others wrote; the page's
policy allows it by its digest, so that nothing else runs, whatever a title says.
"""

import base64
import hashlib
from pathlib import Path

from markupsafe import Markup

from corpus.report.facts import ShownDocument

SCRIPT = Path(__file__).parent / "search.js"


def search_script() -> dict[str, object]:
    """`script`, and `script_digest` as a content security policy names it."""
    text = SCRIPT.read_text(encoding="utf-8")
    known = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
    return {"script": Markup(text), "script_digest": Markup(f"sha256-{known}")}


def spread(documents: list[ShownDocument], most: int) -> list[ShownDocument]:
    """At most so many of the documents, from all over the list: every second of seven, where five are allowed."""
    return documents[:: -(-len(documents) // most)] if most and documents else []
