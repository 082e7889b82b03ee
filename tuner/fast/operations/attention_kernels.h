// The operations of attention.
#pragma once

#include "attention.h"
#include "kernels.h"

namespace {

// Queries, keys and values have a row for each example, in it one for each token, and in it one for each head.
REGISTER_OP("Attention")
    .Input("query: float")
    .Input("key: float")
    .Input("value: float")
    .Input("scale: float")
    .Output("outputs: float")
    .Output("probabilities: float");

REGISTER_OP("AttentionGrad")
    .Input("query: float")
    .Input("key: float")
    .Input("value: float")
    .Input("scale: float")
    .Input("probabilities: float")
    .Input("upstream: float")
    .Output("query_grad: float")
    .Output("key_grad: float")
    .Output("value_grad: float");

class AttentionKernel : public OpKernel {
 public:
  using OpKernel::OpKernel;

  void Compute(OpKernelContext* context) override {
    const TensorShape &query = context->input(0).shape(), &key = context->input(1).shape(),
                      &value = context->input(2).shape();
    OP_REQUIRES(context, query.dims() == 4 && key.dims() == 4 && value.dims() == 4,
                errors::InvalidArgument("queries, keys and values have four dimensions"));
    for (int i : {0, 2})
      OP_REQUIRES(context, query.dim_size(i) == key.dim_size(i) && key.dim_size(i) == value.dim_size(i),
                  errors::InvalidArgument("queries, keys and values are of other batches or heads"));
    OP_REQUIRES(context, key.dim_size(1) == value.dim_size(1) && query.dim_size(3) == key.dim_size(3),
                errors::InvalidArgument("the keys fit neither the queries nor the values"));
    const Attention attention = {query.dim_size(1), key.dim_size(1),   query.dim_size(3),
                                 value.dim_size(3), query.dim_size(2), Scalar(context, 3)};
    Run(context, attention, query.dim_size(0));
  }

 protected:
  virtual void Run(OpKernelContext* context, const Attention& attention, int64_t batch) = 0;

  // Calls `work` with the numbers of an example and of a head.
  static void ForHeads(OpKernelContext* context, const Attention& a, int64_t batch,
                       const std::function<void(int64_t, int64_t)>& work) {
    InParallel(context, batch * a.heads, a.queries * a.keys * (a.size + a.value_size + 20),
               [&](int64_t begin, int64_t end) {
                 for (int64_t i = begin; i < end; ++i) work(i / a.heads, i % a.heads);
               });
  }
};

class AttentionOp : public AttentionKernel {
 public:
  using AttentionKernel::AttentionKernel;

  void Run(OpKernelContext* context, const Attention& a, int64_t batch) override {
    float *outputs, *probabilities;
    OP_REQUIRES_OK(context, NewOutput(context, 0, TensorShape({batch, a.queries, a.heads, a.value_size}), &outputs));
    OP_REQUIRES_OK(context,
                   NewOutput(context, 1, TensorShape({batch, a.heads, a.queries, a.wide()}), &probabilities));
    const float *query = Values(context, 0), *key = Values(context, 1), *value = Values(context, 2);
    ForHeads(context, a, batch, [&](int64_t example, int64_t head) {
      const int64_t of_queries = example * a.queries * a.heads + head, of_keys = example * a.keys * a.heads + head;
      a.Forward(query + of_queries * a.size, key + of_keys * a.size, value + of_keys * a.value_size,
                outputs + of_queries * a.value_size,
                probabilities + (example * a.heads + head) * a.queries * a.wide());
    });
  }
};

class AttentionGradOp : public AttentionKernel {
 public:
  using AttentionKernel::AttentionKernel;

  void Run(OpKernelContext* context, const Attention& a, int64_t batch) override {
    float* gradients[3];
    for (int i = 0; i < 3; ++i)
      OP_REQUIRES_OK(context, NewOutput(context, i, context->input(i).shape(), &gradients[i]));
    OP_REQUIRES(context, context->input(4).NumElements() == batch * a.heads * a.queries * a.wide() &&
                             context->input(5).NumElements() == batch * a.heads * a.queries * a.value_size,
                errors::InvalidArgument("the gradient is not that of the outputs"));
    const float *query = Values(context, 0), *key = Values(context, 1), *value = Values(context, 2);
    const float *probabilities = Values(context, 4), *upstream = Values(context, 5);
    ForHeads(context, a, batch, [&](int64_t example, int64_t head) {
      const int64_t of_queries = example * a.queries * a.heads + head, of_keys = example * a.keys * a.heads + head;
      a.Backward(upstream + of_queries * a.value_size, query + of_queries * a.size, key + of_keys * a.size,
                 value + of_keys * a.value_size, probabilities + (example * a.heads + head) * a.queries * a.wide(),
                 gradients[0] + of_queries * a.size, gradients[1] + of_keys * a.size,
                 gradients[2] + of_keys * a.value_size);
    });
  }
};

REGISTER_KERNEL_BUILDER(Name("Attention").Device(DEVICE_CPU), AttentionOp);
REGISTER_KERNEL_BUILDER(Name("AttentionGrad").Device(DEVICE_CPU), AttentionGradOp);

}  // namespace
