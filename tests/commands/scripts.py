"""Short ways to read a script in a test."""

from sidecarify.commands import Program, read_program


def script(text: str) -> Program:
    """The program of `sh -c TEXT`."""
    program = read_program(["sh", "-c"], [text])
    assert program is not None
    return program


def command(*words: str) -> Program:
    """The program of a command without a shell, unless the words have one."""
    program = read_program(words, [])
    assert program is not None
    return program
