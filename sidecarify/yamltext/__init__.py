"""Text and YAML: positions, documents, list items and edits. Knows nothing of Kubernetes."""
