"""The embedded sample: the same bytes each time, readable by other people's readers, and prose worth reading."""

import bz2
import gzip
import html
import json
import lzma
import re
import time
import zlib
from collections import Counter, defaultdict
from itertools import combinations, pairwise
from pathlib import Path
from urllib.parse import urljoin

import pytest
import zstandard
from fastwarc.warc import ArchiveIterator as FastwarcIterator
from warcio.archiveiterator import ArchiveIterator as WarcioIterator

from corpus.sample.plants import CAFE
from corpus.sample.prose import ENGLISH_ARTICLES, PLANS, TRADES, english_article, sectioned_page
from corpus.sample.web import DAMAGED, WET, PageOutcome
from corpus.sample.write import write_sample
from corpus.urls import address

LANGUAGE_MODEL = Path(__file__).parents[4] / "shared/data/lid/lid.176.ftz"
GOOD_ARCHIVES = ("sample-0000.warc.gz", "sample-0001.warc.gz", "sample-0002.warc", WET)
STOP_WORDS = {"the", "be", "to", "of", "and", "that", "have", "with"}
GONE = {"[deleted]", "[removed]"}


@pytest.fixture(scope="module")
def sample(tmp_path_factory):
    return write_sample(tmp_path_factory.mktemp("sample"))


@pytest.fixture(scope="module")
def pages(sample):
    """Every whole response and conversion, decoded by warcio: URL → (status, location, content type, body)."""
    found = defaultdict(list)
    for name in GOOD_ARCHIVES:
        with (sample.folder / "crawl" / name).open("rb") as file:
            for record in WarcioIterator(file):
                if record.rec_type in ("response", "conversion"):
                    url, http = record.rec_headers["WARC-Target-URI"], record.http_headers
                    status = int(http.get_statuscode()) if http else 200
                    location, kind = (http["Location"], http["Content-Type"]) if http else (None, "text/plain")
                    found[url].append((status, location, kind, record.content_stream().read()))
    return found


@pytest.fixture(scope="module")
def lines(sample):
    """The lines of all dumps, as bytes, by file."""
    return {path.name: unpack(path).removesuffix(b"\n").split(b"\n") for path in dumps(sample)}


@pytest.fixture(scope="module")
def posts(lines):
    """Every line that is a JSON object."""
    found = []
    for line in (line for rows in lines.values() for line in rows):
        try:
            found.append(json.loads(line))
        except ValueError:
            continue
    return [post for post in found if isinstance(post, dict)]


def dumps(sample):
    return sorted((sample.folder / "submissions").iterdir())


def unpack(path):
    if path.suffix == ".zst":
        reader = zstandard.ZstdDecompressor(max_window_size=2**31)
        with path.open("rb") as file:
            return reader.stream_reader(file, read_across_frames=True).read()
    return {".xz": lzma, ".bz2": bz2, ".gz": gzip}[path.suffix].open(path).read()


def shingles(text):
    words = re.findall(r"\w+", text.lower())
    return {tuple(words[start : start + 5]) for start in range(len(words) - 4)}


def jaccard(one, other):
    return len(one & other) / len(one | other)


def text_of(body, charset="utf-8"):
    """The paragraphs of one of our pages, without an extractor."""
    page = html.unescape(body.decode(charset, "replace"))
    page = page.partition('class="comments"')[0]
    return " ".join(" ".join(re.findall(r"<p>(.*?)</p>", page, re.DOTALL) or [page]).split())


def test_two_writes_give_equal_bytes(sample, tmp_path):
    began = time.perf_counter()
    again = write_sample(tmp_path)
    assert time.perf_counter() - began < 5
    names = sorted(path.relative_to(tmp_path) for path in tmp_path.rglob("*") if path.is_file())
    assert names == sorted(path.relative_to(sample.folder) for path in sample.folder.rglob("*") if path.is_file())
    for name in names:
        assert (tmp_path / name).read_bytes() == (sample.folder / name).read_bytes(), name
    assert again.expected == sample.expected


def test_small_and_found_by_its_globs(sample):
    files = [path for path in sample.folder.rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) < 3_000_000
    globbed = [path for glob in (sample.submissions, sample.pages) for path in Path("/").glob(glob.lstrip("/"))]
    others = [path for path in files if path.parent.name in ("commoncrawl", "books", "wikipedia", "benchmarks")]
    assert sorted([*globbed, *others]) == sorted(files)
    assert len(others) == 6


@pytest.mark.parametrize("name", GOOD_ARCHIVES)
def test_archives_open_with_fastwarc(sample, name):
    with (sample.folder / "crawl" / name).open("rb") as file:
        records = [record.headers["WARC-Record-ID"] for record in FastwarcIterator(file, parse_http=False)]
    assert len(records) == len(set(records)) == sample.records[name]


def test_damaged_archive_has_good_records_around_the_bad_ones(sample):
    data = (sample.folder / "crawl" / DAMAGED).read_bytes()
    outcomes = []
    for member in re.split(rb"(?=\x1f\x8b\x08\x00\x00\x00\x00\x00)", data)[1:]:
        stream = zlib.decompressobj(31)
        try:
            outcomes.append("whole" if stream.decompress(member) and stream.eof else "cut short")
        except zlib.error:
            outcomes.append("spoilt")
    assert outcomes.count("whole") == sample.records[DAMAGED]
    assert outcomes[-1] == "cut short" and outcomes.count("spoilt") == 1
    assert sample.broken_records == {DAMAGED: 2}
    assert 2 < outcomes.index("spoilt") < len(outcomes) - 2


@pytest.mark.parametrize("name", ["RS_2016-11.zst", "RS_2016-12.zst"])
def test_dumps_have_long_windows_and_several_frames(sample, name):
    data = (sample.folder / "submissions" / name).read_bytes()
    assert data.count(b"\x28\xb5\x2f\xfd") == 4
    assert zstandard.get_frame_parameters(data).window_size == 2**31
    with pytest.raises(zstandard.ZstdError):
        zstandard.ZstdDecompressor().stream_reader(data, read_across_frames=True).read()


def test_odd_lines_are_counted(sample, lines):
    found = Counter()
    for line in (line for rows in lines.values() for line in rows):
        found["all"] += 1
        found["huge"] += len(line) > 1_000_000
        found["lone_surrogate"] += rb"\ud83d" in line
        try:
            found["not_object"] += not isinstance(json.loads(line), dict)
        except UnicodeDecodeError:
            found["not_utf8"] += 1
        except ValueError:
            found["not_json" if line else "blank"] += 1
    assert found == sample.lines
    assert 700 < found["all"] < 1000


@pytest.mark.parametrize(
    ("drift", "least"),
    [
        (lambda post: isinstance(post.get("created_utc"), str), 20),
        (lambda post: isinstance(post.get("score"), float), 20),
        (lambda post: "score" in post and post["score"] is None, 2),
        (lambda post: "score" not in post, 2),
        (lambda post: "over_18" not in post, 20),
        (lambda post: "domain" not in post, 10),
        (lambda post: "is_self" not in post, 10),
        (lambda post: "url" in post and post["url"] is None, 5),
        (lambda post: post.get("url_overridden_by_dest") == post.get("url"), 40),
        (lambda post: post.get("is_self") is True, 50),
        (lambda post: post.get("over_18") is True, 15),
        (lambda post: post.get("author") == "[deleted]" or post.get("removed_by_category"), 15),
        (lambda post: post.get("promoted") is True, 4),
        (lambda post: "\u2028" in post.get("title", ""), 1),
        (lambda post: "\x85" in post.get("title", ""), 1),
        (lambda post: "&amp;" in (post.get("url") or ""), 30),
        (lambda post: re.search("reddit.com|imgur.com|youtube.com", post.get("url") or ""), 70),
        (lambda post: int(post.get("created_utc") or 0) >= 1514764800, 3),
    ],
)
def test_dumps_drift_as_real_ones_do(posts, drift, least):
    assert sum(bool(drift(post)) for post in posts) >= least


def test_one_post_may_stand_in_two_dumps(posts):
    by_id = defaultdict(list)
    for post in posts:
        by_id[post["id"]].append(post)
    twice = [records for records in by_id.values() if len(records) > 1]
    assert len(twice) == 2
    for first, second in twice:
        assert first["retrieved_on"] < second["retrieved_on"] and first["score"] != second["score"]


def test_facts_agree_with_the_posts(sample, posts):
    latest, karma = {}, defaultdict(list)
    for post in sorted(posts, key=lambda post: post.get("retrieved_on", 0)):
        latest[post["id"]] = post
    for post in latest.values():
        gone = post.get("author") in GONE or post.get("selftext") in GONE
        counts = not (post.get("is_self") or post.get("over_18") or post.get("promoted") or gone)
        if counts and post.get("score") is not None and int(post["created_utc"]) < 1514764800:
            try:
                karma[address(post["url"] or "").surt].append(int(post["score"]))
            except ValueError:
                continue
    for fact in sample.expected:
        found = max(karma[address(fact.url).surt], default=0)
        if fact.outcome == PageOutcome.NOT_ASKED or fact.kind in ("deleted", "redirected to"):
            assert found < 3, fact
        else:
            assert found == fact.karma >= 3, fact


def test_every_kind_is_planted(sample):
    kinds = Counter(fact.kind.partition(":")[0].partition(" ")[0] for fact in sample.expected)
    least = {"article": 60, "wet": 10, "language": 25, "wikipedia": 7, "no": 40, "low": 15, "nobody": 10, "near": 10}
    least |= {"exact": 8, "charset": 6, "encoding": 4, "redirected": 3, "redirect": 3, "revisit": 3, "captured": 3}
    least |= {"damaged": 2, "spam": 4, "thin": 4, "soft": 2, "robot": 2, "pdf": 2, "image": 2, "empty": 2, "chain": 3}
    assert not {kind: number for kind, number in least.items() if kinds[kind] < number}
    assert {fact.outcome for fact in sample.expected} == set(PageOutcome)
    assert len({fact.url for fact in sample.expected}) == len(sample.expected)


def test_pages_say_what_is_expected_of_them(sample, pages):
    said = 0
    for fact in sample.expected:
        captures = pages.get(fact.url, [])
        assert bool(captures) != (
            fact.outcome == PageOutcome.NO_PAGE or "damaged" in fact.kind or "/print/" in fact.url
        )
        if captures and fact.says and fact.kind.partition(" ")[0] not in ("charset", "language"):
            assert captures[0][0] == 200
            assert fact.says in text_of(captures[0][3]), fact
            said += 1
    assert said > 100


def test_charsets_hold_the_same_sentence(sample, pages):
    for fact in (fact for fact in sample.expected if fact.kind.startswith("charset")):
        charset = fact.kind.split()[2]
        ((_, _, _, body),) = pages[fact.url]
        assert CAFE in text_of(body, charset), fact
        assert charset == "utf-8" or CAFE not in text_of(body) or body.startswith(b"\xef\xbb\xbf")


@pytest.mark.parametrize(
    ("host", "charset"), [("mianbao.example", "gb18030"), ("todai.example", "shift_jis"), ("elfarol.example", "utf-8")]
)
def test_other_languages_decode(sample, pages, host, charset):
    facts = [fact for fact in sample.expected if host in fact.url]
    assert len(facts) == 3
    assert all(fact.says in text_of(pages[fact.url][0][3], charset) for fact in facts)


def test_redirects_lead_to_their_pages(sample, pages):
    ends = {fact.url for fact in sample.expected if fact.kind == "redirected to"}
    for fact in sample.expected:
        if not fact.kind.startswith("redirect") or fact.url in ends:
            continue
        seen, url = {fact.url}, fact.url
        while pages[url][0][1]:
            url = urljoin(url, pages[url][0][1])
            if url in seen:
                break
            seen.add(url)
        assert (url in ends) == (fact.kind == "redirect")


def test_duplicates_are_as_alike_as_they_claim(sample, pages):
    groups = defaultdict(list)
    for fact in sample.expected:
        if fact.group and fact.url in pages:
            groups[fact.group].append(shingles(text_of(pages[fact.url][0][3])))
    for name, texts in groups.items():
        alike = [jaccard(one, other) for one, other in combinations(texts, 2)]
        if name.startswith("exact"):
            assert set(alike) == {1.0}
        if name.startswith("near"):
            assert min(alike) > 0.88 and max(alike) < 1
    chain = groups["chain"]
    assert all(jaccard(one, other) > 0.72 for one, other in pairwise(chain))
    assert jaccard(chain[0], chain[-1]) < 0.68


def test_articles_are_many_and_differ():
    articles = [english_article(number) for number in range(ENGLISH_ARTICLES)]
    assert len(articles) >= 180 and len({article.topic for article in articles}) >= 20
    assert len({(article.topic, article.angle) for article in articles}) == ENGLISH_ARTICLES == len(TRADES) * len(PLANS)
    assert all(150 <= len(article.text.split()) <= 700 for article in articles)
    texts = [shingles(article.text) for article in articles]
    assert max(jaccard(one, other) for one, other in combinations(texts, 2)) < 0.2


def test_prose_is_rich_and_regular():
    texts = [english_article(number).text for number in range(ENGLISH_ARTICLES)]
    words = Counter(word for text in texts for word in re.findall(r"[a-z]+", text.lower()))
    assert len(words) > 2500
    assert words["the"] / words.total() < 0.1
    for text in texts:
        own = re.findall(r"[a-z]+", text.lower())
        assert len(set(own)) / len(own) > 0.4
        assert 3.5 < sum(map(len, own)) / len(own) < 5.5
        assert len(STOP_WORDS & set(own)) >= 4
        sentences = re.split(r"(?<=[.?])\s+", text)
        assert max(Counter(sentences).values()) == 1
        assert all(paragraph[-1] in '.?"' for paragraph in text.split("\n\n"))
        assert not re.search(r"[{}\[\]|]|  |\ba [aeio]|\.\.|(?<!\bSt)\. [a-z]", text), text


def test_prose_is_in_the_language_it_claims():
    if not LANGUAGE_MODEL.is_file():
        pytest.skip(f"no language model at {LANGUAGE_MODEL}")
    fasttext = pytest.importorskip("fasttext")
    model = fasttext.load_model(str(LANGUAGE_MODEL))

    def guess(text):
        ((probability, label),) = model.f.predict(text.replace("\n", " ") + "\n", 1, 0.0, "strict")
        return label.removeprefix("__label__"), probability

    guesses = [guess(english_article(number).text) for number in range(ENGLISH_ARTICLES)]
    assert {language for language, _ in guesses} == {"en"} and min(share for _, share in guesses) > 0.9
    for language, number in (("de", 10), ("fr", 10), ("es", 3)):
        assert {guess(sectioned_page(page, language).text)[0] for page in range(number)} == {language}
