"""A search from the command line: from its options to a finished run."""
