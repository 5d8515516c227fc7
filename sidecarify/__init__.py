"""sidecarify turns helper containers in Kubernetes manifests into native sidecars."""

__version__ = "0.1.0"
