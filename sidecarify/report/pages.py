"""The documentation page of a rule: its docstring in parts, as Markdown for docs/rules and as text for a terminal."""

from __future__ import annotations

import inspect
import re
import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from sidecarify.report.visible import painted

if TYPE_CHECKING:
    from sidecarify.judge.model import Rule
    from sidecarify.judge.tree_rules import TreeRule

_WIDTH = 100
_PARTS = ("Fires on", "Near miss", "Fix")
_HEADING = re.compile(rf"^({'|'.join(_PARTS)}):[ \t]*", re.MULTILINE)
_LEVELS = {
    "refuse": "moved only when you name the container and accept the rule",
    "review": "moved with `--unsafe`, or when you name the container or accept the rule",
    "note": "moved, and told",
}
_WRITTEN = "<!-- Written by docs/write_rules.py from the docstring of the rule: change that, and run it. -->"


class PageError(Exception):
    """A docstring that lacks a part of the page."""


class RulePage(NamedTuple):
    """What a rule's docstring says: a sentence, what happens and why, a firing example, a near miss and the fix."""

    name: str
    levels: tuple[str, ...]
    hazards: tuple[str, ...]
    summary: str
    why: tuple[str, ...]
    fires: str
    near_miss: str
    fix: str


def rule_page(rule: Rule | TreeRule) -> RulePage:
    """The page of a rule. Raises PageError where its docstring lacks a part."""
    text = inspect.getdoc(rule.check) or ""
    head, *parts = _HEADING.split(text)
    found = dict(zip(parts[::2], parts[1::2], strict=True))
    missing = [name for name in _PARTS if not found.get(name, "").strip()]
    paragraphs = [" ".join(part.split()) for part in head.split("\n\n") if part.strip()]
    if missing or not paragraphs:
        raise PageError(f"the docstring of {rule.name} lacks {', '.join(missing) or 'a summary'}")
    return RulePage(
        rule.name,
        tuple(rule.levels),
        rule.hazards,
        paragraphs[0],
        tuple(paragraphs[1:]),
        _example(found["Fires on"]),
        _example(found["Near miss"]),
        _sentence(" ".join(found["Fix"].split())),
    )


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]


def _example(text: str) -> str:
    return textwrap.dedent(text.lstrip("\n")).strip("\n").rstrip()


def page_markdown(page: RulePage, *, reverting: bool = False) -> str:
    """The page as docs/rules/NAME.md."""
    levels = "\n".join(f"| `{level}` | {_LEVELS[level]} |" for level in page.levels)
    command = "`sidecarify revert`" if reverting else "`sidecarify convert` and `inspect`"
    return "\n\n".join(
        [
            f"{_WRITTEN}\n\n# {page.name}",
            page.summary,
            f"Used by {command}. Hazards: {', '.join(page.hazards) or 'none with an id'}.",
            f"| level | what follows |\n|---|---|\n{levels}",
            "## What happens, and why",
            *(page.why or (page.summary,)),
            "## Fires on",
            _fenced(page.fires),
            "## Near miss",
            _fenced(page.near_miss),
            "## What to do",
            page.fix,
            f"To silence it: `--ignore {page.name}`, or `# sidecarify: ignore[{page.name}]` above the container "
            "([ignoring findings](../ignoring.md)).\n",
        ]
    )


def _fenced(example: str) -> str:
    return f"```yaml\n{example}\n```"


def index_markdown(
    pages: Sequence[RulePage], reverting: Sequence[RulePage] = (), trees: Sequence[RulePage] = ()
) -> str:
    """The list of all pages as docs/rules/README.md."""
    parts = [
        f"{_WRITTEN}\n\n# Rules",
        "Each rule says one thing that can go wrong when a container becomes a native sidecar. The strictest level of "
        "its findings is the verdict on a container: `refuse`, `review` or safe. `sidecarify rules NAME` shows a page.",
        _table(pages),
    ]
    if reverting:
        parts += ["## On the way back", "Rules of `sidecarify revert`.", _table(reverting)]
    if trees:
        parts += ["## In kustomize trees", "Rules on what only [a tree of kustomizations](../kustomize.md) shows."]
        parts.append(_table(trees))
    return "\n\n".join(parts) + "\n"


def _table(pages: Sequence[RulePage]) -> str:
    rows = []
    for page in sorted(pages):
        link = f"[{page.name}]({page.name}.md)"
        cells = (link, ", ".join(page.levels), ", ".join(page.hazards), page.summary.replace("|", "\\|"))
        rows.append(f"| {' | '.join(cells)} |")
    return "\n".join(["| rule | levels | hazards | what it says |", "|---|---|---|---|", *rows])


def documents(
    rules: Sequence[Rule], revert_rules: Sequence[Rule] = (), tree_rules: Sequence[TreeRule] = ()
) -> dict[str, str]:
    """The content of docs/rules, by file name. Raises PageError."""
    pages = [rule_page(rule) for rule in rules]
    reverting = [rule_page(rule) for rule in revert_rules]
    trees = [rule_page(rule) for rule in tree_rules]
    found = {f"{page.name}.md": page_markdown(page, reverting=True) for page in reverting}
    found |= {f"{page.name}.md": page_markdown(page) for page in (*pages, *trees)}
    return {"README.md": index_markdown(pages, reverting, trees)} | dict(sorted(found.items()))


def page_text(page: RulePage, *, width: int = 0, color: bool = False) -> str:
    """The page for a terminal."""
    width = width or _WIDTH
    levels = "\n".join(f"  {level + ':':<8} {_LEVELS[level].replace('`', '')}" for level in page.levels)
    parts = [
        painted(page.name, "bold", color=color) + f"\n{textwrap.fill(page.summary, width)}",
        f"levels:\n{levels}" + (f"\nhazards: {', '.join(page.hazards)}" if page.hazards else ""),
        *(textwrap.fill(paragraph, width) for paragraph in page.why),
        f"{painted('Fires on', 'bold', color=color)}\n{textwrap.indent(page.fires, '    ')}",
        f"{painted('Near miss', 'bold', color=color)}\n{textwrap.indent(page.near_miss, '    ')}",
        f"{painted('What to do', 'bold', color=color)}\n{textwrap.fill(page.fix, width)}",
    ]
    return "\n\n".join(parts) + "\n"


def list_text(rows: Sequence[tuple[str, ...]], *, width: int = 0) -> str:
    """Rows of words as aligned columns; the last column is wrapped where the reader's lines end."""
    if not rows:
        return ""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]) - 1)]
    indent = sum(widths) + 2 * len(widths)
    lines = []
    for *cells, last in rows:
        start = "".join(f"{cell:<{size}}  " for cell, size in zip(cells, widths, strict=True))
        wrapped = textwrap.wrap(last, max(width - indent, 30)) if width else [last]
        lines.append((start + (wrapped or [""])[0]).rstrip())
        lines += (" " * indent + more for more in wrapped[1:])
    return "\n".join(lines) + "\n"
