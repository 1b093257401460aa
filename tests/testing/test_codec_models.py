"""Models cross between a test and a submission with weights and optimiser, and what is sent instead does no harm."""

import json

import numpy as np
import pytest
from sending import sent

from course.testing.all_values import READERS, WRITERS
from course.testing.codec import Codec
from course.testing.errors import ProtocolError, UnsupportedValue
from course.testing.keras_classes import check_description

pytestmark = pytest.mark.slow  # Keras is loaded, by the tests, so that those who skip them need not wait for it

DENSE = {"module": "keras.layers", "class_name": "Dense", "config": {"units": 1}, "registered_name": None}
EVIL = {
    "a layer with code": {"class_name": "Lambda", "config": {"function": {"class_name": "__lambda__", "config": {}}}},
    "a module": {"module": "os", "class_name": "system"},
    "a module of ours": {"module": "course.grading.execution.cell_runner", "class_name": "CellRunner"},
    "a registered name": {"registered_name": "mine>Dense"},
    "a file": {"class_name": "StringLookup", "config": {"vocabulary": "/etc/passwd"}},
    "a saved model": {"class_name": "TFSMLayer", "config": {"filepath": "/tmp/scratch"}},
    "a function": {"module": "builtins", "class_name": "function", "config": "eval", "registered_name": "function"},
    "a function of Keras": {"module": "keras.losses", "class_name": "function", "config": "deserialize"},
    "a function elsewhere": {"module": "keras.saving", "class_name": "function", "config": "load_model"},
    "a loader": {"module": "keras.models", "class_name": "load_model"},
    "within": {"config": {"activation": {"module": "os", "class_name": "function", "config": "system"}}},
    "a lambda within": {"config": {"activation": {"class_name": "__lambda__", "config": {"value": "…"}}}},
    "very many units": {"config": {"units": 2**40}},
    "an endless text": {"config": {"name": "a" * 100_000}},
    "a class that is none": {"class_name": ["Dense"]},
}


@pytest.mark.parametrize("name", EVIL)
def test_only_kerass_own_layers_are_rebuilt(name):
    import keras  # noqa: F401

    check_description(DENSE)
    with pytest.raises(UnsupportedValue):
        check_description(DENSE | EVIL[name])
    with pytest.raises(UnsupportedValue):
        check_description(
            {"class_name": "Sequential", "module": "keras", "config": {"layers": [DENSE, DENSE | EVIL[name]]}}
        )


@pytest.fixture
def model():
    import keras

    layers = [keras.layers.Dense(3, activation="relu"), keras.layers.Dropout(0.5), keras.layers.Dense(2)]
    model = keras.Sequential([keras.Input((4,)), *layers])
    model.compile(keras.optimizers.Adam(0.1), "mse", metrics=["accuracy"], run_eagerly=True)
    return model


def test_a_model_arrives_with_weights_and_optimiser(model):
    x, y = np.ones((4, 4), "float32"), np.ones((4, 2), "float32")
    model.fit(x, y, verbose=0)
    sender, receiver = Codec("s", WRITERS, READERS), Codec("t", WRITERS, READERS)
    found = sent(model, sender, receiver)
    assert np.allclose(found(x), model(x)) and int(found.optimizer.iterations) == 1 and found.compiled
    assert [layer.name for layer in found.layers] == [layer.name for layer in model.layers]
    assert sent(model, sender, receiver) is found and not sender.buffers
    model.fit(x, y, verbose=0)
    model.layers[1].rate = 0.25
    assert sent(model, sender, receiver) is found
    assert np.allclose(found(x), model(x)) and int(found.optimizer.iterations) == 2 and found.layers[1].rate == 0.25


def test_a_model_that_arrives_is_trained_like_the_original(model):
    """The random numbers of its dropout layers are the same; those of shuffling come from a seed on each side."""
    import keras

    x, y = np.random.default_rng(0).random((64, 4), "float32"), np.ones((64, 2), "float32")
    model.fit(x, y, verbose=0)
    losses = []
    for network in (sent(model), model):
        keras.utils.set_random_seed(2)
        losses.append(network.fit(x, y, batch_size=8, epochs=2, verbose=0).history["loss"])
    assert losses[0] == pytest.approx(losses[1], rel=1e-6)


def test_a_model_of_branches_arrives():
    import keras

    inputs = keras.Input((4,))
    model = keras.Model(inputs, keras.layers.Concatenate()([keras.layers.Dense(3)(inputs) + 1.0, inputs]))
    found, x = sent(model), np.ones((2, 4), "float32")
    assert np.allclose(found(x), model(x))


def test_a_model_of_ones_own_class_arrives_as_what_it_computes():
    import keras

    class Net(keras.Model):
        def __init__(self):
            super().__init__(name="net")
            self.last = keras.layers.Dense(2)
            self.first = keras.layers.Dense(3, activation="relu")
            self.drop = keras.layers.Dropout(0.5)

        def call(self, x, training=None):
            return self.last(self.drop(self.first(x), training=training))

    model, x = Net(), np.ones((4, 4), "float32")
    model.compile(keras.optimizers.Adam(0.25), "mse")
    model.fit(x, np.ones((4, 2)), verbose=0)
    sender, receiver = Codec("s", WRITERS, READERS), Codec("t", WRITERS, READERS)
    found = sent(model, sender, receiver)
    assert isinstance(found, keras.Model) and type(found).__name__ == "Functional"
    assert np.allclose(found(x), model(x)) and int(found.optimizer.iterations) == 1
    found.set_weights([weight * 2 for weight in found.get_weights()])
    sender.may_change = None
    assert sent(found, receiver, sender) is model and np.allclose(found(x), model(x))


def test_a_model_whose_activations_are_called_as_functions_crosses():
    """Keras keeps ReLU, alone of them, as an operation of its activations' own module."""
    import keras

    inputs = keras.Input((3,))
    outputs = keras.layers.Dense(2)(inputs)
    for function in (keras.activations.relu, keras.activations.tanh, keras.activations.softmax):
        outputs = function(outputs)
    model = keras.Model(inputs, outputs)
    found, x = sent(model), np.ones((2, 3), "float32")
    assert isinstance(found, keras.Model) and np.allclose(found(x), model(x))


def test_a_model_with_a_layer_of_ones_own_stays_there():
    import keras

    class Own(keras.layers.Layer):
        def call(self, x):
            return x

    with pytest.raises(UnsupportedValue):
        sent(keras.Sequential([keras.Input((3,)), Own()]))
    with pytest.raises(UnsupportedValue):
        sent(keras.Sequential([keras.Input((3,)), keras.layers.Lambda(lambda x: x)]))


def test_a_loss_of_ones_own_does_not_cost_the_optimiser(model):
    import keras

    model.compile(keras.optimizers.SGD(0.25), lambda y, p: keras.ops.mean(y - p))
    assert float(sent(model).optimizer.learning_rate) == 0.25


WRONG = {
    "other shapes": lambda node: node[3].pop(),
    "no description": lambda node: node.__setitem__(2, "[]"),
    "endless description": lambda node: node.__setitem__(2, "[" * 100_000),
    "a Lambda": lambda node: node.__setitem__(2, node[2].replace('"Dropout"', '"Lambda"')),
    "a module": lambda node: node.__setitem__(2, node[2].replace('"keras.layers"', '"os"')),
    "weights that are none": lambda node: node.__setitem__(3, "weights"),
    "weights that are texts": lambda node: node.__setitem__(3, [["tuple", []]] * 4),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_model_that_is_none_ends_the_test(model, name):
    sender, receiver = Codec("s", WRITERS, READERS), Codec("t", WRITERS, READERS)
    sender.begin()
    node = json.loads(json.dumps(sender.write(model)))
    WRONG[name](node)
    receiver.receive(sender.buffers)
    with pytest.raises(ProtocolError):
        receiver.read(node)
