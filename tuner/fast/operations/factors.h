// The update of a weight matrix whose gradient is a product of two matrices; the whole gradient is never stored.
#pragma once

#include <algorithm>
#include <array>
#include <vector>

#include "vectors.h"

// The gradient transpose(left) * right of a matrix of `inputs` rows and `units` columns, for `batch` examples.
class FactoredGradient {
 public:
  static constexpr int kRows = kAccumulators / 2;

  FactoredGradient(const float* left, const float* right, int64_t batch, int64_t inputs, int64_t units)
      : left_(left), batch_(batch), inputs_(inputs), units_(units), panels_(RoundUp(units, kColumns) * batch) {
    for (int64_t unit = 0; unit < units; unit += kColumns)
      for (int64_t example = 0; example < batch; ++example)
        std::copy_n(right + example * units + unit, std::min<int64_t>(kColumns, units - unit),
                    panels_.data() + unit * batch + example * kColumns);
  }

  int64_t blocks() const { return (inputs_ + kRows - 1) / kRows; }

  // Updates the rows of the blocks from `begin` to `end`. A block's gradient is in the cache when its rows are read.
  template <class Rule>
  void Apply(const Rule& rule, int64_t begin, int64_t end, std::array<float*, Rule::kVariables> variables) const {
    for (float*& variable : variables) variable += begin * kRows * units_;
    std::vector<float> left(batch_ * kRows), gradient(kRows * units_);
    for (int64_t block = begin; block < end; ++block) {
      const int64_t row = block * kRows, rows = std::min<int64_t>(kRows, inputs_ - row);
      for (int64_t example = 0; example < batch_; ++example)
        std::copy_n(left_ + example * inputs_ + row, rows, left.data() + example * kRows);
      for (int64_t unit = 0; unit < units_; unit += kColumns) Multiply(left.data(), unit, gradient.data());
      rule.Update(rows * units_, gradient.data(), variables);
      for (float*& variable : variables) variable += rows * units_;
    }
  }

 private:
  static constexpr int kColumns = 2 * kLanes;

  void Multiply(const float* left, int64_t unit, float* gradient) const {
    Floats sums[kRows][2] = {};
    const float* right = panels_.data() + unit * batch_;
    for (int64_t example = 0; example < batch_; ++example, left += kRows, right += kColumns) {
      const Floats right0 = LoadFloats(right), right1 = LoadFloats(right + kLanes);
#pragma GCC unroll 8
      for (int row = 0; row < kRows; ++row) {
        sums[row][0] += left[row] * right0;
        sums[row][1] += left[row] * right1;
      }
    }
    const int64_t columns = std::min<int64_t>(kColumns, units_ - unit);
    for (int row = 0; row < kRows; ++row) {
      float* to = gradient + row * units_ + unit;
      if (columns == kColumns) {
        Store(to, sums[row][0]);
        Store(to + kLanes, sums[row][1]);
      } else {
        float last[kColumns];
        Store(last, sums[row][0]);
        Store(last + kLanes, sums[row][1]);
        std::copy_n(last, columns, to);
      }
    }
  }

  const float* left_;
  const int64_t batch_, inputs_, units_;
  std::vector<float> panels_;  // the right factor in panels of `kColumns` columns, padded with zeros
};
