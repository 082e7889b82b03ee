// The recurrent part of LSTM and GRU layers over whole sequences, for a few examples at a time.
//
// What the inputs contribute to the gates is computed before, for all steps at once. A gate's units are extended by
// zeros to whole vectors; zeros stay zeros, and change nothing.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "vectors.h"

// So many examples are computed at once.
constexpr int kExamples = kAccumulators / 2;
constexpr int kColumns = 2 * kLanes;

// A matrix in panels of `kColumns` columns.
class Panels {
 public:
  Panels(int64_t rows, int64_t columns) : rows_(rows), columns_(columns), values_(rows * columns) {}

  float& at(int64_t row, int64_t column) {
    return values_[(column / kColumns * rows_ + row) * kColumns + column % kColumns];
  }

  // Adds left * this to `sums`; both have a row for each example.
  void AddProduct(const float* left, float* sums) const {
    for (int64_t column = 0; column < columns_; column += kColumns) {
      Floats sum[kExamples][2];
#pragma GCC unroll 8
      for (int i = 0; i < kExamples; ++i) {
        sum[i][0] = LoadFloats(sums + i * columns_ + column);
        sum[i][1] = LoadFloats(sums + i * columns_ + column + kLanes);
      }
      const float* right = &values_[column * rows_];
      for (int64_t row = 0; row < rows_; ++row, right += kColumns) {
        const Floats right0 = LoadFloats(right), right1 = LoadFloats(right + kLanes);
#pragma GCC unroll 8
        for (int i = 0; i < kExamples; ++i) {
          sum[i][0] += left[i * rows_ + row] * right0;
          sum[i][1] += left[i * rows_ + row] * right1;
        }
      }
#pragma GCC unroll 8
      for (int i = 0; i < kExamples; ++i) {
        Store(sums + i * columns_ + column, sum[i][0]);
        Store(sums + i * columns_ + column + kLanes, sum[i][1]);
      }
    }
  }

 private:
  const int64_t rows_, columns_;
  std::vector<float> values_;
};

// What LSTM and GRU have in common: `gates` gates of `units` units, of which `kept` values a unit are kept for backward.
struct Recurrence {
  Recurrence(const float* kernel, int64_t steps, int64_t units, int gates)
      : steps(steps), units(units), wide(RoundUp(units, kColumns)), gates(gates), forward(wide, gates * wide),
        backward(gates * wide, wide) {
    for (int64_t row = 0; row < units; ++row)
      for (int gate = 0; gate < gates; ++gate)
        for (int64_t unit = 0; unit < units; ++unit) {
          const float weight = kernel[(row * gates + gate) * units + unit];
          forward.at(row, gate * wide + unit) = weight;
          backward.at(gate * wide + unit, row) = weight;
        }
  }

  // Copies `count` blocks of units of a step of each example, between the tensors and rows of whole vectors.
  void Read(const float* from, int64_t examples, int64_t step, int count, float* to) const {
    for (int64_t i = 0; i < examples; ++i)
      for (int block = 0; block < count; ++block)
        std::copy_n(from + ((i * steps + step) * count + block) * units, units, to + (i * count + block) * wide);
  }
  void Write(const float* from, int64_t examples, int64_t step, int count, float* to) const {
    for (int64_t i = 0; i < examples; ++i)
      for (int block = 0; block < count; ++block)
        std::copy_n(from + (i * count + block) * wide, units, to + ((i * steps + step) * count + block) * units);
  }
  std::vector<float> Rows(int count) const { return std::vector<float>(kExamples * count * wide); }

  const int64_t steps, units, wide;
  const int gates;
  Panels forward, backward;
};

// The gates are those of the input, of forgetting, of the cell and of the output.
struct Lstm {
  // Writes the outputs and the cells of all steps, and the gates as they were applied.
  static void Forward(const Recurrence& r, const float* inputs, int64_t examples, float* outputs, float* cells,
                      float* gates) {
    const int64_t wide = r.wide;
    auto output = r.Rows(1), cell = r.Rows(1), gate = r.Rows(4);
    for (int64_t step = 0; step < r.steps; ++step) {
      r.Read(inputs, examples, step, 4, gate.data());
      r.forward.AddProduct(output.data(), gate.data());
      for (int64_t i = 0; i < kExamples; ++i)
        for (int64_t unit = 0; unit < wide; unit += kLanes) {
          float *g = &gate[4 * i * wide + unit], *c = &cell[i * wide + unit];
          const Floats in = Sigmoid(LoadFloats(g)), forget = Sigmoid(LoadFloats(g + wide));
          const Floats fresh = Tanh(LoadFloats(g + 2 * wide)), out = Sigmoid(LoadFloats(g + 3 * wide));
          const Floats now = forget * LoadFloats(c) + in * fresh;
          Store(g, in), Store(g + wide, forget), Store(g + 2 * wide, fresh), Store(g + 3 * wide, out);
          Store(c, now);
          Store(&output[i * wide + unit], out * Tanh(now));
        }
      r.Write(output.data(), examples, step, 1, outputs);
      r.Write(cell.data(), examples, step, 1, cells);
      r.Write(gate.data(), examples, step, 4, gates);
    }
  }

  // Writes the gradient of the inputs, which is that of the gates.
  static void Backward(const Recurrence& r, const float* upstream, const float* cells, const float* gates,
                       int64_t examples, float* gradient) {
    const int64_t wide = r.wide;
    auto own = r.Rows(1), output = r.Rows(1), cell = r.Rows(1), now = r.Rows(1), before = r.Rows(1), gate = r.Rows(4);
    for (int64_t step = r.steps; step-- > 0;) {
      r.Read(upstream, examples, step, 1, own.data());
      r.Read(cells, examples, step, 1, now.data());
      r.Read(gates, examples, step, 4, gate.data());
      if (step > 0) r.Read(cells, examples, step - 1, 1, before.data());
      else std::fill(before.begin(), before.end(), 0.0f);
      for (int64_t i = 0; i < kExamples; ++i)
        for (int64_t unit = 0; unit < wide; unit += kLanes) {
          float *g = &gate[4 * i * wide + unit], *c = &cell[i * wide + unit];
          const Floats in = LoadFloats(g), forget = LoadFloats(g + wide);
          const Floats fresh = LoadFloats(g + 2 * wide), out = LoadFloats(g + 3 * wide);
          const Floats bent = Tanh(LoadFloats(&now[i * wide + unit]));
          const Floats d_output = LoadFloats(&own[i * wide + unit]) + LoadFloats(&output[i * wide + unit]);
          const Floats d_cell = LoadFloats(c) + d_output * out * (1.0f - bent * bent);
          Store(g, d_cell * fresh * in * (1.0f - in));
          Store(g + wide, d_cell * LoadFloats(&before[i * wide + unit]) * forget * (1.0f - forget));
          Store(g + 2 * wide, d_cell * in * (1.0f - fresh * fresh));
          Store(g + 3 * wide, d_output * bent * out * (1.0f - out));
          Store(c, d_cell * forget);
        }
      r.Write(gate.data(), examples, step, 4, gradient);
      std::fill(output.begin(), output.end(), 0.0f);
      r.backward.AddProduct(gate.data(), output.data());
    }
  }
};

// The gates are those of the update and of the reset, and the candidate; the reset is applied after the product.
struct Gru {
  // Writes the outputs of all steps; of each unit the three gates and the candidate's product before its reset.
  static void Forward(const Recurrence& r, const float* inputs, const float* bias, int64_t examples, float* outputs,
                      float* gates) {
    const int64_t wide = r.wide;
    auto output = r.Rows(1), own = r.Rows(3), inner = r.Rows(3), gate = r.Rows(4);
    for (int64_t step = 0; step < r.steps; ++step) {
      r.Read(inputs, examples, step, 3, own.data());
      for (int64_t i = 0; i < 3 * kExamples; ++i) std::copy_n(bias + i % 3 * r.units, r.units, &inner[i * wide]);
      r.forward.AddProduct(output.data(), inner.data());
      for (int64_t i = 0; i < kExamples; ++i)
        for (int64_t unit = 0; unit < wide; unit += kLanes) {
          const float *x = &own[3 * i * wide + unit], *h = &inner[3 * i * wide + unit];
          float *g = &gate[4 * i * wide + unit], *o = &output[i * wide + unit];
          const Floats update = Sigmoid(LoadFloats(x) + LoadFloats(h));
          const Floats reset = Sigmoid(LoadFloats(x + wide) + LoadFloats(h + wide));
          const Floats product = LoadFloats(h + 2 * wide);
          const Floats fresh = Tanh(LoadFloats(x + 2 * wide) + reset * product);
          Store(g, update), Store(g + wide, reset), Store(g + 2 * wide, fresh), Store(g + 3 * wide, product);
          Store(o, update * LoadFloats(o) + (1.0f - update) * fresh);
        }
      r.Write(output.data(), examples, step, 1, outputs);
      r.Write(gate.data(), examples, step, 4, gates);
    }
  }

  // Writes the gradients of the inputs and of the recurrent products, which differ in the candidate's.
  static void Backward(const Recurrence& r, const float* upstream, const float* outputs, const float* gates,
                       int64_t examples, float* inputs_gradient, float* inner_gradient) {
    const int64_t wide = r.wide;
    auto own = r.Rows(1), output = r.Rows(1), before = r.Rows(1), d_inputs = r.Rows(3), inner = r.Rows(3);
    auto gate = r.Rows(4);
    for (int64_t step = r.steps; step-- > 0;) {
      r.Read(upstream, examples, step, 1, own.data());
      r.Read(gates, examples, step, 4, gate.data());
      if (step > 0) r.Read(outputs, examples, step - 1, 1, before.data());
      else std::fill(before.begin(), before.end(), 0.0f);
      for (int64_t i = 0; i < kExamples; ++i)
        for (int64_t unit = 0; unit < wide; unit += kLanes) {
          const float* g = &gate[4 * i * wide + unit];
          float *x = &d_inputs[3 * i * wide + unit], *h = &inner[3 * i * wide + unit], *o = &output[i * wide + unit];
          const Floats update = LoadFloats(g), reset = LoadFloats(g + wide), fresh = LoadFloats(g + 2 * wide);
          const Floats d_output = LoadFloats(&own[i * wide + unit]) + LoadFloats(o);
          const Floats d_update =
              d_output * (LoadFloats(&before[i * wide + unit]) - fresh) * update * (1.0f - update);
          const Floats d_fresh = d_output * (1.0f - update) * (1.0f - fresh * fresh);
          const Floats d_reset = d_fresh * LoadFloats(g + 3 * wide) * reset * (1.0f - reset);
          Store(x, d_update), Store(x + wide, d_reset), Store(x + 2 * wide, d_fresh);
          Store(h, d_update), Store(h + wide, d_reset), Store(h + 2 * wide, d_fresh * reset);
          Store(o, d_output * update);
        }
      r.Write(d_inputs.data(), examples, step, 3, inputs_gradient);
      r.Write(inner.data(), examples, step, 3, inner_gradient);
      r.backward.AddProduct(inner.data(), output.data());
    }
  }
};
