"""The subcommands of ``bitnet-hw``, one in each file."""
