#!/bin/sh
# The main job on a small web that the project writes itself: links → corpus → tokenizer → shards, and where PyTorch is
# installed a small GPT and a sample of it.
#
#     examples/demo.sh PYTHON FOLDER
set -eu
python=$1 data=$2

"$python" -m corpus.sample "$data/web"
"$python" -m pipelines.build_webtext --submissions "$data/web/submissions/RS_*" --pages "$data/web/crawl/*" \
    --output "$data/webtext" --replace
"$python" -m pipelines.train_tokenizer --corpus "$data/webtext" --vocab-size 512 --output "$data/tokenizer" --replace
"$python" -m pipelines.build_shards --source "webtext=$data/webtext:1" --tokenizer "$data/tokenizer" \
    --validation-share 0.1 --output "$data/shards" --replace
if "$python" -c 'import torch' 2>/dev/null; then
    "$python" -m trainer.train --data "$data/shards" --preset tiny --output "$data/run" steps=200 batch_tokens=1536
    printf '\nWhat it writes:\n'
    "$python" -m trainer.sample "$data/run" --tokenizer "$data/tokenizer" --tokens 120 --temperature 0.8 --top-k 40
    run="run/        a GPT of two layers that read them, with its curves: $data/run/index.html"
else
    run="(no model: PyTorch is not installed; make demo TRAIN=1 goes on to one)"
fi
# The corpus was there before the tokenizer, and it before the shards: their pages learn of what came after.
"$python" -m corpus.report "$data/webtext" >/dev/null
"$python" -m corpus.report "$data/tokenizer" >/dev/null
cat <<END

Made in $data:
  web/        a small web: submission dumps, crawl archives, a Wikipedia, books
  webtext/    the corpus, every page that left it with the reason, and a report: $data/webtext/report.html
  tokenizer/  a byte-pair encoding of 512 tokens, and its report: $data/tokenizer/report.html
  shards/     the corpus as token shards
  $run
Open the pages in a browser; they need no network. Why is a page not in the corpus? Enter the environment and ask:
  . .venv/bin/activate
  python -m pipelines.explain $data/webtext https://en.wikipedia.org/wiki/Boat_Building_0
END
