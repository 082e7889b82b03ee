// The TensorFlow operations. Arithmetic is in adam.h and convolution.h.
#include <array>
#include <functional>
#include <memory>

#include "adam.h"
#include "convolution.h"
#include "tensorflow/core/framework/op.h"
#include "tensorflow/core/framework/op_kernel.h"
#include "tensorflow/core/framework/resource_mgr.h"
#include "tensorflow/core/framework/resource_var.h"

namespace {

using namespace tensorflow;

constexpr int64_t kImagesPerPart = 8;

REGISTER_OP("AdamByFactors")
    .Input("weight: resource")
    .Input("moment1: resource")
    .Input("moment2: resource")
    .Input("step_size: float")
    .Input("beta1: float")
    .Input("beta2: float")
    .Input("epsilon: float")
    .Input("left: float")
    .Input("right: float")
    .SetIsStateful();

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

// `count`, the number of parts of the work, does not depend on the number of threads, and so neither do the results.
void InParallel(OpKernelContext* context, int64_t count, int64_t cycles, std::function<void(int64_t, int64_t)> work) {
  context->device()->tensorflow_cpu_worker_threads()->workers->ParallelFor(count, cycles, std::move(work));
}

const float* Values(OpKernelContext* context, int input) { return context->input(input).flat<float>().data(); }
float Scalar(OpKernelContext* context, int input) { return context->input(input).scalar<float>()(); }

// The weights and their moments, locked against other threads. A tensor that something else still holds is copied
// before it is written to.
class LockedVariables {
 public:
  Status Open(OpKernelContext* context, int64_t size) {
    std::array<mutex*, 3> locks;
    for (int i = 0; i < 3; ++i) {
      TF_RETURN_IF_ERROR(LookupResource(context, HandleFromInput(context, i), &variables_[i]));
      locks[i] = variables_[i]->mu();
    }
    // Always locked in the same order, so that two threads never wait for each other.
    std::sort(locks.begin(), locks.end());
    for (int i = 0; i < 3; ++i) locks_[i] = std::make_unique<mutex_lock>(*locks[i]);
    for (int i = 0; i < 3; ++i) {
      Tensor* tensor = variables_[i]->tensor();
      if (tensor->NumElements() != size) return errors::InvalidArgument("the factors are not those of the variable");
      if (tensor->RefCountIsOne()) continue;
      Tensor copy;
      TF_RETURN_IF_ERROR(context->allocate_temp(DT_FLOAT, tensor->shape(), &copy));
      std::copy_n(tensor->flat<float>().data(), size, copy.flat<float>().data());
      *tensor = copy;
    }
    return OkStatus();
  }

  float* values(int i) { return variables_[i]->tensor()->flat<float>().data(); }

 private:
  core::RefCountPtr<Var> variables_[3];
  std::unique_ptr<mutex_lock> locks_[3];  // released before the variables are
};

class AdamByFactorsOp : public OpKernel {
 public:
  using OpKernel::OpKernel;

  void Compute(OpKernelContext* context) override {
    const Tensor& left = context->input(7);
    const Tensor& right = context->input(8);
    const int64_t batch = left.dim_size(0), inputs = left.dim_size(1), units = right.dim_size(1);
    OP_REQUIRES(context, batch == right.dim_size(0), errors::InvalidArgument("the factors are of other batches"));
    LockedVariables variables;
    OP_REQUIRES_OK(context, variables.Open(context, inputs * units));
    float *weight = variables.values(0), *moment1 = variables.values(1), *moment2 = variables.values(2);
    const Adam adam{Scalar(context, 3), Scalar(context, 4), Scalar(context, 5), Scalar(context, 6)};
    const FactoredGradient gradient(Values(context, 7), Values(context, 8), batch, inputs, units);
    InParallel(context, gradient.blocks(), FactoredGradient::kRows * units * (batch + 20),
               [&](int64_t begin, int64_t end) { gradient.Apply(adam, begin, end, weight, moment1, moment2); });
  }
};

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

REGISTER_KERNEL_BUILDER(Name("AdamByFactors").Device(DEVICE_CPU), AdamByFactorsOp);
REGISTER_KERNEL_BUILDER(Name("PooledConvolution").Device(DEVICE_CPU), PooledConvolutionOp);
REGISTER_KERNEL_BUILDER(Name("PooledConvolutionGrad").Device(DEVICE_CPU), PooledConvolutionGradOp);

}  // namespace
