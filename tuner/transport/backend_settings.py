"""The settings of Keras's backend that affect a training, each with its getter and its setter."""

from collections.abc import Callable
from typing import Any, TypeAlias

from keras_search.tuner import backend

Setting: TypeAlias = tuple[Callable[[], Any], Callable[[Any], None]]

# Those of JAX that change numbers or stop a training. Others, such as the platform, cannot be set once it runs.
_OF_JAX = (
    "jax_enable_x64",
    "jax_default_matmul_precision",
    "jax_default_prng_impl",
    "jax_threefry_partitionable",
    "jax_numpy_dtype_promotion",
    "jax_numpy_rank_promotion",
    "jax_disable_jit",
    "jax_debug_nans",
    "jax_debug_infs",
)


def settings() -> dict[str, Setting]:
    """The settings of the backend that Keras runs on, by name."""
    of_backend = {"tensorflow": _of_tensorflow, "jax": _of_jax, "torch": _of_torch}.get(backend.name(), dict)
    return of_backend()


def _of_tensorflow() -> dict[str, Setting]:
    import tensorflow as tf

    from keras_search.tuner.keras_private import of_tensorflow as private

    def set_jit(is_on: bool) -> None:
        tf.config.optimizer.set_jit("autoclustering" if is_on else False)

    def set_determinism(is_on: bool) -> None:
        (tf.config.experimental.enable_op_determinism if is_on else private.disable_op_determinism)()

    # TensorFlow's own getters of its context would look for GPUs.
    return {
        "run_functions_eagerly": (tf.config.functions_run_eagerly, tf.config.run_functions_eagerly),
        "op_determinism": (private.is_op_determinism_enabled, set_determinism),
        "tensor_float_32": (
            tf.config.experimental.tensor_float_32_execution_enabled,
            tf.config.experimental.enable_tensor_float_32_execution,
        ),
        "soft_device_placement": (private.soft_device_placement, tf.config.set_soft_device_placement),
        "jit": (private.jit, set_jit),
        "graph_options": (private.graph_options, private.set_graph_options),
        "numpy_promotion": (private.numpy_promotion, private.set_numpy_promotion),
        "numpy_slicing": (private.numpy_slicing, private.set_numpy_slicing),
        "numpy_float32": (private.is_prefer_float32, private.set_prefer_float32),
    }


def _of_jax() -> dict[str, Setting]:
    import jax  # type: ignore[import-not-found]

    def setting(name: str) -> Setting:
        return lambda: jax.config.values[name], lambda value: jax.config.update(name, value)

    return {name: setting(name) for name in _OF_JAX if name in jax.config.values}


def _of_torch() -> dict[str, Setting]:
    import torch  # type: ignore[import-not-found]

    def attribute(owner: Any, name: str) -> Setting:
        return lambda: getattr(owner, name), lambda value: setattr(owner, name, value)

    def determinism() -> tuple[bool, bool]:
        return torch.are_deterministic_algorithms_enabled(), torch.is_deterministic_algorithms_warn_only_enabled()

    return {
        "default_dtype": (torch.get_default_dtype, torch.set_default_dtype),
        "float32_matmul_precision": (torch.get_float32_matmul_precision, torch.set_float32_matmul_precision),
        "deterministic_algorithms": (
            determinism,
            lambda value: torch.use_deterministic_algorithms(value[0], warn_only=value[1]),
        ),
        "detect_anomaly": (torch.is_anomaly_enabled, torch.autograd.set_detect_anomaly),
        "cudnn_benchmark": attribute(torch.backends.cudnn, "benchmark"),
        "cudnn_deterministic": attribute(torch.backends.cudnn, "deterministic"),
    }
