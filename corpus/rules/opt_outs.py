"""Pages whose owners do not want them in training data leave, unless a flag says otherwise.

The signal was recorded when the page was read (`corpus.readers.opt_outs`, column `opt_out`), so another choice judges
again and reads nothing again. What is rejected here is rejected without its text.
"""

from corpus.document import Document, Rejected

# What a signal begins with → the rule; any other is a directive for robots.
_RULES = {"tdm-reservation": "tdm", "meta tdm-reservation": "tdm", "robots.txt": "robots"}


def obey(document: Document) -> Document | Rejected:
    """Reject as `optout.noai` (a directive on the page), `optout.tdm` (TDM Reservation Protocol) or `optout.robots`
    (robots.txt forbids the page to CCBot or GPTBot); the evidence is the signal.
    """
    if not document.opt_out:
        return document
    rule = _RULES.get(document.opt_out.partition(": ")[0], "noai")
    return document.with_text("").reject(f"optout.{rule}", evidence=document.opt_out)
