"""Running tests beside a submission's kernel: the two sides, and what crosses between them.

The tests run in a process that never executes what a submission wrote (runner.py). It asks an agent in the submission's
kernel (agent.py) for values, and gets data (channel.py, codec.py, all_values.py). Sandboxes show this package to both
sides, so it imports nothing of the course but itself.
"""
