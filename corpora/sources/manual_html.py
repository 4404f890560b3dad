"""The sample manual as pages of an intranet: the present one, tidy, and the one before it, not."""

from __future__ import annotations

import html
import re

from manual_source import BANK, Document, Heading, List_, Para, Run, Table


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
