"""What may be said of a passage: its own sentences as they can stand alone."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.evidence.sayable import sayable
from assistant.types import Passage


def passage(text: str, where: str = "4 Gifts › 4.2 Limits", context: str = "") -> Passage:
    return Passage(id="p", document_id="d", start=0, end=len(text), text=text, where=where, context=context)


@pytest.mark.parametrize(
    ("text", "context", "said"),
    [
        ("4.2 Limits\nGifts are refused. Wine is not.", "", ["Gifts are refused.", "Wine is not."]),
        ("Gifts Policy\nGifts are refused.", "", ["Gifts are refused."]),
        ("Gifts are declared. They are kept. Wine is not.", "", ["Gifts are declared. They are kept.", "Wine is not."]),
        ("If so, ask.\nThis is all.", "", ["If so, ask. This is all."]),
        ("Orders count. So is a gift. Ask by then.", "", ["Orders count. So is a gift. Ask by then."]),
        ("£20 is fine. Anything more is not. However, ask.", "", ["£20 is fine. Anything more is not. However, ask."]),
        (
            "Staff must:\n- ask first\n- record it\nNobody else may.",
            "",
            ["Staff must: - ask first - record it", "Nobody else may."],
        ),
        ("Records:\n(a) letters;\n(b) notes.", "", ["Records: (a) letters; (b) notes."]),
        (
            "Gift | Approver | Limit\nWine | Head | £75\nCake | Desk |",
            "",
            ["Gift: Wine – Approver: Head; Limit: £75.", "Gift: Cake – Approver: Desk."],
        ),
        (
            "Wine | Head\nCake | Desk",
            "Gift | Approver",
            ["Gift: Wine – Approver: Head.", "Gift: Cake – Approver: Desk."],
        ),
        ("A firm must ask. For cash it must wait.", "", ["A firm must ask. For cash it must wait."]),
        (
            "The limit is 84. For wealth it is 78. Ask first.",
            "",
            ["The limit is 84. For wealth it is 78.", "Ask first."],
        ),
        (
            "Ask first. For the purposes of rule 2 a day is one.",
            "",
            ["Ask first.", "For the purposes of rule 2 a day is one."],
        ),
        ("The head signs form FC-12. Send the form by May.", "", ["The head signs form FC-12. Send the form by May."]),
        ("The desk reports. The report names all.", "", ["The desk reports. The report names all."]),
        ("Gifts are kept. The report names all.", "", ["Gifts are kept.", "The report names all."]),
        ("Tier 2 is Legal. Tier 3 is all other staff.", "", ["Tier 2 is Legal. Tier 3 is all other staff."]),
        ("All may report. Nothing takes this right away.", "", ["All may report. Nothing takes this right away."]),
        ("Gifts are kept. Nothing in this policy says so.", "", ["Gifts are kept.", "Nothing in this policy says so."]),
        ("(1) Ask first.\n(2) If (1) is not done, wait.", "", ["(1) Ask first. (2) If (1) is not done, wait."]),
        ("Ask first. Then: (a) wait; and (b) go.", "", ["Ask first. Then: (a) wait; and (b) go."]),
        ("Ask first. A firm must: (a) wait; and (b) go.", "", ["Ask first.", "A firm must: (a) wait; and (b) go."]),
        ("(1) Ask first.\n(2) The duty in (1) ends.", "", ["(1) Ask first. (2) The duty in (1) ends."]),
        ("Records\nA firm keeps them.", "", ["A firm keeps them."]),
        ("May I?\nYou may not.", "", ["You may not."]),
        ("Send:\na. a name. It is kept;\nb. a date.", "", ["Send: a. a name. It is kept; b. a date."]),
        ("(1) Gifts are kept.\n(2) Wine is not.", "", ["(1) Gifts are kept.", "(2) Wine is not."]),
        ("- an item without a lead", "", ["- an item without a lead"]),
        ("4.2 Limits", "", []),
        (
            "Exempt Exposures. A firm may wait. Form FC-7 – Summary of the Gifts. Cash is kept.",
            "",
            ["A firm may wait.", "Cash is kept."],
        ),
        ("Tier 2 is Legal.", "", ["Tier 2 is Legal."]),
        (
            "A breach is told. In those circumstances all wait.",
            "",
            ["A breach is told. In those circumstances all wait."],
        ),
        (
            "A firm may: (a) hold cash. A clerk must count; or (b) pay.",
            "",
            ["A firm may: (a) hold cash. A clerk must count; or (b) pay."],
        ),
        (
            "A firm may: (a) hold cash. A clerk must count. A head must see; or (b) pay.",
            "",
            ["A firm may: (a) hold cash. …", "A clerk must count.", "A head must see; or (b) pay."],
        ),
    ],
)
def test_planted_passages(text: str, context: str, said: list[str]) -> None:
    assert sayable(passage(text, context=context), "Gifts Policy") == said


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Staff must:\n- ask first\n- record it", ["Staff must: - ask first …"]),
        ("Send: (a) one two; (b) three; (c) four five six seven eight nine ten.", ["Send: (a) one two; (b) three; …"]),
        ("Staff must ask first. Nobody else may.", ["Staff must ask first."]),
    ],
)
def test_what_is_left_out_of_a_list_is_said_to_be(text: str, said: list[str]) -> None:
    assert sayable(passage(text), "Gifts Policy", 4) == said


@given(
    st.lists(
        st.sampled_from(
            [
                "Gifts are refused.",
                " They are kept.",
                "\n",
                "\nA | B\n",
                "1 | 2",
                " | ",
                "\n- item",
                ":",
                "\n(a) x",
                "4.2 Limits",
            ]
        ),
        max_size=8,
    ).map("".join)
)
def test_nothing_is_said_that_does_not_stand_there(text: str) -> None:
    """Every word of what may be said is a word of the passage or of its table's head."""
    for said in sayable(passage(text, context="Head | Cell"), "Title"):
        assert said.strip()
        assert "\n" not in said
        for word in said.replace("–", " ").replace(";", " ").replace(":", " ").split():
            assert word.rstrip(".") in f"{text} Head Cell".replace(":", " ").replace(".", " ") or word in text
