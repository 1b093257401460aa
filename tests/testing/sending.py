"""A value that crosses between a test and a submission, by way of JSON."""

import json

from course.testing.all_values import READERS, WRITERS
from course.testing.codec import Codec


def sent(value, sender=None, receiver=None):
    """The value as it arrives, by way of JSON."""
    sender, receiver = sender or Codec("s", WRITERS, READERS), receiver or Codec("t", WRITERS, READERS)
    sender.begin()
    node = json.loads(json.dumps(sender.write(value)))
    receiver.receive(list(sender.buffers))
    return receiver.read(node)
