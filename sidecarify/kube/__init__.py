"""Kubernetes objects as read-only views on nodes. Knows nothing of text editing."""
