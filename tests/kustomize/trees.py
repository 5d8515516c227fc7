"""Trees of kustomizations for the property test: a base and what overlays make of it, in every form of reference."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

HEAD = "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: {kind}\n"
NAMES = ("web", "log", "logger", "proxy")
INITS = ("setup", "wait")
NEW = ("extra", "agent")


@dataclass
class Tree:
    """Files of a tree by name, the folder of its outermost kustomization, and what moves."""

    files: dict[str, str] = field(default_factory=dict)
    top: str = ""
    moves: tuple[str, ...] = ()

    def write(self, root: Path) -> Path:
        for name, text in self.files.items():
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text.encode())
        return root


def container(name: str, indent: str, *, flow: bool = False, sidecar: bool = False) -> str:
    if flow:
        policy = ", restartPolicy: Always" if sidecar else ""
        return f"{indent}- {{name: {name}, image: 'registry/{name}:1', args: [run, '{name}']{policy}}}\n"
    policy = f"{indent}  restartPolicy: Always\n" if sidecar else ""
    return (
        f"{indent}# what {name} does\n{indent}- name: {name}\n{indent}  image: registry/{name}:1  # pinned\n{policy}"
        f"{indent}  args: [run, '{name}']\n"
    )


def workload(name: str, containers: list[str], inits: list[str], *, flow: bool, labels: str, sidecars: bool) -> str:
    listed = "".join(container(one, "      ", flow=flow) for one in containers)
    lines = "".join(container(one, "      ", flow=flow, sidecar=sidecars and one in NAMES) for one in inits)
    init = f"      initContainers:\n{lines}" if inits else ""
    return (
        f"apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: {name}\n  labels: {labels}\nspec:\n"
        f"  selector: {{matchLabels: {{app: {name}}}}}\n  template:\n    metadata: {{labels: {{app: {name}}}}}\n"
        f"    spec:\n{init}      containers:\n{listed}"
    )


def strategic(name: str, containers: list[str], inits: list[str], *, flow: bool, deleted: str | None) -> str:
    def items(names: list[str]) -> str:
        text = ""
        for one in names:
            if one == deleted:
                text += f"      - name: {one}\n        $patch: delete\n"
            elif one in NEW:
                text += container(one, "      ", flow=flow)
            elif flow:
                text += f"      - {{name: {one}, env: [{{name: A, value: b}}]}}\n"
            else:
                text += f"      # for {one}\n      - name: {one}\n        env:\n        - name: A\n          value: b\n"
        return text

    listed = f"      containers:\n{items(containers)}" if containers else ""
    init = f"      initContainers:\n{items(inits)}" if inits else ""
    empty = "      nodeName: here\n" if not listed and not init else ""
    return (
        f"apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: {name}}}\nspec:\n  template:\n    spec:\n"
        f"{listed}{init}{empty}"
    )


def indented(text: str, blanks: int) -> str:
    return "".join(f"{' ' * blanks}{line}" for line in text.splitlines(keepends=True))


@st.composite
def operations(draw: DrawFn, counts: tuple[int, int]) -> str:
    """JSON6902 operations on lists of about these lengths."""
    lines = []
    for number in range(draw(st.integers(1, 3))):
        listed, count = draw(st.sampled_from([("containers", counts[0]), ("initContainers", max(counts[1], 1))]))
        index = draw(st.integers(0, max(count - 1, 0)))
        path = f"/spec/template/spec/{listed}/{index}"
        new = f"{draw(st.sampled_from(NEW))}{number}"
        lines.append(
            draw(
                st.sampled_from(
                    [
                        f"- op: replace\n  path: {path}/image\n  value: changed:{number}\n",
                        f'- op: add\n  path: "{path}/args/-"\n  value: more\n',
                        f"- {{op: add, path: {path}/env, value: [{{name: N, value: '{number}'}}]}}\n",
                        f"- op: test\n  path: {path}/args/0\n  value: run\n",
                        f"- op: remove\n  path: {path}\n",
                        f"- op: add\n  path: /spec/template/spec/{listed}/-\n  value:\n    name: {new}\n"
                        f"    image: new:1\n    # last\n",
                        f"- op: add\n  path: {path}\n  value: {{name: {new}, image: 'new:1'}}\n",
                        f"- op: add\n  path: /spec/template/spec/initContainers\n  value:\n  - name: {new}\n"
                        f"    image: new:1\n",
                        f"- op: add\n  path: /spec/template/spec/initContainers\n"
                        f"  value: [{{name: {new}, image: 'new:1'}}]\n",
                    ]
                )
            )
        )
    return "".join(lines)


@st.composite
def overlay(draw: DrawFn, names: list[str], counts: tuple[int, int], sidecars: list[str]) -> dict[str, str]:
    """What one kustomization adds: `kustomization` is its text without resources; the rest are files."""
    text = ""
    files: dict[str, str] = {}
    patches = ""
    for number in range(draw(st.integers(0, 3))):
        name = draw(st.sampled_from(names))
        selector = draw(
            st.sampled_from(
                [
                    f"kind: Deployment\n    name: {name}\n",
                    f"kind: Dep.*\n    name: {name[:2]}.*\n",
                    "group: apps\n    version: v1\n    kind: Deployment\n",
                    f"labelSelector: tier in ({name}, other)\n",
                ]
            )
        )
        if draw(st.booleans()):
            body = draw(operations(counts))
            target = selector
        else:
            body = strategic(
                name,
                draw(
                    st.lists(st.sampled_from([n for n in (*NAMES, *NEW) if n not in sidecars]), unique=True, max_size=3)
                ),
                draw(st.lists(st.sampled_from([*INITS, *sidecars]), unique=True, max_size=2)),
                flow=draw(st.booleans()),
                deleted=draw(st.sampled_from([None, None, None, "log", "proxy"])),
            )
            target = draw(st.sampled_from(["", selector]))
        if draw(st.booleans()):
            files[f"patch{number}.yaml"] = body
            patches += f"- path: patch{number}.yaml\n"
        elif draw(st.booleans()):
            patches += f"- patch: {json.dumps(body)}\n"
        else:
            patches += f"- patch: |{draw(st.sampled_from(['', '-']))}\n{indented(body, 4)}"
        patches += f"  target:\n    {target}" if target else ""
    if patches:
        text += f"patches:\n{patches}"
    if draw(st.integers(0, 3)) == 0:
        path = draw(
            st.sampled_from(
                [
                    "containers.[name=log].image",
                    "containers.[name=^log$].image",
                    "'containers.[name=proxy].args.0'",
                    "containers.1.image",
                    "containers.*.image",
                    "initContainers.0.image",
                    "initContainers.[name=setup].image",
                ]
            )
        )
        quote = "'" if path.startswith("'") else ""
        text += (
            "replacements:\n- source: {kind: ConfigMap, name: .*values, fieldPath: data.image}\n  targets:\n"
            f"  - select: {{kind: Deployment}}\n    fieldPaths:\n"
            f"    - {quote}spec.template.spec.{path.strip(quote)}{quote}\n"
        ).replace("name: .*values", "name: values")
    if draw(st.integers(0, 3)) == 0:
        text += 'images:\n- name: registry/log\n  newTag: "2"\n'
    if draw(st.integers(0, 4)) == 0:
        text += "commonLabels: {team: a}\n"
    files["kustomization"] = text
    return files


@st.composite
def trees(draw: DrawFn, *, sidecars: bool = False) -> Tree:
    """A base with one or two workloads, one or two overlays on it, perhaps with a component between."""
    tree = Tree()
    names = ["shop", "shed"][: draw(st.integers(1, 2))]
    counts = (2, 0)
    flow = draw(st.booleans())
    moved: list[str] = []
    for name in names:
        containers = ["web", *draw(st.lists(st.sampled_from(NAMES[1:]), unique=True, min_size=1))]
        inits = list(INITS[: draw(st.integers(0, 2))])
        if sidecars:
            moved = draw(st.lists(st.sampled_from(containers[1:]), unique=True, min_size=1))
            containers = [one for one in containers if one not in moved]
            inits += moved
        order = draw(st.permutations(containers))
        counts = (len(containers), len(inits))
        tree.files[f"base/{name}.yaml"] = workload(
            name, list(order), inits, flow=flow, labels=f"{{tier: {name}}}", sidecars=sidecars
        )
    tree.files["base/values.yaml"] = (
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: values}\ndata: {image: replaced}\n"
    )
    resources = "".join(f"- {name}.yaml\n" for name in (*names, "values"))
    tree.files["base/kustomization.yaml"] = HEAD.format(kind="Kustomization") + f"resources:\n{resources}"
    below = "base"
    for level in range(draw(st.integers(1, 2))):
        folder = f"overlay{level}"
        for file, text in draw(overlay(names, counts, moved)).items():
            if file != "kustomization":
                tree.files[f"{folder}/{file}"] = text
                continue
            head = HEAD.format(kind="Kustomization") + f"resources:\n- ../{below}\n"
            if level == 0 and draw(st.booleans()):
                part = draw(overlay(names, counts, moved))
                for one, body in part.items():
                    if one != "kustomization":
                        tree.files[f"part/{one}"] = body
                tree.files["part/kustomization.yaml"] = (
                    "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\n" + part["kustomization"]
                )
                head += "components:\n- ../part\n"
            if draw(st.integers(0, 2)) == 0:
                head += f"namePrefix: p{level}-\n"
            tree.files[f"{folder}/kustomization.yaml"] = head + text
        below = folder
    tree.top = below
    tree.moves = tuple(
        draw(st.lists(st.sampled_from([*NAMES[1:], *NEW, "extra0", "agent1"]), unique=True, min_size=1, max_size=3))
    )
    return tree
