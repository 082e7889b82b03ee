"""What goes to another process or machine: a call, the settings of the script that makes it, and files."""
