"""The scores of a slow teacher on the training's documents: another classifier of ours, or a table of scores.

A model that reads each text well (a large language model asked for a grade, say) is too slow for a crawl. Its scores on
the training's documents, as lines of JSON with `id` and `score` in [0, 1], teach a fast one.
"""

import json
from collections.abc import Iterable
from pathlib import Path

from classifiers.corpora import Text
from classifiers.model import open_classifier
from classifiers.score import scores_of
from corpus.errors import CorpusloomError, ExitCode
from corpus.readers.lines import Line, read_lines


def teacher_scores(teacher: str, texts: Iterable[Text]) -> dict[str, float]:
    """The teacher's score of each document that it knows. A classifier of ours scores each by its fold's model."""
    if not Path(teacher).is_file():
        classifier = open_classifier(teacher)
        scores: dict[str, float] = {}
        for text in texts:
            fold = classifier.fold(text.id, text.domain)
            scores[text.id] = float(scores_of(classifier, [text.text], [fold])[0])
        return scores
    wanted = {text.id for text in texts}
    scores = {name: score for name, score in _read(Path(teacher)) if name in wanted}
    if not scores:
        raise CorpusloomError(f"--teacher {teacher}: no line is about a document of the training", ExitCode.INPUT)
    return scores


def _read(path: Path) -> Iterable[tuple[str, float]]:
    for number, line in enumerate(read_lines(path), 1):
        try:
            # A line that could not be read is no `Line`: {} fails as one without the keys.
            row = json.loads(line.data) if isinstance(line, Line) else {}
            name, score = str(row["id"]), float(row["score"])
        except (KeyError, TypeError, ValueError):
            raise CorpusloomError(f'{path} line {number}: not {{"id": …, "score": …}}') from None
        if not 0 <= score <= 1:
            raise CorpusloomError(f"{path} line {number}: the score {score:g} is outside [0, 1]")
        yield name, score
