"""Benchmarks kept out of a corpus, and what of them is in it: GPT-3's two rules, which are often taken for one.

*Filtering* (`filtering.py`) changes the corpus: a passage that shares 13 words in a row with a benchmark is cut out,
with 200 characters on each side. The *overlap report* (`overlap.py`) changes nothing: it says which examples of which
benchmark share N words in a row with the corpus, so that a score can be given for the clean ones alone.

Both are of Brown et al. (2020), appendix C, and share what a word is (`words.py`), the readers of benchmarks
(`benchmarks.py`), the index of their grams (`grams.py`) and the scan of documents for them (`scan.py`, compiled).
"""
