// The widest vectors of the machine that compiles this.
#pragma once

#include <algorithm>
#include <cstdint>

#if defined(__AVX512F__)
constexpr int kLanes = 16;
#elif defined(__AVX__)
constexpr int kLanes = 8;
#else
constexpr int kLanes = 4;
#endif
// The number of sums, each a vector, that fit into the registers.
#if defined(__AVX512F__) || defined(__aarch64__)
constexpr int kAccumulators = 16;
#else
constexpr int kAccumulators = 8;
#endif

// Vectors need no more alignment than a float.
typedef float Floats __attribute__((vector_size(4 * kLanes), aligned(4)));
typedef int32_t Integers __attribute__((vector_size(4 * kLanes), aligned(4)));
typedef uint8_t Bytes __attribute__((vector_size(kLanes), aligned(1)));

inline Floats LoadFloats(const float* from) { return *reinterpret_cast<const Floats*>(from); }
inline void Store(float* to, Floats values) { *reinterpret_cast<Floats*>(to) = values; }
inline Integers LoadBytes(const uint8_t* from) {
  return __builtin_convertvector(*reinterpret_cast<const Bytes*>(from), Integers);
}
inline void Store(uint8_t* to, Integers values) {
  *reinterpret_cast<Bytes*>(to) = __builtin_convertvector(values, Bytes);
}

// The first `count` of a vector, which may not be whole; the others are `rest`, or are not stored. Compilers make the
// loops one instruction where there is one.
inline Floats LoadFloats(const float* from, int64_t count, float rest = 0.0f) {
  if (count >= kLanes) return LoadFloats(from);
  Floats values;
  const int32_t last = count;
  for (int32_t lane = 0; lane < kLanes; ++lane) reinterpret_cast<float*>(&values)[lane] = lane < last ? from[lane] : rest;
  return values;
}
inline void Store(float* to, Floats values, int64_t count) {
  if (count >= kLanes) return Store(to, values);
  const int32_t last = count;
  for (int32_t lane = 0; lane < kLanes; ++lane)
    if (lane < last) to[lane] = reinterpret_cast<const float*>(&values)[lane];
}

// Quarters are added first: few additions wait for one another.
typedef float Four __attribute__((vector_size(16), aligned(4)));
inline float Sum(Floats values) {
  const Four* fours = reinterpret_cast<const Four*>(&values);
  Four sum = fours[0];
  for (int i = 1; i < kLanes / 4; ++i) sum += fours[i];
  return (sum[0] + sum[1]) + (sum[2] + sum[3]);
}
inline float Largest(Floats values) {
  const Four* fours = reinterpret_cast<const Four*>(&values);
  Four most = fours[0];
  for (int i = 1; i < kLanes / 4; ++i) most = fours[i] > most ? fours[i] : most;
  return std::max(std::max(most[0], most[1]), std::max(most[2], most[3]));
}

// The largest error of these is some units in the last place, as of those of TensorFlow.
inline Floats Exp(Floats x) {
  x = x > 88.0f ? Floats{} + 88.0f : x;
  x = x < -87.0f ? Floats{} - 87.0f : x;
  const Floats half = x < 0.0f ? Floats{} - 0.5f : Floats{} + 0.5f;
  const Integers power = __builtin_convertvector(x * 1.44269504088896341f + half, Integers);
  const Floats whole = __builtin_convertvector(power, Floats);
  const Floats rest = x - whole * 0.693359375f + whole * 2.12194440e-4f;
  Floats sum = Floats{} + 1.9875691500e-4f;
  sum = sum * rest + 1.3981999507e-3f;
  sum = sum * rest + 8.3334519073e-3f;
  sum = sum * rest + 4.1665795894e-2f;
  sum = sum * rest + 1.6666665459e-1f;
  sum = sum * rest + 5.0000001201e-1f;
  const Integers bits = (power + 127) << 23;
  return (sum * rest * rest + rest + 1.0f) * reinterpret_cast<const Floats&>(bits);
}
inline Floats Sigmoid(Floats x) { return 1.0f / (1.0f + Exp(-x)); }
inline Floats Tanh(Floats x) {
  const Floats square = x * x;
  Floats sum = Floats{} - 5.70498872745e-3f;
  sum = sum * square + 2.06390887954e-2f;
  sum = sum * square - 5.37397155531e-2f;
  sum = sum * square + 1.33314422036e-1f;
  sum = sum * square - 3.33332819422e-1f;
  const Floats small = sum * square * x + x;
  const Floats large = 1.0f - 2.0f / (Exp(2.0f * x) + 1.0f);
  return square < 0.390625f ? small : large;
}

inline int64_t RoundUp(int64_t count, int64_t multiple) { return (count + multiple - 1) / multiple * multiple; }
