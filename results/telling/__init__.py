"""From tables to words: what the command line, the report and a notebook say about runs."""
