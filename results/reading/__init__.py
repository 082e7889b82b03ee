"""From files to tables: the two formats on disk, the trials, the runs and what was optimised."""
