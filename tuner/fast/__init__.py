"""Makes Keras's training on TensorFlow faster, with the same results."""
