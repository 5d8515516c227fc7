"""Image references taken apart."""

from __future__ import annotations

import pytest

from sidecarify.kube.image import ImageName, at_least, parse_image


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("nginx", ImageName(None, ("nginx",), None, None), id="bare"),
        pytest.param("nginx:1.27", ImageName(None, ("nginx",), "1.27", None), id="tag"),
        pytest.param("a/b:1@sha256:0a", ImageName(None, ("a", "b"), "1", "sha256:0a"), id="tag and digest"),
        pytest.param("r.io:5000/a/b", ImageName("r.io:5000", ("a", "b"), None, None), id="registry with a port"),
        pytest.param("localhost/a", ImageName("localhost", ("a",), None, None), id="localhost"),
        pytest.param("library/nginx", ImageName(None, ("library", "nginx"), None, None), id="a folder is no registry"),
        pytest.param("r.io/", None, id="a registry alone"),
        pytest.param("", None, id="empty"),
        pytest.param("{{ $x }}", ImageName(None, ("\0",), None, None), id="a template"),
        pytest.param("$(R)/a:${T}", ImageName(None, ("\0", "a"), "\0", None), id="variables"),
    ],
)
def test_a_reference_is_taken_apart(text: str, expected: ImageName | None) -> None:
    assert parse_image(text) == expected


@pytest.mark.parametrize(
    ("tag", "version"),
    [
        ("v1.31.0", (1, 31, 0)),
        ("2.14.1-alpine", (2, 14, 1)),
        ("27", (27,)),
        ("v2.17.0-eksbuild.3", (2, 17, 0)),
        ("latest", None),
        ("r310", None),
        ("3.x", None),
        ("1.2.3rc1", None),
        ("{{ .Values.tag }}", None),
    ],
)
def test_the_version_is_read_from_the_tag(tag: str, version: tuple[int, ...] | None) -> None:
    image = parse_image(f"acme/tool:{tag}")
    assert image is not None
    assert image.version == version


@pytest.mark.parametrize(
    ("version", "minimum", "enough"),
    [
        ((1,), (1, 0), True),
        ((1, 0, 1), (1, 0), True),
        ((0, 11), (1, 0), False),
        ((10,), (9, 9), True),
        (None, (0, 0), False),
    ],
)
def test_versions_are_compared_by_number(
    version: tuple[int, ...] | None, minimum: tuple[int, ...], enough: bool
) -> None:
    assert at_least(version, minimum) is enough
