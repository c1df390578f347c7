"""Pages that end every child, remembered by digest: a copy must not cost the deadline again.

A verdict must not depend on which copy was met first. So it is looked for in what copies share: `at_no_address` is the
page as any of them would be seen, and what ends a child in that form ends it for all. A page that is deadly only where
it stands (by its address, say) is remembered as that very capture.

Verdicts are kept in this process and, once it is given a folder, in a file each: for the other workers of a build, and
for the build that goes on after a kill. The folder belongs to one version of the code; limits are part of the digest.
"""

import json
from contextlib import suppress
from pathlib import Path
from typing import Any

from corpus.document import Page
from corpus.extraction.isolation.messages import BadAnswer, checked_rejection, encode_pages
from corpus.files.manifest import write_json
from corpus.hashing import digest
from corpus.json_types import JsonObject

Reason = tuple[str, float | None, str]  # reason, value, evidence of a rejection


class DeadlyPages:
    """The verdicts on pages that ended a child. `limits` says in words under what function and limits they did."""

    def __init__(self, limits: str) -> None:
        self.limits = limits
        self._reasons: dict[str, Reason] = {}
        self._lengths: set[int] = set()
        self._folder: Path | None = None

    def share(self, folder: Path) -> None:
        """Read what others have found so far, and leave there what is found from now on."""
        self._folder = folder
        for path in sorted(folder.glob("*.json")) if folder.is_dir() else ():
            with suppress(OSError, ValueError, KeyError):  # damaged or gone: found again
                self._read(json.loads(path.read_bytes()))

    def add(self, page: Page, reason: Reason) -> None:
        """Remember a page, in the form in which it was tried."""
        key, length = self._key(page), len(page.body)
        self._reasons[key] = reason
        self._lengths.add(length)
        if self._folder:
            entry = {"page": key, "length": length, "rejected": list(reason)}
            with suppress(OSError):  # a full disk is for those to report who need it
                self._folder.mkdir(parents=True, exist_ok=True)
                write_json(self._folder / f"{key}.json", {**entry, "digest": _digest(entry)})

    def find(self, page: Page) -> Reason | None:
        """The verdict on this page or a copy of it. The lengths spare all other pages the digest."""
        if len(page.body) not in self._lengths:
            return None
        return self._reasons.get(self._key(at_no_address(page))) or self._reasons.get(self._key(page))

    def _key(self, page: Page) -> str:
        # The same page under other limits or another function is another question.
        return digest(self.limits, *encode_pages([page]))

    def _read(self, entry: Any) -> None:
        if not isinstance(entry, dict) or entry.pop("digest") != _digest(entry):
            raise BadAnswer("a file that is not as it was written")
        self._reasons[entry["page"]] = checked_rejection(entry["rejected"])
        self._lengths.add(entry["length"])


def at_no_address(page: Page) -> Page:
    """What copies of a page have in common: its bytes and what was declared about them."""
    return Page("", "", page.status, page.content_type, page.body, "", 0, page.kind)


def _digest(entry: JsonObject) -> str:
    return digest(json.dumps(entry, sort_keys=True))
