// Layer normalization of rows (Ba et al., 2016), each in two passes over what is then in the cache.
#pragma once

#include <cmath>
#include <cstdint>

#include "vectors.h"

struct LayerNorm {
  int64_t width;
  const float *gamma, *beta;

  // Keeps the mean of the row, and the factor by which its differences from the mean are multiplied.
  void Forward(const float* inputs, float epsilon, float* outputs, float* kept) const {
    Floats sum = {}, squares = {};
    for (int64_t i = 0; i < width; i += kLanes) sum += LoadFloats(inputs + i, width - i);
    const float mean = Sum(sum) / width;
    for (int64_t i = 0; i < width; i += kLanes) {
      const Floats difference = LoadFloats(inputs + i, width - i, mean) - mean;
      squares += difference * difference;
    }
    const float factor = 1.0f / std::sqrt(Sum(squares) / width + epsilon);
    for (int64_t i = 0; i < width; i += kLanes) {
      const Floats normal = (LoadFloats(inputs + i, width - i) - mean) * factor;
      Store(outputs + i, normal * LoadFloats(gamma + i, width - i) + LoadFloats(beta + i, width - i), width - i);
    }
    kept[0] = mean, kept[1] = factor;
  }

  // Adds to the gradients of gamma and beta.
  void Backward(const float* upstream, const float* inputs, const float* kept, float* gradient, float* of_gamma,
                float* of_beta) const {
    const float mean = kept[0], factor = kept[1];
    Floats sum = {}, products = {};
    for (int64_t i = 0; i < width; i += kLanes) {
      const int64_t count = width - i;
      const Floats above = LoadFloats(upstream + i, count);
      const Floats normal = (LoadFloats(inputs + i, count, mean) - mean) * factor;
      const Floats scaled = above * LoadFloats(gamma + i, count);
      sum += scaled;
      products += scaled * normal;
      Store(of_gamma + i, LoadFloats(of_gamma + i, count) + above * normal, count);
      Store(of_beta + i, LoadFloats(of_beta + i, count) + above, count);
    }
    const float average = Sum(sum) / width, slope = Sum(products) / width;
    for (int64_t i = 0; i < width; i += kLanes) {
      const int64_t count = width - i;
      const Floats normal = (LoadFloats(inputs + i, count) - mean) * factor;
      const Floats scaled = LoadFloats(upstream + i, count) * LoadFloats(gamma + i, count);
      Store(gradient + i, (scaled - average - normal * slope) * factor, count);
    }
  }
};
