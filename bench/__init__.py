"""Load and latency runs; see README.md. Run them by `./holdfast bench`."""
