"""What runs beside a search: its progress, how it is stopped, how its trials came out."""
