"""The weights of a model as an array's weight port takes them, in a file."""
