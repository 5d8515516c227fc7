"""`sidecarify inspect`: the table for people and the JSON that other tools build on."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from .conftest import BATCH, SERVICE, WEB, Command


def answer(ended: Any) -> Any:
    return json.loads(ended.stdout)


class TestJson:
    def test_the_contract(self, sidecarify: Command) -> None:
        ended = sidecarify("inspect", "--output-format", "json", "web.yaml")
        whole = answer(ended)
        assert ended.code == 0
        assert list(whole) == ["version", "kubernetes", "pods", "errors"]
        assert (whole["version"], whole["kubernetes"], whole["errors"]) == (1, "1.33", [])
        (pod,) = whole["pods"]
        containers = pod.pop("containers")
        assert pod == {
            "file": "web.yaml",
            "document": 0,
            "line": 6,
            "apiVersion": "v1",
            "kind": "Pod",
            "name": "web-with-logger",
            "namespace": None,
            "path": "spec",
        }
        server, reader = containers
        keys = ["name", "line", "role", "transform", "shared_volumes", "verdict", "evidence", "findings"]
        assert list(server) == list(reader) == keys
        assert (server["name"], server["line"], server["role"], server["verdict"]) == ("web-server", 7, "main", None)
        assert (reader["name"], reader["line"], reader["role"], reader["verdict"]) == (
            "log-reader",
            14,
            "helper",
            "safe",
        )
        assert reader["shared_volumes"] == ["shared-logs"]
        assert reader["evidence"]
        assert all(isinstance(one, str) for one in reader["evidence"])

    def test_findings_have_a_rule_a_level_and_a_place(self, sidecarify: Command) -> None:
        ended = sidecarify("inspect", "--output-format", "json", "--kube-version", "1.28", "web.yaml")
        whole = answer(ended)
        assert whole["kubernetes"] == "1.28"
        findings = whole["pods"][0]["containers"][1]["findings"]
        old = next(one for one in findings if one["rule"] == "old-kubernetes")
        assert list(old) == ["rule", "level", "message", "file", "line"]
        assert (old["level"], old["file"]) == ("refuse", "web.yaml")
        assert old["line"] >= 1
        assert whole["pods"][0]["containers"][1]["verdict"] == "refuse"

    def test_documents_and_paths_count_as_a_loader_counts(self, sidecarify: Command) -> None:
        listed = b"".join(b"    " + line + b"\n" for line in BATCH.splitlines())
        text = b"# about\n---\n---\n" + SERVICE + b"---\napiVersion: v1\nkind: List\nitems:\n  -\n" + listed
        Path("many.yaml").write_bytes(text)
        (pod,) = answer(sidecarify("inspect", "--output-format", "json", "many.yaml"))["pods"]
        assert (pod["document"], pod["path"], pod["kind"]) == (2, "items.0.spec.template.spec", "Job")

    def test_errors_are_in_it_and_on_stderr(self, sidecarify: Command) -> None:
        Path("bad.yaml").write_text("kind: Pod\nspec:\n  containers: [\n")
        ended = sidecarify("inspect", "--output-format", "json", ".")
        whole = answer(ended)
        assert ended.code == 2
        (error,) = whole["errors"]
        assert list(error) == ["file", "line", "message"]
        assert (error["file"], error["line"]) == ("bad.yaml", 4)
        assert [pod["file"] for pod in whole["pods"]] == ["web.yaml"]
        assert "bad.yaml:4: [parse] " in ended.err

    def test_names_are_relative_as_given_with_forward_slashes(self, sidecarify: Command, folder: Path) -> None:
        Path("a/b").mkdir(parents=True)
        Path("a/b/web.yaml").write_bytes(WEB)
        for given, name in (("a", "a/b/web.yaml"), ("./a/b/web.yaml", "a/b/web.yaml"), (f"{folder}/a", None)):
            (pod,) = answer(sidecarify("inspect", "--output-format", "json", given))["pods"]
            assert pod["file"] == (name or f"{folder}/a/b/web.yaml")

    def test_it_is_ascii_whatever_is_in_a_manifest(self, sidecarify: Command) -> None:
        Path("web.yaml").write_bytes(WEB.replace(b"web-with-logger", 'w\u00e9b\u202e"'.encode()))
        ended = sidecarify("inspect", "--output-format", "json", "web.yaml")
        assert ended.stdout.isascii()
        assert answer(ended)["pods"][0]["name"] == 'w\u00e9b\u202e"'

    def test_nothing_is_an_answer_too(self, sidecarify: Command) -> None:
        Path("web.yaml").write_bytes(SERVICE)
        ended = sidecarify("inspect", "--output-format", "json", ".")
        assert (ended.code, answer(ended)["pods"]) == (0, [])

    def test_stdin(self, sidecarify: Command) -> None:
        (pod,) = answer(sidecarify("inspect", "--output-format", "json", "-", stdin=WEB))["pods"]
        assert pod["file"] == "<stdin>"


class TestTable:
    def test_a_line_a_container_below_its_workload(self, sidecarify: Command) -> None:
        ended = sidecarify("inspect", "web.yaml")
        lines = ended.out.splitlines()
        assert ended.code == 0
        assert lines[0] == "web.yaml:6: Pod web-with-logger (v1)"
        assert lines[1].split() == ["CONTAINER", "ROLE", "VERDICT", "FAMILY", "WHY"]
        assert lines[2].split()[:3] == ["web-server", "main", "stays"]
        assert lines[3].split()[:4] == ["log-reader", "helper", "safe", "shell-loop"]
        assert "1 pod with several containers: 2 containers, 1 helper (1 safe).\n" in ended.err

    def test_findings_are_listed_and_notes_and_evidence_with_v(self, sidecarify: Command) -> None:
        plain = sidecarify("inspect", "--kube-version", "1.28", "web.yaml").out
        verbose = sidecarify("inspect", "-v", "--kube-version", "1.28", "web.yaml").out
        assert "[old-kubernetes] log-reader: refuse: " in plain
        assert "shared-logs` with `web-server` (web.yaml:" not in plain
        assert "shared-logs` with `web-server` (web.yaml:" in verbose

    def test_columns_stand_below_each_other(self, sidecarify: Command) -> None:
        lines = sidecarify("inspect", "web.yaml").out.splitlines()
        heading = lines[1]
        for line in lines[2:4]:
            for column in ("ROLE", "VERDICT", "FAMILY", "WHY"):
                place = heading.index(column)
                assert line[place - 1] == " "
                assert line[place] != " "

    def test_nothing_acts_on_the_terminal(self, sidecarify: Command) -> None:
        Path("web.yaml").write_bytes(WEB.replace(b"name: log-reader", b'name: "log\\e[2J\\u202e"'))
        ended = sidecarify("inspect", "-v", "web.yaml")
        assert b"\x1b" not in ended.stdout + ended.stderr
        assert "\u202e" not in ended.out + ended.err
        assert "log\\x1b[2J\\u202e" in ended.out

    def test_quiet_is_quiet_on_stderr_only(self, sidecarify: Command) -> None:
        ended = sidecarify("inspect", "-q", "web.yaml")
        assert ended.stderr == b""
        assert ended.stdout

    def test_a_template_is_told(self, sidecarify: Command) -> None:
        Path("web.yaml").write_bytes(WEB.replace(b"kind: Pod", b"{{ if .x }}\nkind: Pod"))
        ended = sidecarify("inspect", "web.yaml")
        assert (ended.code, ended.stdout) == (0, b"")
        assert "1 Helm template was left alone (-v lists them).\n" in ended.err
        assert "[template]" not in ended.err
        assert "[template] The document is a template" in sidecarify("inspect", "-v", "web.yaml").err


@pytest.mark.parametrize("flag", ["--accept", "--diff", "--unsafe"])
def test_flags_of_convert_mean_nothing_here(sidecarify: Command, flag: str) -> None:
    assert sidecarify("inspect", flag, "web.yaml").code == 2
