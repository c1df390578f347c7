"""BM25 over titles (Robertson and Zaragoza, 2009), with the usual k1 = 1.2 and b = .75."""

import math
from collections import Counter
from collections.abc import Sequence

_K1, _B = 1.2, 0.75


class Index:
    """Ranks the titles for a query; of equals the earlier in the catalogue comes first."""

    def __init__(self, titles: Sequence[str]) -> None:
        self.titles = list(titles)
        words = [title.lower().split() for title in titles]
        mean = sum(map(len, words)) / len(words)
        self._lengths = [_K1 * (1 - _B + _B * len(each) / mean) for each in words]
        self._postings: dict[str, list[tuple[int, int]]] = {}
        for number, each in enumerate(words):
            for word, count in Counter(each).items():
                self._postings.setdefault(word, []).append((number, count))

    def search(self, query: str, count: int) -> list[str]:
        """The best `count` titles that share a word with the query."""
        scores: Counter[int] = Counter()
        for word in query.lower().split():
            found = self._postings.get(word, [])
            rarity = math.log(1 + (len(self.titles) - len(found) + 0.5) / (len(found) + 0.5))
            for number, times in found:
                scores[number] += rarity * times * (_K1 + 1) / (times + self._lengths[number])
        best = sorted(scores, key=lambda number: (-scores[number], number))[:count]
        return [self.titles[number] for number in best]
