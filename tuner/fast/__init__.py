"""Keras's training on TensorFlow, made faster without another result."""
