"""Checkpoints of ternary models: Hugging Face folders, safetensors files and GGUF files."""
