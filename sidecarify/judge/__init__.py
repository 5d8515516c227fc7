"""Deciding which containers are helpers and whether each may become a native sidecar. Never sees text."""
