#!/bin/sh
# GPT-3's corpus (Brown et al. 2020, §2.2, appendices A and C), and a GPT on it:
#
#     examples/gpt3/run.sh DATA OUTPUT [key=value …]
#
# DATA has submissions/ and crawl/ (WebText), commoncrawl/, wikipedia/, books/shelf-1* and shelf-2*, benchmarks/, as
# `python -m corpus.sample DATA` writes them. Keys after OUTPUT go to the trainer. Killed and given again it goes on.
# Size is by environment: VOCABULARY (default GPT-2's 50,257), PRESET (tiny), ALPHA (9, the paper's), PYTHON; ENGINE are
# flags of all builds (--direct_num_workers=8), CORPORA those of the corpora alone (--max-quarantined=0.1).
set -eu
data=$1 output=$2
shift 2
python=${PYTHON:-python3}
engine=${ENGINE:-} corpora=${CORPORA:-}

# shellcheck disable=SC2086
run() {
    verb=$1
    shift
    "$python" -m "pipelines.$verb" "$@" $engine
}

# shellcheck disable=SC2086
build() {
    run "$@" $corpora
}

build build_webtext --submissions "$data/submissions/*" --pages "$data/crawl/*" --output "$output/webtext"
build build_wikipedia --dumps "$data/wikipedia/*" --output "$output/wikipedia"
build build_books --books "$data/books/shelf-1*" --output "$output/books1"
build build_books --books "$data/books/shelf-2*" --output "$output/books2"

# The classifier tells what people chose from a crawl as it is; then GPT-3's order: quality, duplicates, what WebText (and
# Wikipedia) has, benchmarks.
build build_commoncrawl --pages "$data/commoncrawl/*" --recipe unfiltered --output "$output/raw"
"$python" -m classifiers.train --positive "$output/webtext" --positive "$output/wikipedia" \
    --positive "$output/books1" --negative "$output/raw" --output "$output/classifier"
build build_commoncrawl --pages "$data/commoncrawl/*" --recipe gpt3-commoncrawl --classifier "$output/classifier" \
    --alpha "${ALPHA:-9}" --against "$output/webtext" --against "$output/wikipedia" \
    --benchmarks "$data/benchmarks/*" --output "$output/commoncrawl"

run train_tokenizer --corpus "$output/commoncrawl" --corpus "$output/webtext" \
    --corpus "$output/books1" --corpus "$output/books2" --corpus "$output/wikipedia" \
    --vocab-size "${VOCABULARY:-50257}" --output "$output/tokenizer"
run build_shards --mixture gpt3-mix --source "commoncrawl=$output/commoncrawl" --source "webtext2=$output/webtext" \
    --source "books1=$output/books1" --source "books2=$output/books2" --source "wikipedia=$output/wikipedia" \
    --tokenizer "$output/tokenizer" --output "$output/shards"
"$python" -m trainer.train --data "$output/shards" --preset "${PRESET:-tiny}" --output "$output/run" "$@"
