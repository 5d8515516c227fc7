"""`sidecarify rules` and `sidecarify transforms`: list and explain."""

from __future__ import annotations

from pathlib import Path

import pytest

from sidecarify.families import bundled_folder, load
from sidecarify.judge.known import RULES
from sidecarify.judge.revert_rules import REVERT_RULES

from .conftest import Command

OWN = """\
summary: Copies our settings.
docs: [It is ours.]
images: [platform/settings-sync]
safe: review
traits: [flushes]
startup_probes:
  - verified: true
    source: its README
    needs: [[--listen=*]]
    probe: {exec: {command: [settings, ok]}, periodSeconds: 2, failureThreshold: 30}
"""


def test_every_rule_is_listed_with_its_levels_and_hazards(sidecarify: Command) -> None:
    ended = sidecarify("rules")
    assert (ended.code, ended.err) == (0, "")
    lines = ended.out.splitlines()
    assert lines[0].split()[:3] == ["RULE", "LEVELS", "HAZARDS"]
    names = [line.split()[0] for line in lines[1:]]
    assert names == sorted(RULES)
    row = next(line for line in lines if line.startswith("named-target-port "))
    assert row.split()[1:3] == ["refuse,review,note", "NET1,NET11"] or "NET1" in row


@pytest.mark.parametrize("name", ["startup-deadlock", REVERT_RULES[0].name, "overlays-disagree"])
def test_a_rule_is_explained(sidecarify: Command, name: str) -> None:
    ended = sidecarify("rules", name)
    assert ended.code == 0
    assert ended.out.startswith(f"{name}\n")
    for part in ("levels:", "hazards:", "Fires on", "Near miss", "What to do"):
        assert part in ended.out


@pytest.mark.parametrize(
    ("command", "name", "told"),
    [
        pytest.param("rules", "startup-dedlock", "Did you mean 'startup-deadlock'?", id="a rule, misspelt"),
        pytest.param("rules", "zzz", "there is no rule 'zzz'.", id="no rule, nothing close"),
        pytest.param("transforms", "log-shiper", "Did you mean 'log-shipper'?", id="a family, misspelt"),
    ],
)
def test_an_unknown_name(sidecarify: Command, command: str, name: str, told: str) -> None:
    ended = sidecarify(command, name)
    assert (ended.code, ended.stdout) == (2, b"")
    assert told in " ".join(ended.err.split())
    assert ("Did you mean" in told) == ("Did you mean" in ended.err)


def test_every_family_is_listed(sidecarify: Command) -> None:
    ended = sidecarify("transforms")
    assert ended.code == 0
    names = [line.split()[0] for line in ended.out.splitlines()[1:]]
    assert names == [one.name for one in load([bundled_folder()]).all]


@pytest.mark.parametrize("name", [one.name for one in load([bundled_folder()]).all])
def test_a_family_is_explained(sidecarify: Command, name: str) -> None:
    family = load([bundled_folder()]).get(name)
    ended = sidecarify("transforms", name)
    assert ended.code == 0
    assert family is not None
    told = " ".join(ended.out.split())
    assert f"moved: {family.safe}: " in told
    for part in (*family.images, *family.names, *family.traits):
        assert part in told
    assert told.count("startupProbe: {") == len(family.startup_probes)
    assert told.count(" not verified: ") == sum(not probe.verified for probe in family.startup_probes)


def test_a_folder_of_ones_own(sidecarify: Command) -> None:
    Path("own").mkdir()
    Path("own/settings-sync.yaml").write_text(OWN)
    assert "settings-sync" in sidecarify("transforms", "--transforms", "own").out
    told = " ".join(sidecarify("transforms", "--transforms", "own", "settings-sync").out.split())
    assert "startupProbe: {exec: {command: [settings, ok]}, periodSeconds: 2, failureThreshold: 30}" in told
    assert "needs: --listen=*" in told


def test_a_bad_folder_of_ones_own(sidecarify: Command) -> None:
    Path("own").mkdir()
    Path("own/bad.yaml").write_text("summary: x\nnope: y\n")
    ended = sidecarify("transforms", "--transforms", "own")
    assert ended.code == 2
    assert "bad.yaml:2: unknown key 'nope'" in " ".join(ended.err.split())


def test_from_a_process(process: Command) -> None:
    assert b"log-shipper" in process("transforms").stdout
