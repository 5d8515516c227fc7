"""What a container's command line says, as values.

Everything here is data that `read_program` fills in; nothing here decides.
"""

from enum import Enum
from typing import NamedTuple

from sidecarify.commands.argv import base_name, unwrap


class Lifetime(Enum):
    """Whether a process goes away by itself (ORD2, JOB1)."""

    FOREVER = "forever"
    ENDS = "ends"
    UNKNOWN = "unknown"


class Redirect(NamedTuple):
    """One redirection: `2>> /var/log/x` has fd "2", operator ">>" and target "/var/log/x"."""

    fd: str
    operator: str
    target: str


class SimpleCommand(NamedTuple):
    """One command with its words, and where it stands in the script.

    `words` have their quotes removed; expansions stay as written (`$X`, `$(VAR)`). Leading assignments are in
    `assignments`, redirections in `redirects`. A command line without a shell is one simple command at line 0.

    `fallback` is the name of the command behind `||` that runs if this one fails, "" if there is none.
    `piped_into` is the name of the next command of the pipeline, "" if there is none.
    `in_endless_loop` means that the condition of a loop around it never changes; the loop may still have a `break`.
    `leads_on` says that `&&` stands behind it. `condition_of` is "while" or "until" in the condition of such a loop.
    `folder` is where relative paths begin, "" where that is not known.
    """

    words: tuple[str, ...]
    line: int = 0
    offset: int = 0
    redirects: tuple[Redirect, ...] = ()
    assignments: tuple[str, ...] = ()
    in_loop: bool = False
    in_endless_loop: bool = False
    in_condition: bool = False
    in_branch: bool = False
    in_trap: bool = False
    in_function: bool = False
    in_background: bool = False
    in_pipeline: bool = False
    in_substitution: bool = False
    negated: bool = False
    fallback: str = ""
    piped_into: str = ""
    condition_of: str = ""
    leads_on: bool = False
    folder: str = ""

    @property
    def text(self) -> str:
        """The words joined by one space: what a message quotes."""
        return " ".join(self.words)

    @property
    def argv(self) -> tuple[str, ...]:
        """The words of the command that does the work: without `exec`, `env A=b`, `timeout 5` and the like."""
        return unwrap(self.words).argv

    @property
    def name(self) -> str:
        """The program's name without its folder: `tail` for `exec /usr/bin/tail -f x`."""
        argv = self.argv
        return base_name(argv[0]) if argv else ""

    @property
    def failure_is_handled(self) -> bool:
        """Whether the script goes on if this command fails, even under `set -e`."""
        return bool(self.fallback) or self.in_condition or self.negated

    @property
    def failure_leaves(self) -> bool:
        """Whether the script says itself that it ends if this command fails: `|| exit 1`, `|| { echo x; exit; }`."""
        return self.fallback in ("exit", "return")

    @property
    def is_repeated(self) -> bool:
        """Whether a loop runs it again if it fails: `until X`, `while ! X`, `while true; do X; done` (no errexit)."""
        if self.in_condition:
            return self.condition_of == ("while" if self.negated else "until")
        return self.in_endless_loop and self.fallback not in ("exit", "return", "break")


class Trap(NamedTuple):
    """`trap HANDLER SIGNAL...`: what runs on which signals, and what that waits for.

    An empty `commands` with `ignores` is `trap '' SIGNAL`.
    """

    signals: tuple[str, ...]
    commands: tuple[SimpleCommand, ...]
    handler: str
    line: int
    ignores: bool = False
    waits: tuple["Wait", ...] = ()


class Wait(NamedTuple):
    """Something that the program waits for before it goes on (DEAD5, JOB3, HOOK4).

    `kind` is "file", "port", "process", "http" or "command"; `target` the path, host:port, process name, URL or command
    text, as far as it can be read. `local` is true if the target is in the same pod. `until` is "appears" or
    "vanishes".
    `then` holds the commands that follow, in the order of the text: none = the program only waits.
    `busy` means that the loop does other work between two looks; `repeats` that the wait itself is in an endless loop;
    `limited` that it gives up after some rounds.
    """

    kind: str
    target: str
    local: bool
    until: str
    line: int
    command: SimpleCommand
    then: tuple[SimpleCommand, ...] = ()
    busy: bool = False
    repeats: bool = False
    limited: bool = False


class Guard(NamedTuple):
    """Something without which a script ends: it looks, and leaves if it is not there. The names are those of Wait."""

    kind: str
    target: str
    local: bool
    command: SimpleCommand


class Program(NamedTuple):
    """What a container runs.

    `command` and `args` are as given. `argv` is what is left after wrappers (`tini --`, `timeout 5`) are taken off,
    whose names are in `wrappers`. `script` is the text given to a shell; `script_index` says which string of command +
    args holds it, so that a line of the script can be found in the manifest.

    `reason` is a sentence fragment that explains `lifetime`; `decisive` is the command that settled it.
    `readable` is false if a script is there but could not be read; its lifetime is then UNKNOWN.
    `entrypoint_unseen` is true if only `args` are given, so that an unknown entrypoint gets them.
    `loop_can_fail` is true if the program lives for ever by a loop that ends when a command in it fails.
    `parameters` are `$0`, `$1` ... of the script, `loops` the variables of its `for` loops with their words.
    `limited_waits` give up after some rounds. `last_acts` are the commands that run only when it is stopped, `guards`
    what it ends without.
    `may_leave` says that the script has another way out than the end of `decisive`, by its own plan, and `pipefail`
    that a pipeline fails when any of its commands does.
    """

    command: tuple[str, ...]
    args: tuple[str, ...]
    argv: tuple[str, ...]
    wrappers: tuple[str, ...]
    shell: bool
    script: str | None
    script_index: int | None
    commands: tuple[SimpleCommand, ...]
    lifetime: Lifetime
    reason: str
    decisive: SimpleCommand | None
    waits: tuple[Wait, ...]
    traps: tuple[Trap, ...]
    set_e: bool
    readable: bool
    entrypoint_unseen: bool
    loop_can_fail: bool
    parameters: tuple[str, ...] = ()
    loops: tuple[tuple[str, tuple[str, ...]], ...] = ()
    limited_waits: tuple[Wait, ...] = ()
    last_acts: tuple[SimpleCommand, ...] = ()
    guards: tuple[Guard, ...] = ()
    pipefail: bool = False
    may_leave: bool = False

    @property
    def text(self) -> str:
        """Command and args joined by one space (hazard text rules, section 0.3)."""
        return " ".join(self.command + self.args)
