"""Design, verify and estimate accelerators for 1.58-bit language models."""

__version__ = "0.1.0"
