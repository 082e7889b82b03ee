// The operations of layer normalization.
#pragma once

#include <algorithm>
#include <vector>

#include "kernels.h"
#include "normalization.h"

namespace {

constexpr int64_t kRowsPerPart = 64;

REGISTER_OP("LayerNorm")
    .Input("inputs: float")
    .Input("gamma: float")
    .Input("beta: float")
    .Input("epsilon: float")
    .Output("outputs: float")
    .Output("kept: float");

REGISTER_OP("LayerNormGrad")
    .Input("upstream: float")
    .Input("inputs: float")
    .Input("gamma: float")
    .Input("kept: float")
    .Output("inputs_grad: float")
    .Output("gamma_grad: float")
    .Output("beta_grad: float");

// Calls `work` with the number of a part, and its rows.
template <class Work>
void ForRows(OpKernelContext* context, int64_t rows, int64_t width, const Work& work) {
  InParallel(context, (rows + kRowsPerPart - 1) / kRowsPerPart, kRowsPerPart * (width + 20),
             [&](int64_t begin, int64_t end) {
               for (int64_t part = begin; part < end; ++part)
                 for (int64_t row = part * kRowsPerPart; row < std::min(rows, (part + 1) * kRowsPerPart); ++row)
                   work(part, row);
             });
}

class LayerNormOp : public OpKernel {
 public:
  using OpKernel::OpKernel;

  void Compute(OpKernelContext* context) override {
    const Tensor& inputs = context->input(0);
    const int64_t width = context->input(1).NumElements();
    OP_REQUIRES(context, width > 0 && inputs.dims() > 0 && inputs.dim_size(inputs.dims() - 1) == width &&
                             context->input(2).NumElements() == width,
                errors::InvalidArgument("gamma and beta are of another layer"));
    const int64_t rows = inputs.NumElements() / width;
    float *outputs, *kept;
    OP_REQUIRES_OK(context, NewOutput(context, 0, inputs.shape(), &outputs));
    OP_REQUIRES_OK(context, NewOutput(context, 1, TensorShape({rows, 2}), &kept));
    const LayerNorm norm = {width, Values(context, 1), Values(context, 2)};
    const float *from = Values(context, 0), epsilon = Scalar(context, 3);
    ForRows(context, rows, width, [&](int64_t, int64_t row) {
      norm.Forward(from + row * width, epsilon, outputs + row * width, kept + 2 * row);
    });
  }
};

class LayerNormGradOp : public OpKernel {
 public:
  using OpKernel::OpKernel;

  void Compute(OpKernelContext* context) override {
    const Tensor& inputs = context->input(1);
    const int64_t width = context->input(2).NumElements(), rows = inputs.NumElements() / width;
    OP_REQUIRES(context, context->input(0).shape() == inputs.shape() && context->input(3).NumElements() == 2 * rows,
                errors::InvalidArgument("the gradient is not that of the inputs"));
    float *gradient, *of_gamma, *of_beta;
    OP_REQUIRES_OK(context, NewOutput(context, 0, inputs.shape(), &gradient));
    OP_REQUIRES_OK(context, NewOutput(context, 1, TensorShape({width}), &of_gamma));
    OP_REQUIRES_OK(context, NewOutput(context, 2, TensorShape({width}), &of_beta));
    const LayerNorm norm = {width, Values(context, 2), nullptr};
    const float *upstream = Values(context, 0), *from = Values(context, 1), *kept = Values(context, 3);
    // The sums of each part, added up in order.
    const int64_t parts = (rows + kRowsPerPart - 1) / kRowsPerPart;
    std::vector<float> sums(std::max<int64_t>(1, parts) * 2 * width);
    ForRows(context, rows, 2 * width, [&](int64_t part, int64_t row) {
      const int64_t at = row * width;
      float* own = &sums[part * 2 * width];
      norm.Backward(upstream + at, from + at, kept + 2 * row, gradient + at, own, own + width);
    });
    for (int64_t part = 1; part < parts; ++part)
      for (int64_t i = 0; i < 2 * width; ++i) sums[i] += sums[part * 2 * width + i];
    std::copy_n(sums.data(), width, of_gamma);
    std::copy_n(sums.data() + width, width, of_beta);
  }
};

REGISTER_KERNEL_BUILDER(Name("LayerNorm").Device(DEVICE_CPU), LayerNormOp);
REGISTER_KERNEL_BUILDER(Name("LayerNormGrad").Device(DEVICE_CPU), LayerNormGradOp);

}  // namespace
