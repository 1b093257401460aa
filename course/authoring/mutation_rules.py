"""What mutants put in the place of what: operators, words of Keras and NumPy, kinds of data."""

import ast

OPERATORS: dict[type[ast.AST], type[ast.AST]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Div,
    ast.Mod: ast.FloorDiv,
    ast.Pow: ast.Mult,
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.And: ast.Or,
    ast.Or: ast.And,
}
# Words that stand for one another: of Keras, of NumPy and of data.
_WORDS = (
    ("relu", "tanh", "sigmoid"),
    ("softmax", "sigmoid"),
    ("same", "valid"),
    ("categorical_crossentropy", "mean_squared_error"),
    ("sparse_categorical_crossentropy", "mean_squared_error"),
    ("adam", "sgd"),
    ("val_loss", "loss", "val_accuracy"),
    ("min", "max"),
    ("channels_last", "channels_first"),
    ("float32", "float64"),
    ("uint8", "int64"),
    ("argmax", "argmin"),
    ("mean", "sum"),
    ("zeros", "ones"),
    ("ceil", "floor"),
    ("MaxPooling2D", "AveragePooling2D"),
    ("GlobalAveragePooling2D", "GlobalMaxPooling2D"),
    ("SGD", "Adam"),
    ("Adam", "RMSprop"),
)
OTHER_WORDS = {word: tuple(other for other in group if other != word) for group in reversed(_WORDS) for word in group}
LAYERS = {"Dense", "Conv2D", "MaxPooling2D", "AveragePooling2D", "Flatten", "BatchNormalization", "Activation"}
ONLY_SHOWN = {"verbose"}  # arguments that change no result
SETS = ("train", "test", "valid", "val")  # in names of data
STATEMENTS = (ast.Expr, ast.Assign, ast.AugAssign, ast.Return, ast.If, ast.For, ast.Raise)
