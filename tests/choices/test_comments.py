"""Comments in a manifest that decide: which container they speak of, what they say, and what is said of them."""

from __future__ import annotations

from textwrap import dedent

import pytest

from sidecarify import Options, convert_text, inspect_text, revert_text

HEAD = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  template:
    spec:
      volumes: [{name: v, emptyDir: {}}]
"""


def pod(body: str) -> str:
    """A Deployment with the given rest of its pod spec."""
    return HEAD + "".join(f"      {line}" if line.strip() else line for line in dedent(body).splitlines(keepends=True))


def roles(text: str, options: Options | None = None) -> dict[str, str]:
    found = inspect_text(text, options).documents
    return {one.member.name: one.role.name for document in found for p in document.pods for one in p.containers}


def told(text: str, options: Options | None = None) -> list[tuple[int, str]]:
    return [(one.line, one.code) for one in inspect_text(text, options).remarks]


UNCLEAR = """\
containers:
- name: c1
  image: corp/trc:9
  volumeMounts: [{name: v, mountPath: /x}]
- name: c2
  image: corp/zx2:3
  volumeMounts: [{name: v, mountPath: /x}]
"""


def with_comment(comment: str, place: str) -> str:
    lines = UNCLEAR.splitlines()
    at = lines.index("- name: c2")
    match place:
        case "dash line":
            lines[at] += f"  {comment}"
        case "above":
            lines.insert(at, comment)
        case "above, deeper":
            lines.insert(at, f"    {comment}")
        case "above, among others":
            lines[at:at] = ["# a title", comment, "# more"]
        case "set off by a blank line":
            lines[at:at] = [comment, ""]
        case "second line":
            lines[at + 1] += f"  {comment}"
        case "above the list":
            lines.insert(0, comment)
    return pod("\n".join(lines) + "\n")


class TestWhere:
    @pytest.mark.parametrize("place", ["dash line", "above", "above, deeper", "above, among others"])
    @pytest.mark.parametrize("kind", ["helper", "main"])
    def test_on_or_above_the_line_of_the_dash(self, place: str, kind: str) -> None:
        text = with_comment(f"# sidecarify: {kind}", place)
        assert roles(text)["c2"] == kind
        assert told(text) == []

    @pytest.mark.parametrize("end", ["\r\n", "\n"])
    @pytest.mark.parametrize("bom", ["", "\ufeff"])
    def test_whatever_the_line_ends(self, end: str, bom: str) -> None:
        text = bom + with_comment("# sidecarify: helper", "above").replace("\n", end)
        assert roles(text)["c2"] == "helper"

    @pytest.mark.parametrize("place", ["set off by a blank line", "second line", "above the list"])
    def test_elsewhere_it_says_nothing_and_is_told(self, place: str) -> None:
        text = with_comment("# sidecarify: helper", place)
        assert roles(text)["c2"] != "helper"
        ((line, code),) = told(text)
        assert code == "bad-comment"
        assert "sidecarify: helper" in text.splitlines()[line - 1]

    def test_the_first_container_has_its_comment_below_the_key(self) -> None:
        text = pod(UNCLEAR.replace("- name: c1", "# sidecarify: helper\n- name: c1"))
        assert roles(text)["c1"] == "helper"

    def test_a_dash_on_a_line_of_its_own(self) -> None:
        text = pod(UNCLEAR.replace("- name: c2", "-   # sidecarify: helper\n  name: c2"))
        assert roles(text)["c2"] == "helper"

    @pytest.mark.parametrize(
        "script",
        [
            pytest.param("|\n      # sidecarify: helper\n      run", id="literal"),
            pytest.param(">-\n      # sidecarify: helper\n      run", id="folded"),
            pytest.param('"a\n\n      # sidecarify: helper\n\n      run"', id="double-quoted"),
            pytest.param("'a\n      # sidecarify: helper\n      run'", id="single-quoted"),
        ],
    )
    def test_never_inside_a_scalar(self, script: str) -> None:
        text = pod(UNCLEAR + f"- name: c3\n  image: corp/x:1\n  args:\n    - {script}\n")
        assert "helper" not in (roles(text)["c2"], roles(text)["c3"])
        assert told(text) == []

    def test_behind_the_mark_of_a_block_scalar_it_is_a_comment(self) -> None:
        text = pod(
            "containers:\n- args: [a]\n  name: c1\n- name: | # sidecarify: helper\n    c2\n  image: corp/zx2:3\n"
        )
        assert roles(text)["c2\n"] == "helper"

    def test_no_url_and_no_word_is_taken_for_a_comment(self) -> None:
        text = pod(UNCLEAR.replace("corp/zx2:3", "corp/zx2#sidecarify:helper"))
        assert told(text) == []


class TestFlow:
    def test_at_the_end_of_the_line(self) -> None:
        text = pod(
            """\
            containers:
            - {name: c1, image: corp/trc:9, volumeMounts: [{name: v, mountPath: /x}]}
            - {name: c2, image: corp/zx2:3, volumeMounts: [{name: v, mountPath: /x}]}  # sidecarify: helper
            """
        )
        assert roles(text)["c2"] == "helper"
        assert roles(text)["c1"] != "helper"

    def test_at_the_end_of_the_last_line(self) -> None:
        listed = "{name: c1, image: corp/trc:9},\n  {name: c2,\n   image: x/zx2:3}  # sidecarify: helper"
        text = pod(f"containers: [\n  {listed}\n]\n")
        assert roles(text)["c2"] == "helper"
        assert roles(text)["c1"] != "helper"

    def test_several_containers_on_one_line(self) -> None:
        text = pod("containers: [{name: c1, image: corp/trc:9}, {name: c2, image: x/zx2:3}]  # sidecarify: helper\n")
        assert "helper" not in roles(text).values()
        assert [code for _, code in told(text)] == ["bad-comment"]


class TestWhoGoesFirst:
    """The command line goes before a comment, and a comment before the configuration file."""

    @pytest.mark.parametrize(
        ("comment", "options", "role"),
        [
            pytest.param("helper", Options(mains=("c2",)), "main", id="command line over comment: main"),
            pytest.param("main", Options(helpers=("c2",)), "helper", id="command line over comment: helper"),
            pytest.param("helper", Options(default_mains=("c2",)), "helper", id="comment over file: helper"),
            pytest.param("main", Options(default_helpers=("c2",)), "main", id="comment over file: main"),
            pytest.param(None, Options(default_helpers=("c2",)), "helper", id="the file alone: helper"),
            pytest.param(None, Options(default_mains=("c2",)), "main", id="the file alone: main"),
            pytest.param(
                None, Options(default_mains=("c2",), helpers=("c2",)), "helper", id="command line over file: helper"
            ),
            pytest.param(
                None, Options(default_helpers=("c2",), mains=("c2",)), "main", id="command line over file: main"
            ),
            pytest.param("helper", Options(mains=("c1",)), "helper", id="the command line on another container"),
        ],
    )
    def test_precedence(self, comment: str | None, options: Options, role: str) -> None:
        text = pod(UNCLEAR) if comment is None else with_comment(f"# sidecarify: {comment}", "above")
        assert roles(text, options)["c2"] == role

    def test_the_first_of_two_comments(self) -> None:
        text = pod(UNCLEAR.replace("- name: c2", "# sidecarify: main\n- name: c2  # sidecarify: helper"))
        assert roles(text)["c2"] == "main"
        assert [code for _, code in told(text)] == ["bad-comment"]


def test_a_comment_names_the_container_so_it_moves_though_under_review() -> None:
    assert not convert_text(pod(UNCLEAR)).changed
    conversion = convert_text(with_comment("# sidecarify: helper  we wrote it", "above"))
    assert [move.container for move in conversion.moves] == ["c2"]
    assert "# sidecarify: helper  we wrote it" in conversion.text


def test_the_comment_is_the_evidence() -> None:
    text = with_comment("# sidecarify: helper", "above")
    (document,) = inspect_text(text).documents
    answer = next(one for one in document.pods[0].containers if one.member.name == "c2")
    assert (answer.evidence[0].text, text.splitlines()[answer.evidence[0].line - 1].strip()) == (
        "a comment says that it is a helper",
        "# sidecarify: helper",
    )


JOB = """\
apiVersion: batch/v1
kind: Job
metadata: {name: etl}
spec:
  template:
    spec:
      restartPolicy: Never
      containers:
      - {name: etl, image: corp/etl:1, volumeMounts: [{name: v, mountPath: /x}]}
      - name: logs
        image: busybox:1.36
        command: [sh, -c, "tail -f /x/a.log"]
        volumeMounts: [{name: v, mountPath: /x}]
      volumes: [{name: v, emptyDir: {}}]
"""


def finding_rules(text: str, options: Options | None = None) -> set[str]:
    found = inspect_text(text, options).documents
    return {one.rule for document in found for p in document.pods for answer in p.containers for one in answer.findings}


class TestIgnore:
    def test_what_there_is_to_ignore(self) -> None:
        assert "tail-without-retry" in finding_rules(JOB)
        assert not convert_text(JOB).changed

    @pytest.mark.parametrize(
        "line",
        [
            pytest.param("- name: logs  # sidecarify: ignore[tail-without-retry]", id="on the line of the dash"),
            pytest.param("# sidecarify: ignore[tail-without-retry] made by init\n      - name: logs", id="above it"),
            pytest.param("# sidecarify:ignore[ tail-without-retry , ]\n      - name: logs", id="with odd blanks"),
        ],
    )
    def test_for_a_container(self, line: str) -> None:
        text = JOB.replace("- name: logs", line)
        assert "tail-without-retry" not in finding_rules(text)
        assert [move.container for move in convert_text(text).moves] == ["logs"]
        assert told(text) == []

    @pytest.mark.parametrize(
        "text",
        [
            pytest.param(JOB.replace('a.log"]', 'a.log"]  # sidecarify: ignore[tail-without-retry]'), id="on its line"),
            pytest.param(
                JOB.replace("        command", "        # sidecarify: ignore[tail-without-retry]\n        command"),
                id="above its line",
            ),
        ],
    )
    def test_for_the_line_of_the_evidence(self, text: str) -> None:
        assert "tail-without-retry" not in finding_rules(text)
        assert told(text) == []

    @pytest.mark.parametrize(
        ("line", "code", "words"),
        [
            pytest.param(
                "- name: logs # sidecarify: ignore[tight-grace]", "unused-ignore", "`tight-grace`", id="unused"
            ),
            pytest.param(
                "- name: logs # sidecarify: ignore[tail-without-rety]",
                "bad-comment",
                "Did you mean 'tail-without-retry'?",
                id="misspelt",
            ),
            pytest.param("- name: logs # sidecarify: ignore", "bad-comment", "names no rule", id="no rule"),
            pytest.param("- name: logs # sidecarify: ignore[]", "bad-comment", "names no rule", id="empty brackets"),
            pytest.param(
                "- name: logs # sidecarify: hepler", "bad-comment", "'hepler' means nothing", id="no such word"
            ),
        ],
    )
    def test_messages(self, line: str, code: str, words: str) -> None:
        text = JOB.replace("- name: logs", line)
        (one,) = inspect_text(text).remarks
        assert one.code == code
        assert words in one.message
        assert "# sidecarify" in text.splitlines()[one.line - 1]
        assert "tail-without-retry" in finding_rules(text)

    def test_one_of_two_rules_is_unused(self) -> None:
        text = JOB.replace("- name: logs", "- name: logs # sidecarify: ignore[tail-without-retry, tight-grace]")
        (one,) = inspect_text(text).remarks
        assert "`tight-grace`" in one.message

    def test_another_container_keeps_its_finding(self) -> None:
        text = JOB.replace("- {name: etl", "# sidecarify: ignore[tail-without-retry]\n      - {name: etl")
        assert "tail-without-retry" in finding_rules(text)
        assert [code for _, code in told(text)] == ["unused-ignore"]

    def test_ignores_can_be_switched_off(self) -> None:
        text = JOB.replace("- name: logs", "- name: logs  # sidecarify: ignore[tail-without-retry]")
        options = Options(ignores=False)
        assert "tail-without-retry" in finding_rules(text, options)
        assert told(text.replace("retry]", "retry, tight-grace]"), options) == []

    def test_a_rule_that_is_not_run_is_not_unused(self) -> None:
        text = JOB.replace("- name: logs", "- name: logs  # sidecarify: ignore[tail-without-retry]")
        assert told(text, Options(ignore=("tail-*",))) == []

    def test_where_no_pod_is_judged_it_is_unused(self) -> None:
        alone = "kind: Pod\napiVersion: v1\nspec:\n  containers:\n  - name: a  # sidecarify: ignore[tight-grace]\n"
        assert told(alone) == [(5, "unused-ignore")]

    def test_nothing_is_said_of_a_container_that_has_moved(self) -> None:
        text = JOB.replace("- name: logs", "- name: logs  # sidecarify: ignore[tail-without-retry]")
        conversion = convert_text(text)
        assert conversion.changed
        assert told(conversion.text) == []
        assert not convert_text(conversion.text).changed

    def test_the_lines_of_later_documents(self) -> None:
        text = JOB.replace("- name: logs", "- name: logs  # sidecarify: ignore[tail-without-retry, tight-grace]")
        found = told(f"# sidecarify: helper is said in no document\n---\nkind: X\n---\n{text}")
        assert (5 + 9, "unused-ignore") in found

    def test_on_the_way_back(self) -> None:
        there = convert_text(JOB, Options(helpers=("logs",), accept=("*",))).text
        assert not revert_text(there).changed
        rules = sorted({refusal.rule for refusal in revert_text(there).refusals})
        text = there.replace("- name: logs", f"- name: logs  # sidecarify: ignore[{','.join(rules)}]")
        assert [move.container for move in revert_text(text).moves] == ["logs"]


def test_a_document_that_cannot_be_read_is_left_to_the_others() -> None:
    text = "a: [1 # sidecarify: helper\n---\n" + with_comment("# sidecarify: helper", "above")
    assert roles(text)["c2"] == "helper"
    assert told(text) == []


SAFE = """\
containers:
- name: web
  image: corp/web:1
  ports: [{containerPort: 8080}]
  volumeMounts: [{name: v, mountPath: /x}]

- name: logs
  image: fluent/fluent-bit:3.1
  args: [-i, tail, -p, path=/x/web.log]
  volumeMounts: [{name: v, mountPath: /x}]
"""


class TestNotUnderstood:
    """Who writes a comment for sidecarify wants something: what it speaks of is left alone until it is mended."""

    def test_what_would_move(self) -> None:
        assert [move.container for move in convert_text(pod(SAFE)).moves] == ["logs"]

    @pytest.mark.parametrize("words", ["ignore", "ignore[]", "ignore[no-such-rule]", "leave this alone", "hepler"])
    @pytest.mark.parametrize(
        "place",
        [
            pytest.param("- name: logs  {}", id="on the line of the dash"),
            pytest.param("{}\n- name: logs", id="above it"),
            pytest.param("- name: logs\n  {}", id="inside the container"),
        ],
    )
    def test_its_container_stays(self, words: str, place: str) -> None:
        text = pod(SAFE.replace("- name: logs", place.format(f"# sidecarify: {words}")))
        for options in (Options(), Options(unsafe=True, helpers=("logs",), accept=("*",))):
            conversion = convert_text(text, options)
            (refusal,) = conversion.refusals
            assert not conversion.changed
            assert (refusal.container, refusal.rule, refusal.overridable) == ("logs", "bad-comment", False)
            assert "# sidecarify" in text.splitlines()[refusal.line - 1]

    @pytest.mark.parametrize(
        "place",
        [
            pytest.param("# sidecarify: ignore\ncontainers:", id="above the list"),
            pytest.param("# sidecarify: main\n\ncontainers:", id="main that stands at no container"),
        ],
    )
    def test_nobody_knows_which_one_so_all_stay(self, place: str) -> None:
        conversion = convert_text(pod(SAFE.replace("containers:", place)))
        assert [one.rule for one in conversion.refusals] == ["bad-comment"]
        assert not conversion.changed

    @pytest.mark.parametrize(
        "place",
        [
            pytest.param("# sidecarify: ignore\n- name: web", id="at another container"),
            pytest.param("- name: web\n  # sidecarify: frobnicate", id="inside another container"),
            pytest.param("# sidecarify: helper\n\n- name: web", id="helper that stands at no container"),
            pytest.param("- name: web  # sidecarify: main  it is the product", id="one that is understood"),
            pytest.param("- name: web  # sidecarify, they say, moves helpers", id="prose"),
        ],
    )
    def test_another_one_moves(self, place: str) -> None:
        assert [move.container for move in convert_text(pod(SAFE.replace("- name: web", place))).moves] == ["logs"]

    def test_in_another_document(self) -> None:
        other = pod(SAFE).replace("name: web}", "name: shop}")
        text = "# sidecarify: leave it\n\n" + pod(SAFE) + "---\n" + other
        assert [move.document for move in convert_text(text).moves] == [1]

    def test_without_ignores_a_broken_ignore_is_none(self) -> None:
        text = pod(SAFE.replace("- name: logs", "- name: logs  # sidecarify: ignore"))
        assert convert_text(text, Options(ignores=False)).changed

    def test_two_that_contradict_each_other(self) -> None:
        text = pod(SAFE.replace("- name: logs", "# sidecarify: helper\n- name: logs  # sidecarify: main"))
        assert not convert_text(text).changed
