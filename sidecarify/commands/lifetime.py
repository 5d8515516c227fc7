"""Whether a script ends: control is followed through its statements (ORD2, JOB1).

The reading is that of a careful person, not of a prover:
- what happens only because a command failed (`|| exit 1`, `set -e`) does not make a daemon's script an ending one;
- a command that nobody knows is taken to end if real work is written behind it, for its author expected that to run;
- a loop that ends on a condition is taken to end, and so is `sleep` with a duration below one year;
- text that could not be parsed makes the answer UNKNOWN.
"""

import re
from typing import NamedTuple

from sidecarify.commands.argv import shell_call, unwrap
from sidecarify.commands.conditions import TEST_NAMES, looks_only, test_operands, test_truth, truth
from sidecarify.commands.model import Lifetime, SimpleCommand
from sidecarify.commands.processes import command_lifetime, quoted
from sidecarify.commands.shell import Script
from sidecarify.commands.statements import (
    Background,
    Broken,
    Case,
    Chain,
    Function,
    Group,
    If,
    Loop,
    Not,
    Pipeline,
    Sequence,
    Simple,
    Statement,
    simple_commands,
)
from sidecarify.commands.stopping import Kill, kills_of

_SILENT = frozenset({
    ":", "true", "trap", "set", "export", "cd", "unset", "alias", "hash", "local", "readonly", "declare", "typeset",
    "umask", "shopt", "ulimit", "shift", "pushd", "popd", "times", "disown",
})  # fmt: skip
# What people write behind a command that should not return, to tell that it did.
_EPILOGUE = frozenset({"echo", "printf", "exit", "return", "true", ":", "date", "logger", "rm", "kill", "unset"})
_HARMLESS = _SILENT | _EPILOGUE | TEST_NAMES | {"sleep", "break", "continue", "wait", "false", "read"}
_VARIABLE = r"\$\{?([A-Za-z_][A-Za-z0-9_]*)\}?"
_ONE_VARIABLE = r"\$(?:\{([A-Za-z_][A-Za-z0-9_]*)\}|([A-Za-z_][A-Za-z0-9_]*))\Z"

_MAX_STEPS = 50_000


class Settled(NamedTuple):
    """A reason with the command that gives it."""

    reason: str
    command: SimpleCommand | None
    sticky: bool = False


class Flow(NamedTuple):
    """What may happen when a statement runs.

    `falls`: the next statement is reached. `stops`: the script ends here, as intended. `fails`: it ends here because
    something went wrong. `stays`: it never gets on. `open`: it may stay or go on, nobody knows. `shut`: it may stay or
    end, nobody knows, and nothing behind it tells. `last` is the command by which control falls or stops.
    """

    falls: bool = False
    stops: bool = False
    fails: bool = False
    breaks: bool = False
    returns: bool = False
    stays: Settled | None = None
    open: Settled | None = None
    shut: Settled | None = None
    last: Settled | None = None
    loop: Loop | None = None
    can_fail: bool = False

    @property
    def only_stays(self) -> bool:
        """Whether nothing behind it is ever reached."""
        return self.stays is not None and not (self.falls or self.stops or self.returns or self.breaks or self.shut)


class Verdict(NamedTuple):
    """The lifetime of a script and what settled it; `may_leave` says that it has another way out, by its own plan."""

    lifetime: Lifetime
    reason: str
    decisive: SimpleCommand | None
    loop_can_fail: bool
    may_leave: bool = False


class _State:
    """What the script has set up so far."""

    def __init__(
        self, functions: dict[str, Statement], parameters: tuple[str, ...], constants: dict[str, str | None]
    ) -> None:
        self.functions = functions
        self.parameters = parameters
        self.constants = constants
        self.jobs: list[Flow] = []
        self.job_of: dict[str, Flow] = {}
        self.calls: list[str] = []
        self.fifos: set[str] = set()
        self.steps = 0
        self.killer: Kill | None = None


_FALLS = Flow(falls=True)


def script_lifetime(script: Script, parameters: tuple[str, ...], *, errexit: bool) -> Verdict:
    """Follow a script. `parameters` are `$0`, `$1` ...; `errexit` says that the shell was started with `-e`."""
    state = _State(script.functions, parameters, _constants(script))
    flow = _flow(script.body, state)
    if script.broken:
        return Verdict(Lifetime.UNKNOWN, "a part of its script could not be read", None, loop_can_fail=False)
    unknown = flow.shut or flow.open
    if unknown:
        return Verdict(
            Lifetime.UNKNOWN, unknown.reason, unknown.command, loop_can_fail=False, may_leave=_has_way_out(flow)
        )
    ends = flow.falls or flow.stops or flow.returns or flow.breaks
    if flow.stays and ends:
        way_out = f"; {flow.last.reason}" if flow.last else ""
        reason = f"it depends: {flow.stays.reason}{way_out}"
        return Verdict(Lifetime.UNKNOWN, reason, flow.stays.command, loop_can_fail=False, may_leave=True)
    if flow.stays and state.killer:
        reason = f"{quoted(state.killer.command.words)} in the background may end it"
        return Verdict(Lifetime.UNKNOWN, reason, state.killer.command, loop_can_fail=False)
    if flow.stays:
        can_fail = flow.can_fail or (flow.loop is not None and (errexit or script.errexit) and _may_fail(flow.loop))
        return Verdict(Lifetime.FOREVER, flow.stays.reason, flow.stays.command, can_fail)
    left_behind = next((job.stays for job in state.jobs if job.stays), None)
    if left_behind and left_behind.command and flow.last:
        name = quoted(left_behind.command.words)
        reason = f"nothing waits for {name} in the background, so the script ends"
        return Verdict(Lifetime.ENDS, reason, left_behind.command, loop_can_fail=False)
    if flow.last is None:
        return Verdict(Lifetime.ENDS, "its script does nothing that lasts", None, loop_can_fail=False)
    return Verdict(Lifetime.ENDS, flow.last.reason, flow.last.command, loop_can_fail=False)


def _has_way_out(flow: Flow) -> bool:
    """Whether `exit` stands on a way that does not come to the program at the end."""
    return flow.stops and flow.last is not None and flow.last.command is not None and flow.last.command.name == "exit"


def _flow(statement: Statement, state: _State) -> Flow:
    # Functions that call one another twice each would take exponential time.
    state.steps += 1
    if state.steps > _MAX_STEPS:
        return Flow(falls=True, shut=Settled("its script is too involved to follow", None))
    match statement:
        case Simple():
            return _simple(statement, state)
        case Sequence(items=items):
            return _sequence(items, state)
        case Chain():
            return _chain(statement, state)
        case Pipeline(stages=stages):
            return _pipeline(stages, state)
        case Background(body=body):
            state.jobs.append(_as_subshell(_flow(body, state)))
            state.killer = state.killer or next((kill for kill in map(_signal_of, simple_commands(body)) if kill), None)
            return _FALLS
        case Not(body=body):
            return _flow(body, state)
        case Group():
            return _group(statement, state)
        case Loop():
            return _loop(statement, state)
        case If():
            return _if(statement, state)
        case Case():
            return _case(statement, state)
        case Function():
            return _FALLS
        case Broken():
            return Flow(falls=True, shut=Settled("a part of its script could not be read", None))


def _sequence(items: tuple[Statement, ...], state: _State) -> Flow:
    so_far = _FALLS
    for item in items:
        so_far = _then(so_far, _flow(item, state), is_work=not _is_epilogue(item))
        if not so_far.falls:
            break
    return so_far


def _then(first: Flow, second: Flow, *, is_work: bool) -> Flow:
    """What happens when one thing follows the other."""
    waiting = first.open
    if waiting and (second.only_stays or (is_work and not waiting.sticky)):
        waiting = None
    return Flow(
        falls=second.falls,
        stops=first.stops or second.stops,
        fails=first.fails or second.fails,
        breaks=first.breaks or second.breaks,
        returns=first.returns or second.returns,
        stays=first.stays or second.stays,
        open=waiting or second.open,
        shut=first.shut or second.shut,
        last=second.last or first.last,
        loop=first.loop or second.loop,
        can_fail=first.can_fail or second.can_fail,
    )


def _either(flows: list[Flow]) -> Flow:
    """What happens when one of several things is done."""
    return Flow(
        falls=any(flow.falls for flow in flows),
        stops=any(flow.stops for flow in flows),
        fails=any(flow.fails for flow in flows),
        breaks=any(flow.breaks for flow in flows),
        returns=any(flow.returns for flow in flows),
        stays=next((flow.stays for flow in flows if flow.stays), None),
        open=next((flow.open for flow in flows if flow.open), None),
        shut=next((flow.shut for flow in flows if flow.shut), None),
        last=next((flow.last for flow in flows if flow.last), None),
        loop=next((flow.loop for flow in flows if flow.loop), None),
        can_fail=any(flow.can_fail for flow in flows),
    )


def _is_epilogue(statement: Statement) -> bool:
    match statement:
        case Simple(command=command):
            return command.name in _EPILOGUE or not command.words
        case Function():
            return True
        case _:
            names = [command.name for command in simple_commands(statement)]
            return bool(names) and all(name in _EPILOGUE or name in TEST_NAMES for name in names)


def _chain(chain: Chain, state: _State) -> Flow:
    items, operators = chain.items, chain.operators
    if operators[:2] == ("&&", "||") and len(items) == 3 and looks_only(items[0]):
        return _either([_flow(items[1], state), _flow(items[2], state)])
    flow = _flow(items[0], state)
    looks = looks_only(items[0])
    constant = truth(items[0])
    for operator, item in zip(operators, items[1:], strict=True):
        if not flow.falls:
            break
        if constant is not None and constant is (operator == "||"):
            continue
        constant = None
        right = _flow(item, state)
        if operator == "||" and not looks:
            reader = _reads_nothing(items[0])
            flow = _either([flow, _as_end(right, reader) if reader else _as_failure(right, item)])
        elif operator == "||" or looks:
            flow = _either([flow._replace(falls=True), right])
        elif flow.open and right.fails:
            flow = _either([flow._replace(falls=True, open=None), _as_decided(right, flow.open)])
        else:
            flow = _then(flow, right, is_work=not _is_epilogue(item))
        looks = looks and looks_only(item)
    return flow


def _reads_nothing(statement: Statement) -> SimpleCommand | None:
    """A `read` from the container's own input, which is empty."""
    command = statement.command if isinstance(statement, Simple) else None
    reads = command is not None and command.name == "read" and not (command.in_pipeline or command.redirects)
    return command if reads else None


def _as_end(flow: Flow, reader: SimpleCommand) -> Flow:
    """What stands behind `read x ||`: at the end of its input nothing has failed, it is done."""
    ends = flow.stops or flow.fails
    last = Settled(f"{quoted(reader.words)} finds no input, and that ends it", reader) if ends else flow.last
    return flow._replace(stops=ends, fails=False, last=last)


def _as_failure(flow: Flow, statement: Statement) -> Flow:
    """What stands behind `work ||`: leaving there is a failure, not the plan."""
    says_zero = any(command.words == ("exit", "0") for command in simple_commands(statement))
    leaves = flow.breaks or flow.returns or (flow.stops and not says_zero)
    return flow._replace(
        breaks=False,
        returns=False,
        stops=flow.stops and says_zero,
        fails=flow.fails or leaves,
        last=None,
        can_fail=flow.can_fail or leaves,
    )


def _as_decided(flow: Flow, by: Settled) -> Flow:
    """What stands behind `if X` or `X &&`: leaving there is the plan, whatever it returns, and nobody knows X."""
    text = quoted(by.command.words) if by.command else "a command"
    return flow._replace(shut=flow.shut or Settled(f"{text} decides whether it goes on", by.command))


def _pipeline(stages: tuple[Statement, ...], state: _State) -> Flow:
    flows = [_as_subshell(_flow(stage, state)) for stage in stages]
    for at, flow in enumerate(flows):
        if not flow.stays:
            continue
        # A reader that ends takes the writer with it at the next line.
        enough = next((one for one in simple_commands(stages[-1]) if _has_enough(one)), None)
        if enough is not None and at + 1 < len(stages):
            return Flow(falls=True, last=Settled(f"{quoted(enough.words)} ends at its first match", enough))
        closer = next((stage for stage in stages[at + 1 :] if _stops_reading(stage)), None)
        first = flow.stays.command
        if closer is not None:
            return Flow(falls=True, open=Settled("its pipeline may end when the reader has enough", first, sticky=True))
        if first is not None and first.name == "yes" and at + 1 < len(flows):
            continue
        return Flow(stays=flow.stays, loop=flow.loop, can_fail=flow.can_fail)
    unknown = next((flow.shut or flow.open for flow in flows if flow.shut or flow.open), None)
    return Flow(falls=True, open=unknown, last=flows[-1].last)


def _stops_reading(stage: Statement) -> bool:
    commands = list(simple_commands(stage))
    # `read line || break` stops when the writer does.
    ways_out = sum(command.words[:1] in (("break",), ("exit",)) for command in commands)
    if ways_out > sum(command.name == "read" and command.fallback in ("break", "exit") for command in commands):
        return True
    for command in commands:
        if command.name == "head":
            return True
        if command.name == "read" and command.fallback in ("break", "exit"):
            continue
        if command.name == "read" and not command.in_condition:
            return True
        if command.name == "sed" and any(re.search(r"\d*q\}?(?:;|\Z)", word) for word in command.argv[1:]):
            return True
        if command.name in ("awk", "gawk", "mawk") and any("exit" in word for word in command.argv[1:]):
            return True
        if command.name in ("grep", "egrep", "fgrep") and any(
            re.match(r"-[a-zA-Z]*[qm]|--quiet|--max-count", word) for word in command.argv[1:]
        ):
            return True
    return False


def _has_enough(command: SimpleCommand) -> bool:
    """`grep -m1` ends when it has found what it looks for."""
    options = (word for word in command.argv[1:] if command.name in ("grep", "egrep", "fgrep"))
    return not command.in_loop and any(re.match(r"-[a-zA-Z]*m|--max-count", word) for word in options)


def _as_subshell(flow: Flow) -> Flow:
    leaves = flow.stops or flow.fails or flow.returns or flow.breaks
    return flow._replace(falls=flow.falls or leaves, stops=False, fails=False, returns=False, breaks=False)


def _group(group: Group, state: _State) -> Flow:
    for inner in group.inner:
        source = _flow(inner, state)
        if source.only_stays:
            return Flow(stays=source.stays)
    flow = _flow(group.body, state)
    if isinstance(group.body, Loop) and any(redirect.target in state.fifos for redirect in group.redirects):
        fifo = Settled("its loop reads a named pipe, which may never end", None, sticky=True)
        return flow._replace(open=fifo)
    return _as_subshell(flow) if group.subshell else flow


def _if(statement: If, state: _State) -> Flow:
    flows: list[Flow] = []
    stays: list[Flow] = []
    complete = statement.otherwise is not None
    for condition, body in statement.branches:
        asked = _flow(condition, state)
        if asked.only_stays:
            stays.append(asked)
        value = truth(condition)
        if value is False:
            continue
        flow = _flow(body, state)
        if isinstance(condition, Not) and not looks_only(condition):
            flow = _as_failure(flow, body)
        elif asked.open and flow.fails and not looks_only(condition):
            flow = _as_decided(flow, asked.open)
        flows.append(flow)
        if value is True:
            return _either(flows)
    if stays:
        return stays[0]
    if statement.otherwise is not None:
        flows.append(_flow(statement.otherwise, state))
    return _either(flows + ([] if complete else [_FALLS]))


def _case(case: Case, state: _State) -> Flow:
    for inner in case.inner:
        subject = _flow(inner, state)
        if subject.only_stays:
            return subject
    return _either([_flow(body, state) for body in case.bodies] + ([] if case.complete else [_FALLS]))


def _loop(loop: Loop, state: _State) -> Flow:
    head = quoted(loop_text(loop))
    command = next(simple_commands(loop), None)
    if loop.condition is not None:
        asked = _flow(loop.condition, state)
        if asked.only_stays:
            return asked
    body = _flow(loop.body, state)
    if loop.kind == "select":
        return Flow(falls=True, shut=Settled("its `select` waits for answers", command))
    endless = loop.endless or ("always" if _never_changes(loop, state) else "")
    reads = any(one.name == "read" and one.in_condition for one in simple_commands(loop))
    end = "at the end of its input" if reads else "when its condition is met"
    common = body._replace(falls=True, breaks=False, open=None, last=Settled(f"{head} ends {end}", command))
    if endless == "always" and (body.breaks or body.stops or body.returns or body.shut):
        return common._replace(falls=body.breaks, stays=None, last=Settled(f"{head} is left from within", command))
    if endless:
        unless = "" if endless == "always" else " unless a command in it fails"
        stays = body.stays if body.only_stays else Settled(f"{head} never ends{unless}", command)
        can_fail = body.can_fail or body.fails or endless != "always"
        return Flow(stays=stays, loop=loop, fails=body.fails, can_fail=can_fail)
    if loop.condition is None:
        common = common._replace(last=Settled(f"{head} ends behind its last item", command))
        if body.only_stays and loop.values:
            return body._replace(loop=None)
    if body.only_stays:
        return common._replace(falls=True)
    return common


def loop_text(loop: Loop) -> str:
    """The head of a loop for a message: `until [ -f /x ]`."""
    if loop.kind == "c-for":
        return "for ((…))"
    if loop.condition is None:
        return f"{loop.kind} … in {' '.join(loop.values)}".rstrip()
    negation = "! " if isinstance(loop.condition, Not) else ""
    texts = [command.text for command in simple_commands(loop.condition) if not command.in_substitution]
    return f"{loop.kind} {negation}{texts[-1] if texts else ''}".rstrip()


def _never_changes(loop: Loop, state: _State) -> bool:
    """Whether a loop hangs on a variable that is set once and changed by signal handlers only, so that it is true."""
    condition = loop.condition
    negated = isinstance(condition, Not)
    inside = condition.body if isinstance(condition, Not) else condition
    if not isinstance(inside, Simple):
        return False
    words = inside.command.argv
    names = set(re.findall(_VARIABLE, " ".join(words)))
    if not names or any(state.constants.get(name) is None for name in names):
        return False
    values = tuple(re.sub(_VARIABLE, lambda match: state.constants[match[1]] or "", word) for word in words)
    if any("$" in word for word in values):
        return False
    if values[0] in ("[", "[[", "test"):
        value = test_truth(test_operands(values))
    elif values[0] == "((":
        value = {"1": True, "0": False}.get(values[1].strip())
    else:
        value = {"true": True, ":": True, "false": False}.get(values[0])
    return value is not None and (value is not negated) is (loop.kind == "while")


def _constants(script: Script) -> dict[str, str | None]:
    """Variables with the one value that they have outside signal handlers; None if several, or an unknown one."""
    handlers = {trap.handler.split()[0] for trap in script.traps if trap.handler.split()}
    in_handlers = {
        id(command) for name, body in script.functions.items() if name in handlers for command in simple_commands(body)
    }
    found: dict[str, str | None] = {}
    for command in script.commands:
        if command.in_trap or id(command) in in_handlers:
            continue
        for assignment in command.assignments:
            name, _, value = assignment.partition("=")
            name = name.rstrip("+")
            found[name] = None if name in found or "$" in value or "`" in value or "+=" in assignment else value
        if command.name in ("read", "let", "getopts", "((", "unset", "mapfile"):
            for name in re.findall(r"[A-Za-z_][A-Za-z0-9_]*", " ".join(command.words[1:])):
                found[name] = None
    return found


def _may_fail(loop: Loop) -> bool:
    """Whether a command in the body of the loop may fail and, under `set -e`, end the script."""
    return any(
        command.name not in _HARMLESS and command.words and not command.failure_is_handled
        for command in simple_commands(loop.body)
        if not command.in_function
    )


def _simple(statement: Simple, state: _State) -> Flow:
    command = statement.command
    words = command.words
    for assignment in command.assignments:
        name, _, value = assignment.partition("=")
        if value == "$!" and state.jobs:
            state.job_of[name] = state.jobs[-1]
    if not words:
        return _FALLS
    match words[0]:
        case "exit":
            last = Settled(f"{quoted(words)} ends it", command)
            wrong = len(words) > 1 and words[1].isdigit() and words[1] != "0"
            return Flow(fails=True) if wrong else Flow(stops=True, last=last)
        case "return":
            return Flow(returns=True)
        case "break":
            return Flow(breaks=True)
        case "continue":
            return Flow()
        case "wait" | "fg":
            return _wait(command, state)
        case "mkfifo":
            state.fifos.update(word for word in words[1:] if not word.startswith("-"))
        case "." | "source":
            return Flow(falls=True, open=Settled(f"what {quoted(words)} reads cannot be seen", command))
        case "exec" if len(words) == 1:
            return _FALLS
    kill = _signal_of(command)
    if kill is not None:
        return _killed(kill, state)
    if words[0] in _SILENT:
        return _FALLS
    flow = _work(statement, state)
    return _replaced(flow) if _replaces_shell(words) else flow


def _signal_of(command: SimpleCommand) -> Kill | None:
    return next((kill for kill in kills_of(command) if kill.how == "signal"), None)


def _killed(kill: Kill, state: _State) -> Flow:
    """A signal from the script itself: whatever ran in the background is over, and `kill 1` ends the script too."""
    reason = f"{quoted(kill.command.words)} ends it"
    state.jobs = [Flow(falls=True, last=Settled(reason, kill.command)) for _ in state.jobs]
    state.job_of = {}
    itself = kill.target in ("1", "0", "$$", "-1", "-- -1", "-$$", "-- -$$")
    return Flow(falls=True, stops=itself, last=Settled(reason, kill.command))


def _replaces_shell(words: tuple[str, ...]) -> bool:
    return words[0] == "exec" or words[:2] in (("command", "exec"), ("builtin", "exec"))


def _replaced(flow: Flow) -> Flow:
    return flow._replace(falls=False, stops=flow.stops or flow.falls, open=None, shut=flow.shut or flow.open)


def _work(statement: Simple, state: _State) -> Flow:
    command = statement.command
    wrapped = unwrap(command.words)
    argv = wrapped.argv
    if command.words[0] in state.functions:
        return _call(command.words[0], state)
    parameters = _parameters(argv, state.parameters)
    if parameters:
        argv = parameters
    if statement.nested is not None and not wrapped.limit:
        flow = _flow(statement.nested, state)
        return flow if argv[:1] == ("eval",) else _as_subshell(flow)
    call = shell_call(argv)
    if call is not None and not wrapped.limit:
        unseen = f"the script {call.file} cannot be seen" if call.file else f"what {quoted(argv)} reads cannot be seen"
        return Flow(falls=True, open=Settled(unseen, command))
    lifetime, reason = command_lifetime(parameters or command.words)
    if lifetime is Lifetime.UNKNOWN and command.name == "cat" and (command.redirects or command.in_pipeline):
        lifetime, reason = Lifetime.ENDS, f"{quoted(command.words)} ends when it is done"
    settled = Settled(reason, command)
    match lifetime:
        case Lifetime.FOREVER:
            exec_text = quoted(command.words)
            plain = reason.replace(quoted(argv), exec_text, 1) if command.words[0] == "exec" else reason
            return Flow(stays=Settled(plain, command))
        case Lifetime.ENDS:
            return Flow(falls=True, last=Settled(f"its last command {reason}", command))
        case _:
            return Flow(falls=True, open=settled)


def _parameters(argv: tuple[str, ...], given: tuple[str, ...]) -> tuple[str, ...]:
    """What `"$@"` and `"$0" "$@"` stand for, if the container says it."""
    if argv in (("$@",), ("$*",)):
        return given[1:]
    if argv in (("$0", "$@"), ("$0", "$*")):
        return given
    return ()


def _call(name: str, state: _State) -> Flow:
    if name in state.calls or len(state.calls) > 20:
        return _FALLS
    state.calls.append(name)
    flow = _flow(state.functions[name], state)
    state.calls.pop()
    return flow._replace(falls=flow.falls or flow.returns, returns=False)


def _wait(command: SimpleCommand, state: _State) -> Flow:
    jobs = list(state.jobs)
    operands = [word for word in command.words[1:] if not word.startswith("-")]
    chosen: list[Flow] = []
    for word in operands:
        variable = re.match(_ONE_VARIABLE, word)
        if word == "$!" and jobs:
            chosen.append(jobs[-1])
        elif variable and (name := variable[1] or variable[2]) in state.job_of:
            chosen.append(state.job_of[name])
        else:
            chosen = []
            break
    if command.words[0] == "fg":
        chosen = jobs[-1:]
    jobs = chosen or jobs
    any_is_enough = "-n" in command.words
    stays = [job.stays for job in jobs if job.stays]
    unknown = [job.shut or job.open for job in jobs if job.shut or job.open]
    if stays and (not any_is_enough or len(stays) == len(jobs)):
        settled = stays[0]
        return Flow(stays=Settled(f"{settled.reason}, and `{command.words[0]}` waits for it", settled.command))
    if unknown and not (any_is_enough and len(stays) + len(unknown) < len(jobs)):
        settled = unknown[0] or Settled("", command)
        return Flow(falls=True, open=settled._replace(sticky=True))
    last = next((job.last for job in jobs if job.last), None)
    return Flow(falls=True, last=last)
