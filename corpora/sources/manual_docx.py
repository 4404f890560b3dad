"""The sample manual as Word documents. Needs python-docx."""

from __future__ import annotations

import datetime as dt
import io
import zipfile

from manual_source import BANK, Document, Heading, List_, Para, Run, Table


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
