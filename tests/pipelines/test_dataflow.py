"""What can be shown of Dataflow without an account: the graph of each build, its pickles, templates, staging.

Three levels: the graph of a whole build expands and is accepted by the runner's own checks (`--dry_run`); a template of
it is written to a folder; and with a storage server on loopback the package and the template are staged for real. That
a service runs them is not shown here.
"""

import json
import subprocess
import sys
import zipfile

import pytest
from conftest import ROOT

pytest.importorskip("apache_beam.runners.dataflow.internal.apiclient", reason="needs apache-beam[gcp]")

import apache_beam as beam
from apache_beam.options.pipeline_options import GoogleCloudOptions, PipelineOptions

from corpus.dedup.minhash import MinHash
from corpus.files.corpora import CorpusPart
from corpus.files.inputs import InputFile
from corpus.files.storage import place
from corpus.mixture import Mixture, Source
from corpus.recipes import gpt2_webtext, gpt3_books, gpt3_wikipedia
from corpus.recipes.recipe import Choices
from corpus.rules.language_model import find_model
from corpus.sources.books import BOOKS
from corpus.sources.wikipedia import WIKIPEDIA
from corpus.tokenizer.files import save_tokenizer
from corpus.tokenizer.training import train_tokenizer
from pipelines.builds import texts, token_shards, vocabulary, webtext
from pipelines.builds.duplicates import deduplicate
from pipelines.cli.memory import Needs, WorkerMemory
from pipelines.runtime.job import build_job
from pipelines.runtime.run import BuildRun
from pipelines.runtime.stage import in_order
from pipelines.work.weighting import Weighting

FLAGS = [
    "--runner=DataflowRunner",
    "--project=corpusloom-test",
    "--region=us-central1",
    "--temp_location=gs://corpusloom-tests/temporary",
    "--staging_location=gs://corpusloom-tests/staging",
    "--no_auth",
    "--experiments=disable_logging_submission_environment",  # else each job waits for `pip freeze`
]
OUTPUT = "gs://corpusloom-tests/corpus"
BUILDS = ("webtext", "books", "wikipedia", "tokenizer", "shards")


def files(count):
    return [InputFile(f"crawl/{number}", 10**9, "sample", f"gs://crawl/{number}") for number in range(count)]


def last_stage(name, tokenizer, count=3):
    """The last stage of a build of so many files or parts, none of which is there."""
    parts = [CorpusPart(f"gs://corpora/kept/{n}", f"kept/{n}", 1000, str(n)) for n in range(count)]
    match name:
        case "webtext":
            recipe = gpt2_webtext.make(Choices(language_model=str(find_model())))
            return webtext.stages(files(count), files(count), recipe, (deduplicate(recipe.near),))
        case "books":
            return texts.stages(BOOKS, files(count), gpt3_books.make(Choices()), (deduplicate(MinHash()),))
        case "wikipedia":
            return texts.stages(WIKIPEDIA, files(count), gpt3_wikipedia.make(Choices()), (deduplicate(MinHash()),))
        case "tokenizer":
            training = vocabulary.TokenizerRequest({"gs://corpora": 1}, "gpt2", 260, 10**9)
            return vocabulary.stages(training, {"gs://corpora": parts}, {"gs://corpora": 0.5}, 0.1)
    mixture = Weighting(Mixture((Source("one", 1, "gs://corpora"),)))
    asked = token_shards.ShardsRequest(
        mixture, tokenizer, 10**8, 0.005, False, WorkerMemory(1000, 1, Needs(0, 0, 1)), {}
    )
    return token_shards.stages(asked, {"one": parts})


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tokenizer")
    save_tokenizer(train_tokenizer({b" and": 3, b" ant": 2}, "gpt2", 260), folder)
    return str(folder)


def dry(last, *more):
    """The job that Dataflow would be given for a whole build."""
    pipeline = beam.Pipeline(options=PipelineOptions([*FLAGS, "--dry_run=True", *more]))
    build_job(pipeline, in_order(last), BuildRun(OUTPUT, "run"))
    return pipeline.run().job


@pytest.fixture(scope="module")
def jobs(tokenizer):
    return {name: dry(last_stage(name, tokenizer)) for name in BUILDS}


def test_level_a_the_graph_of_a_whole_build_is_accepted(jobs, tokenizer):
    for name, job in jobs.items():
        environments = job.proto_pipeline.components.environments.values()
        assert any(b"beam_python3" in environment.payload for environment in environments), name
        shown = {transform.unique_name for transform in job.proto_pipeline.components.transforms.values()}
        assert {stage.name for stage in in_order(last_stage(name, tokenizer))} <= shown


def test_keys_have_deterministic_coders_and_nothing_is_pickled_between_workers(jobs):
    for name, job in jobs.items():
        urns = {coder.spec.urn for coder in job.proto_pipeline.components.coders.values()}
        assert not [urn for urn in urns if "pickle" in urn or "python" in urn], f"{name}: {urns}"


def test_every_transform_has_a_name_of_ours(jobs):
    for name, job in jobs.items():
        for transform in job.proto_pipeline.components.transforms.values():
            assert "(" not in transform.unique_name, f"{name}: {transform.unique_name}"


def graph(last):
    """The graph of a whole build as it is handed to any engine."""
    pipeline = beam.Pipeline()
    build_job(pipeline, in_order(last), BuildRun(OUTPUT, "run"))
    return pipeline.to_runner_api()


@pytest.mark.parametrize("name", ["webtext", "books"])
def test_the_graph_hardly_grows_with_the_input(name, tokenizer):
    """A name, a size and a digest for each input file, and nothing for what is in them."""
    sizes = [len(graph(last_stage(name, tokenizer, n)).SerializeToString()) for n in (1, 1001)]
    assert sizes[0] < 400_000
    assert sizes[1] - sizes[0] < 1000 * 200 * (4 if name == "webtext" else 1)


def template_of(job, folder, location):
    from apache_beam.runners.dataflow.internal import apiclient

    options = job.options.view_as(GoogleCloudOptions)
    options.staging_location = options.temp_location = str(folder)
    options.template_location = location
    job.google_cloud_options = options
    assert apiclient.DataflowApplicationClient(job.options, str(folder)).create_job(job) is None


def test_level_b_one_template_builds_a_corpus(jobs, tmp_path):
    template_of(jobs["webtext"], tmp_path, str(tmp_path / "template.json"))
    template = json.loads((tmp_path / "template.json").read_text())
    images = {image["containerImage"] for pool in template["environment"]["workerPools"]
              for image in pool["sdkHarnessContainerImages"]}  # fmt: skip
    assert any("beam_python3" in image for image in images)
    assert (tmp_path / "pipeline.pb").stat().st_size > 1000


def sources_as_wheel(folder):
    """What a wheel of the project has, without its compiled parts."""
    path = folder / "corpusloom-0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as wheel:
        for file in sorted((ROOT / "pipelines").rglob("*.py")):
            wheel.write(file, file.relative_to(ROOT))
    return path


def built_wheel(folder):
    """The wheel itself; its parts are compiled, which takes most of a minute."""
    wheel = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "-w", str(folder)]
    subprocess.run([*wheel, str(ROOT)], check=True)
    return next(folder.glob("corpusloom-*.whl"))


@pytest.mark.parametrize("make", [sources_as_wheel, pytest.param(built_wheel, marks=pytest.mark.slow)])
@pytest.mark.parametrize("store", ["gs"], indirect=True)
def test_level_c_package_and_template_are_staged(store, make, tmp_path, tokenizer):
    package = make(tmp_path)
    flags = [flag.replace("gs://corpusloom-tests", store) for flag in FLAGS]
    template = f"{store}/templates/books.json"
    command = [*flags, f"--template_location={template}", f"--extra_package={package}"]
    with beam.Pipeline(options=PipelineOptions(command)) as pipeline:
        build_job(pipeline, in_order(last_stage("books", tokenizer)), BuildRun(f"{store}/corpus", "run"))
    staged = {path.name: path for path in place(f"{store}/staging").rglob("*") if path.is_file()}
    assert json.loads(place(template).read_bytes())["environment"]
    assert "pipeline.pb" in staged
    copy = next(path for name, path in staged.items() if name.endswith(package.name))
    (tmp_path / "copy.whl").write_bytes(copy.read_bytes())
    assert "pipelines/runtime/job.py" in zipfile.ZipFile(tmp_path / "copy.whl").namelist()
