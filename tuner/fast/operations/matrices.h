// Products of small matrices in the cache.
//
// Matrices are copied to rows of whole vectors and extended by zeros; zeros change nothing.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "vectors.h"

constexpr int kProductRows = kAccumulators / 2;  // so many rows are computed at once

// A matrix in rows of whole vectors; there are zeros beside and below it, so many that a product may read and write
// whole groups of its rows and columns.
struct Padded {
  Padded(int64_t rows, int64_t columns)
      : wide(RoundUp(columns, kLanes)),
        values(RoundUp(rows, std::max<int64_t>(kProductRows, kLanes)) * wide + kProductRows) {}

  static Padded Copy(const float* from, int64_t rows, int64_t columns, int64_t stride) {
    Padded matrix(rows, columns);
    for (int64_t row = 0; row < rows; ++row) std::copy_n(from + row * stride, columns, matrix.row(row));
    return matrix;
  }
  static Padded Transposed(const float* from, int64_t rows, int64_t columns, int64_t stride) {
    Padded matrix(columns, rows);
    for (int64_t row = 0; row < rows; ++row)
      for (int64_t column = 0; column < columns; ++column) matrix.row(column)[row] = from[row * stride + column];
    return matrix;
  }

  float* row(int64_t row) { return values.data() + row * wide; }
  const float* row(int64_t row) const { return values.data() + row * wide; }

  const int64_t wide;
  std::vector<float> values;
};

// A view of a left factor: `down` and `along` lead to the next row and the next column.
struct Left {
  const float* values;
  int64_t down, along;
};

template <int V>
void AddColumns(Left left, int64_t inner, const float* right, int64_t wide, float* sums) {
  Floats sum[kProductRows][V];
#pragma GCC unroll 8
  for (int row = 0; row < kProductRows; ++row)
#pragma GCC unroll 2
    for (int v = 0; v < V; ++v) sum[row][v] = LoadFloats(sums + row * wide + v * kLanes);
  for (int64_t i = 0; i < inner; ++i, left.values += left.along, right += wide) {
    Floats rights[V];
#pragma GCC unroll 2
    for (int v = 0; v < V; ++v) rights[v] = LoadFloats(right + v * kLanes);
#pragma GCC unroll 8
    for (int row = 0; row < kProductRows; ++row)
#pragma GCC unroll 2
      for (int v = 0; v < V; ++v) sum[row][v] += left.values[row * left.down] * rights[v];
  }
#pragma GCC unroll 8
  for (int row = 0; row < kProductRows; ++row)
#pragma GCC unroll 2
    for (int v = 0; v < V; ++v) Store(sums + row * wide + v * kLanes, sum[row][v]);
}

// Adds left * right to `rows` rows of `sums`, which are as wide as those of `right`, and to the rest of the last rows
// that are computed at once.
inline void AddProduct(Left left, int64_t rows, int64_t inner, const float* right, int64_t wide, float* sums) {
  for (int64_t row = 0; row < rows; row += kProductRows) {
    const Left from = {left.values + row * left.down, left.down, left.along};
    int64_t column = 0;
    for (; column + 2 * kLanes <= wide; column += 2 * kLanes)
      AddColumns<2>(from, inner, right + column, wide, sums + row * wide + column);
    if (column < wide) AddColumns<1>(from, inner, right + column, wide, sums + row * wide + column);
  }
}
