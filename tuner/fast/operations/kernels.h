// What the kernels of all operations use.
#pragma once

#include <functional>

#include "tensorflow/core/framework/op.h"
#include "tensorflow/core/framework/op_kernel.h"

namespace {

using namespace tensorflow;

// `count`, the number of parts of the work, does not depend on the number of threads, and so neither do the results.
void InParallel(OpKernelContext* context, int64_t count, int64_t cycles, std::function<void(int64_t, int64_t)> work) {
  context->device()->tensorflow_cpu_worker_threads()->workers->ParallelFor(count, cycles, std::move(work));
}

const float* Values(OpKernelContext* context, int input) { return context->input(input).flat<float>().data(); }
float Scalar(OpKernelContext* context, int input) { return context->input(input).scalar<float>()(); }

// The values of a new output.
template <class T>
Status NewOutput(OpKernelContext* context, int output, const TensorShape& shape, T** values) {
  Tensor* tensor;
  TF_RETURN_IF_ERROR(context->allocate_output(output, shape, &tensor));
  *values = tensor->flat<T>().data();
  return OkStatus();
}

}  // namespace
