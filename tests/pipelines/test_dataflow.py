"""What can be shown of Dataflow without an account: graphs, pickles, templates, staging.

Three levels, each of every stage of every pipeline or of one that stands for them: the graph expands and is accepted by
the runner's own checks (`--dry_run`); a template of it is written to a folder; and with a storage server on loopback
the package and the template are staged for real. That a service runs them is not shown here.
"""

import inspect
import json
import pkgutil
import subprocess
import sys
import zipfile
from importlib import import_module

import pytest
from conftest import ROOT

pytest.importorskip("apache_beam.runners.dataflow.internal.apiclient", reason="needs apache-beam[gcp]")


import apache_beam as beam
from apache_beam.internal import pickler
from apache_beam.options.pipeline_options import GoogleCloudOptions, PipelineOptions

import pipelines.work
from corpus.dedup.minhash import MinHash
from corpus.files.storage import place
from corpus.recipes import gpt2_webtext, gpt3_books, gpt3_wikipedia
from corpus.rules.language import find_model
from corpus.shards.layout import TokenizerEntry
from corpus.sources.links import LinkRules
from corpus.tokenizer.training import train_tokenizer
from pipelines.cli.inputs import DigestObject
from pipelines.runtime import band_shuffle
from pipelines.runtime.map_parts import MapParts
from pipelines.runtime.spread import Spread, write_lines
from pipelines.runtime.stage import Stage, Unit
from pipelines.work import captures, documents, duplicates, held_out, links, texts, tokens, words

RULES = LinkRules()
WORKS = [
    DigestObject(),
    links.ReadPosts(RULES),
    links.ReduceLinks(RULES),
    captures.ScanCaptures(),
    captures.FollowLinks("max"),
    captures.FindAsked(),
    captures.ListUnanswered(),
    documents.ReadDocuments(gpt2_webtext(RULES, ("media",), ("en",), str(find_model()))),
    documents.SignDocuments(MinHash()),
    duplicates.OrderDocuments(),
    duplicates.DecideClusters(MinHash()),
    duplicates.SelectDocuments(),
    duplicates.GatherDamage(),
    texts.ReadTexts("wikipedia", gpt3_wikipedia()),
    texts.ReadTexts("books", gpt3_books()),
    words.CountWords("gpt2", 0.1),
    held_out.EncodeHeldOut(train_tokenizer({b" and": 3, b" ant": 2}, "gpt2", 260), None, 0.1),
    tokens.TokenizePart("gs://bucket/tokenizer", "digest", 0.005, 2**28),
    tokens.GatherShard(TokenizerEntry("gpt2", "digest", 50257, 50256), "runs.json", 2**28),
]
FLAGS = [
    "--runner=DataflowRunner",
    "--project=corpusloom-test",
    "--region=us-central1",
    "--temp_location=gs://corpusloom-tests/temporary",
    "--staging_location=gs://corpusloom-tests/staging",
    "--no_auth",
]
PENDING = "gs://corpusloom-tests/corpus/.stages/posts/pending.jsonl"


def shuffled(root):
    """The one stage with a shuffle of its own."""
    listed = band_shuffle.Listed("gs://corpusloom-tests/corpus", PENDING, ".stages/exact/order.arrow", MinHash())
    stage = Stage("near", place("gs://corpusloom-tests/corpus"), (), {})
    tasks = [stage.task(Unit({"band": band}, f"band {band}")) for band in range(MinHash().bands)]
    return root | Spread(PENDING) | "near" >> band_shuffle.BandShuffle(listed, tasks)


def mapped(work):
    return lambda root: root | "stage" >> MapParts(PENDING, work)


GRAPHS = {type(work).__name__ + str(number): mapped(work) for number, work in enumerate(WORKS)} | {"near": shuffled}


def dry(build, *more):
    """The job that Dataflow would be given."""
    pipeline = beam.Pipeline(options=PipelineOptions([*FLAGS, "--dry_run=True", *more]))
    build(pipeline)
    return pipeline.run().job


@pytest.fixture(scope="module")
def jobs():
    return {name: dry(build) for name, build in GRAPHS.items()}


def test_every_kind_of_work_is_tried_here():
    modules = [module.name for module in pkgutil.iter_modules(pipelines.work.__path__)]
    found = {
        value
        for name in modules
        for value in vars(import_module(f"pipelines.work.{name}")).values()
        if inspect.isclass(value) and value.__module__.startswith("pipelines.") and "__call__" in vars(value)
    }
    assert found <= {type(work) for work in WORKS}


def test_level_a_every_graph_is_accepted(jobs):
    for name, job in jobs.items():
        environments = job.proto_pipeline.components.environments.values()
        assert any(b"beam_python3" in environment.payload for environment in environments), name


def test_keys_have_deterministic_coders_and_nothing_is_pickled_between_workers(jobs):
    for name, job in jobs.items():
        urns = {coder.spec.urn for coder in job.proto_pipeline.components.coders.values()}
        assert not [urn for urn in urns if "pickle" in urn or "python" in urn], f"{name}: {urns}"


def test_every_transform_has_a_name_of_ours(jobs):
    for name, job in jobs.items():
        for transform in job.proto_pipeline.components.transforms.values():
            ours = transform.unique_name.split("/File/")[0].split("/Count/")[0]
            assert "(" not in ours, f"{name}: {transform.unique_name}"


def test_the_graph_does_not_grow_with_the_input(tmp_path):
    sizes = []
    for count in (1, 20_000):
        stage = Stage("posts", tmp_path, (), {})
        tasks = [stage.task(Unit({"file": f"f{n}", "digest": str(n)}, str(n))) for n in range(count)]
        write_lines(tmp_path / "pending.jsonl", tasks)
        job = dry(lambda root: root | "stage" >> MapParts(tmp_path / "pending.jsonl", links.ReadPosts(RULES)))
        sizes.append(len(job.proto_pipeline.SerializeToString()))
    assert sizes[0] == sizes[1] < 100_000


def test_every_work_is_unpickled_in_a_fresh_process(tmp_path):
    (tmp_path / "works").write_bytes(b"\n".join(pickler.dumps(work) for work in WORKS))
    program = (
        "import sys; from apache_beam.internal import pickler\n"
        "for line in open(sys.argv[1], 'rb').read().split(b'\\n'): print(type(pickler.loads(line)).__name__)"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path / "works")], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert ran.stdout.splitlines() == [type(work).__name__ for work in WORKS], ran.stderr


def template_of(job, folder, location):
    from apache_beam.runners.dataflow.internal import apiclient

    options = job.options.view_as(GoogleCloudOptions)
    options.staging_location = options.temp_location = str(folder)
    options.template_location = location
    job.google_cloud_options = options
    assert apiclient.DataflowApplicationClient(job.options, str(folder)).create_job(job) is None


def test_level_b_a_template_is_written(tmp_path):
    template_of(dry(shuffled), tmp_path, str(tmp_path / "template.json"))
    template = json.loads((tmp_path / "template.json").read_text())
    images = {image["containerImage"] for pool in template["environment"]["workerPools"]
              for image in pool["sdkHarnessContainerImages"]}  # fmt: skip
    assert any("beam_python3" in image for image in images)
    assert (tmp_path / "pipeline.pb").stat().st_size > 1000


@pytest.mark.parametrize("store", ["gs"], indirect=True)
def test_level_c_package_and_template_are_staged(store, tmp_path):
    wheel = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "-w", str(tmp_path)]
    subprocess.run([*wheel, str(ROOT)], check=True)
    package = next(tmp_path.glob("corpusloom-*.whl"))
    flags = [flag.replace("gs://corpusloom-tests", store) for flag in FLAGS]
    template = f"{store}/templates/near.json"
    command = [*flags, f"--template_location={template}", f"--extra_package={package}"]
    with beam.Pipeline(options=PipelineOptions(command)) as pipeline:
        shuffled(pipeline)
    staged = {path.name: path for path in place(f"{store}/staging").rglob("*") if path.is_file()}
    assert json.loads(place(template).read_bytes())["environment"]
    assert "pipeline.pb" in staged
    copy = next(path for name, path in staged.items() if name.endswith(package.name))
    (tmp_path / "copy.whl").write_bytes(copy.read_bytes())
    assert "pipelines/runtime/map_parts.py" in zipfile.ZipFile(tmp_path / "copy.whl").namelist()
