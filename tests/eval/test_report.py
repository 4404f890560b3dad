"""Reports hold the figures that were measured, in tables and in plots, and refer to nothing outside."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.config import Gate
from assistant.errors import InputError, Unavailable
from eval import plots, report_answers, report_retrieval
from eval.abstention import Ventured, abstention
from eval.answer_measures import baselines, measures
from eval.report import Report, Table, html, markdown, prepare, shown, write
from eval.retrieval import judge, question_type, summary
from tests.eval.test_answers import ITEM, NONE, SIX, asked


def links(page: str) -> list[str]:
    """What a browser would fetch."""
    return [
        found
        for found in re.findall(r'(?:src|href|data|action|poster)\s*=\s*"([^"]*)"|url\(([^)]*)\)|@import', page)
        for found in found
        if found and not found.startswith("#")
    ]


def test_a_report_of_answers(tmp_path: Path) -> None:
    said = asked(SIX, ITEM, NONE, gate=0.0)
    body = {
        "dataset": "items.jsonl",
        "contexts": "given",
        "generator": "a <b> | c",
        **measures(said, Gate(threshold=0.0), lambda item: True),
        "baselines": baselines(said),
    }
    prepare(tmp_path / "new" / "report")
    files = write(report_answers.report(body), tmp_path / "new" / "report")
    assert sorted(f.name for f in files) == ["citations.svg", "report.html", "report.md", "risk_coverage.svg"]
    page, text = (files[n].read_text(encoding="utf-8") for n in (1, 0))
    assert files[1].name == "report.html"
    assert links(page) == []
    assert "<script" not in page
    for held in (page, text):
        for value in (body["citation_precision"], body["baselines"]["cite_all"]["citation_precision"]):
            assert shown(value) in held
        assert "one: cite rerankers first two" in held
        assert "unseen" in held
    assert "a &lt;b&gt; | c" in page
    assert "a &lt;b> \\| c" in text
    assert page.count("<svg") == 2
    assert "aim" in files[2].read_text(encoding="utf-8")


def test_a_report_without_a_curve_and_without_references() -> None:
    said = asked(SIX, NONE, gate=1.0, whole_curve=False)
    body = {
        "dataset": "x", "contexts": "given", "generator": "g",
        **measures(said, Gate(threshold=1.0)), "baselines": baselines(said),
    }  # fmt: skip
    page = html(report_answers.report(body))
    assert page.count("<svg") == 1
    assert "None" not in page


def test_a_report_of_abstention_has_a_curve_for_each_comparison(tmp_path: Path) -> None:
    gold = frozenset({"p"})
    known = [Ventured(confidence=c, gold=gold, cites=gold) for c in (0.9, 0.7, 0.6)]
    none = [Ventured(confidence=c, gold=frozenset(), cites=gold) for c in (0.8, 0.2)]
    judged = {"n": len(none), **abstention([*known, *none], 0.5)}
    body = {"answerable": len(known), "gold_removed": judged, "unanswerable": {"n": 0, **abstention(known, 0.5)}}
    files = write(report_answers.abstention_report(body), tmp_path)
    assert sorted(f.name for f in files) == ["gold_removed_risk_coverage.svg", "report.html", "report.md"]
    text = (tmp_path / "report.md").read_text(encoding="utf-8")
    assert shown(judged["auroc"]) in text
    assert "Questions that nothing answers: 0" in text


def test_a_report_of_retrieval(tmp_path: Path) -> None:
    gold: dict[str, dict[str, int]] = {"a": {"p": 1}, "b": {"p": 1, "q": 1}}
    texts = {"a": "What is it?", "b": "Must he say so?"}
    judged = judge({"a": ("p", "q"), "b": ("r", "q")}, gold, texts, report_retrieval.depths([5, 10]))
    body = {"dataset": "set", "split": "dev", **summary(judged), "encoder": "e", "reranker": "r"}
    assert report_retrieval.depths([5, 10]) == [1, 3, 5, 10]
    assert set(body["by_question_type"]) == {"what", "yes or no"}
    prepare(tmp_path)
    files = {file.name: file.read_text(encoding="utf-8") for file in write(report_retrieval.report(body), tmp_path)}
    assert sorted(files) == ["by_depth.svg", "by_gold.svg", "by_type.svg", "report.html", "report.md"]
    for name in ("report.md", "report.html"):
        assert shown(body["recall@1"]) in files[name]
        assert shown(body["by_gold_passages"]["several"]["ndcg@10"]) in files[name]
    assert links(files["report.html"]) == []


@pytest.mark.parametrize(
    ("question", "kind"),
    [("What is it?", "what"), ("Is it so?", "yes or no"), ("If it is so, what then?", "other"), ("", "other")],
)
def test_the_word_that_asks(question: str, kind: str) -> None:
    assert question_type(question) == kind


def test_the_same_figures_give_the_same_plot_and_text_stays_text() -> None:
    groups: dict[str, dict[str, float | None]] = {
        "one": {"precision": 0.25, "recall": None},
        "two": {"precision": 1.0, "recall": 0.5},
    }
    first, second = (plots.bars(groups, y="share", aims={"one": {"precision": 0.8}}) for _ in range(2))
    assert first == second
    texts = ["".join(node.itertext()) for node in ElementTree.fromstring(first).iter() if node.tag.endswith("}text")]
    assert {"0.25", "1.00", "0.50", "one", "two", "precision", "recall", "aim"} <= set(texts)


CELLS = st.lists(st.text(max_size=12), min_size=2, max_size=2).map(tuple)


@given(st.lists(CELLS, max_size=4))
def test_no_cell_breaks_out_of_its_table(rows: Sequence[tuple[str, ...]]) -> None:
    told = Report(title="t", facts=(), parts=(Table(title="t", columns=("a", "b"), rows=tuple(rows)),))
    lines = markdown(told).split("\n")
    assert len([line for line in lines if line.startswith("|")]) == 2 + len(rows)
    assert all(len(re.findall(r"(?<!\\)\|", line)) == 3 for line in lines if line.startswith("|"))
    assert html(told).count("<td>") == 2 * len(rows)


def test_what_is_missing_is_said_before_anything_is_measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="can't be made"):
        prepare(tmp_path / "file")
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(Unavailable, match=r"muniment\[report\]"):
        prepare(tmp_path)
