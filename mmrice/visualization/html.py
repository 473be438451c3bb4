"""One HTML file that needs nothing else: styles inline, images as data URIs."""
import base64
from html import escape
from io import BytesIO
from typing import Iterable, Sequence, Tuple

import numpy as np
from PIL import Image

STYLE = '''
:root { color-scheme: light dark; --paper: #fff; --card: #f6f7f9; --ink: #1c2128; --soft: #5b6572; --rule: #dde1e6;
        --a: #0b6bcb; --b: #c2570c; --c: #2b8a3e; }
@media (prefers-color-scheme: dark) { :root { --paper: #14171c; --card: #1d2128; --ink: #e4e7eb; --soft: #9aa4b1;
        --rule: #333a44; --a: #62aeff; --b: #ff9d5c; --c: #69db7c; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 16px/1.55 system-ui, sans-serif; }
main { max-width: 1120px; margin: 0 auto; padding: 40px 24px 80px; }
h1 { font-size: 30px; line-height: 1.2; margin: 0 0 8px; }
h2 { font-size: 22px; margin: 56px 0 8px; padding-top: 16px; border-top: 1px solid var(--rule); }
h3 { font-size: 16px; margin: 24px 0 8px; }
p { max-width: 78ch; margin: 8px 0 16px; }
.soft, figcaption { color: var(--soft); font-size: 14px; }
nav { display: flex; flex-wrap: wrap; gap: 4px 18px; margin: 20px 0; font-size: 15px; }
a { color: var(--a); }
.tiles { display: grid; gap: 16px; }
.two { grid-template-columns: repeat(auto-fill, minmax(min(100%, 460px), 1fr)); }
.three { grid-template-columns: repeat(auto-fill, minmax(min(100%, 300px), 1fr)); }
.four { grid-template-columns: repeat(auto-fill, minmax(min(100%, 220px), 1fr)); }
.card { background: var(--card); border-radius: 10px; padding: 16px 18px; }
.card h3 { margin-top: 0; }
.number { font-size: 34px; font-weight: 650; line-height: 1.2; }
figure { margin: 0; }
figure img { width: 100%; height: auto; display: block; border-radius: 6px; }
img.cells { image-rendering: pixelated; }
figcaption { margin-top: 4px; }
.row { display: grid; gap: 10px; margin-bottom: 18px; }
.cols3 { grid-template-columns: repeat(3, 1fr); }
.cols4 { grid-template-columns: repeat(4, 1fr); }
.heads { margin: 0 0 6px; font-size: 14px; font-weight: 600; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: 15px; }
th, td { text-align: left; padding: 7px 14px 7px 0; border-bottom: 1px solid var(--rule); vertical-align: top; }
th { font-weight: 600; font-size: 14px; color: var(--soft); }
td.n, th.n { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
tr.main td { font-weight: 650; }
code { font: 13px/1.6 ui-monospace, 'DejaVu Sans Mono', monospace; overflow-wrap: anywhere; }
summary { cursor: pointer; margin: 8px 0; }
.commands dt { display: flex; gap: 12px; align-items: baseline; font-size: 15px; margin-top: 10px; }
.commands code::before { content: '$ '; color: var(--soft); }  /* not copied with the command */
.commands dd { background: var(--card); border-radius: 8px; margin: 2px 0 0; padding: 7px 12px; }
.crops { display: flex; flex-wrap: wrap; gap: 6px; }
.crops img { width: 72px; height: 72px; border-radius: 4px; }
.swatches { display: flex; flex-wrap: wrap; gap: 4px 14px; font-size: 14px; margin-bottom: 12px; }
.swatches i { display: inline-block; width: 12px; height: 12px; border-radius: 3px; margin-right: 5px; }
.chart { width: 100%; height: auto; display: block; }
.chart text { fill: var(--soft); font-size: 12px; }
.chart .grid { stroke: var(--rule); } .chart .axis, .chart .tick { stroke: var(--soft); }
.chart polyline { fill: none; stroke-width: 2; stroke-linejoin: round; }
polyline.line-a { stroke: var(--a); } circle.line-a { fill: var(--a); }
polyline.line-b { stroke: var(--b); } circle.line-b { fill: var(--b); }
polyline.line-c { stroke: var(--c); } circle.line-c { fill: var(--c); }
.legend { display: flex; gap: 16px; font-size: 14px; margin: 2px 0 6px 52px; }
.key::before { content: ''; display: inline-block; width: 18px; height: 3px; border-radius: 2px; margin-right: 6px;
               vertical-align: middle; background: var(--a); }
.key.line-b::before { background: var(--b); } .key.line-c::before { background: var(--c); }
'''


def data_uri(image: np.ndarray, lossless: bool = False) -> str:
    """An image as a data URI: JPEG, or PNG where ``lossless``.

    Args:
        image: RGB, uint8, shape (H, W, 3).
        lossless: Defaults to False.
    """
    stream = BytesIO()
    if lossless:
        Image.fromarray(image).save(stream, 'PNG', optimize=True)
    else:
        Image.fromarray(image).save(stream, 'JPEG', quality=86)
    kind = 'png' if lossless else 'jpeg'
    return f'data:image/{kind};base64,{base64.b64encode(stream.getvalue()).decode()}'


def img(image: np.ndarray, alt: str, cells: bool = False) -> str:
    """An ``<img>``; ``cells`` keeps every pixel a sharp square when it is enlarged."""
    kind = ' class="cells"' if cells else ''
    return (f'<img{kind} src="{data_uri(image, lossless=cells)}" alt="{escape(alt)}" '
            f'width="{image.shape[1]}" height="{image.shape[0]}">')


def figure(image: np.ndarray, caption: str, alt: str = '', cells: bool = False) -> str:
    """A ``<figure>`` with a caption of plain text."""
    below = f'<figcaption>{escape(caption)}</figcaption>' if caption else ''
    return f'<figure>{img(image, alt or caption, cells)}{below}</figure>'


def table(head: Sequence[str], rows: Iterable[Sequence[str]], numbers_from: int = 1, strong: Sequence[int] = ()) -> str:
    """A ``<table>`` of plain text.

    Args:
        head: Column titles.
        rows: Cells.
        numbers_from: Columns from here on hold numbers and are set to the right. Defaults to 1.
        strong: Rows to be emphasised.
    """

    def cells(tag: str, row: Sequence[str]) -> str:
        return ''.join(f'<{tag}{" class=" + chr(34) + "n" + chr(34) if place >= numbers_from else ""}>{escape(cell)}'
                       f'</{tag}>' for place, cell in enumerate(row))

    body = ''.join(f'<tr{" class=" + chr(34) + "main" + chr(34) if number in strong else ""}>{cells("td", row)}</tr>'
                   for number, row in enumerate(rows))
    return f'<div class="scroll"><table><thead><tr>{cells("th", head)}</tr></thead><tbody>{body}</tbody></table></div>'


def page(title: str, lead: str, sections: Sequence[Tuple[str, str, str]]) -> str:
    """The whole file.

    Args:
        title: Plain text.
        lead: HTML between the title and the table of contents.
        sections: (id, heading in plain text, HTML) of each.
    """
    links = ''.join(f'<a href="#{name}">{escape(heading)}</a>' for name, heading, _ in sections)
    body = ''.join(f'<section id="{name}"><h2>{escape(heading)}</h2>{content}</section>'
                   for name, heading, content in sections)
    return ('<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
            '<meta name="viewport" content="width=device-width, initial-scale=1">'
            f'<title>{escape(title)}</title><style>{STYLE}</style></head>\n<body><main><h1>{escape(title)}</h1>{lead}'
            f'<nav>{links}</nav>{body}</main></body></html>\n')
