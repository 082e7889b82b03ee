"""What goes to another process: a call, the settings that it was made under, its large arguments."""
