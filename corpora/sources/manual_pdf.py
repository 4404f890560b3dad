"""The sample manual as PDF, with running headers, page numbers and an outline. Needs reportlab."""

from __future__ import annotations

import html
import io

from manual_source import BANK, Document, Heading, List_, Para, Run, Table, plain


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
