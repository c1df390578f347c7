"""Personal data: what is masked and what only looks like it, and that masking a masked text changes nothing."""

import time

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from corpus.document import Document
from corpus.rules.personal_data import ALL, FINEWEB, is_card, mask, mask_text

EMAIL, CARD, PHONE, IPV4, IPV6 = (
    *("email@example.com", "0000 0000 0000 0000", "+1 555-010-0100"),
    *("192.0.2.1", "2001:db8::1"),
)


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("Write to ann.o'hara+news@mail.university.ac.uk.", f"Write to {EMAIL}."),
        ("<a.b@c.de>, (x_y@z.org)", f"<{EMAIL}>, ({EMAIL})"),
        ("mailto:someone@somewhere.museum?subject=x", f"mailto:{EMAIL}?subject=x"),
        ("联系foo@bar.com请", f"联系{EMAIL}请"),
        ("jürgen@straße.de!", f"{EMAIL}!"),
        ("Server 8.8.8.8:53, then 1.1.1.1.", f"Server {IPV4}:53, then {IPV4}."),
        ("at 2a00:1450:4001:81b::200e or 2606:4700:4700::1111", f"at {IPV6} or {IPV6}"),
        ("6to4 2002:808:808::1 and ISATAP 2a00::5efe:808:808", f"6to4 {IPV6} and ISATAP {IPV6}"),
        ("Pay 4111 1111 1111 1111 or 4111-1111-1111-1111.", f"Pay {CARD} or {CARD}."),
        ("5555555555554444; 378282246310005; 30569309025904; 6011111111111117", f"{CARD}; {CARD}; {CARD}; {CARD}"),
        ("Call +44 20 7946 0958 or +1 (555) 123-4567.", f"Call {PHONE} or {PHONE}."),
        ("Call (555) 123-4567, 555-123-4567 or 555.123.4567", f"Call {PHONE}, {PHONE} or {PHONE}"),
        ("电话+86 138 0013 8000。", f"电话{PHONE}。"),
    ],
)
def test_masked(text, masked):
    assert mask_text(text)[0] == masked


@pytest.mark.parametrize(
    "text",
    [
        "user@host, @handle, a@b, me@localhost. x@@y.com",
        "Version 1.2.3.4.5, v8.8.8.8, 300.1.1.1, 8.8.8 and 08.8.8.8",
        "10.0.0.1 192.168.1.1 127.0.0.1 169.254.1.1 192.0.2.1 100.64.0.1 224.0.0.1",
        "192.0.0.200 168.63.129.16 192.88.99.1 3fff::1 2001:0:1:2::1",  # by Python's tables some are public in 3.11
        "fe80::1 ::1 fc00::1 2001:db8::7 a::b std::vector 10:30:45 12:30 ::",
        "4111 1111 1111 1112, 1234567890123456, 9780306406157, 1700000000000",
        "4111 1111 1111 1111 1 and 4111.1111.1111.1111",
        "2019-01-02, 12-345-6789, 555-12345, +5, 1+23456789012, 123-456-7890x",
        "pi = 3.14159265358979, -4111111111111111, 1,234,567,890",
        "",
    ],
)
def test_left_alone(text):
    assert mask_text(text) == (text, {})


def test_the_counts_stand_in_the_document():
    document = mask(Document("a", "u", "a@b.com c@d.org 8.8.8.8 2606:4700:4700::1111 +44 20 7946 0958"))
    assert document.masked == "email:2 phone:1 ip:2"
    assert mask(document) == document
    plain = Document("a", "u", "nothing")
    assert mask(plain) is plain


def test_fineweb_masks_two_kinds():
    text = "a@b.com 8.8.8.8 4111 1111 1111 1111 +44 20 7946 0958"
    assert mask_text(text, FINEWEB) == (f"{EMAIL} {IPV4} 4111 1111 1111 1111 +44 20 7946 0958", {"email": 1, "ip": 1})


def test_luhn():
    """Any one digit changed makes the sum wrong."""
    number = "4539148803436467"
    assert is_card(number)
    changed = [number[:at] + str((int(number[at]) + 1) % 10) + number[at + 1 :] for at in range(1, 16)]
    assert not any(map(is_card, changed))


PIECES = st.sampled_from(
    [
        *("a@b.com", "8.8.8.8", "4111 1111 1111 1111", "+44 20 7946 0958", "(555) 123-4567", "2606:4700::1111"),
        *(
            "@",
            ".",
            ":",
            "-",
            " ",
            "+",
            "1",
            "0000",
            "x",
            "é",
            "，",
            "(",
            ")",
            "/",
            "\n",
            EMAIL,
            CARD,
            PHONE,
            IPV4,
            IPV6,
        ),
    ]
)


@settings(deadline=None)
@given(st.one_of(st.text(), st.lists(PIECES, max_size=12).map("".join)))
@example("+100000000000000 0")
def test_a_masked_text_is_left_as_it_is(text):
    masked, counts = mask_text(text)
    assert bool(counts) == (masked != text)
    assert mask_text(masked) == (masked, {})


@pytest.mark.parametrize(
    "piece",
    ["a", "1", "1 ", "1.", "a.", "a@", "a@a.", "::", "1:", "+1", "+1(", "555-", "4111 ", "a-", "1-", "@", "(1) "],
)
def test_time_is_linear(piece):
    def seconds(count: int) -> float:
        text = piece * (count // len(piece))
        began = time.process_time()
        mask_text(text, ALL)
        return time.process_time() - began

    seconds(1000)
    assert seconds(400_000) < 60 * max(seconds(40_000), 0.01), "ten times the text, and no hundred times the time"
