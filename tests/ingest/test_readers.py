"""Text, Markdown, HTML and Word: each format's own traps."""

from __future__ import annotations

import io
from typing import Any

import docx
import pytest
from docx.opc.constants import RELATIONSHIP_TYPE
from docx.opc.packuri import PackURI
from docx.opc.part import Part
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls
from docx.shared import RGBColor

from assistant.errors import InputError
from assistant.protocols import Hidden, Reading
from ingest.readers import reader_for

FOOTNOTES, ENDNOTES = RELATIONSHIP_TYPE.FOOTNOTES, RELATIONSHIP_TYPE.ENDNOTES


def read(suffix: str, source: str | bytes) -> Reading:
    return reader_for(suffix).read(source.encode() if isinstance(source, str) else source)


def headings(reading: Reading) -> list[tuple[int, str]]:
    return [(mark.level, mark.label) for mark in reading.landmarks if mark.kind == "heading"]


def tables(reading: Reading) -> list[tuple[int, str]]:
    return [(m.level, reading.text[m.start : m.end]) for m in reading.landmarks if m.kind == "table"]


# ------------------------------------------------------------------------------------------------ text


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252"])
def test_encodings(encoding: str) -> None:
    assert (
        read(".txt", "A gift over £50 – or a café lunch.".encode(encoding)).text == "A gift over £50 – or a café lunch."
    )


def test_clear_headings_only() -> None:
    reading = read(
        ".txt",
        "Gifts policy\n\n1. Purpose\n\nThis policy sets limits for what staff may accept from\n"
        "customers and suppliers of the bank, and says who approves.\n\n"
        "4.2 Thresholds\n\n4.2 The limit is £50.\n\nRECORD KEEPING\n\nA short line\nand another\n\n(a) first\n(b) second",
    )
    assert reading.title == "Gifts policy"
    assert headings(reading) == [(1, "1. Purpose"), (2, "4.2 Thresholds"), (1, "RECORD KEEPING")]
    assert "from customers and" in reading.text
    assert "A short line\nand another" in reading.text
    assert "(a) first\n(b) second" in reading.text


# -------------------------------------------------------------------------------------------- Markdown


def test_markdown_blocks() -> None:
    reading = read(
        ".md",
        "---\ntitle: Gifts\nowner: Compliance\n---\n# Gifts\n\n## 1 *Limits*\n\nA `gift`\nover **£50**.<br>Ask.\n\n"
        "3. third\n4. fourth\n   - nested\n\n|a|b|\n|-|-|\n|1|2\\|3|\n\n> quoted\n\n```\ncode\n  here\n```\n"
        "<!-- a note --><div>raw <b>HTML</b></div>\n",
    )
    assert reading.title == "Gifts"
    assert headings(reading) == [(1, "1 Limits")]
    assert reading.text == (
        "Owner: Compliance\n\nGifts\n\n1 Limits\n\nA gift over £50.\nAsk.\n\n3. third\n4. fourth\n- nested\n\n"
        "a | b\n1 | 2|3\n\nquoted\n\ncode\nhere\n\nraw HTML"
    )
    assert tables(reading) == [(5, "a | b\n1 | 2|3")]


def test_a_rule_at_the_top_is_no_front_block() -> None:
    assert read(".md", "---\n\nWords. More words\n\n---\nEnd").text == "Words. More words\n\nEnd"


# ------------------------------------------------------------------------------------------------ HTML


def test_furniture_goes_and_the_text_stays() -> None:
    reading = read(
        ".html",
        """<html><head><title>Gifts | Intranet</title><style>p{}</style></head><body>
        <header><nav><a href=/>Home</a></nav></header><div class="cookie-banner">We use cookies</div>
        <div style="display: none">hidden</div><p aria-hidden=true>also hidden</p>
        <form><div class=wrapper><main class="main-nav-content"><article><header><h1>Gifts</h1></header>
        <div class=sidebar-left><ul><li><a href=#1>1 Limits</a></ul></div>
        <h2>1&nbsp;Limits</h2>loose text <b>before</b> a paragraph<p>A gift over £50<sup>12</sup><sup><a href=#f>3</a></sup>
        must be declared.<br>Ask first.<script>alert(1)</script>
        <table><tr><th rowspan=2>Who<th>Limit</tr><tr><td>£50</td></tr></table>
        <ol start=4><li>fourth<li><p>fifth</p><p>more</p><ul><li>inner</ul></ol>
        <dl><dt>Owner<dd>Compliance</dl><pre>as
  typed</pre><p><a href="#top">Back to top</a></p></article></main></div></form>
        <footer>© Bank</footer></body></html>""",
    )
    assert reading.title == "Gifts"
    assert reading.text == (
        "Gifts\n\n1 Limits\n\nloose text before a paragraph\n\nA gift over £50¹² ³ must be declared.\nAsk first.\n\n"
        "Who | Limit\nWho | £50\n\n4. fourth\n5. fifth\n\nmore\n\n- inner\n\nOwner: Compliance\n\nas\ntyped"
    )


@pytest.mark.parametrize(
    ("markup", "how"),
    [
        ("<p hidden>secret</p>", "not displayed"),
        ('<p style="color:red;display:none">secret</p>', "not displayed"),
        ('<p style="visibility : hidden">secret</p>', "not displayed"),
        ('<span style="font-size:0">secret</span>', "not displayed"),
        ('<span style="font-size:0px">secret</span>', "not displayed"),
        ('<span style="opacity:0.0">secret</span>', "not displayed"),
        ('<span style="position:absolute;left:-9999px">secret</span>', "not displayed"),
        ('<span style="color:#FFF">secret</span>', "white text"),
        ('<span style="color: rgb(255, 255, 255)">secret</span>', "white text"),
    ],
)
def test_what_a_browser_does_not_show_is_left_out_and_noted(markup: str, how: str) -> None:
    reading = read(".html", f"<main><p>A gift must be declared.</p>{markup}</main>")
    assert reading.text == "A gift must be declared."
    assert reading.hidden == (Hidden(how=how, text="secret"),)
    assert read(".md", f"A gift must be declared.\n\n<div>{markup}</div>").hidden == reading.hidden


@pytest.mark.parametrize(
    "markup",
    [
        '<p style="opacity:0.9">shown</p>',
        '<p style="font-size:0.9em">shown</p>',
        '<p style="background-color:white">shown</p>',
        '<p style="color:white" class="badge">shown</p>',
        '<div style="background:#000"><p style="color:white">shown</p></div>',
        '<p style="opacity:var(--x)">shown</p>',
    ],
)
def test_what_a_browser_shows_is_read(markup: str) -> None:
    reading = read(".html", f"<main><p>A gift must be declared.</p>{markup}</main>")
    assert reading.text.endswith("shown")
    assert reading.hidden == ()


def test_without_main_the_densest_part_is_read() -> None:
    prose = "Every member of staff must declare each gift in the register. " * 8
    page = f"<body><div id=a><a href=x>Link</a></div><div><div id=b><h2>1 Rule</h2><p>{prose}</p></div></div></body>"
    assert read(".html", page).text == f"1 Rule\n\n{prose.strip()}"


def test_a_number_in_its_own_column_joins_its_text_and_version_stamps_go() -> None:
    reading = read(
        ".html",
        "<main><h1>Part</h1><div><div><p><span>1</span></p></div><div><h3>Scope</h3></div></div>"
        "<div><div><p>1.1</p></div><div><p>This Part applies to banks.</p></div></div>"
        "<ul><li>31/12/2024</li><li>Past</li></ul></main>",
    )
    assert headings(reading) == [(1, "1 Scope")]
    assert reading.text == "Part\n\n1 Scope\n\n1.1 This Part applies to banks."


def test_layout_tables_are_read_as_blocks() -> None:
    page = "<table><tr><td><h2>1 Rule</h2><p>Text.</p></td></tr></table><table><tr><td>One</td></tr></table>"
    reading = read(".html", page)
    assert tables(reading) == []
    assert reading.text == "1 Rule\n\nText.\n\nOne"


def test_declared_charsets_are_obeyed() -> None:
    assert read(".html", '<meta charset="iso-8859-1"><p>café £50</p>'.encode("latin-1")).text == "café £50"


# ------------------------------------------------------------------------------------------------ Word


def saved(document: Any) -> bytes:
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


def test_tracked_changes_are_read_as_accepted_and_hidden_text_is_not() -> None:
    document = docx.Document()
    document.add_paragraph("The limit is ")._p.extend(
        parse_xml(f"<w:{kind} {nsdecls('w')}><w:r>{props}<w:{tag}>{text}</w:{tag}></w:r></w:{kind}>")
        for kind, tag, props, text in [
            ("del", "delText", "", "£90"),
            ("ins", "t", "", "£50"),
            ("ins", "t", "<w:rPr><w:vanish/></w:rPr>", " secret"),
        ]
    )
    reading = read(".docx", saved(document))
    assert reading.text == "The limit is £50"
    assert reading.hidden == (Hidden(how="hidden text", text="secret"),)


def test_white_and_tiny_text_in_word_is_left_out_and_noted() -> None:
    document = docx.Document()
    paragraph = document.add_paragraph("Seen. ")
    for properties, text in [
        ('<w:color w:val="FFFFFF"/>', "white"),
        ('<w:sz w:val="2"/>', "tiny"),
        ('<w:color w:val="ffffff"/><w:shd w:val="clear" w:fill="000000"/>', "shaded"),
    ]:
        paragraph._p.append(parse_xml(f"<w:r {nsdecls('w')}><w:rPr>{properties}</w:rPr><w:t>{text}</w:t></w:r>"))
    header = document.add_table(rows=2, cols=2)
    for at, text in enumerate(["Who", "Limit", "Staff", "£50"]):
        header.cell(at // 2, at % 2).text = text
    for cell in header.rows[0].cells:
        cell.paragraphs[0].runs[0].font.color.rgb = RGBColor(255, 255, 255)
    reading = read(".docx", saved(document))
    assert reading.text == "Seen. shaded\n\nWho | Limit\nStaff | £50"
    assert [(each.how, each.text) for each in reading.hidden] == [("white text", "white"), ("tiny text", "tiny")]


def test_automatic_numbers_stand_in_the_text() -> None:
    document = docx.Document()
    numbering = document.part.numbering_part.element
    levels = "".join(
        f'<w:lvl w:ilvl="{at}"><w:start w:val="1"/><w:numFmt w:val="{form}"/><w:lvlText w:val="{text}"/></w:lvl>'
        for at, (form, text) in enumerate([("decimal", "%1"), ("decimal", "%1.%2"), ("lowerLetter", "(%3)")])
    )
    numbering.insert(0, parse_xml(f'<w:abstractNum {nsdecls("w")} w:abstractNumId="77">{levels}</w:abstractNum>'))
    numbering.append(parse_xml(f'<w:num {nsdecls("w")} w:numId="77"><w:abstractNumId w:val="77"/></w:num>'))

    def add(text: str, level: int, style: str | None) -> None:
        paragraph = document.add_paragraph(text, style=style)
        paragraph._p.get_or_add_pPr().append(
            parse_xml(f'<w:numPr {nsdecls("w")}><w:ilvl w:val="{level}"/><w:numId w:val="77"/></w:numPr>')
        )

    for text, level in [("Purpose", 0), ("Limits", 0), ("Gifts", 1), ("Meals", 1)]:
        add(text, level, f"Heading {level + 1}")
    add("declare it", 2, None)
    add("record it", 2, None)
    add("Forms", 0, "Heading 1")
    reading = read(".docx", saved(document))
    assert headings(reading) == [(1, "1 Purpose"), (1, "2 Limits"), (2, "2.1 Gifts"), (2, "2.2 Meals"), (1, "3 Forms")]
    assert "(a) declare it\n(b) record it" in reading.text


def test_lists_that_begin_anew_and_legal_numbers() -> None:
    document = docx.Document()
    numbering = document.part.numbering_part.element
    levels = "".join(
        f'<w:lvl w:ilvl="{at}"><w:start w:val="1"/><w:numFmt w:val="{form}"/>{legal}<w:lvlText w:val="{text}"/></w:lvl>'
        for at, (form, legal, text) in enumerate([("upperRoman", "", "%1."), ("decimal", "<w:isLgl/>", "%1.%2")])
    )
    numbering.insert(0, parse_xml(f'<w:abstractNum {nsdecls("w")} w:abstractNumId="77">{levels}</w:abstractNum>'))
    restart = '<w:lvlOverride w:ilvl="0"><w:startOverride w:val="5"/></w:lvlOverride>'
    for identity, override in (("77", ""), ("78", restart)):
        numbering.append(
            parse_xml(f'<w:num {nsdecls("w")} w:numId="{identity}"><w:abstractNumId w:val="77"/>{override}</w:num>')
        )
    for text, level, identity in [("a", 0, "77"), ("b", 0, "77"), ("c", 1, "77"), ("d", 0, "78"), ("e", 0, "78")]:
        document.add_paragraph(text)._p.get_or_add_pPr().append(
            parse_xml(f'<w:numPr {nsdecls("w")}><w:ilvl w:val="{level}"/><w:numId w:val="{identity}"/></w:numPr>')
        )
    assert read(".docx", saved(document)).text == "I. a\nII. b\n2.1 c\nV. d\nVI. e"


def test_notes_are_numbered_as_they_are_met() -> None:
    document = docx.Document()
    for kind, label in (("footnote", FOOTNOTES), ("endnote", ENDNOTES)):
        note = "".join(
            f'<w:{kind} w:id="{at}"{extra}><w:p><w:r><w:t>{text}</w:t></w:r></w:p></w:{kind}>'
            for at, extra, text in [(0, ' w:type="separator"', "-"), (4, "", f"{kind} four"), (7, "", f"{kind} seven")]
        )
        blob = f"<w:{kind}s {nsdecls('w')}>{note}</w:{kind}s>".encode()
        content = f"application/vnd.openxmlformats-officedocument.wordprocessingml.{kind}s+xml"
        part = Part(PackURI(f"/word/{kind}s.xml"), content, blob, document.part.package)
        document.part.relate_to(part, label)
    paragraph = document.add_paragraph("Declare it")._p
    for kind, at in (("footnote", 7), ("endnote", 4), ("footnote", 4)):
        paragraph.append(parse_xml(f'<w:r {nsdecls("w")}><w:{kind}Reference w:id="{at}"/></w:r>'))
    assert read(".docx", saved(document)).text == (
        "Declare it¹(i)²\n\n1. footnote seven\ni. endnote four\n2. footnote four"
    )


def test_merged_cells_and_a_frame_drawn_with_a_table() -> None:
    document = docx.Document()
    frame = document.add_table(rows=1, cols=1)
    frame.cell(0, 0).text = "A framed warning."
    document.add_paragraph("Between.")
    table = document.add_table(rows=3, cols=3)
    for at, text in enumerate(["Who", "Limit", "Form", "Staff", "£50", "GH1", "", "£90", "GH2"]):
        table.cell(at // 3, at % 3).text = text
    table.cell(1, 0).merge(table.cell(2, 0))
    for cell in table.rows[0].cells:
        cell.paragraphs[0].runs[0].bold = True
    reading = read(".docx", saved(document))
    assert reading.text.startswith("A framed warning.\n\nBetween.")
    assert tables(reading) == [(18, "Who | Limit | Form\nStaff | £50 | GH1\nStaff | £90 | GH2")]


# --------------------------------------------------------------------------------------------- refusals


@pytest.mark.parametrize("suffix", [".txt", ".md", ".html", ".docx", ".xlsx", ".pdf"])
@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"%PDF-1.4 broken",
        b"PK\x03\x04 broken",
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1doc",
        b"\x89PNG\r\n",
        b"a\x00b" * 9,
    ],
)
def test_bytes_that_belie_their_suffix_are_refused_in_one_sentence(suffix: str, data: bytes) -> None:
    with pytest.raises(InputError) as refusal:
        read(suffix, data)
    assert "\n" not in str(refusal.value)
    assert str(refusal.value).endswith(".")


def test_an_unknown_suffix_names_the_known_ones() -> None:
    with pytest.raises(InputError, match=r"\.xyz can't be read; give one of \.docx"):
        reader_for(".xyz")
