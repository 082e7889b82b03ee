// The operations of LSTM and GRU layers.
#pragma once

#include "kernels.h"
#include "recurrence.h"

namespace {

REGISTER_OP("Lstm")
    .Input("inputs: float")
    .Input("kernel: float")
    .Output("outputs: float")
    .Output("cells: float")
    .Output("gates: float");

REGISTER_OP("LstmGrad")
    .Input("upstream: float")
    .Input("kernel: float")
    .Input("cells: float")
    .Input("gates: float")
    .Output("inputs_grad: float");

REGISTER_OP("Gru")
    .Input("inputs: float")
    .Input("kernel: float")
    .Input("bias: float")
    .Output("outputs: float")
    .Output("gates: float");

REGISTER_OP("GruGrad")
    .Input("upstream: float")
    .Input("kernel: float")
    .Input("outputs: float")
    .Input("gates: float")
    .Output("inputs_grad: float")
    .Output("inner_grad: float");

// The tensors have a row for each example, and in it one for each step.
template <int gates>
class RecurrentKernel : public OpKernel {
 public:
  using OpKernel::OpKernel;

  void Compute(OpKernelContext* context) override {
    const Tensor& first = context->input(0);
    const int64_t units = context->input(1).dim_size(0);
    OP_REQUIRES(context, first.dims() == 3 && context->input(1).dim_size(1) == gates * units,
                errors::InvalidArgument("the kernel is of another layer"));
    const int64_t batch = first.dim_size(0), steps = first.dim_size(1);
    const Recurrence recurrence(Values(context, 1), steps, units, gates);
    Run(context, recurrence, batch);
  }

 protected:
  virtual void Run(OpKernelContext* context, const Recurrence& recurrence, int64_t batch) = 0;

  static TensorShape Shape(const Recurrence& r, int64_t batch, int count) {
    return TensorShape({batch, r.steps, count * r.units});
  }

  // Calls `work` with the first of `kExamples` examples and their number.
  static void ForExamples(OpKernelContext* context, const Recurrence& r, int64_t batch,
                          const std::function<void(int64_t, int64_t)>& work) {
    const int64_t cycles = kExamples * r.steps * r.units * gates * (r.units / 4 + 20);
    InParallel(context, (batch + kExamples - 1) / kExamples, cycles, [&](int64_t begin, int64_t end) {
      for (int64_t part = begin; part < end; ++part)
        work(part * kExamples, std::min<int64_t>(kExamples, batch - part * kExamples));
    });
  }
};

class LstmOp : public RecurrentKernel<4> {
 public:
  using RecurrentKernel<4>::RecurrentKernel;

  void Run(OpKernelContext* context, const Recurrence& r, int64_t batch) override {
    float *outputs, *cells, *gates;
    OP_REQUIRES_OK(context, NewOutput(context, 0, Shape(r, batch, 1), &outputs));
    OP_REQUIRES_OK(context, NewOutput(context, 1, Shape(r, batch, 1), &cells));
    OP_REQUIRES_OK(context, NewOutput(context, 2, Shape(r, batch, 4), &gates));
    const float* inputs = Values(context, 0);
    const int64_t size = r.steps * r.units;
    ForExamples(context, r, batch, [&](int64_t first, int64_t count) {
      const int64_t at = first * size;
      Lstm::Forward(r, inputs + 4 * at, count, outputs + at, cells + at, gates + 4 * at);
    });
  }
};

class LstmGradOp : public RecurrentKernel<4> {
 public:
  using RecurrentKernel<4>::RecurrentKernel;

  void Run(OpKernelContext* context, const Recurrence& r, int64_t batch) override {
    float* gradient;
    OP_REQUIRES_OK(context, NewOutput(context, 0, Shape(r, batch, 4), &gradient));
    const float *upstream = Values(context, 0), *cells = Values(context, 2), *gates = Values(context, 3);
    const int64_t size = r.steps * r.units;
    ForExamples(context, r, batch, [&](int64_t first, int64_t count) {
      const int64_t at = first * size;
      Lstm::Backward(r, upstream + at, cells + at, gates + 4 * at, count, gradient + 4 * at);
    });
  }
};

class GruOp : public RecurrentKernel<3> {
 public:
  using RecurrentKernel<3>::RecurrentKernel;

  void Run(OpKernelContext* context, const Recurrence& r, int64_t batch) override {
    float *outputs, *gates;
    OP_REQUIRES_OK(context, NewOutput(context, 0, Shape(r, batch, 1), &outputs));
    OP_REQUIRES_OK(context, NewOutput(context, 1, Shape(r, batch, 4), &gates));
    const float *inputs = Values(context, 0), *bias = Values(context, 2);
    const int64_t size = r.steps * r.units;
    ForExamples(context, r, batch, [&](int64_t first, int64_t count) {
      const int64_t at = first * size;
      Gru::Forward(r, inputs + 3 * at, bias, count, outputs + at, gates + 4 * at);
    });
  }
};

class GruGradOp : public RecurrentKernel<3> {
 public:
  using RecurrentKernel<3>::RecurrentKernel;

  void Run(OpKernelContext* context, const Recurrence& r, int64_t batch) override {
    float *inputs_gradient, *inner_gradient;
    OP_REQUIRES_OK(context, NewOutput(context, 0, Shape(r, batch, 3), &inputs_gradient));
    OP_REQUIRES_OK(context, NewOutput(context, 1, Shape(r, batch, 3), &inner_gradient));
    const float *upstream = Values(context, 0), *outputs = Values(context, 2), *gates = Values(context, 3);
    const int64_t size = r.steps * r.units;
    ForExamples(context, r, batch, [&](int64_t first, int64_t count) {
      const int64_t at = first * size;
      Gru::Backward(r, upstream + at, outputs + at, gates + 4 * at, count, inputs_gradient + 3 * at,
                    inner_gradient + 3 * at);
    });
  }
};

REGISTER_KERNEL_BUILDER(Name("Lstm").Device(DEVICE_CPU), LstmOp);
REGISTER_KERNEL_BUILDER(Name("LstmGrad").Device(DEVICE_CPU), LstmGradOp);
REGISTER_KERNEL_BUILDER(Name("Gru").Device(DEVICE_CPU), GruOp);
REGISTER_KERNEL_BUILDER(Name("GruGrad").Device(DEVICE_CPU), GruGradOp);

}  // namespace
