"""The labs where they are opened: oldest, locked and newest packages, Colab's and Binder's; `python -m platforms`."""
