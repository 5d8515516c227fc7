"""What a container's command line says."""
