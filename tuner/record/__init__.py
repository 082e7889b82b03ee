"""What a search writes of itself: its lock, its question, its tables, and the scores for another objective."""
