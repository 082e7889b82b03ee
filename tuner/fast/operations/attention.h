// Dot-product attention of one head of one example: softmax(scale * queries * transpose(keys)) * values.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>

#include "matrices.h"

constexpr int kAttentionBlock = 64;  // the gradient of so many rows of the scores is kept

// The sizes of a head, and the distances of the tokens of one head.
struct Attention {
  int64_t queries, keys, size, value_size, heads;
  float scale;

  int64_t wide() const { return RoundUp(keys, kLanes); }

  // Keeps the probabilities, in rows of `wide()`.
  void Forward(const float* query, const float* key, const float* value, float* outputs, float* probabilities) const {
    const Padded q = Padded::Copy(query, queries, size, heads * size);
    const Padded k = Padded::Transposed(key, keys, size, heads * size);
    const Padded v = Padded::Copy(value, keys, value_size, heads * value_size);
    Padded scores(kProductRows, keys), sums(kProductRows, value_size);
    for (int64_t row = 0; row < queries; row += kProductRows) {
      const int64_t count = std::min<int64_t>(kProductRows, queries - row);
      std::fill(scores.values.begin(), scores.values.end(), 0.0f);
      std::fill(sums.values.begin(), sums.values.end(), 0.0f);
      AddProduct({q.row(row), q.wide, 1}, count, size, k.row(0), k.wide, scores.row(0));
      for (int64_t i = 0; i < count; ++i) Softmax(scores.row(i));
      AddProduct({scores.row(0), scores.wide, 1}, count, keys, v.row(0), v.wide, sums.row(0));
      std::copy_n(scores.row(0), count * scores.wide, probabilities + row * scores.wide);
      for (int64_t i = 0; i < count; ++i)
        std::copy_n(sums.row(i), value_size, outputs + (row + i) * heads * value_size);
    }
  }

  void Backward(const float* upstream, const float* query, const float* key, const float* value,
                const float* probabilities, float* of_query, float* of_key, float* of_value) const {
    const Padded above = Padded::Copy(upstream, queries, value_size, heads * value_size);
    const Padded q = Padded::Copy(query, queries, size, heads * size);
    const Padded k = Padded::Copy(key, keys, size, heads * size);
    const Padded v = Padded::Transposed(value, keys, value_size, heads * value_size);
    Padded d_q(queries, size), d_k(keys, size), d_v(keys, value_size), p(kAttentionBlock, keys),
        d_scores(kAttentionBlock, keys);
    for (int64_t row = 0; row < queries; row += kAttentionBlock) {
      const int64_t count = std::min<int64_t>(kAttentionBlock, queries - row);
      std::copy_n(probabilities + row * p.wide, count * p.wide, p.row(0));
      std::fill(d_scores.values.begin(), d_scores.values.end(), 0.0f);
      AddProduct({above.row(row), above.wide, 1}, count, value_size, v.row(0), v.wide, d_scores.row(0));
      for (int64_t i = 0; i < count; ++i) SoftmaxGradient(p.row(i), d_scores.row(i));
      AddProduct({d_scores.row(0), d_scores.wide, 1}, count, keys, k.row(0), k.wide, d_q.row(row));
      AddProduct({d_scores.row(0), 1, d_scores.wide}, keys, count, q.row(row), q.wide, d_k.row(0));
      AddProduct({p.row(0), 1, p.wide}, keys, count, above.row(row), above.wide, d_v.row(0));
    }
    for (int64_t i = 0; i < queries; ++i) std::copy_n(d_q.row(i), size, of_query + i * heads * size);
    for (int64_t i = 0; i < keys; ++i) std::copy_n(d_k.row(i), size, of_key + i * heads * size);
    for (int64_t i = 0; i < keys; ++i) std::copy_n(d_v.row(i), value_size, of_value + i * heads * value_size);
  }

 private:
  void Softmax(float* scores) const {
    if (keys == 0) return;
    std::fill(scores + keys, scores + wide(), -std::numeric_limits<float>::infinity());
    Floats most = LoadFloats(scores);
    for (int64_t i = 0; i < keys; i += kLanes) {
      const Floats scaled = LoadFloats(scores + i) * scale;
      most = i == 0 || scaled > most ? scaled : most;
      Store(scores + i, scaled);
    }
    const float largest = Largest(most);
    for (int64_t i = 0; i < keys; i += kLanes) Store(scores + i, Exp(LoadFloats(scores + i) - largest));
    std::fill(scores + keys, scores + wide(), 0.0f);
    Floats sum = {};
    for (int64_t i = 0; i < keys; i += kLanes) sum += LoadFloats(scores + i);
    const float factor = 1.0f / Sum(sum);
    for (int64_t i = 0; i < keys; i += kLanes) Store(scores + i, LoadFloats(scores + i) * factor);
  }

  // From the gradient of the probabilities of a row to that of its products, in place.
  void SoftmaxGradient(const float* probabilities, float* gradient) const {
    Floats sum = {};
    for (int64_t i = 0; i < keys; i += kLanes) sum += LoadFloats(probabilities + i) * LoadFloats(gradient + i);
    const float average = Sum(sum);
    for (int64_t i = 0; i < keys; i += kLanes)
      Store(gradient + i, LoadFloats(probabilities + i) * (LoadFloats(gradient + i) - average) * scale);
  }
};
