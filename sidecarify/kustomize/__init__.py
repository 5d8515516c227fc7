"""Kustomize: which kustomizations build on which, what they make of a workload, and edits that follow a move."""
