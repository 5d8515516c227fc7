"""From the text of a shell script to statements, by tree-sitter and its bash grammar.

The parser is imported when the first script is read: most containers have none. Text that it cannot make sense of
becomes `Broken`; nobody may conclude anything across such a place.
"""

import re
from collections.abc import Iterable, Iterator
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from sidecarify.commands import conditions, statements
from sidecarify.commands.argv import shell_call, unwrap, wrapper_name
from sidecarify.commands.model import Redirect, SimpleCommand, Trap
from sidecarify.commands.statements import Statement

if TYPE_CHECKING:
    from tree_sitter import Language, Node, Parser

MAX_SCRIPT = 64 * 1024
# The parser needs time or memory quadratic in these (measured: 8,000 stages in one pipeline take 700 MB).
_MAX_PIPES_IN_A_LINE = 400
_MAX_HEREDOCS = 400
_MAX_ARRAYS = 400
_MAX_DEPTH = 50
_MAX_NESTED_SCRIPTS = 3

_ESCAPED_IN_STRING = re.compile(r'\\(["\\$`\n])')
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_ANSI_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "\\": "\\", "'": "'", '"': '"'}
_ONE_PIPE = re.compile(r"(?<!\|)\|(?!\|)")
_KUBERNETES_NAME = re.compile(r"[A-Z_][A-Z0-9_]*\Z")
_NO_ASCII = re.compile(r"[^\x00-\x7f]")

_EXPRESSIONS = frozenset({
    "unary_expression", "binary_expression", "parenthesized_expression", "negation_expression", "ternary_expression",
    "postfix_expression", "test_command", "ERROR",
})  # fmt: skip
_WORDS_WITH_ERRORS = _EXPRESSIONS | {"command", "string", "expansion", "concatenation", "heredoc_body", "regex"}
_SUBSTITUTIONS = frozenset({"command_substitution", "process_substitution"})
_SEPARATORS = frozenset({";", ";;", "\n", "comment", "heredoc_body", "heredoc_end", ""})


class UnreadableScript(Exception):  # noqa: N818 - it is an answer, not a fault
    """A script that is too large, or too dense for the parser. The message says which."""


class Script(NamedTuple):
    """A script that has been read. `broken` tells whether any part could not be; `handlers` are what the traps run."""

    body: Statement
    commands: tuple[SimpleCommand, ...]
    traps: tuple[Trap, ...]
    functions: dict[str, Statement]
    errexit: bool
    broken: bool
    loops: dict[str, tuple[str, ...]]
    handlers: tuple[Statement, ...] = ()
    pipefail: bool = False


class _Context(NamedTuple):
    """What is known of the place in which a statement stands; the names are those of SimpleCommand."""

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


class _Position(NamedTuple):
    """Where a nested script stands: all its commands are reported there."""

    line: int
    offset: int


def read_script(text: str) -> Script:
    """Parse a script. Raises UnreadableScript if it is too large or too dense; a syntax error is in `broken`."""
    reason = _too_much(text)
    if reason:
        raise UnreadableScript(reason)
    reader = _Reader()
    body = reader.read(text, _Context(), None, 0)
    commands = tuple(statements.simple_commands(body))
    handlers = tuple(command for trap in reader.traps for command in trap.commands)
    return Script(
        body=body,
        commands=(*commands, *handlers),
        traps=tuple(reader.traps),
        functions=reader.functions,
        errexit=any(_sets_errexit(command.words) for command in commands if not command.in_function),
        broken=reader.broken,
        loops=reader.loops,
        handlers=tuple(reader.handlers),
        pipefail=any(_sets_pipefail(command.words) for command in commands if not command.in_function),
    )


def _too_much(text: str) -> str:
    if len(text) > MAX_SCRIPT:
        return f"its script is longer than {MAX_SCRIPT // 1024} KiB"
    pipes = 0
    for line in text.split("\n"):
        pipes += len(_ONE_PIPE.findall(line))
        if pipes > _MAX_PIPES_IN_A_LINE:
            return "its script has a pipeline too long to read"
        if not line.rstrip().endswith(("|", "\\")):
            pipes = 0
    if text.count("<<") > _MAX_HEREDOCS or text.count("=(") > _MAX_ARRAYS:
        return "its script is too dense to read"
    return ""


def _sets_errexit(words: tuple[str, ...]) -> bool:
    if words[:1] != ("set",):
        return False
    for at, word in enumerate(words[1:], 1):
        if word == "--":
            return False
        if word.startswith("-") and not word.startswith("--"):
            if "e" in word:
                return True
            if word.endswith("o") and words[at + 1 : at + 2] == ("errexit",):
                return True
    return False


def _sets_pipefail(words: tuple[str, ...]) -> bool:
    return words[:1] == ("set",) and any(
        word.startswith("-") and word.endswith("o") and words[at + 1 : at + 2] == ("pipefail",)
        for at, word in enumerate(words)
    )


@cache
def _language() -> "Language":
    import tree_sitter_bash  # noqa: PLC0415 - see the module's docstring
    from tree_sitter import Language  # noqa: PLC0415

    return Language(tree_sitter_bash.language())


@cache
def _parser() -> "Parser":
    from tree_sitter import Parser  # noqa: PLC0415 - see the module's docstring

    return Parser(_language())


class _Text:
    """A script, and its form for the parser: as long, so that places in the one are places in the other.

    Kubernetes writes `$$(` for a literal `$(`. No shell would accept that, so the parser sees `_$(` in its place, while
    words are cut from the text as written. Characters beyond ASCII are letters of words to a shell, and so a letter for
    the parser: its scanner asks C's `isdigit` about them, which reads outside of its table and can crash
    (tree-sitter-bash 0.25.1, scanner.c).
    """

    def __init__(self, text: str) -> None:
        self.text = text
        seen = text.replace("$$(", "_$(").replace("\0", " ").replace("\r\n", " \n")
        self.data = _NO_ASCII.sub("x", seen).encode("ascii")

    def of(self, node: "Node") -> str:
        return self.text[node.start_byte : node.end_byte]


class _Reader:
    """Collects traps and functions while statements are built."""

    def __init__(self) -> None:
        self.traps: list[Trap] = []
        self.handlers: list[Statement] = []
        self.functions: dict[str, Statement] = {}
        self.loops: dict[str, tuple[str, ...]] = {}
        self.broken = False

    def read(self, text: str, context: _Context, at: _Position | None, depth: int, nesting: int = 0) -> Statement:
        source = _Text(text)
        root = _parser().parse(source.data).root_node
        if root.has_error and _is_broken(root):
            self.broken = True
        return _Builder(self, source, at, nesting).block(root.children, context, depth)


class _Builder:
    """Builds the statements of one text."""

    def __init__(self, reader: _Reader, source: _Text, at: _Position | None, nesting: int) -> None:
        self.reader = reader
        self.source = source
        self.at = at
        self.nesting = nesting

    def block(self, nodes: Iterable["Node"], context: _Context, depth: int) -> Statement:
        """Statements in a row; the ones before `&` run in the background."""
        kept = [node for node in nodes if node.type not in _SEPARATORS]
        items: list[Statement] = []
        for index, node in enumerate(kept):
            if node.type == "&":
                continue
            background = index + 1 < len(kept) and kept[index + 1].type == "&"
            inside = context._replace(in_background=True) if background else context
            statement = self.statement(node, inside, depth)
            items.append(statements.Background(statement) if background else statement)
        return items[0] if len(items) == 1 else statements.Sequence(tuple(items))

    def statement(self, node: "Node", context: _Context, depth: int) -> Statement:
        if depth > _MAX_DEPTH or node.is_missing:
            return self.unreadable(node)
        depth += 1
        match node.type:
            case "command" | "declaration_command" | "unset_command" | "variable_assignment" | "variable_assignments":
                return self.simple(node, context, depth)
            case "test_command":
                return self.test(node, context, depth)
            case "negated_command":
                inner = [child for child in node.children if child.type not in ("!", "comment")]
                return statements.Not(self.block(inner, context._replace(negated=True), depth))
            case "pipeline":
                return self.pipeline(_stages(node), context, depth)
            case "list":
                return self.chain(node, context, depth)
            case "redirected_statement":
                return self.redirected(node, context, depth)
            case "subshell":
                return statements.Group(self.block(_inside(node, "(", ")"), context, depth), subshell=True)
            case "compound_statement":
                return self.compound(node, context, depth)
            case "while_statement" | "for_statement" | "c_style_for_statement":
                return self.loop(node, context, depth)
            case "if_statement":
                return self.branches(node, context, depth)
            case "case_statement":
                return self.cases(node, context, depth)
            case "function_definition":
                return self.function(node, context, depth)
            case _:
                return self.unreadable(node)

    def unreadable(self, node: "Node") -> Statement:
        self.reader.broken = True
        return statements.Broken(self.line(node))

    def line(self, node: "Node") -> int:
        return self.at.line if self.at else node.start_point[0]

    def offset(self, node: "Node") -> int:
        return self.at.offset if self.at else node.start_byte

    def simple(self, node: "Node", context: _Context, depth: int) -> Statement:
        words: list[str] = []
        assignments: list[str] = []
        redirects: list[Redirect] = []
        declares = node.type in ("declaration_command", "unset_command")
        if node.type == "variable_assignment":
            assignments.append(self.assignment(node))
        else:
            for child in node.children:
                match child.type:
                    case "variable_assignment" if not declares:
                        assignments.append(self.assignment(child))
                    case "variable_assignment":
                        words.append(self.assignment(child))
                        assignments.append(words[-1])
                    case "file_redirect" | "herestring_redirect":
                        redirect, more = self.redirect(child)
                        redirects.append(redirect)
                        words.extend(more)
                    case "comment" | "heredoc_redirect":
                        pass
                    case _:
                        words.append(self.word(child))
        return self.finish(node, words, assignments, redirects, context, depth)

    def finish(
        self,
        node: "Node",
        words: list[str],
        assignments: list[str],
        redirects: list[Redirect],
        context: _Context,
        depth: int,
    ) -> Statement:
        command = SimpleCommand(
            tuple(words), self.line(node), self.offset(node), tuple(redirects), tuple(assignments), **context._asdict()
        )
        inner = tuple(self.substitutions(node.children, context, depth))
        nested = self.nested(command, context, depth)
        return statements.Simple(command, inner, nested)

    def nested(self, command: SimpleCommand, context: _Context, depth: int) -> Statement | None:
        """The script that a command carries: `sh -c TEXT`, `eval TEXT`; a trap's handler is kept aside."""
        if self.nesting >= _MAX_NESTED_SCRIPTS:
            return None
        at = _Position(command.line, command.offset)
        argv = unwrap(command.words).argv
        if argv[:1] == ("trap",):
            self.trap(command, argv, at, depth)
            return None
        text = ""
        if argv[:1] == ("eval",) and len(argv) > 1:
            text = " ".join(argv[1:])
        else:
            call = shell_call(argv)
            if call is not None and call.script_at is not None:
                text = argv[call.script_at]
        if not text or _too_much(text):
            return None
        return self.reader.read(text, context, at, depth, self.nesting + 1)

    def trap(self, command: SimpleCommand, argv: tuple[str, ...], at: _Position, depth: int) -> None:
        operands = [word for word in argv[1:] if word != "--"]
        if len(operands) < 2 or operands[0] in ("-", "-l", "-p"):
            return
        handler, *signals = operands
        body: Statement = statements.Sequence(())
        if handler and not _too_much(handler):
            body = self.reader.read(handler, _Context(in_trap=True), at, depth, self.nesting + 1)
        commands = tuple(statements.simple_commands(body))
        names = tuple(_signal_name(signal) for signal in signals)
        self.reader.handlers.append(body)
        self.reader.traps.append(Trap(names, commands, handler, command.line, ignores=not handler))

    def test(self, node: "Node", context: _Context, depth: int) -> Statement:
        return self.finish(node, list(self.flatten(node)), [], [], context, depth)

    def flatten(self, node: "Node") -> Iterator[str]:
        todo = list(reversed(node.children))
        while todo:
            current = todo.pop()
            if current.type in _EXPRESSIONS and current.children:
                todo.extend(reversed(current.children))
            elif not current.is_missing and current.type != "comment":
                yield from (self.word(current),) if current.is_named else self.source.of(current).split()

    def word(self, node: "Node") -> str:
        if node.type in ("concatenation", "command_name"):
            return "".join(self.word(child) for child in node.children)
        text = self.source.of(node)
        match node.type:
            case "string":
                return _ESCAPED_IN_STRING.sub(lambda m: "" if m[1] == "\n" else m[1], text[1:-1])
            case "raw_string":
                return text[1:-1]
            case "ansi_c_string":
                return _ESCAPED.sub(lambda m: _ANSI_ESCAPES.get(m[1], m[0]), text[2:-1])
            case "translated_string":
                return text[2:-1]
            case "word" | "extglob_pattern" if "\\" in text:
                return _ESCAPED.sub(lambda m: "" if m[1] == "\n" else m[1], text)
            case _:
                return text

    def assignment(self, node: "Node") -> str:
        value = node.child_by_field_name("value")
        if value is None:
            return self.source.of(node)
        head = self.source.text[node.start_byte : value.start_byte]
        return head + self.word(value)

    def redirect(self, node: "Node") -> tuple[Redirect, list[str]]:
        """The redirection, and words that the grammar counts to it but the shell counts to the command."""
        fd = operator = ""
        targets: list[str] = []
        for child in node.children:
            if child.type == "file_descriptor":
                fd = self.source.of(child)
            elif not child.is_named and not operator:
                operator = self.source.of(child)
            else:
                targets.append(self.word(child))
        return Redirect(fd, operator, targets[0] if targets else ""), targets[1:]

    def substitutions(self, nodes: Iterable["Node"], context: _Context, depth: int) -> Iterator[Statement]:
        """The commands in `$(...)`, backquotes and `<(...)` among the nodes and below them, outermost only."""
        inside = context._replace(in_substitution=True, fallback="", piped_into="", negated=False)
        todo = [*nodes][::-1]
        while todo:
            current = todo.pop()
            if current.type in _SUBSTITUTIONS:
                body = [child for child in current.children if child.type not in ("$(", "`", ")", "<(", ">(")]
                if not (len(body) == 1 and _KUBERNETES_NAME.match(self.source.of(body[0]))):
                    kept = [child for child in body if child.type != "file_redirect"]
                    yield self.block(kept, inside, depth + 1)
            else:
                todo.extend(reversed(current.children))

    def pipeline(self, stages: list["Node"], context: _Context, depth: int) -> Statement:
        return self.joined([], stages, context, depth)

    def joined(self, first: list[Statement], stages: list["Node"], context: _Context, depth: int) -> Statement:
        built: list[Statement] = []
        inside = context._replace(in_pipeline=True)
        for node in reversed(stages):
            built.append(self.statement(node, inside, depth))
            inside = inside._replace(piped_into=_first_name(built[-1]))
        return statements.Pipeline((*first, *reversed(built)))

    def chain(self, node: "Node", context: _Context, depth: int) -> Statement:
        nodes: list[Node] = []
        operators: list[str] = []
        current = node
        while current.type == "list" and not (current.has_error and _has_error_child(current)):
            children = [child for child in current.children if child.type not in ("comment", "\n")]
            if len(children) != 3:
                return self.unreadable(current)
            current, operator, right = children
            nodes.append(right)
            operators.append(operator.type)
        if current.type == "list":
            return self.unreadable(current)
        nodes.append(current)
        nodes.reverse()
        operators.reverse()
        built: list[Statement] = []
        fallback = context.fallback
        for index in range(len(nodes) - 1, -1, -1):
            leads_on = context.leads_on or (index < len(operators) and operators[index] == "&&")
            inside = context._replace(fallback=fallback, in_branch=context.in_branch or index > 0, leads_on=leads_on)
            built.append(self.statement(nodes[index], inside, depth))
            if index and operators[index - 1] == "||":
                fallback = self.fallback(built[-1])
        return statements.Chain(tuple(reversed(built)), tuple(operators))

    def redirected(self, node: "Node", context: _Context, depth: int) -> Statement:
        body = node.child_by_field_name("body")
        redirects: list[Redirect] = []
        words: list[str] = []
        heredocs: list[Node] = []
        inner: list[Statement] = []
        for child in node.children:
            if child.type in ("file_redirect", "herestring_redirect"):
                redirect, more = self.redirect(child)
                redirects.append(redirect)
                words.extend(more)
                inner.extend(self.substitutions(child.children, context, depth))
            elif child.type == "heredoc_redirect":
                heredocs.append(child)
            elif child.type == "ERROR":
                return self.unreadable(child)
        for heredoc in heredocs:
            delimiter = next((c for c in heredoc.children if c.type == "heredoc_start"), None)
            redirects.append(Redirect("", "<<", self.source.of(delimiter) if delimiter else ""))
            for child in heredoc.children:
                if child.type == "file_redirect":
                    redirect, more = self.redirect(child)
                    redirects.append(redirect)
                    words.extend(more)
            words.extend(self.word(child) for child in heredoc.children_by_field_name("argument"))
            inner.extend(self.substitutions_of_body(heredoc, context, depth))
        after = [c for h in heredocs for c in h.children if c.type == "pipeline"]
        right = [(h, r) for h in heredocs for r in h.children_by_field_name("right")]
        stages = [stage for pipeline in after for stage in _stages(pipeline)]
        own = context._replace(in_pipeline=True, piped_into=self.first_word(stages[0])) if stages else context
        if body is None:
            result = self.finish_redirect(node, words, redirects, inner, own)
        else:
            result = _with_redirects(self.statement(body, own, depth), words, redirects, inner)
        if stages:
            result = self.joined([result], stages, context, depth)
        for heredoc, more_node in right:
            operator = next((c.type for c in heredoc.children if c.type in ("&&", "||")), "&&")
            more_statement = self.statement(more_node, context._replace(in_branch=True), depth)
            result = statements.Chain((result, more_statement), (operator,))
        return result

    def first_word(self, node: "Node") -> str:
        return wrapper_name(next(iter(self.source.of(node).split()), ""))

    def finish_redirect(
        self, node: "Node", words: list[str], redirects: list[Redirect], inner: list[Statement], context: _Context
    ) -> Statement:
        command = SimpleCommand(
            tuple(words), self.line(node), self.offset(node), tuple(redirects), (), **context._asdict()
        )
        return statements.Simple(command, tuple(inner))

    def substitutions_of_body(self, heredoc: "Node", context: _Context, depth: int) -> Iterator[Statement]:
        for child in heredoc.children:
            if child.type == "heredoc_body":
                yield from self.substitutions(child.children, context, depth)

    def compound(self, node: "Node", context: _Context, depth: int) -> Statement:
        if node.children and node.children[0].type == "((":
            inside = self.source.of(node)[2:-2].strip()
            return self.finish(node, ["((", inside, "))"], [], [], context, depth)
        return statements.Group(self.block(_inside(node, "{", "}"), context, depth))

    def loop(self, node: "Node", context: _Context, depth: int) -> Statement:
        body_node = node.child_by_field_name("body")
        if body_node is None:
            return self.unreadable(node)
        kind = node.children[0].type
        inside = context._replace(in_loop=True)
        condition: Statement | None = None
        values: tuple[str, ...] = ()
        endless = ""
        if node.type == "while_statement":
            before = [child for child in node.children[1:] if child.id != body_node.id]
            condition = self.block(before, inside._replace(in_condition=True, condition_of=kind), depth)
            endless = _endless(kind, condition)
        elif node.type == "c_style_for_statement":
            kind = "c-for"
            test = node.child_by_field_name("condition")
            endless = "always" if test is None or self.source.of(test).strip() == "1" else ""
        else:
            values = tuple(self.word(child) for child in node.children_by_field_name("value"))
            variable = node.child_by_field_name("variable")
            if variable is not None:
                name = self.source.of(variable)
                self.reader.loops[name] = (*self.reader.loops.get(name, ()), *values)
        inside = inside._replace(in_endless_loop=bool(endless) or context.in_endless_loop)
        if endless:
            inside = inside._replace(fallback="")
        body = self.block(_inside(body_node, "do", "done", "{", "}"), inside, depth)
        return statements.Loop(
            kind, condition, body, values, self.line(node), self.offset(node), self.end(node), endless
        )

    def fallback(self, statement: Statement) -> str:
        """What runs instead: `exit` if that ends the script, whatever it says before."""
        if statements.always_exits(statement, self.reader.functions):
            return "exit"
        return next((command.name for command in statements.simple_commands(statement)), "")

    def end(self, node: "Node") -> int:
        return self.at.offset if self.at else node.end_byte

    def branches(self, node: "Node", context: _Context, depth: int) -> Statement:
        branches: list[tuple[Statement, Statement]] = []
        otherwise: Statement | None = None
        inside = context._replace(in_branch=True)
        clauses = [child for child in node.children if child.type in ("elif_clause", "else_clause")]
        own = [child for child in node.children if child.type not in ("elif_clause", "else_clause", "fi")]
        for children in (own, *(clause.children for clause in clauses if clause.type == "elif_clause")):
            then = next((index for index, child in enumerate(children) if child.type == "then"), None)
            if then is None:
                return self.unreadable(node)
            body = self.block(children[then + 1 :], inside, depth)
            negated = any(child.type == "negated_command" for child in children[1:then])
            fallback = "exit" if negated and statements.always_exits(body, self.reader.functions) else ""
            asked = context._replace(in_condition=True, condition_of="", fallback=fallback)
            branches.append((self.block(children[1:then], asked, depth), body))
        for clause in clauses:
            if clause.type == "else_clause":
                otherwise = self.block(clause.children[1:], inside, depth)
        return statements.If(tuple(branches), otherwise)

    def cases(self, node: "Node", context: _Context, depth: int) -> Statement:
        bodies: list[Statement] = []
        complete = False
        inner = tuple(self.substitutions(node.children_by_field_name("value"), context, depth))
        inside = context._replace(in_branch=True)
        for item in node.children:
            if item.type == "ERROR":
                return self.unreadable(item)
            if item.type != "case_item":
                continue
            values = item.children_by_field_name("value")
            complete = complete or any(self.source.of(value) == "*" for value in values)
            close = next((index for index, child in enumerate(item.children) if child.type == ")"), 0)
            body = [child for child in item.children[close + 1 :] if child.type not in (";;", ";&", ";;&")]
            bodies.append(self.block(body, inside, depth))
        return statements.Case(tuple(bodies), complete, inner)

    def function(self, node: "Node", context: _Context, depth: int) -> Statement:
        name = node.child_by_field_name("name")
        body = node.child_by_field_name("body")
        if name is None or body is None:
            return self.unreadable(node)
        built = self.statement(body, _Context(in_function=True, in_trap=context.in_trap), depth)
        self.reader.functions[self.source.of(name)] = built
        return statements.Function(self.source.of(name), built)


def _endless(kind: str, condition: Statement) -> str:
    value = conditions.truth(condition)
    if value is (kind == "while"):
        return "always"
    if value is not None:
        return ""
    negated = isinstance(condition, statements.Not)
    body = condition.body if isinstance(condition, statements.Not) else condition
    if (kind == "while") is negated or conditions.looks_only(body):
        return ""
    last = body.items[-1] if isinstance(body, statements.Sequence) and body.items else body
    name = last.command.name if isinstance(last, statements.Simple) else ""
    return "unless-it-fails" if name in ("sleep", "inotifywait", "fswatch", "usleep") else ""


def _stages(node: "Node") -> list["Node"]:
    return [child for child in node.children if child.type not in ("|", "|&", "comment", "\n")]


def _inside(node: "Node", *delimiters: str) -> list["Node"]:
    return [child for child in node.children if child.is_named or child.type not in delimiters]


def _has_error_child(node: "Node") -> bool:
    return any(child.type == "ERROR" for child in node.children)


def _is_broken(root: "Node") -> bool:
    """Whether the parser invented a token (a `fi` that is not there), or skipped more than a piece of an argument."""
    todo = [root]
    while todo:
        current = todo.pop()
        for child in current.children:
            if child.is_missing:
                return True
            if child.type == "ERROR" and (current.type not in _WORDS_WITH_ERRORS or _has_structure(child)):
                return True
            if child.has_error:
                todo.append(child)
    return False


def _has_structure(node: "Node") -> bool:
    """Whether an unreadable piece may hide commands; a stray character in an argument does not."""
    todo = list(node.children)
    while todo:
        current = todo.pop()
        if current.type in ("command", "\n", ";", "&", "|", "&&", "||", "do", "done", "then", "fi", "while_statement"):
            return True
        todo.extend(current.children)
    return False


def _first_name(statement: Statement) -> str:
    command = next(iter(statements.simple_commands(statement)), None)
    return command.name if command else ""


def _signal_name(signal: str) -> str:
    numbers = {"0": "EXIT", "1": "HUP", "2": "INT", "3": "QUIT", "9": "KILL", "15": "TERM"}
    return numbers.get(signal, signal.upper().removeprefix("SIG"))


def _with_redirects(body: Statement, words: list[str], redirects: list[Redirect], inner: list[Statement]) -> Statement:
    """Give redirections to the statement that they belong to: of `a && b > f`, only to `b`."""
    match body:
        case statements.Simple(command=command):
            changed = command._replace(words=(*command.words, *words), redirects=(*command.redirects, *redirects))
            return statements.Simple(changed, (*inner, *body.inner), body.nested)
        case statements.Not():
            return statements.Not(_with_redirects(body.body, words, redirects, inner))
        case statements.Chain(items=items):
            last = _with_redirects(items[-1], words, redirects, inner)
            return statements.Chain((*items[:-1], last), body.operators)
        case statements.Pipeline(stages=stages):
            last = _with_redirects(stages[-1], words, redirects, inner)
            return statements.Pipeline((*stages[:-1], last))
        case _:
            return statements.Group(body, redirects=tuple(redirects), inner=tuple(inner))
