"""What is measured: this project, and each way that one would go in its place."""
