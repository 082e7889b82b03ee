"""What is trained on: datasets, their splits, pictures, and arrays that processes share."""
