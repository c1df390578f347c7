"""Writes the prose of the embedded sample: English articles by the hundred, and some pages in other languages.

The articles must read as a person's work, be long enough for the rules that look at text, and share few
word 5-grams, or the near-duplicate stage would find what nobody planted. So an article is one of eight angles
(`corpus.sample.angles`) on one of 24 trades (`corpus.sample.makers`, `corpus.sample.keepers`): two articles have
the trade or the angle in common, never both. Everything is drawn from a generator seeded with the article's
number: the same words on every machine.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random
from typing import TypeVar

from corpus.sample.angles import ANGLES
from corpus.sample.keepers import KEEPERS
from corpus.sample.languages import CHINESE, DAYS, FRENCH, GERMAN, JAPANESE, MANUAL, PEOPLE, PLACES, SPANISH
from corpus.sample.makers import MAKERS

T = TypeVar("T")

WOMEN = "Ada Agnes Beatriz Clara Edith Hettie Ingrid Marguerite Miriam Noor Oona Priya Ruth Tamsin Yuki Zoë".split()
MEN = "Albert Cyril Dafydd Gregor Henrik Ibrahim Jürgen Kaspar Leif Mateo Ned Oswin Pascal Samuel Tobias Wim".split()
SURNAMES = (
    "Allardyce Aziz Barrow Brandreth Calloway Castellan Dunne Falconer Hanada Hobday Holt Kerrigan Marsh Monteiro "
    "Nygaard Okafor Pargeter Poole Pryce Quill Raman Renn Rojas Sande Tait Thornley Tranter Voss Whitlow Wren"
).split()
TOWNS = (
    "Saltmarsh Quay/Upper Wick/Harrowfield/Penhallow/Little Dunmore/Kestrel Bay/Ashby Lock/Thornmouth/Wendle/Oxcombe/"
    "Greywater/Marlstone/Tern Head/Copley Bridge/Sandholm/Eastry Moor/Birchover End/Fenwick Staithe/Rooksby/Lowhesk/"
    "Brindle Cross/Hollin Ferry/St Elwyn/Pebblemarsh/Cold Ambry/Wexcote/Gannet Stairs/Tolliver's Mill"
).split("/")
RIVERS = "Tarn Wend Ouzel Leddon Brae Isk Marl Teasel Fennick Lorne".split()
MONTHS = "January February March April May June July August September October November December".split()
WEEKDAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()
SEASONS: tuple[str, ...] = ("spring", "summer", "autumn", "winter")
RELATIONS = "aunt/uncle/grandmother/grandfather/mother/father/godmother/elder sister/great-uncle".split("/")
COUNTS = "three four five six seven eight nine eleven twelve fourteen".split()
YEARS_OF_WORK = "eleven/fourteen/seventeen/nineteen/twenty-two/twenty-six/thirty-one/thirty-eight/forty".split("/")
HOURS = "five/half past five/six/seven/half past seven/eight/nine/ten/noon/two/four".split("/")
SECTIONS = {"de": GERMAN, "fr": FRENCH, "es": SPANISH, "manual": MANUAL}
SENTENCES = {"ja": JAPANESE, "zh": CHINESE}
CORE = ("craft", "thing", "things", "maker", "place", "do", "doing")
SLASHED = ("tool", "stuff", "sense", "step", "myth")
SLOT = re.compile(r"\{(\w+)\}")  # {tool}: from a deck of its own, or the same throughout
CHOICE = re.compile(r"\[([^\[\]]*)\]")  # [old|new]: one of them
SENTENCE_START = re.compile(r"((?:^|(?<!\bSt)[.?]\"? )\"?)([a-z])")  # after a full stop, but not in "St Elwyn"
VOWEL_AFTER_A = re.compile(r"\b([Aa]) (?=[aeio])(?!one\b|eu)")  # "a old" → "an old", not "a one" or "a European"


@dataclass(frozen=True)
class SampleArticle:
    """One text of the sample, still without a page around it."""

    title: str
    author: str
    paragraphs: tuple[str, ...]
    language: str = "en"
    topic: str = ""
    angle: int = 0

    @property
    def text(self) -> str:
        """The paragraphs, with blank lines between them."""
        return "\n\n".join(self.paragraphs)


def _endless(values: list[T], random: Random) -> Iterator[T]:
    """The values in random order, without an end: none comes again before all have come."""
    while True:
        yield from random.sample(values, len(values))


def _steps(values: list[str], random: Random) -> Iterator[str]:
    """The steps of a trade in their order, all but one; then all of them, as often as needed."""
    left_out = random.randrange(len(values))
    yield from values[:left_out] + values[left_out + 1 :]
    while True:
        yield from values


def _dates(season: str, random: Random) -> Iterator[str]:
    """Days of a season, in order. Their names are ours: `strftime` asks the locale."""
    day = date(2015, 3 + 3 * SEASONS.index(season), 1) + timedelta(days=random.randrange(40))
    while True:
        yield f"{WEEKDAYS[day.weekday()]}, {day.day} {MONTHS[day.month - 1]}"
        day += timedelta(days=random.randint(1, 9))


def _hours(random: Random) -> Iterator[str]:
    """Hours in the order of a day, four of them, and then whatever comes."""
    first = sorted(random.sample(range(len(HOURS)), 4))
    yield from (HOURS[index] for index in first)
    yield from _endless(HOURS, random)


def _years(random: Random) -> Iterator[str]:
    """Years in the order of time, as a history tells them."""
    year = random.randint(1838, 1866)
    while True:
        yield str(year)
        year += random.randint(4, 19)


def _parse_trade(block: str) -> dict[str, list[str]]:
    """A trade's lines as lists, by key."""
    trade: dict[str, list[str]] = {}
    for line in block.splitlines():
        key, _, value = line.partition(": ")
        # "saw / axe" is two; other keys hold one sentence a line.
        items = value.split(" / ") if key in SLASHED or key == "core" else [value]
        trade.setdefault(key, []).extend(items)
    return trade


def _parse_angle(block: str) -> tuple[list[str], list[list[str]]]:
    """The titles of an angle, and its paragraphs: for each, first how many sentences, then the sentences."""
    # A line that goes on is indented; a paragraph begins with "> " and how many of its sentences are taken, "2-4" or
    # "3-*".
    titles, *paragraphs = block.replace("\n    ", " ").split("\n> ")
    return titles.removeprefix("title: ").strip().split(" / "), [p.strip().split("\n") for p in paragraphs]


TRADES = [_parse_trade(block) for block in (MAKERS.strip() + "\n\n" + KEEPERS.strip()).split("\n\n")]
PLANS = [_parse_angle("title: " + block) for block in ANGLES.strip().removeprefix("title: ").split("\ntitle: ")]
ENGLISH_ARTICLES = len(TRADES) * len(PLANS)


class _ProseWriter:
    """Fills the slots of one article: some stay as they are, others come from a deck of their own."""

    def __init__(self, trade: dict[str, list[str]], random: Random):
        self.random = random
        self.fixed = dict(zip(CORE, trade["core"], strict=True)) | _cast(random)
        self.decks = {key: _endless(trade[key], random) for key in ("tool", "stuff", "sense", "myth")}
        self.decks |= {key: _endless(trade[key], random) for key in ("fact", "past", "saying")}
        self.decks |= {
            "step": _steps(trade["step"], random),
            "date": _dates(self.fixed["season"], random),
            "count": _endless(COUNTS, random),
            "weekday": _endless(WEEKDAYS[:6], random),
            "hour": _hours(random),
            "year": _years(random),
        }
        self.troubles = _endless([trouble.split(" > ") for trouble in trade["trouble"]], random)
        self.trouble = next(self.troubles)

    def _slot(self, match: re.Match[str]) -> str:
        key = match[1]
        if key == "fault":
            self.trouble = next(self.troubles)
        if key in ("fault", "cause", "remedy"):
            return self.trouble[("fault", "cause", "remedy").index(key)]
        return self.fixed[key] if key in self.fixed else next(self.decks[key])

    def write(self, pattern: str) -> str:
        """The pattern with its choices made, its slots filled, and its capitals and articles put right."""
        while "[" in pattern or "{" in pattern:
            pattern = CHOICE.sub(lambda match: self.random.choice(match[1].split("|")), pattern)
            pattern = SLOT.sub(self._slot, pattern)
        text = VOWEL_AFTER_A.sub(r"\1n ", pattern)
        return SENTENCE_START.sub(lambda match: match[1] + match[2].upper(), text)


def _person(random: Random) -> tuple[str, str, str, str]:
    """A full name, the first name, and the two pronouns that go with it."""
    woman = random.random() < 0.5
    first = random.choice(WOMEN if woman else MEN)
    he, his = ("she", "her") if woman else ("he", "his")
    return f"{first} {random.choice(SURNAMES)}", first, he, his


def _cast(random: Random) -> dict[str, str]:
    """Who and where: the slots that stay the same through one article."""
    name, first, he, his = _person(random)
    other, otherfirst, _, his2 = next(p for p in iter(lambda: _person(random), None) if p[1] != first)
    town, town2 = random.sample(TOWNS, 2)
    return {
        **{"name": name, "first": first, "he": he, "his": his, "other": other, "otherfirst": otherfirst, "his2": his2},
        **{"town": town, "town2": town2, "river": random.choice(RIVERS), "relation": random.choice(RELATIONS)},
        **{"season": random.choice(SEASONS), "month": random.choice(MONTHS), "years": random.choice(YEARS_OF_WORK)},
    }


def _paragraph(plan: list[str], writer: _ProseWriter, length: str) -> str:
    how_many, *patterns = plan
    low, _, high = how_many.replace("*", str(len(patterns))).partition("-")
    must = [index for index, pattern in enumerate(patterns) if pattern.startswith("! ")]  # "! ": always taken
    may = [index for index in range(len(patterns)) if index not in must]
    wanted = {"short": int(low), "long": len(patterns)}.get(length, writer.random.randint(int(low), int(high or low)))
    chosen = sorted(must + writer.random.sample(may, min(len(may), max(0, wanted - len(must)))))
    return " ".join(writer.write(patterns[index].removeprefix("! ")) for index in chosen)


def english_article(number: int) -> SampleArticle:
    """English article `number` of `ENGLISH_ARTICLES`: 150 to 700 words on one trade from one angle."""
    random = Random(f"article {number}")
    trade = TRADES[number % len(TRADES)]
    # Trade and angle by number: 24 trades times 8 angles, each pair once.
    angle = (number // len(TRADES) + number) % len(PLANS)
    titles, plans = PLANS[angle]
    writer = _ProseWriter(trade, random)
    title = writer.write(random.choice(titles))
    length = random.choice(("short", "usual", "usual", "long"))
    paragraphs = tuple(_paragraph(plan, writer, length) for plan in plans)
    return SampleArticle(title, _person(random)[0], paragraphs, topic=trade["core"][0], angle=angle)


def sectioned_page(number: int, language: str) -> SampleArticle:
    """A page of two sections in German ("de"), French ("fr") or Spanish ("es"), or of the English "manual".

    The pairs of sections come in a fixed order; ten different pages can be made of five sections.
    The manual's pages share none, so there are three of them.
    """
    random = Random(f"{language} {number}")
    blocks = [block.split("\n") for block in SECTIONS[language].strip().split("\n\n")]
    pairs = [(a, b) for a in range(len(blocks)) for b in range(a + 1, len(blocks))]  # all pairs of sections, in order
    first, second = pairs[number] if language != "manual" else (2 * number, 2 * number + 1)
    name, town = random.choice(PEOPLE.get(language, ["the authors"])), random.choice(PLACES.get(language, TOWNS))
    people = {"name": name, "town": town, "count": str(random.randint(11, 48))}

    def fill(match: re.Match[str]) -> str:
        fresh = {"year": str(random.randint(1811, 1952)), "weekday": random.choice(DAYS.get(language, WEEKDAYS))}
        return (people | fresh)[match[1]]

    paragraphs = []
    for block in (blocks[first], blocks[second]):
        keep = sorted(random.sample(range(1, len(block)), max(5, len(block) - 3)))
        text = " ".join(CHOICE.sub(lambda match: random.choice(match[1].split("|")), block[index]) for index in keep)
        paragraphs.append(SLOT.sub(fill, text))
    title = " – ".join((blocks[first][0], blocks[second][0]))
    return SampleArticle(title, name, tuple(paragraphs), "en" if language == "manual" else language, language)


def short_page(number: int, language: str) -> SampleArticle:
    """A page of Japanese ("ja") or Chinese ("zh")."""
    sentences = SENTENCES[language]
    turned = sentences[number % len(sentences) :] + sentences[: number % len(sentences)]
    half = len(turned) // 2
    return SampleArticle(turned[0][:8], "", ("".join(turned[:half]), "".join(turned[half:])), language, language)
