"""The network that data_utils makes is the one that a lab asks for; a network that was trained is known."""

import numpy as np
import pytest
from this_course import COURSE, prepared

from course.labs.sources import grade_id
from data_utils import build_lenet, is_untrained, unasked_settings

pytestmark = pytest.mark.slow  # Keras is loaded, by the tests, so that those who skip them need not wait for it


@pytest.fixture(scope="module")
def answer():
    """The class of the model answer, in the lab that asks for it."""
    import keras

    cells = [cell for lab in COURSE.labs for cell in prepared(lab).cells if grade_id(cell) == "lenet"]
    if not cells:
        pytest.skip("no lab of this course has a task `lenet`")
    cell = cells[0]
    names = {"keras": keras}
    exec(cell.source, names)
    return names["LeNet"]


def settings(network):
    """Its layers without the names that they were given."""
    layers = []
    for layer in network.layers:
        entry = layer.get_config() | {"name": type(layer).__name__}
        entry.pop("build_config", None)
        layers.append(entry)
    return layers


def test_it_is_the_network_of_lab_4(answer):
    expected = answer.build((28, 28, 1), 10)
    network = build_lenet()
    assert settings(network) == settings(expected)
    assert network.input_shape == expected.input_shape
    assert network.count_params() == 1_256_080
    assert not network.compiled


def test_every_call_makes_a_new_one_with_known_names():
    one, two = build_lenet(), build_lenet()
    assert one is not two and one.layers[0] is not two.layers[0]
    assert [layer.name for layer in one.layers] == ["conv1", "pool1", "conv2", "pool2", "flatten", "dense", "output"]
    assert one.weights[0].path == "lenet/conv1/kernel"


def in_order():
    import keras

    dense, dropout = keras.layers.Dense, keras.layers.Dropout
    return keras.Sequential([keras.Input((8,)), dense(16), dropout(0.2), dense(16), dropout(0.2), dense(3)])


def in_another_order():
    import keras

    last, middle, shared = keras.layers.Dense(3), keras.layers.Dense(16), keras.layers.Dropout(0.2)
    inputs = keras.Input((8,))
    first = keras.layers.Dense(16, kernel_initializer="he_normal", bias_initializer="ones")
    return keras.Model(inputs, last(shared(middle(shared(first(inputs))))))


def normalised():
    import keras

    layers = keras.layers
    fixed = layers.Conv2D(2, 3, kernel_initializer=keras.initializers.GlorotUniform(seed=5))
    return keras.Sequential([keras.Input((8, 8, 1)), layers.Conv2D(4, 3), layers.BatchNormalization(), fixed])


def nested():
    import keras

    return keras.Sequential([keras.Input((8,)), in_order(), keras.layers.Dense(2)])


@pytest.mark.parametrize("build", [in_order, in_another_order, normalised, nested, build_lenet])
def test_a_new_network_is_untrained_whatever_the_order_of_its_layers(build):
    import keras

    keras.utils.set_random_seed(7)
    network = build()
    assert is_untrained(network, 7)
    assert not is_untrained(network, 8)


def trained(network):
    network.compile("sgd", "mse")
    network.train_on_batch(np.ones((2, 8)), np.ones((2, 3)))


def one_weight_moved(network):
    weights = network.get_weights()
    weights[2][0, 0] += 1e-3
    network.set_weights(weights)


def frozen(network):
    network.layers[0].trainable = False


@pytest.mark.parametrize("change", [trained, one_weight_moved, frozen])
def test_a_network_that_was_changed_is_not(change):
    import keras

    keras.utils.set_random_seed(7)
    network = in_order()
    change(network)
    assert not is_untrained(network, 7)


def test_weights_that_were_brought_along_are_found():
    import keras

    keras.utils.set_random_seed(7)
    kept = keras.initializers.Constant(np.full((8, 3), 0.5))
    assert not is_untrained(keras.Sequential([keras.Input((8,)), keras.layers.Dense(3, kernel_initializer=kept)]), 7)


def test_settings_that_nobody_asked_for_are_told_with_their_layer():
    import keras

    layers = keras.layers
    assert unasked_settings(build_lenet()) == []
    within = keras.Sequential(
        [
            keras.Input((4,)),
            layers.Dense(3, kernel_constraint="max_norm", bias_regularizer="l2", name="limited"),
            layers.Dense(3, dtype="float64"),
        ]
    )
    network = keras.Sequential(
        [keras.Input((4,)), within, layers.Dense(2, dtype="mixed_float16", name="half"), layers.BatchNormalization()]
    )
    assert unasked_settings(network) == [
        "bias_regularizer of limited",
        "kernel_constraint of limited",
        "dtype float16 of half",
    ]
