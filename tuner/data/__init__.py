"""Training data: datasets and their splits, pictures, and arrays that several processes share."""
