"""The truth the hardware is held to, written in PyTorch."""
