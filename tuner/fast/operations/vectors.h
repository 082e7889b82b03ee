// The widest vectors of the machine that compiles this.
#pragma once

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

inline int64_t RoundUp(int64_t count, int64_t multiple) { return (count + multiple - 1) / multiple * multiple; }
