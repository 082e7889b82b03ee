// The operations that update weights: by a gradient, or by the two factors of one.
#pragma once

#include <algorithm>
#include <array>
#include <memory>

#include "factors.h"
#include "kernels.h"
#include "rows.h"
#include "rules.h"
#include "tensorflow/core/framework/resource_mgr.h"
#include "tensorflow/core/framework/resource_var.h"

namespace {

// The weights and the optimizer's variables, locked against other threads. A tensor that something else still holds is
// copied before it is written to.
template <int count>
class LockedVariables {
 public:
  Status Open(OpKernelContext* context, int64_t size) {
    std::array<mutex*, count> locks;
    for (int i = 0; i < count; ++i) {
      TF_RETURN_IF_ERROR(LookupResource(context, HandleFromInput(context, i), &variables_[i]));
      locks[i] = variables_[i]->mu();
    }
    // Always locked in the same order, so that two threads never wait for each other.
    std::sort(locks.begin(), locks.end());
    for (int i = 0; i < count; ++i) locks_[i] = std::make_unique<mutex_lock>(*locks[i]);
    for (int i = 0; i < count; ++i) {
      Tensor* tensor = variables_[i]->tensor();
      if (tensor->NumElements() != size) return errors::InvalidArgument("the gradient is not that of the variable");
      if (!tensor->RefCountIsOne()) {
        Tensor copy;
        TF_RETURN_IF_ERROR(context->allocate_temp(DT_FLOAT, tensor->shape(), &copy));
        std::copy_n(tensor->flat<float>().data(), size, copy.flat<float>().data());
        *tensor = copy;
      }
      values[i] = tensor->flat<float>().data();
    }
    return OkStatus();
  }

  std::array<float*, count> values;

 private:
  core::RefCountPtr<Var> variables_[count];
  std::unique_ptr<mutex_lock> locks_[count];  // released before the variables are
};

// An update by `Rule`, whose numbers follow the variables in the inputs.
template <class Rule>
class Update : public OpKernel {
 public:
  using OpKernel::OpKernel;

 protected:
  static constexpr int kFirst = Rule::kVariables + Rule::kNumbers;  // the first input of the gradient

  static Rule Numbers(OpKernelContext* context) {
    Rule rule;
    static_assert(sizeof(rule) == Rule::kNumbers * sizeof(float));
    for (int i = 0; i < Rule::kNumbers; ++i)
      reinterpret_cast<float*>(&rule)[i] = Scalar(context, Rule::kVariables + i);
    return rule;
  }
};

template <class Rule>
class ByFactors : public Update<Rule> {
 public:
  using Update<Rule>::Update;

  void Compute(OpKernelContext* context) override {
    const int at = this->kFirst;
    const Tensor& left = context->input(at);
    const Tensor& right = context->input(at + 1);
    const int64_t batch = left.dim_size(0), inputs = left.dim_size(1), units = right.dim_size(1);
    OP_REQUIRES(context, batch == right.dim_size(0), errors::InvalidArgument("the factors are of other batches"));
    LockedVariables<Rule::kVariables> variables;
    OP_REQUIRES_OK(context, variables.Open(context, inputs * units));
    const Rule rule = this->Numbers(context);
    const FactoredGradient gradient(Values(context, at), Values(context, at + 1), batch, inputs, units);
    InParallel(context, gradient.blocks(), FactoredGradient::kRows * units * (batch + 20),
               [&](int64_t begin, int64_t end) { gradient.Apply(rule, begin, end, variables.values); });
  }
};

template <class Rule>
class ByGradient : public Update<Rule> {
 public:
  using Update<Rule>::Update;

  void Compute(OpKernelContext* context) override {
    const int64_t size = context->input(this->kFirst).NumElements();
    LockedVariables<Rule::kVariables> variables;
    OP_REQUIRES_OK(context, variables.Open(context, size));
    const Rule rule = this->Numbers(context);
    const float* gradient = Values(context, this->kFirst);
    InParallel(context, size, 20, [&](int64_t begin, int64_t end) {
      auto values = variables.values;
      for (float*& value : values) value += begin;
      rule.Update(end - begin, gradient + begin, values);
    });
  }
};

class AdamByRows : public Update<Adam> {
 public:
  explicit AdamByRows(OpKernelConstruction* context) : Update<Adam>(context) {
    OP_REQUIRES_OK(context, context->GetAttr("rows", &rows_));
    OP_REQUIRES_OK(context, context->GetAttr("units", &units_));
  }

  void Compute(OpKernelContext* context) override {
    const Tensor& numbers = context->input(kFirst);
    const int64_t count = numbers.NumElements(), size = context->input(kFirst + 1).NumElements();
    OP_REQUIRES(context, rows_ > 0 && units_ > 0 && size == count * units_,
                errors::InvalidArgument("the rows are of another table"));
    LockedVariables<Adam::kVariables> variables;
    OP_REQUIRES_OK(context, variables.Open(context, rows_ * units_));
    const Adam adam = Numbers(context);
    const RowsOfGradient gradient(numbers.flat<int64_t>().data(), Values(context, kFirst + 1), count, rows_, units_);
    InParallel(context, rows_, 20 * units_,
               [&](int64_t begin, int64_t end) { gradient.Apply(adam, begin, end, variables.values); });
  }

 private:
  int64_t rows_, units_;
};

REGISTER_OP("AdamByRows")
    .Input("variables: count * resource")
    .Input("numbers: number_count * float")
    .Input("indices: int64")
    .Input("values: float")
    .Attr("count: int")
    .Attr("number_count: int")
    .Attr("rows: int")
    .Attr("units: int")
    .SetIsStateful();
REGISTER_KERNEL_BUILDER(Name("AdamByRows").Device(DEVICE_CPU), AdamByRows);

#define REGISTER_UPDATE(name, Rule)                                                        \
  REGISTER_OP(name "ByFactors")                                                            \
      .Input("variables: count * resource")                                                \
      .Input("numbers: number_count * float")                                              \
      .Input("left: float")                                                                \
      .Input("right: float")                                                               \
      .Attr("count: int")                                                                  \
      .Attr("number_count: int")                                                           \
      .SetIsStateful();                                                                    \
  REGISTER_OP(name "ByGradient")                                                           \
      .Input("variables: count * resource")                                                \
      .Input("numbers: number_count * float")                                              \
      .Input("gradient: float")                                                            \
      .Attr("count: int")                                                                  \
      .Attr("number_count: int")                                                           \
      .SetIsStateful();                                                                    \
  REGISTER_KERNEL_BUILDER(Name(name "ByFactors").Device(DEVICE_CPU), ByFactors<Rule>);     \
  REGISTER_KERNEL_BUILDER(Name(name "ByGradient").Device(DEVICE_CPU), ByGradient<Rule>);

REGISTER_UPDATE("Adam", Adam)
REGISTER_UPDATE("Descent", Descent)
REGISTER_UPDATE("Momentum", Momentum<false>)
REGISTER_UPDATE("Nesterov", Momentum<true>)
REGISTER_UPDATE("Rmsprop", Rmsprop)

}  // namespace
