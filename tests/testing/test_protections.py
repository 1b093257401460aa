"""Each protection of the line between a test and a submission, tried once with it and once without it.

Without it the attack works; so the tests that nothing comes through can fail.
"""

import dataclasses
import json

import pytest
from corpus.attacks import ATTACKS, TEST
from pairing import answering, judged, judged_by

from course.testing import conversation, exceptions, model_descriptions, runner, scratch_folder
from course.testing.agent import Agent
from course.testing.all_values import READERS
from course.testing.codec import Codec
from course.testing.conversation import Conversation
from course.testing.placeholders import RemoteObject


@pytest.fixture(autouse=True)
def _elsewhere(monkeypatch):
    """The folder for temporary files is set while tests run; here it is put back."""
    monkeypatch.setattr("tempfile.tempdir", None)


# --- ways to take a protection off ------------------------------------------------------------------------------------


def placeholders_agree(patch):
    patch.setattr(RemoteObject, "__eq__", lambda self, other: True)


def objects_cross_as_they_are(patch):
    """Both sides are in one process here: an object can be handed over itself."""
    kept = []

    def write(codec, value):
        kept.append(value)
        return ["itself", len(kept) - 1]

    def both(init):
        def made(self, *args):
            init(self, *args)
            self.codec._writers = (write,)
            self.codec._readers["itself"] = lambda codec, parts: kept[parts[0]]

        return made

    patch.setattr(Agent, "__init__", both(Agent.__init__))
    patch.setattr(Conversation, "__init__", both(Conversation.__init__))


def anything_may_be_called(patch):
    patch.setattr(Conversation, "_call_back", called_back)


def called_back(self, content):
    value = getattr(self.codec.objects[content["call"]], content["method"])
    self.channel.send({"answer": value() if callable(value) else value, "changed": [], "news": {}})


def anything_may_be_changed(patch):
    def get_or_create(self, number, kind, new):
        return self.objects[number] if number in self.objects else new()

    patch.setattr(Codec, "get_or_create", get_or_create)


def changes_stay_there(patch):
    patch.setattr(Agent, "do_call", lambda self, request, changed: called_there(self, request))


def called_there(self, request):
    args, kwargs = self.codec.read(request["args"]), self.codec.read(request["kwargs"])
    return self.local_objects[request["on"]](*args, **kwargs)


def any_reply_will_do(patch):
    patch.setattr(
        Conversation, "_answer", lambda self, number: self.codec.read(self.channel.receive().content["value"])
    )


def what_broke_is_forgotten(patch):
    patch.setattr(Conversation, "broken", property(lambda self: None, lambda self, value: None), raising=False)


def assertions_may_be_caught(patch):
    patch.setattr(Conversation, "failed", property(lambda self: None, lambda self, value: None), raising=False)


def any_error_is_raised(patch):
    patch.setitem(exceptions.BUILTIN_EXCEPTIONS, "StopIteration", StopIteration)


def any_field_is_set(patch):
    known = READERS["dict"]

    def read(codec, parts):
        value = codec.objects.get(parts[0])
        if not dataclasses.is_dataclass(value):
            return known(codec, parts)
        vars(value).update({key: codec.read(item) for key, item in parts[1]})
        return value

    patch.setitem(conversation.READERS, "dict", read)


def nothing_is_the_labs(patch):
    init = runner.Tests.__init__

    def made(self, *args):
        init(self, *args)
        self.namespace = {"__name__": runner.MODULE}

    patch.setattr(runner.Tests, "__init__", made)


def files_go_anywhere(patch):
    patch.setattr(scratch_folder.ScratchFolder, "local_path", lambda self, path: self.folder / path)


def any_class_is_rebuilt(patch):
    patch.setattr(model_descriptions, "check_description", lambda description: None)


def private_names_are_asked_for(patch):
    patch.setattr(
        RemoteObject,
        "__getattr__",
        lambda self, name: self._ask({"do": "attribute", "on": self._place, "name": name}),
    )


# --- what is tried ---------------------------------------------------------------------------------------------------

WEAKENED = {
    "liar": objects_cross_as_they_are,
    "placeholder": placeholders_agree,
    "globals of what is handed out": objects_cross_as_they_are,
    "private attribute": private_names_are_asked_for,
    "own numpy": nothing_is_the_labs,
    "own parameters": nothing_is_the_labs,
    "argument changed unseen": changes_stay_there,
    "change of what was not given": anything_may_be_changed,
    "change into another kind": anything_may_be_changed,
    "another call's reply": any_reply_will_do,
    "a late reply": any_reply_will_do,
    "broken and then caught": what_broke_is_forgotten,
    "a method put in place of another": any_field_is_set,
    "the end of a loop": any_error_is_raised,
    "an assertion caught": assertions_may_be_caught,
    "private method": anything_may_be_called,
}


def verdict(folder, attack):
    submission, test = ATTACKS[attack]
    if isinstance(submission, str):
        return judged(folder, submission, test, values={"N_TRAIN": 100})
    return judged_by(folder, answering(*submission), test)


@pytest.mark.parametrize("attack", ATTACKS)
def test_an_attack_earns_nothing(tmp_path, attack):
    assert not verdict(tmp_path, attack)["passed"]


@pytest.mark.parametrize("attack", ATTACKS)
def test_an_attack_works_without_the_protection(tmp_path, monkeypatch, attack):
    WEAKENED[attack.partition(":")[0]](monkeypatch)
    found = verdict(tmp_path, attack)
    assert found["passed"], found


@pytest.mark.parametrize("weakened", [False, True])
def test_files_stay_in_the_folder_of_the_test(tmp_path, monkeypatch, weakened):
    (tmp_path / "precious").write_text("mine")
    if weakened:
        files_go_anywhere(monkeypatch)
    reply = {"value": 12, "news": {"gone": ["../precious"]}}
    assert judged_by(tmp_path, answering(reply), TEST)["passed"] == weakened
    assert (tmp_path / "precious").exists() != weakened


@pytest.mark.parametrize("weakened", [False, True])
@pytest.mark.slow  # Keras is loaded
def test_nothing_but_known_classes_of_keras_is_rebuilt(tmp_path, monkeypatch, weakened):
    if weakened:
        any_class_is_rebuilt(monkeypatch)
    about = {"module": "keras.layers", "class_name": "StringLookup", "config": {}, "registered_name": None}
    lookup = answering({"value": ["keras", "s1", json.dumps(about)]})
    found = judged_by(tmp_path, lookup, "assert type(answer(3)).__name__ == 'StringLookup'")
    assert found["passed"] == weakened, found
