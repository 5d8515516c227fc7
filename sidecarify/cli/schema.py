"""`sidecarify schema`."""

from sidecarify.cli.terminal import orderly_end, put


def schema() -> None:
    """Print the JSON schema of .sidecarify.yaml, for editors."""
    from importlib.resources import files  # noqa: PLC0415  (for this command alone)

    with orderly_end():
        put(files("sidecarify").joinpath("schema", "sidecarify.schema.json").read_text(encoding="utf-8"))
