// The TensorFlow operations: one file, as most of the time goes into reading TensorFlow's headers.
#include "pooling_kernels.h"
#include "recurrence_kernels.h"
#include "update_kernels.h"
