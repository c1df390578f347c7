"""Pages that end every child, remembered by digest: a copy must not cost the deadline again.

A verdict must not depend on which copy was met first. So it is looked for in what copies share: `at_no_address` is the
page as any of them would be seen, and what ends a child in that form ends it for all. A page that is deadly only where
it stands (by its address, say) is remembered as that very capture.
"""

from corpus.document import Page
from corpus.extraction.isolation.messages import encode_pages
from corpus.hashing import digest

Reason = tuple[str, float | None, str]  # reason, value, evidence of a rejection


class DeadlyPages:
    """The verdicts on pages that ended a child, for as long as this object lives."""

    def __init__(self) -> None:
        self._reasons: dict[str, Reason] = {}
        self._lengths: set[int] = set()

    def add(self, page: Page, reason: Reason) -> None:
        """Remember a page, in the form in which it was tried."""
        self._reasons[_key(page)] = reason
        self._lengths.add(len(page.body))

    def find(self, page: Page) -> Reason | None:
        """The verdict on this page or a copy of it. The lengths spare all other pages the digest."""
        if len(page.body) not in self._lengths:
            return None
        return self._reasons.get(_key(at_no_address(page))) or self._reasons.get(_key(page))


def at_no_address(page: Page) -> Page:
    """What copies of a page have in common: its bytes and what was declared about them."""
    return Page("", "", page.status, page.content_type, page.body, "", 0, page.kind)


def _key(page: Page) -> str:
    return digest(*encode_pages([page]))
