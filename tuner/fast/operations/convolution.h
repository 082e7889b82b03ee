// Convolution of images with few channels, ReLU and 2x2 max pooling in one pass: nothing is stored at full resolution.
#pragma once

#include <algorithm>
#include <vector>

#include "vectors.h"

class PooledConvolution {
 public:
  // Filters have `filter_height` x `filter_width` pixels. With `same`, images are padded with zeros as in TensorFlow,
  // so that the convolution keeps their size.
  PooledConvolution(int64_t height, int64_t width, int64_t channels, int64_t filter_height, int64_t filter_width,
                    int64_t filters, bool same)
      : height_(height), width_(width), channels_(channels), filters_(filters), stride_(RoundUp(filters, kLanes)),
        top_(same ? (filter_height - 1) / 2 : 0), left_(same ? (filter_width - 1) / 2 : 0), same_(same),
        padded_height_(height + (same ? filter_height - 1 : 0)), padded_width_(width + (same ? filter_width - 1 : 0)),
        rows_((padded_height_ - filter_height + 1) / 2), columns_((padded_width_ - filter_width + 1) / 2) {
    for (int64_t row = 0; row < filter_height; ++row)
      for (int64_t rest = 0; rest < filter_width * channels; ++rest)
        taps_.push_back(row * padded_width_ * channels + rest);
    for (int64_t place = 0; place < 4; ++place)
      places_[place] = (place / 2 * padded_width_ + place % 2) * channels;
  }

  int64_t rows() const { return rows_; }
  int64_t columns() const { return columns_; }
  int64_t image_size() const { return height_ * width_ * channels_; }
  int64_t pooled_size() const { return rows_ * columns_ * filters_; }
  // The floats in the gradient of a part of a batch: those of the filters, then of the bias, in rows of whole vectors.
  int64_t gradient_size() const { return (RoundUp(taps_.size(), kTaps) + 1) * stride_; }

  // Computes `pooled` for one image, and in `chosen` the place of each value in its window: 0 to 3, or 4 if ReLU is 0.
  void Forward(const float* image, const std::vector<float>& weights, const std::vector<float>& bias, float* pooled,
               uint8_t* chosen) const {
    std::vector<float> border;
    image = Padded(image, border);
    int64_t left = pooled_size();
    for (int64_t row = 0; row < rows_; ++row) {
      for (int64_t column = 0; column < columns_; ++column) {
        const float* window = image + (row * padded_width_ + column) * 2 * channels_;
        for (int64_t filter = 0; filter < stride_; filter += kVectors * kLanes) {
          const float* at = &weights[filter];
          switch (std::min<int64_t>(kVectors, (stride_ - filter) / kLanes)) {
            case 1: Pool<1>(window, at, &bias[filter], pooled + filter, chosen + filter, left - filter); break;
            case 2: Pool<2>(window, at, &bias[filter], pooled + filter, chosen + filter, left - filter); break;
            case 3: Pool<3>(window, at, &bias[filter], pooled + filter, chosen + filter, left - filter); break;
            case 4: Pool<4>(window, at, &bias[filter], pooled + filter, chosen + filter, left - filter); break;
          }
        }
        pooled += filters_, chosen += filters_, left -= filters_;
      }
    }
  }

  // Adds the gradient of one image to `gradient`.
  void Backward(const float* image, const uint8_t* chosen, const float* upstream, float* gradient) const {
    std::vector<float> border;
    image = Padded(image, border);
    float* bias = gradient + gradient_size() - stride_;
    for (int64_t filter = 0; filter < stride_; filter += kLanes) {
      Floats sum = {};
      for (size_t tap = 0; tap < taps_.size(); tap += kTaps)
        sum = Correlate(image, tap, filter, chosen, upstream, gradient + tap * stride_ + filter);
      Store(bias + filter, LoadFloats(bias + filter) + sum);
    }
  }

  // The filters in rows that zeros extend to whole vectors.
  std::vector<float> Widened(const float* weights, int64_t count) const {
    std::vector<float> wide(count * stride_);
    for (int64_t row = 0; row < count; ++row) std::copy_n(weights + row * filters_, filters_, &wide[row * stride_]);
    return wide;
  }
  void Narrow(const float* gradient, float* weights, float* bias) const {
    for (size_t tap = 0; tap < taps_.size(); ++tap)
      std::copy_n(gradient + tap * stride_, filters_, weights + tap * filters_);
    std::copy_n(gradient + gradient_size() - stride_, filters_, bias);
  }

 private:
  static constexpr int kVectors = kAccumulators / 4;
  static constexpr int kTaps = 9;

  const float* Padded(const float* image, std::vector<float>& border) const {
    if (!same_) return image;
    border.assign(padded_height_ * padded_width_ * channels_, 0.0f);
    for (int64_t row = 0; row < height_; ++row)
      std::copy_n(image + row * width_ * channels_, width_ * channels_,
                  &border[((row + top_) * padded_width_ + left_) * channels_]);
    return border.data();
  }

  // Computes the values of a window for `V` vectors of filters, at most `left` floats. A last vector that is not full
  // writes into the next window, whose own values overwrite these later.
  template <int V>
  void Pool(const float* window, const float* weights, const float* bias, float* pooled, uint8_t* chosen,
            int64_t left) const {
    Floats sums[4][V];
#pragma GCC unroll 4
    for (int place = 0; place < 4; ++place)
#pragma GCC unroll 4
      for (int v = 0; v < V; ++v) sums[place][v] = LoadFloats(bias + v * kLanes);
    for (const int64_t tap : taps_) {
      Floats weight[V];
#pragma GCC unroll 4
      for (int v = 0; v < V; ++v) weight[v] = LoadFloats(weights + v * kLanes);
      weights += stride_;
#pragma GCC unroll 4
      for (int place = 0; place < 4; ++place) {
        const float pixel = window[tap + places_[place]];
#pragma GCC unroll 4
        for (int v = 0; v < V; ++v) sums[place][v] += pixel * weight[v];
      }
    }
#pragma GCC unroll 4
    for (int v = 0; v < V; ++v) {
      Floats best = sums[0][v];
      Integers which = {};
#pragma GCC unroll 4
      for (int place = 1; place < 4; ++place) {
        const Integers is_better = sums[place][v] > best;
        best = is_better ? sums[place][v] : best;
        which = is_better ? Integers{} + place : which;
      }
      const Integers is_flat = best <= 0;
      best = is_flat ? Floats{} : best;
      which = is_flat ? Integers{} + 4 : which;
      if (left >= (v + 1) * kLanes) {
        Store(pooled + v * kLanes, best);
        Store(chosen + v * kLanes, which);
      } else {
        for (int64_t lane = 0; lane < left - v * kLanes; ++lane) {
          pooled[v * kLanes + lane] = best[lane];
          chosen[v * kLanes + lane] = which[lane];
        }
      }
    }
  }

  // The upstream gradient of a vector of filters at `from`, and the places that it belongs to. Lanes past the end of
  // the image are zeros. Lanes of other filters have any values, as nothing reads their sums.
  void Read(int64_t from, const uint8_t* chosen, const float* upstream, Floats& values, Integers& which) const {
    if (from + kLanes <= pooled_size()) {
      values = LoadFloats(upstream + from);
      which = LoadBytes(chosen + from);
      return;
    }
    values = Floats{};
    which = Integers{};
    for (int64_t lane = 0; from + lane < pooled_size(); ++lane) {
      values[lane] = upstream[from + lane];
      which[lane] = chosen[from + lane];
    }
  }

  // Adds to the gradient of `kTaps` taps of a vector of filters; returns the gradient of their bias.
  Floats Correlate(const float* image, size_t first, int64_t filter, const uint8_t* chosen, const float* upstream,
                   float* gradient) const {
    int64_t taps[kTaps] = {};  // the sums of those past the last are not read
    std::copy_n(&taps_[first], std::min<size_t>(kTaps, taps_.size() - first), taps);
    Floats sums[kTaps], bias = {}, values;
    Integers which;
#pragma GCC unroll 9
    for (int tap = 0; tap < kTaps; ++tap) sums[tap] = LoadFloats(gradient + tap * stride_);
    int64_t from = filter;
    for (int64_t row = 0; row < rows_; ++row) {
      for (int64_t column = 0; column < columns_; ++column, from += filters_) {
        const float* window = image + (row * padded_width_ + column) * 2 * channels_;
        Read(from, chosen, upstream, values, which);
        bias += which < 4 ? values : Floats{};
#pragma GCC unroll 4
        for (int place = 0; place < 4; ++place) {
          const Floats share = which == place ? values : Floats{};
#pragma GCC unroll 9
          for (int tap = 0; tap < kTaps; ++tap) sums[tap] += window[places_[place] + taps[tap]] * share;
        }
      }
    }
#pragma GCC unroll 9
    for (int tap = 0; tap < kTaps; ++tap) Store(gradient + tap * stride_, sums[tap]);
    return bias;
  }

  const int64_t height_, width_, channels_, filters_, stride_;
  const int64_t top_, left_;
  const bool same_;
  const int64_t padded_height_, padded_width_, rows_, columns_;
  std::vector<int64_t> taps_;  // the offsets of a filter's weights from the first pixel of a window
  int64_t places_[4];          // the offsets of the four convolutions of a window
};
