"""Reads a container's command line: what it runs, what it waits for, and whether it ends."""

from sidecarify.commands.model import Lifetime, Program, Redirect, SimpleCommand, Trap, Wait
from sidecarify.commands.program import read_program

__all__ = ["Lifetime", "Program", "Redirect", "SimpleCommand", "Trap", "Wait", "read_program"]
