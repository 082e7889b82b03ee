"""From files to tables: finds runs, reads both formats on disk, and tells what was optimised."""
