"""Which of Keras's classes may be rebuilt from a description: its own ones, and none that runs or reads anything else.

Keras finds the class of a description by its module and name, and would import whatever module it names. So each name
in a description must lead, in Keras's public modules, to a class of the lists below.
"""

import re
import sys
from functools import cache
from typing import Any

from course.testing.errors import UnsupportedValue

# By module. Not among them are layers that hold code (Lambda), call other libraries, or read files.
ALLOWED_CLASSES = {
    "keras": "Sequential DTypePolicy FloatDTypePolicy Variable",
    "keras.layers": (
        "Activation ActivityRegularization Add AdditiveAttention AlphaDropout Attention Average AveragePooling1D "
        "AveragePooling2D AveragePooling3D BatchNormalization Bidirectional CategoryEncoding CenterCrop "
        "Concatenate Conv1D Conv1DTranspose Conv2D Conv2DTranspose Conv3D Conv3DTranspose Cropping1D Cropping2D "
        "Cropping3D Dense DepthwiseConv1D DepthwiseConv2D Dot Dropout ELU EinsumDense Embedding Flatten GRU "
        "GRUCell GaussianDropout GaussianNoise GlobalAveragePooling1D GlobalAveragePooling2D "
        "GlobalAveragePooling3D GlobalMaxPooling1D GlobalMaxPooling2D GlobalMaxPooling3D GroupNormalization "
        "GroupQueryAttention Identity InputLayer LSTM LSTMCell LayerNormalization LeakyReLU Masking MaxPooling1D "
        "MaxPooling2D MaxPooling3D Maximum Minimum MultiHeadAttention Multiply Normalization PReLU Permute "
        "RMSNormalization RandomBrightness RandomContrast RandomCrop RandomFlip RandomRotation RandomTranslation "
        "RandomZoom ReLU RepeatVector Rescaling Reshape Resizing SeparableConv1D SeparableConv2D SimpleRNN "
        "SimpleRNNCell Softmax SpatialDropout1D SpatialDropout2D SpatialDropout3D SpectralNormalization "
        "StackedRNNCells Subtract TimeDistributed UnitNormalization UpSampling1D UpSampling2D UpSampling3D "
        "ZeroPadding1D ZeroPadding2D ZeroPadding3D RNN"
    ),
    "keras.initializers": (
        "Constant GlorotNormal GlorotUniform HeNormal HeUniform Identity LecunNormal LecunUniform Ones Orthogonal "
        "RandomNormal RandomUniform TruncatedNormal VarianceScaling Zeros"
    ),
    "keras.regularizers": "L1 L2 L1L2 OrthogonalRegularizer",
    "keras.constraints": "MaxNorm MinMaxNorm NonNeg UnitNorm",
    "keras.optimizers": (
        "Adadelta Adafactor Adagrad Adam AdamW Adamax Ftrl Lamb Lion LossScaleOptimizer Muon Nadam RMSprop SGD"
    ),
    "keras.optimizers.schedules": (
        "CosineDecay CosineDecayRestarts ExponentialDecay InverseTimeDecay PiecewiseConstantDecay PolynomialDecay"
    ),
    "keras.losses": (
        "BinaryCrossentropy BinaryFocalCrossentropy CTC CategoricalCrossentropy CategoricalFocalCrossentropy "
        "CategoricalHinge CosineSimilarity Dice Hinge Huber KLDivergence LogCosh MeanAbsoluteError "
        "MeanAbsolutePercentageError MeanSquaredError MeanSquaredLogarithmicError Poisson "
        "SparseCategoricalCrossentropy SquaredHinge Tversky"
    ),
    "keras.metrics": (
        "AUC Accuracy BinaryAccuracy BinaryCrossentropy CategoricalAccuracy CategoricalCrossentropy CosineSimilarity "
        "F1Score FBetaScore FalseNegatives FalsePositives Hinge KLDivergence Mean MeanAbsoluteError MeanSquaredError "
        "Poisson Precision R2Score Recall RootMeanSquaredError SparseCategoricalAccuracy SparseCategoricalCrossentropy "
        "SparseTopKCategoricalAccuracy Sum TopKCategoricalAccuracy TrueNegatives TruePositives"
    ),
}
_FUNCTIONS = ("keras.activations", "keras.losses", "keras.metrics")
OPERATIONS = re.compile(r"keras\.src\.(ops\.(numpy|nn|math|core|linalg)|activations\.activations)")
FUNCTIONAL = "keras.src.models.functional"
_PARTS = {"__keras_tensor__": {"shape", "dtype", "keras_history", "name"}}  # of the description of a graph
_DEEPEST, MOST_ENTRIES, MOST_LENGTH, LARGEST = 60, 200_000, 2_000, 2**31


@cache
def allowed_classes() -> dict[tuple[str, str], type]:
    """The classes by module and name, as far as this version of Keras has them."""
    allowed = {}
    for module, names in ALLOWED_CLASSES.items():
        for name in names.split():
            if module in sys.modules and isinstance(kind := getattr(sys.modules[module], name, None), type):
                allowed[module, name] = kind
    if FUNCTIONAL in sys.modules:
        allowed[FUNCTIONAL, "Functional"] = sys.modules[FUNCTIONAL].Functional
    return allowed


def check_description(description: Any) -> None:
    """Make sure that a description holds none but allowed classes.

    Raises
    ------
    UnsupportedValue
        It holds something else; the message names it.
    """
    pending, count = [(description, 0)], 0
    while pending:
        node, depth = pending.pop()
        count += 1
        if depth > _DEEPEST or count > MOST_ENTRIES:
            raise UnsupportedValue("its description is too long or nested too deeply")
        if isinstance(node, dict):
            check_entry(node)
            pending += [(part, depth + 1) for part in node.values()]
        elif isinstance(node, list):
            pending += [(part, depth + 1) for part in node]
        elif isinstance(node, str):
            if len(node) > MOST_LENGTH:
                raise UnsupportedValue("its description has a text that is too long")
        elif not (node is None or isinstance(node, bool | float) or (isinstance(node, int) and abs(node) < LARGEST)):
            raise UnsupportedValue("its description has a number that is too large")


def check_entry(node: dict[str, Any]) -> None:
    """Check the class that Keras would make from one part of a description."""
    if "class_name" not in node:
        return
    name, module, registered = node["class_name"], node.get("module"), node.get("registered_name")
    if not isinstance(name, str):
        raise UnsupportedValue("its description names no class")
    if name in _PARTS:
        if not isinstance(node.get("config"), dict) or not set(node["config"]) <= _PARTS[name]:
            raise UnsupportedValue(f"its description has a {name} of no known form")
        return
    if name == "function":
        check_function(node)
        return
    if not isinstance(module, str) or not isinstance(registered, str | None):
        raise UnsupportedValue("its description names no class")
    if registered not in (None, name):
        raise UnsupportedValue(f"{registered} is not part of Keras")
    if (module, name) not in allowed_classes() and not is_operation(module, name):
        raise UnsupportedValue(f"{name[:100]} is not one of Keras's own layers and settings that can be rebuilt")


def check_function(node: dict[str, Any]) -> None:
    """Check a part of a description that names a function."""
    module, name = node.get("module"), node.get("config")
    function = getattr(sys.modules.get(str(module)), str(name), None) if module in (*_FUNCTIONS, "builtins") else None
    if module == "builtins":  # an old form: the name alone
        candidates = [getattr(sys.modules.get(public_module), str(name), None) for public_module in _FUNCTIONS]
        function = next(filter(None, candidates), None)
    if not isinstance(name, str) or not callable(function) or isinstance(function, type) or name in dir(type):
        raise UnsupportedValue(f"the function {str(name)[:100]} is not part of Keras")
    if not str(getattr(function, "__module__", "")).startswith("keras.") or name in ("deserialize", "serialize", "get"):
        raise UnsupportedValue(f"the function {name[:100]} is not part of Keras")


def is_operation(module: str, name: str) -> bool:
    """Whether it is one of Keras's mathematical operations, or an activation used as one."""
    if not OPERATIONS.fullmatch(module) or module not in sys.modules:
        return False
    operation = getattr(sys.modules[module], name, None)
    return isinstance(operation, type) and issubclass(operation, sys.modules["keras"].Operation)
