"""The inverse question: the smallest system that does what is asked, or why none can."""
