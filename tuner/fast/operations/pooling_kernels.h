// The operations of a convolution with ReLU and 2x2 max pooling.
#pragma once

#include "convolution.h"
#include "kernels.h"

namespace {

constexpr int64_t kImagesPerPart = 8;

REGISTER_OP("PooledConvolution")
    .Input("images: float")
    .Input("filters: float")
    .Input("bias: float")
    .Attr("same: bool")
    .Output("pooled: float")
    .Output("chosen: uint8");

REGISTER_OP("PooledConvolutionGrad")
    .Input("images: float")
    .Input("filters: float")
    .Input("chosen: uint8")
    .Input("upstream: float")
    .Attr("same: bool")
    .Output("filters_grad: float")
    .Output("bias_grad: float");

PooledConvolution Geometry(const Tensor& images, const Tensor& filters, bool same) {
  return PooledConvolution(images.dim_size(1), images.dim_size(2), images.dim_size(3), filters.dim_size(0),
                           filters.dim_size(1), filters.dim_size(3), same);
}

class PooledConvolutionOp : public OpKernel {
 public:
  explicit PooledConvolutionOp(OpKernelConstruction* context) : OpKernel(context) {
    OP_REQUIRES_OK(context, context->GetAttr("same", &same_));
  }

  void Compute(OpKernelContext* context) override {
    const Tensor& images = context->input(0);
    const Tensor& filters = context->input(1);
    const PooledConvolution convolution = Geometry(images, filters, same_);
    OP_REQUIRES(context, context->input(2).NumElements() == filters.dim_size(3),
                errors::InvalidArgument("there must be a bias for each filter"));
    const TensorShape shape({images.dim_size(0), convolution.rows(), convolution.columns(), filters.dim_size(3)});
    Tensor *pooled, *chosen;
    OP_REQUIRES_OK(context, context->allocate_output(0, shape, &pooled));
    OP_REQUIRES_OK(context, context->allocate_output(1, shape, &chosen));
    const auto weights = convolution.Widened(Values(context, 1), filters.NumElements() / filters.dim_size(3));
    const auto bias = convolution.Widened(Values(context, 2), 1);
    const float* from = Values(context, 0);
    float* to = pooled->flat<float>().data();
    uint8_t* which = chosen->flat<uint8_t>().data();
    const int64_t size = convolution.pooled_size();
    InParallel(context, images.dim_size(0), size * weights.size() / 10, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i)
        convolution.Forward(from + i * convolution.image_size(), weights, bias, to + i * size, which + i * size);
    });
  }

 private:
  bool same_;
};

class PooledConvolutionGradOp : public OpKernel {
 public:
  explicit PooledConvolutionGradOp(OpKernelConstruction* context) : OpKernel(context) {
    OP_REQUIRES_OK(context, context->GetAttr("same", &same_));
  }

  void Compute(OpKernelContext* context) override {
    const Tensor& images = context->input(0);
    const Tensor& filters = context->input(1);
    const PooledConvolution convolution = Geometry(images, filters, same_);
    Tensor *filters_grad, *bias_grad;
    OP_REQUIRES_OK(context, context->allocate_output(0, filters.shape(), &filters_grad));
    OP_REQUIRES_OK(context, context->allocate_output(1, TensorShape({filters.dim_size(3)}), &bias_grad));
    const int64_t count = images.dim_size(0), parts = (count + kImagesPerPart - 1) / kImagesPerPart;
    const int64_t width = convolution.gradient_size(), size = convolution.pooled_size();
    std::vector<float> gradient(std::max<int64_t>(1, parts) * width);
    const float *from = Values(context, 0), *upstream = Values(context, 3);
    const uint8_t* chosen = context->input(2).flat<uint8_t>().data();
    InParallel(context, parts, kImagesPerPart * size * 20, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin * kImagesPerPart; i < std::min(count, end * kImagesPerPart); ++i)
        convolution.Backward(from + i * convolution.image_size(), chosen + i * size, upstream + i * size,
                             &gradient[i / kImagesPerPart * width]);
    });
    for (int64_t part = 1; part < parts; ++part)
      for (int64_t i = 0; i < width; ++i) gradient[i] += gradient[part * width + i];
    convolution.Narrow(gradient.data(), filters_grad->flat<float>().data(), bias_grad->flat<float>().data());
  }

 private:
  bool same_;
};

REGISTER_KERNEL_BUILDER(Name("PooledConvolution").Device(DEVICE_CPU), PooledConvolutionOp);
REGISTER_KERNEL_BUILDER(Name("PooledConvolutionGrad").Device(DEVICE_CPU), PooledConvolutionGradOp);

}  // namespace
