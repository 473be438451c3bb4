"""Put the page together: style, script and data inside, nothing to fetch."""
import base64
import hashlib
import json
from html import escape
from pathlib import Path
from typing import Any, Dict, List, Sequence, Tuple

from .. import html


def assemble(title: str, lead: str, sections: Sequence[Tuple[str, str, str]], data: Dict[str, Any]) -> List[str]:
    """The page with style, script and data inside; its security policy forbids any other script and any fetching."""
    style, script = (Path(__file__).with_name(f'gallery.{end}').read_text(encoding='utf-8')
                     for end in ('css', 'js'))
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    policy = f"default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'sha256-{digest}'"
    page = html.page(title, lead, sections)
    page = page.replace('<meta charset="utf-8">', '<meta charset="utf-8"><meta http-equiv="Content-Security-Policy" '
                        f'content="{escape(policy)}">', 1)
    page = page.replace('</style>', f'{style}</style>', 1)
    end = page.rindex('</body>')
    return [f'{page[:end]}<script type="application/json" id="data">', json_in_script(data),
            f'</script>\n<script>{script}</script>{page[end:]}']


def json_in_script(data: Any) -> str:
    """JSON in ASCII that no text in it can make end the script element around it."""
    text = json.dumps(data, separators=(',', ':'), allow_nan=False)
    return text.replace('&', '\\u0026').replace('<', '\\u003c').replace('>', '\\u003e')
