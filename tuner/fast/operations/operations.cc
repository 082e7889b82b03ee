// The TensorFlow operations: one file, as most of the time goes into reading TensorFlow's headers.
#include "attention_kernels.h"
#include "normalization_kernels.h"
#include "pooling_kernels.h"
#include "recurrence_kernels.h"
#include "update_kernels.h"
