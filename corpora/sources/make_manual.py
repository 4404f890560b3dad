#!/usr/bin/env python3
"""Render the sources of the sample manual to PDF, DOCX and HTML.

    python corpora/sources/make_manual.py            render everything
    python corpora/sources/make_manual.py aml-policy render one document
    python corpora/sources/make_manual.py --check    fail if a rendered file is out of date

Each source is `corpora/sources/manual/NAME.md`: a front block between `---` lines
(title, owner, version, effective_from, review_date, classification), then headings that
carry their own section numbers, paragraphs, lists and pipe tables. The rendered files go
to `corpora/manual/`. Rendering the same source twice gives the same bytes.

Needs reportlab, python-docx and markdown-it-py.
"""

from __future__ import annotations

import argparse
import datetime as dt
import html
import io
import re
import sys
import zipfile
from dataclasses import dataclass, field
from pathlib import Path

from markdown_it import MarkdownIt

HERE = Path(__file__).resolve().parent
SOURCES = HERE / "manual"
OUTPUT = HERE.parent / "manual"
BANK = "Calder Wray Bank plc"

# The format each document is published in.
FORMATS = {
    "aml-policy": "pdf",
    "customer-due-diligence": "pdf",
    "incident-reporting": "pdf",
    "data-protection": "pdf",
    "outsourcing": "docx",
    "gifts-and-hospitality-2024": "docx",
    "gifts-and-hospitality-2026": "docx",
    "code-of-conduct": "docx",
    "conflicts-of-interest": "docx",
    "disciplinary-procedure": "docx",
    "sanctions": "html",
    "training-and-competence": "html",
    "complaints": "html",
    "whistleblowing": "html",
}
# Saved from the bank's previous intranet: same text, untidier page.
OLD_INTRANET = {"training-and-competence"}

FRONT_LABELS = {
    "owner": "Document owner",
    "version": "Version",
    "effective_from": "Effective from",
    "effective_to": "Effective to",
    "review_date": "Review date",
    "classification": "Classification",
}


# --------------------------------------------------------------------------- reading


@dataclass
class Run:
    """A stretch of text in one style."""

    text: str
    bold: bool = False
    italic: bool = False
    code: bool = False


@dataclass
class Heading:
    level: int
    text: str


@dataclass
class Para:
    runs: list[Run]


@dataclass
class List_:
    ordered: bool
    items: list[list[Run]]


@dataclass
class Table:
    header: list[list[Run]]
    rows: list[list[list[Run]]]


Block = Heading | Para | List_ | Table


@dataclass
class Document:
    name: str
    front: dict[str, str]
    blocks: list[Block] = field(default_factory=list)

    @property
    def title(self) -> str:
        return self.front["title"]

    def front_rows(self) -> list[tuple[str, str]]:
        return [(label, nice_date(self.front[key])) for key, label in FRONT_LABELS.items() if self.front.get(key)]


def nice_date(value: str) -> str:
    """`2026-07-01` as `1 July 2026`; anything else unchanged."""
    try:
        day = dt.date.fromisoformat(value)
    except ValueError:
        return value
    return f"{day.day} {day:%B} {day.year}"


def front_block(text: str) -> tuple[dict[str, str], str]:
    match = re.match(r"\A---\n(.*?)\n---\n", text, re.S)
    if not match:
        raise ValueError("no front block")
    front: dict[str, str] = {}
    for line in match.group(1).splitlines():
        if not line.strip():
            continue
        key, _, value = line.partition(":")
        key = key.strip().lower().replace(" ", "_")
        key = {"document_owner": "owner"}.get(key, key)
        front[key] = value.strip().strip('"')
    return front, text[match.end() :]


def runs_of(inline) -> list[Run]:
    runs: list[Run] = []
    bold = italic = 0
    for token in inline.children or []:
        kind = token.type
        if kind == "strong_open":
            bold += 1
        elif kind == "strong_close":
            bold -= 1
        elif kind == "em_open":
            italic += 1
        elif kind == "em_close":
            italic -= 1
        elif kind in ("softbreak", "hardbreak"):
            runs.append(Run(" ", bool(bold), bool(italic)))
        elif kind == "code_inline":
            runs.append(Run(token.content, bool(bold), bool(italic), True))
        elif kind == "text" and token.content:
            runs.append(Run(token.content, bool(bold), bool(italic)))
    return runs


def plain(runs: list[Run]) -> str:
    return "".join(run.text for run in runs)


def heading_level(text: str, fallback: int) -> int:
    """The level a section number says: `4` is 1, `4.2` is 2, `4.2.1` is 3."""
    match = re.match(r"(\d+(?:\.\d+)*)\.?\s", text)
    return len(match.group(1).split(".")) if match else fallback


def read(path: Path) -> Document:
    front, body = front_block(path.read_text(encoding="utf-8"))
    doc = Document(path.stem, front)
    tokens = MarkdownIt("commonmark").enable("table").parse(body)
    i = 0
    while i < len(tokens):
        token = tokens[i]
        if token.type == "heading_open":
            text = plain(runs_of(tokens[i + 1]))
            if token.tag != "h1" or text != doc.title:
                level = heading_level(text, max(1, int(token.tag[1]) - 1))
                doc.blocks.append(Heading(min(level, 3), text))
            i += 3
        elif token.type == "paragraph_open":
            doc.blocks.append(Para(runs_of(tokens[i + 1])))
            i += 3
        elif token.type in ("bullet_list_open", "ordered_list_open"):
            end, items, i = token.type.replace("open", "close"), [], i + 1
            while tokens[i].type != end:
                if tokens[i].type.endswith("list_open"):
                    raise ValueError(f"{path.name}: a list inside a list")
                if tokens[i].type == "inline":
                    items.append(runs_of(tokens[i]))
                i += 1
            doc.blocks.append(List_(token.type.startswith("ordered"), items))
            i += 1
        elif token.type == "table_open":
            rows: list[list[list[Run]]] = []
            while tokens[i].type != "table_close":
                if tokens[i].type == "tr_open":
                    rows.append([])
                elif tokens[i].type == "inline":
                    rows[-1].append(runs_of(tokens[i]))
                i += 1
            doc.blocks.append(Table(rows[0], rows[1:]))
            i += 1
        elif token.type == "hr":
            i += 1
        else:
            raise ValueError(f"{path.name}: cannot render {token.type}")
    return doc


# ------------------------------------------------------------------------------- PDF


def to_pdf(doc: Document) -> bytes:
    from reportlab.lib import colors
    from reportlab.lib.enums import TA_LEFT
    from reportlab.lib.pagesizes import A4
    from reportlab.lib.styles import ParagraphStyle
    from reportlab.lib.units import mm
    from reportlab.pdfgen.canvas import Canvas
    from reportlab.platypus import (
        BaseDocTemplate,
        Frame,
        KeepTogether,
        LongTable,
        PageTemplate,
        Paragraph,
        Spacer,
        TableStyle,
    )

    ink, rule, pale = colors.HexColor("#14324a"), colors.HexColor("#9db2c0"), colors.HexColor("#e9eff3")
    body = ParagraphStyle("body", fontName="Helvetica", fontSize=10, leading=14, spaceAfter=6, alignment=TA_LEFT)
    item = ParagraphStyle("item", parent=body, leftIndent=14, bulletIndent=3, spaceAfter=3)
    cell = ParagraphStyle("cell", parent=body, fontSize=9, leading=11.5, spaceAfter=0)
    head = ParagraphStyle("head", parent=cell, fontName="Helvetica-Bold", textColor=colors.white)
    title = ParagraphStyle("title", fontName="Helvetica-Bold", fontSize=22, leading=27, textColor=ink, spaceAfter=4)
    bank = ParagraphStyle("bank", parent=body, fontSize=10, textColor=colors.HexColor("#5a6f7d"), spaceAfter=2)
    headings = {
        1: ParagraphStyle(
            "h1", fontName="Helvetica-Bold", fontSize=15, leading=19, textColor=ink, spaceBefore=14, spaceAfter=5
        ),
        2: ParagraphStyle(
            "h2", fontName="Helvetica-Bold", fontSize=12, leading=15, textColor=ink, spaceBefore=9, spaceAfter=3
        ),
        3: ParagraphStyle("h3", fontName="Helvetica-Bold", fontSize=10.5, leading=14, spaceBefore=6, spaceAfter=2),
    }
    width = A4[0] - 44 * mm

    def markup(runs: list[Run]) -> str:
        out = []
        for run in runs:
            text = html.escape(run.text, quote=False)
            if run.code:
                text = f'<font name="Courier">{text}</font>'
            if run.bold:
                text = f"<b>{text}</b>"
            if run.italic:
                text = f"<i>{text}</i>"
            out.append(text)
        return "".join(out)

    class Pages(Canvas):
        """Writes the running header and footer once the page count is known."""

        def __init__(self, *args, **kwargs):
            super().__init__(*args, **kwargs)
            self.saved: list[dict] = []

        def showPage(self):
            self.saved.append(dict(self.__dict__))
            self._startPage()

        def save(self):
            for state in self.saved:
                self.__dict__.update(state)
                self.furniture(len(self.saved))
                super().showPage()
            super().save()

        def furniture(self, count: int) -> None:
            left, right, top = 22 * mm, A4[0] - 22 * mm, A4[1] - 14 * mm
            self.saveState()
            self.setFont("Helvetica", 8)
            self.setFillColor(colors.HexColor("#5a6f7d"))
            self.drawString(left, top, BANK)
            self.drawRightString(right, top, doc.title)
            self.drawString(left, 12 * mm, f"Classification: {doc.front.get('classification', 'Internal')}")
            self.drawCentredString(A4[0] / 2, 12 * mm, f"Version {doc.front.get('version', '1.0')}")
            self.drawRightString(right, 12 * mm, f"Page {self._pageNumber} of {count}")
            self.setStrokeColor(rule)
            self.setLineWidth(0.5)
            self.line(left, top - 2 * mm, right, top - 2 * mm)
            self.line(left, 16 * mm, right, 16 * mm)
            self.restoreState()

    class Template(BaseDocTemplate):
        marks = 0

        def afterFlowable(self, flowable):
            level = getattr(flowable, "outline_level", None)
            if level is not None:
                self.marks += 1
                key = f"section-{self.marks}"
                self.canv.bookmarkPage(key)
                self.canv.addOutlineEntry(flowable.getPlainText(), key, level=level, closed=level > 0)

    story = [Paragraph(BANK, bank), Paragraph(markup([Run(doc.title)]), title), Spacer(1, 4)]
    rows = [[Paragraph(f"<b>{html.escape(a)}</b>", cell), Paragraph(html.escape(b), cell)] for a, b in doc.front_rows()]
    front = LongTable(rows, colWidths=[width * 0.3, width * 0.7])
    front.setStyle(
        TableStyle(
            [
                ("GRID", (0, 0), (-1, -1), 0.5, rule),
                ("BACKGROUND", (0, 0), (0, -1), pale),
                ("VALIGN", (0, 0), (-1, -1), "TOP"),
                ("TOPPADDING", (0, 0), (-1, -1), 3),
                ("BOTTOMPADDING", (0, 0), (-1, -1), 4),
            ]
        )
    )
    story += [front, Spacer(1, 6)]

    waiting: list = []  # headings kept with the block that follows them
    for block in doc.blocks:
        if isinstance(block, Heading):
            para = Paragraph(markup([Run(block.text)]), headings[block.level])
            para.outline_level = block.level - 1
            para.keepWithNext = 1
            waiting.append(para)
            continue
        made: list = []
        if isinstance(block, Para):
            made = [Paragraph(markup(block.runs), body)]
        elif isinstance(block, List_):
            for number, entry in enumerate(block.items, 1):
                made.append(Paragraph(markup(entry), item, bulletText=f"{number}." if block.ordered else "\u2022"))
            made.append(Spacer(1, 3))
        elif isinstance(block, Table):
            columns = len(block.header)
            longest = [max([len(plain(r[c])) for r in [block.header, *block.rows]] + [6]) for c in range(columns)]
            weight = [min(max(n, 9), 60) ** 0.6 for n in longest]
            data = [[Paragraph(markup(c), head) for c in block.header]]
            data += [[Paragraph(markup(c), cell) for c in row] for row in block.rows]
            table = LongTable(data, colWidths=[width * w / sum(weight) for w in weight], repeatRows=1)
            table.setStyle(
                TableStyle(
                    [
                        ("BACKGROUND", (0, 0), (-1, 0), ink),
                        ("ROWBACKGROUNDS", (0, 1), (-1, -1), [colors.white, pale]),
                        ("GRID", (0, 0), (-1, -1), 0.5, rule),
                        ("VALIGN", (0, 0), (-1, -1), "TOP"),
                        ("TOPPADDING", (0, 0), (-1, -1), 3),
                        ("BOTTOMPADDING", (0, 0), (-1, -1), 4),
                    ]
                )
            )
            made = [table, Spacer(1, 8)]
        if waiting and isinstance(block, Para):
            story.append(KeepTogether(waiting + made[:1]))
            story += made[1:]
        else:
            story += waiting + made
        waiting = []
    story += waiting

    out = io.BytesIO()
    template = Template(
        out,
        pagesize=A4,
        invariant=1,
        title=doc.title,
        author=BANK,
        subject=f"Version {doc.front.get('version', '1.0')}",
        creator="Group Compliance",
        lang="en-GB",
    )
    frame = Frame(
        22 * mm, 19 * mm, width, A4[1] - 40 * mm, leftPadding=0, rightPadding=0, topPadding=0, bottomPadding=0
    )
    template.addPageTemplates([PageTemplate("page", [frame])])
    template.build(story, canvasmaker=Pages)
    return out.getvalue()


# ------------------------------------------------------------------------------ DOCX


def to_docx(doc: Document) -> bytes:
    import docx
    from docx.oxml import OxmlElement
    from docx.oxml.ns import qn
    from docx.shared import Cm, Pt, RGBColor

    word = docx.Document()
    ink = RGBColor(0x14, 0x32, 0x4A)
    section = word.sections[0]
    section.page_width, section.page_height = Cm(21), Cm(29.7)
    section.left_margin = section.right_margin = Cm(2.3)
    section.top_margin = section.bottom_margin = Cm(2.3)
    word.styles["Normal"].font.name = "Calibri"
    word.styles["Normal"].font.size = Pt(10.5)
    word.styles["Normal"].paragraph_format.space_after = Pt(6)
    for level, size in ((1, 15), (2, 12.5), (3, 11)):
        style = word.styles[f"Heading {level}"]
        style.font.name, style.font.size, style.font.color.rgb = "Calibri", Pt(size), ink
    word.styles["Title"].font.name = "Calibri"
    word.styles["Title"].font.color.rgb = ink

    def add_runs(paragraph, runs: list[Run], bold: bool = False) -> None:
        for run in runs:
            made = paragraph.add_run(run.text)
            made.bold = run.bold or bold or None
            made.italic = run.italic or None
            if run.code:
                made.font.name = "Consolas"

    def add_field(paragraph, code: str) -> None:
        made = paragraph.add_run()
        for kind in ("begin", None, "end"):
            if kind:
                part = OxmlElement("w:fldChar")
                part.set(qn("w:fldCharType"), kind)
            else:
                part = OxmlElement("w:instrText")
                part.set(qn("xml:space"), "preserve")
                part.text = code
            made._r.append(part)

    section.header.paragraphs[0].text = f"{BANK}\t\t{doc.title}"
    footer = section.footer.paragraphs[0]
    footer.text = f"Classification: {doc.front.get('classification', 'Internal')}\tVersion {doc.front.get('version', '1.0')}\tPage "
    add_field(footer, "PAGE")

    word.add_paragraph(doc.title, style="Title")
    front = word.add_table(rows=0, cols=2)
    front.style = "Table Grid"
    for label, value in doc.front_rows():
        cells = front.add_row().cells
        add_runs(cells[0].paragraphs[0], [Run(label)], bold=True)
        cells[1].text = value
    word.add_paragraph()

    for block in doc.blocks:
        if isinstance(block, Heading):
            word.add_heading(block.text, level=block.level)
        elif isinstance(block, Para):
            add_runs(word.add_paragraph(), block.runs)
        elif isinstance(block, List_):
            for number, entry in enumerate(block.items, 1):
                if block.ordered:
                    paragraph = word.add_paragraph()
                    paragraph.paragraph_format.left_indent = Cm(1)
                    paragraph.paragraph_format.first_line_indent = Cm(-0.7)
                    add_runs(paragraph, [Run(f"{number}.\t"), *entry])
                else:
                    add_runs(word.add_paragraph(style="List Bullet"), entry)
        elif isinstance(block, Table):
            table = word.add_table(rows=1, cols=len(block.header))
            table.style = "Light Grid Accent 1"
            for c, entry in enumerate(block.header):
                add_runs(table.rows[0].cells[c].paragraphs[0], entry, bold=True)
            mark = OxmlElement("w:tblHeader")
            mark.set(qn("w:val"), "true")
            table.rows[0]._tr.get_or_add_trPr().append(mark)
            for row in block.rows:
                cells = table.add_row().cells
                for c, entry in enumerate(row):
                    add_runs(cells[c].paragraphs[0], entry)
            word.add_paragraph()

    day = dt.datetime.fromisoformat(doc.front["effective_from"])
    core = word.core_properties
    core.title, core.author, core.last_modified_by = doc.title, BANK, BANK
    core.created = core.modified = day
    core.last_printed = day
    core.revision, core.comments, core.language = 1, "", "en-GB"
    core.version = doc.front.get("version", "1.0")

    loose = io.BytesIO()
    word.save(loose)
    out = io.BytesIO()
    with zipfile.ZipFile(loose) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            entry = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o600 << 16
            new.writestr(entry, old.read(name))
    return out.getvalue()


# ------------------------------------------------------------------------------ HTML


def markup_html(runs: list[Run]) -> str:
    out = []
    for run in runs:
        text = html.escape(run.text, quote=False)
        if run.code:
            text = f"<code>{text}</code>"
        if run.italic:
            text = f"<em>{text}</em>"
        if run.bold:
            text = f"<strong>{text}</strong>"
        out.append(text)
    return "".join(out)


def anchor(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")


def to_html(doc: Document) -> bytes:
    lines: list[str] = []
    lines.append(f"<h1>{html.escape(doc.title)}</h1>")
    lines.append('<dl class="document-control">')
    for label, value in doc.front_rows():
        lines.append(f"<dt>{html.escape(label)}</dt><dd>{html.escape(value)}</dd>")
    lines.append("</dl>")
    contents: list[str] = []
    for block in doc.blocks:
        if isinstance(block, Heading):
            tag = f"h{min(block.level + 1, 4)}"
            lines.append(f'<{tag} id="{anchor(block.text)}">{html.escape(block.text)}</{tag}>')
            if block.level == 1:
                contents.append(f'<li><a href="#{anchor(block.text)}">{html.escape(block.text)}</a></li>')
        elif isinstance(block, Para):
            lines.append(f"<p>{markup_html(block.runs)}</p>")
        elif isinstance(block, List_):
            tag = "ol" if block.ordered else "ul"
            lines.append(f"<{tag}>")
            lines += [f"<li>{markup_html(entry)}</li>" for entry in block.items]
            lines.append(f"</{tag}>")
        elif isinstance(block, Table):
            lines.append("<table>")
            cells = "".join(f'<th scope="col">{markup_html(c)}</th>' for c in block.header)
            lines.append(f"<thead><tr>{cells}</tr></thead>")
            lines.append("<tbody>")
            for row in block.rows:
                lines.append("<tr>" + "".join(f"<td>{markup_html(c)}</td>" for c in row) + "</tr>")
            lines.append("</tbody></table>")
    article = "\n".join(lines)
    title = html.escape(doc.title)
    return f"""<!DOCTYPE html>
<html lang="en-GB">
<head>
<meta charset="utf-8">
<title>{title} | The Weir - Calder Wray staff intranet</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>
body {{ font: 16px/1.5 Arial, sans-serif; margin: 0; color: #1d2a33; }}
header.site {{ background: #14324a; color: #fff; padding: 12px 24px; }}
.cookie-note {{ background: #fff6d6; padding: 8px 24px; }}
.layout {{ display: flex; gap: 32px; padding: 16px 24px; }}
main {{ max-width: 46em; }}
table {{ border-collapse: collapse; }} th, td {{ border: 1px solid #9db2c0; padding: 4px 8px; text-align: left; }}
footer.site {{ border-top: 1px solid #9db2c0; padding: 12px 24px; font-size: 13px; }}
</style>
</head>
<body>
<div class="cookie-note" role="region" aria-label="Cookies">The Weir uses cookies to keep you signed in and to count page views. <button type="button">Accept</button> <button type="button">Only what is needed</button></div>
<header class="site">
<strong>The Weir</strong>
<nav aria-label="Main">
<ul><li><a href="#">Home</a></li><li><a href="#">News</a></li><li><a href="#">People finder</a></li><li><a href="#">Policies</a></li><li><a href="#">IT help</a></li></ul>
</nav>
<form role="search"><label>Search The Weir <input type="search" name="q"></label></form>
</header>
<nav class="breadcrumb" aria-label="Breadcrumb">Home &rsaquo; Policies &rsaquo; Compliance manual &rsaquo; {title}</nav>
<div class="layout">
<main id="content">
<article>
{article}
</article>
</main>
<aside class="sidebar">
<h2>On this page</h2>
<ul>
{chr(10).join(contents)}
</ul>
<h2>Most read this week</h2>
<ul><li><a href="#">Booking annual leave</a></li><li><a href="#">Car park at Wray House</a></li><li><a href="#">New starter checklist</a></li></ul>
<p>Was this page useful? <button type="button">Yes</button> <button type="button">No</button></p>
</aside>
</div>
<footer class="site">
<p>&copy; {BANK}. For staff use. <a href="#">Accessibility</a> | <a href="#">Report a broken link</a> | <a href="#">Back to top</a></p>
</footer>
</body>
</html>
""".encode()


def to_old_html(doc: Document) -> bytes:
    """The page as the bank's previous intranet saved it: layout tables, loose tags."""
    lines: list[str] = [f'<h1 class=pgTitle><a name="top"></a>{html.escape(doc.title)}</h1>']
    lines.append('<table class=docCtl border=0 cellpadding=2 width="70%">')
    for label, value in doc.front_rows():
        lines.append(f"<tr><td nowrap><b>{html.escape(label)}</b>&nbsp;</td><td>{html.escape(value)}</td></tr>")
    lines.append("</table><br>")
    for count, block in enumerate(doc.blocks):
        if isinstance(block, Heading):
            tag = f"h{min(block.level + 1, 4)}"
            number, _, rest = html.escape(block.text).partition(" ")
            lines.append(
                f'<{tag} style="mso-outline-level:{block.level}"><a name="s{count}"></a><span class=num>{number}</span>&nbsp;{rest}</{tag}>'
            )
            if block.level == 1:
                lines.append("<!-- WP:section -->")
        elif isinstance(block, Para):
            # paragraphs left open, as the old editor wrote them
            lines.append(f'<p class=BodyTxt><font face="Verdana" size="2">{markup_html(block.runs)}</font>')
        elif isinstance(block, List_):
            tag = "ol" if block.ordered else "ul"
            lines.append(f"<{tag} type=disc>" if tag == "ul" else f"<{tag}>")
            lines += [f'<li><font face="Verdana" size="2">{markup_html(entry)}</font>' for entry in block.items]
            lines.append(f"</{tag}>")
        elif isinstance(block, Table):
            lines.append('<div align=left><table border=1 cellspacing=0 cellpadding=3 width="95%">')
            lines.append(
                "<tr>" + "".join(f'<th bgcolor="#CCD9E2">{markup_html(c)}</th>' for c in block.header) + "</tr>"
            )
            for row in block.rows:
                lines.append("<tr>" + "".join(f"<td valign=top>{markup_html(c)}&nbsp;</td>" for c in row) + "</tr>")
            lines.append("</table></div><p>&nbsp;</p>")
    article = "\n".join(lines)
    title = html.escape(doc.title)
    return f"""<!-- saved from the Calder Wray StaffNet, page 20418 -->
<html>
<head>
<meta http-equiv="Content-Type" content="text/html; charset=utf-8">
<title>StaffNet :: Policies :: {title}</title>
<style type="text/css">.BodyTxt{{margin:4px 0}} .num{{color:#666}} .pgTitle{{font-size:20px}}</style>
<script type="text/javascript">function pvCount(){{ return false; }} /* page counter retired */</script>
</head>
<body bgcolor="#FFFFFF" onload="pvCount()">
<table width="100%" border=0 cellspacing=0><tr><td colspan=2 bgcolor="#14324A"><font color="#FFFFFF"><b>StaffNet</b> | <a href="#">Home</a> | <a href="#">Directory</a> | <a href="#">Forms A-Z</a> | <a href="#">Canteen menu</a></font></td></tr>
<tr><td width=170 valign=top class=leftnav>
<div id="nav"><b>Policies</b><br><a href="#">Compliance manual</a><br><a href="#">Health and safety</a><br><a href="#">Travel and expenses</a><br><br><b>Notice board</b><br>The Leeds office lift is out of service until further notice.<br></div>
</td><td valign=top>
<div class="crumb">You are here: StaffNet &gt; Policies &gt; Compliance manual &gt; {title}</div>
<main><article>
{article}
</article></main>
<p align=right><a href="#top">Back to top</a> | <a href="#">Print this page</a> | <a href="#">E-mail to a colleague</a></p>
</td></tr>
<tr><td colspan=2><hr size=1><font size=1>This site uses cookies. By browsing StaffNet you agree to this. &copy; {BANK}. Best viewed at 1024 x 768.</font></td></tr>
</table>
</body>
</html>
""".encode()


# ------------------------------------------------------------------------------ main


def render(doc: Document) -> tuple[Path, bytes]:
    kind = FORMATS[doc.name]
    if kind == "pdf":
        data = to_pdf(doc)
    elif kind == "docx":
        data = to_docx(doc)
    elif doc.name in OLD_INTRANET:
        data = to_old_html(doc)
    else:
        data = to_html(doc)
    return OUTPUT / f"{doc.name}.{kind}", data


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Render the sample manual from its Markdown sources.")
    parser.add_argument("names", nargs="*", help="documents to render (default: all)")
    parser.add_argument("--check", action="store_true", help="write nothing; fail if a rendered file is out of date")
    args = parser.parse_args(argv)
    names = args.names or sorted(path.stem for path in SOURCES.glob("*.md"))
    stale = 0
    OUTPUT.mkdir(parents=True, exist_ok=True)
    for name in names:
        path, data = render(read(SOURCES / f"{name}.md"))
        if args.check:
            if not path.exists() or path.read_bytes() != data:
                print(f"out of date: {path.name}")
                stale += 1
        else:
            path.write_bytes(data)
            print(f"{path.name}: {len(data):,} bytes")
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
