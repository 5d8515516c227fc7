"""Commands that carry data out of the pod (RX-UPLOAD, JOB3)."""

import re
from collections.abc import Iterator

from sidecarify.commands.argv import wrapper_name
from sidecarify.commands.model import Program, SimpleCommand
from sidecarify.commands.processes import first_operands

_REMOTE = r"[\w.-]+://|[\w.@-]+:"
_TAR_CREATES = r"-?[a-zA-Z]*c[a-zA-Z]*\Z"
_SENDS = r"-T|--upload-file|-F|--form|--data-binary"
_SENDS_FILE = r"(?:-d|--data|--data-raw|--data-urlencode|--json)=?@|@[./\w]"
# Sub-commands that bring data in, list, or look.
_NO_UPLOAD = {
    name: frozenset(subcommands.split())
    for name, subcommands in {
        "aws": "ls presign mb rb rm website",
        "gsutil": "ls cat stat du rm mb rb version hash acl iam",
        "rclone": "ls lsd lsf lsl lsjson cat size about config version mount serve check delete purge mkdir rmdir tree",
        "azcopy": "list login logout remove jobs env",
        "restic": "restore snapshots check forget prune init ls find cat stats unlock mount dump version",
        "kopia": "restore mount ls list show repository server",
        "borg": "extract list info check prune init mount compact",
        "wal-g": "backup-fetch wal-fetch backup-list delete wal-show",
        "pgbackrest": "restore info check archive-get stanza-create version server",
    }.items()
}
_COPIES = {"rsync", "scp"}
_UPLOADERS = frozenset({"curl", "tar", "gcloud", "mc", "kubectl", *_NO_UPLOAD, *_COPIES})
_CARRIERS = frozenset({"find", "watch", "flock", "parallel", "entr", "inotifyd", "fswatch", "supercronic"})


def uploads(program: Program) -> tuple[SimpleCommand, ...]:
    """Every command that uploads, archives or backs up (JOB3), also one that it hands to `watch`, `find` or `flock`.

    Evident downloads and restores are none.
    """
    return tuple(command for command in program.commands if any(map(uploads_data, _carried(command))))


def _carried(command: SimpleCommand) -> Iterator[SimpleCommand]:
    """A command, and the one in its arguments: `watch -n 60 aws s3 sync ...`, `find -exec mc cp {} ... ;`."""
    yield command
    argv = command.argv
    if command.name in _CARRIERS:
        for at, word in enumerate(argv[1:], 1):
            if word in ("-exec", "-execdir", "-ok", "-c"):
                yield command._replace(words=tuple(argv[at + 1 :]) if " " not in argv[at + 1] else _split(argv[at + 1]))
                return
        if command.name != "find":
            yield from (command._replace(words=argv[at:]) for at in range(1, len(argv)) if argv[at] in _UPLOADERS)
            yield from (command._replace(words=_split(word)) for word in argv[1:] if " " in word)


def _split(text: str) -> tuple[str, ...]:
    return tuple(text.split())


def uploads_data(command: SimpleCommand) -> bool:
    """RX-UPLOAD on one command."""
    argv = command.argv
    if not argv:
        return False
    name = wrapper_name(argv[0])
    rest = argv[1:]
    operands = [word for word in rest if not word.startswith("-")]
    if re.match(r"upload\w*\Z", name) or argv[0].rsplit("/", 1)[-1].startswith("upload"):
        return True
    if name == "curl":
        return any(re.match(_SENDS, word) for word in rest) or _sends_file(rest)
    if name == "tar":
        return any(re.match(_TAR_CREATES, word) for word in rest[:1]) or any(
            word == "--create" or (word.startswith("-") and word[1:2] != "-" and re.match(_TAR_CREATES, word))
            for word in rest
        )
    if name == "aws":
        return operands[:1] == ["s3"] and not _only_reads(name, operands[1:2]) and not _brings_in(operands[2:])
    if name == "gcloud":
        return operands[:1] == ["storage"] and not _brings_in(operands[2:])
    if name == "mc":
        return operands[:1] in (["cp"], ["mirror"], ["put"], ["pipe"])
    if name in ("kubectl", "oc"):
        return "cp" in operands[:3]
    if name in _COPIES:
        return not _brings_in(operands)
    if name in _NO_UPLOAD:
        starts = {argv[at] for at in first_operands(argv)}
        return not starts & _NO_UPLOAD[name] and not _brings_in([word for word in operands if word not in starts])
    return False


def _only_reads(name: str, operands: list[str]) -> bool:
    return bool(set(operands) & _NO_UPLOAD[name])


def _sends_file(words: tuple[str, ...]) -> bool:
    for at, word in enumerate(words):
        if (
            word in ("-d", "--data", "--data-raw", "--json")
            and words[at + 1 : at + 2]
            and words[at + 1].startswith("@")
        ):
            return True
        if re.match(_SENDS_FILE, word) and word.startswith("-"):
            return True
    return False


def _brings_in(places: list[str]) -> bool:
    """Whether the last two operands are a remote source and a local destination."""
    if len(places) < 2:
        return False
    source, destination = places[-2], places[-1]
    return re.match(_REMOTE, source) is not None and destination.startswith(("/", "./", "."))
