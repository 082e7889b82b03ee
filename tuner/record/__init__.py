"""What a search writes of itself: its lock, its question and the scores for another objective."""
