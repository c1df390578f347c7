"""`/metrics`: the state of a corpus in the text format of Prometheus."""

from collections import Counter

from prometheus_client import CollectorRegistry, Gauge, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from pipelines.refresh.corpus import MaintainedCorpus
from pipelines.refresh.status import RefreshSchedule

METRICS_TYPE = CONTENT_TYPE_LATEST
_FIGURES = {
    "documents": "Documents that were judged.",
    "kept_documents": "Documents kept.",
    "kept_rate": "Share of documents kept.",
    "duplicate_rate": "Share of duplicates among kept documents and duplicates.",
    "tokens": "Tokens in the shards.",
    "tokens_a_document": "Tokens a document.",
    "bytes_a_token": "Bytes of text a token.",
}


def metrics(corpus: MaintainedCorpus, schedule: RefreshSchedule, running: bool) -> bytes:
    """The metrics of a corpus as they are now."""
    # A registry for each answer: gauges of sources that are gone would otherwise stay at their last value.
    registry = CollectorRegistry()

    def gauge(name: str, about: str, labels: tuple[str, ...] = ()) -> Gauge:
        return Gauge(f"corpusloom_{name}", about, labels, registry=registry)

    gauge("releases", "Whole releases.").set(len(corpus.releases.numbers()))
    gauge("release", "Number of the current release, 0 for none.").set(corpus.releases.current or 0)
    gauge("tombstones", "Domains, pages and ids that stay forgotten.").set(len(corpus.state.tombstones()))
    gauge("refresh_running", "Whether a refresh of this service runs.").set(running)
    gauge("refresh_due_timestamp_seconds", "When the next refresh is due.").set(schedule.due)
    success = max((event.time for event in corpus.state.history()), default=0.0)
    gauge("last_success_timestamp_seconds", "When a refresh last ended well, whether or not it published.").set(success)
    if schedule.code is not None:
        gauge("refresh_exit_code", "Exit code of the last refresh of this service.").set(schedule.code)
    inputs = gauge("inputs", "Input files by what became of them.", ("source", "state"))
    for (source, state), count in Counter((each.source, each.state) for each in corpus.state.seen()).items():
        inputs.labels(source, state).set(count)
    current = corpus.releases.read_current()
    for name, about in _FIGURES.items():
        figure = gauge(name, about, ("source",))
        for source, figures in sorted(current.figures.items()) if current else ():
            if name in figures:
                figure.labels(source).set(figures[name])
    return generate_latest(registry)
