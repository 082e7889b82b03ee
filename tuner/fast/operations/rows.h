// The update of a table whose gradient is a list of rows, as an embedding's is; the whole gradient is never stored.
#pragma once

#include <algorithm>
#include <array>
#include <vector>

#include "rules.h"

class RowsOfGradient {
 public:
  // Rows of the table that a number less than 0 or too large names do not exist, and are left out.
  RowsOfGradient(const int64_t* numbers, const float* values, int64_t count, int64_t rows, int64_t units)
      : values_(values), rows_(rows), units_(units), first_(rows + 1), order_(count) {
    for (int64_t i = 0; i < count; ++i)
      if (IsRow(numbers[i])) ++first_[numbers[i] + 1];
    for (int64_t row = 0; row < rows; ++row) first_[row + 1] += first_[row];
    std::vector<int64_t> next(first_.begin(), first_.end() - 1);
    for (int64_t i = 0; i < count; ++i)
      if (IsRow(numbers[i])) order_[next[numbers[i]]++] = i;
  }

  // Updates the rows of the table from `begin` to `end`.
  void Apply(const Adam& adam, int64_t begin, int64_t end, std::array<float*, 3> variables) const {
    std::vector<float> sums(units_), squares(units_);
    for (float*& variable : variables) variable += begin * units_;
    bool is_zero = true;
    for (int64_t row = begin; row < end; ++row) {
      if (!is_zero) std::fill(sums.begin(), sums.end(), 0.0f), std::fill(squares.begin(), squares.end(), 0.0f);
      is_zero = first_[row] == first_[row + 1];
      for (int64_t at = first_[row]; at < first_[row + 1]; ++at) {
        const float* value = values_ + order_[at] * units_;
        for (int64_t unit = 0; unit < units_; ++unit) {
          sums[unit] += value[unit];
          squares[unit] += value[unit] * value[unit];
        }
      }
      adam.Update(units_, sums.data(), squares.data(), variables);
      for (float*& variable : variables) variable += units_;
    }
  }

 private:
  bool IsRow(int64_t number) const { return number >= 0 && number < rows_; }

  const float* values_;
  const int64_t rows_, units_;
  std::vector<int64_t> first_, order_;  // of each row of the table, the first of its place in the order of the gradient's
};
