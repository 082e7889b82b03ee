// The rules by which optimizers update weights. Each reads and writes a weight and the optimizer's variables of it, and
// first lets the weight decay by a share of itself.
#pragma once

#include <array>
#include <cmath>
#include <cstdint>

struct Adam {
  static constexpr int kVariables = 3, kNumbers = 5;

  float step_size;  // the learning rate, corrected for both moments' bias
  float beta1, beta2, epsilon, decay;

  // Keras gives the squares apart where a gradient is a sum of rows: it adds up the squares of these.
  void Update(int64_t count, const float* gradient, const float* squares, const std::array<float*, 3>& variables) const {
    float *__restrict weight = variables[0], *__restrict moment1 = variables[1], *__restrict moment2 = variables[2];
    for (int64_t i = 0; i < count; ++i) {
      moment1[i] += (gradient[i] - moment1[i]) * (1 - beta1);
      moment2[i] += (squares[i] - moment2[i]) * (1 - beta2);
      weight[i] -= weight[i] * decay;
      weight[i] -= step_size * moment1[i] / (std::sqrt(moment2[i]) + epsilon);
    }
  }

  void Update(int64_t count, const float* gradient, const std::array<float*, 3>& variables) const {
    float *__restrict weight = variables[0], *__restrict moment1 = variables[1], *__restrict moment2 = variables[2];
    for (int64_t i = 0; i < count; ++i) {
      moment1[i] += (gradient[i] - moment1[i]) * (1 - beta1);
      moment2[i] += (gradient[i] * gradient[i] - moment2[i]) * (1 - beta2);
      weight[i] -= weight[i] * decay;
      weight[i] -= step_size * moment1[i] / (std::sqrt(moment2[i]) + epsilon);
    }
  }
};

struct Descent {
  static constexpr int kVariables = 1, kNumbers = 2;

  float rate, decay;

  void Update(int64_t count, const float* gradient, const std::array<float*, 1>& variables) const {
    float* __restrict weight = variables[0];
    for (int64_t i = 0; i < count; ++i) {
      weight[i] -= weight[i] * decay;
      weight[i] -= gradient[i] * rate;
    }
  }
};

template <bool nesterov>
struct Momentum {
  static constexpr int kVariables = 2, kNumbers = 3;

  float rate, momentum, decay;

  void Update(int64_t count, const float* gradient, const std::array<float*, 2>& variables) const {
    float *__restrict weight = variables[0], *__restrict velocity = variables[1];
    for (int64_t i = 0; i < count; ++i) {
      velocity[i] = velocity[i] * momentum - gradient[i] * rate;
      weight[i] -= weight[i] * decay;
      weight[i] += nesterov ? velocity[i] * momentum - gradient[i] * rate : velocity[i];
    }
  }
};

struct Rmsprop {
  static constexpr int kVariables = 2, kNumbers = 4;

  float rate, rho, epsilon, decay;

  void Update(int64_t count, const float* gradient, const std::array<float*, 2>& variables) const {
    float *__restrict weight = variables[0], *__restrict velocity = variables[1];
    for (int64_t i = 0; i < count; ++i) {
      velocity[i] = rho * velocity[i] + (1 - rho) * (gradient[i] * gradient[i]);
      weight[i] -= weight[i] * decay;
      weight[i] -= rate * gradient[i] / std::sqrt(velocity[i] + epsilon);
    }
  }
};
