"""`sidecarify rules`."""

from typing import Annotated

import typer

from sidecarify.cli import arguments
from sidecarify.cli.terminal import ColorWhen, Terminal, orderly_end, put


def rules(
    name: Annotated[str | None, typer.Argument(metavar="NAME", help="The rule to explain. Default: list all.")] = None,
    color: arguments.Color = ColorWhen.AUTO,
) -> None:
    """List the rules, or explain one: what would happen, an example, a near miss, and what to do."""
    from sidecarify.judge.known import RULES  # noqa: PLC0415  (`--help` needs none of them)
    from sidecarify.judge.revert_rules import REVERT_RULES  # noqa: PLC0415
    from sidecarify.report.pages import list_text, page_text, rule_page  # noqa: PLC0415
    from sidecarify.spelling import unknown  # noqa: PLC0415

    terminal = Terminal.of(color)
    if name is None:
        back = {rule.name for rule in REVERT_RULES}
        pages = sorted(rule_page(rule) for rule in RULES.values())
        rows = [
            (
                page.name,
                ",".join(page.levels),
                ",".join(page.hazards),
                f"{'revert: ' * (page.name in back)}{page.summary}",
            )
            for page in pages
        ]
        answer = list_text([("RULE", "LEVELS", "HAZARDS", "WHAT IT SAYS"), *rows], width=terminal.out.width)
    elif name in RULES:
        answer = page_text(rule_page(RULES[name]), width=terminal.out.width, color=terminal.out.color)
    else:
        raise typer.BadParameter(unknown("rule", name, RULES), param_hint="NAME")
    with orderly_end():
        put(answer)
