"""Pages whose owners do not want them in training data leave, unless a flag says otherwise.

The signal was recorded when the page was read (`corpus.readers.opt_outs`, column `opt_out`), so another choice judges
anew and reads nothing again. What is rejected here is rejected without its text.
"""

from corpus.document import Document, Rejected

# What a signal begins with → the rule.
_TDM = ("tdm-reservation", "meta tdm-reservation")


def obey(document: Document) -> Document | Rejected:
    """Reject as `optout.tdm` (TDM Reservation Protocol) or `optout.noai` (robots directives); evidence: the signal."""
    if not document.opt_out:
        return document
    rule = "tdm" if document.opt_out.startswith(_TDM) else "noai"
    return document.with_text("").reject(f"optout.{rule}", evidence=document.opt_out)
