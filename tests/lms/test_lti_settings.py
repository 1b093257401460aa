"""The settings of LTI and the key: read, or refused with what to do."""

import json
import subprocess

import pytest
from lti_keys import LAB, new_key, pem, write_key
from lti_platform import KEY_ID

from course.errors import CourseError, LtiError
from course.lms.lti.private_key import public_jwk, read_private_key
from course.lms.lti.settings import read_lti_settings


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("key_id", "key_ids", "there is no key `key_ids` here. Did you mean `key_id`?"),
        ('client_id = "', 'client_id = 7 # "', "`client_id` must be given as a text in quotes; it is 7"),
        ('client_id = "client 7/ü"', "", "`client_id` must be given as a text in quotes; it is None"),
        ('private_key = "lti_key.pem"', 'private_key = " "', "`private_key` must be given as a text"),
        ("[line_items]", "[line_item]", "there is no key `line_item` here. Did you mean `line_items`?"),
        (f"[line_items]\n{LAB}", "line_items", "the table [line_items] is missing"),
        (LAB, "04_lab", "there is no lab '04_lab' in course.toml. The labs are: 03_lab."),
        ("http://127.0.0.1", "http://uni.edu", "`token_url` must begin with https://, as grades are sent there"),
        ("http://127.0.0.1", "http://localhost.uni.edu", "`token_url` must begin with https://"),
        ("http://127.0.0.1", "ftp://127.0.0.1", "`token_url` must begin with https://"),
        ("http://127.0.0.1", "https://me:secret@uni.edu", "`token_url` must be an address such as"),
        ("http://127.0.0.1:", "http://127.0.0.1:x", "`token_url` is no address"),
        ('line_items/7"', 'line_items/7#a"', f"[line_items]: `{LAB}` must be an address such as"),
        (f'{LAB} = "http', f'{LAB} = "https://uni.edu"  # "', ""),
        ("\n\n[", "\n[", ""),
        ("[line_items]", "[line_items", "is not valid TOML"),
    ],
)
def test_settings(settings_file, old, new, message):
    text = settings_file.read_text("utf-8")
    assert old in text
    settings_file.write_text(text.replace(old, new, 1), "utf-8")
    if not message:
        assert read_lti_settings(settings_file, [LAB]).line_item(LAB)
        return
    with pytest.raises(CourseError) as error:
        read_lti_settings(settings_file, [LAB])
    assert message in str(error.value) and str(settings_file) in str(error.value)


def test_settings_of_several_labs(settings_file, there):
    with pytest.raises(LtiError, match=r'no line item of 04_lab is given. Add to \[line_items\]: 04_lab = "https'):
        read_lti_settings(settings_file, [LAB, "04_lab"]).line_item("04_lab")
    with settings_file.open("a", encoding="utf-8") as file:
        file.write(f'04_lab = "{there.line_item}"\n')
    with pytest.raises(CourseError, match=r"03_lab and 04_lab have the same address. Each lab needs its own"):
        read_lti_settings(settings_file, [LAB, "04_lab"])
    with pytest.raises(
        LtiError, match=r"none.toml, cannot be read: No such file or directory. Name the file with --lti"
    ):
        read_lti_settings(settings_file.with_name("none.toml"), [LAB])


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644, 0o601])
def test_a_key_that_others_can_read(settings_file, mode):
    path = settings_file.with_name("lti_key.pem")
    path.chmod(mode)
    with pytest.raises(LtiError, match=rf"can be read or changed by others \(its mode is {mode:o}\).*chmod 600 {path}"):
        read_private_key(path)


def test_keys_that_are_none(tmp_path, key):
    ask = "Make one: openssl genrsa"
    with pytest.raises(LtiError, match=f"cannot be read: No such file or directory. {ask}"):
        read_private_key(tmp_path / "none.pem")
    for content in (b"", b"hello", pem(key, b"secret"), pem(key)[:300]):
        with pytest.raises(LtiError, match=f"holds no RSA key in PEM form without a password: .*{ask}"):
            read_private_key(write_key(tmp_path / "key.pem", content))
    public = subprocess.run(["openssl", "rsa", "-pubout"], input=pem(key), capture_output=True, check=True).stdout
    with pytest.raises(LtiError, match=r"holds a public key. Name the file with the private one"):
        read_private_key(write_key(tmp_path / "key.pem", public))
    with pytest.raises(LtiError, match="has 1024 bits, too few to be safe"):
        read_private_key(write_key(tmp_path / "key.pem", pem(new_key(1024))))


def test_the_public_key_holds_nothing_private(settings_file, key):
    shown = json.loads(public_jwk(read_private_key(settings_file.with_name("lti_key.pem")), KEY_ID))
    assert set(shown) == {"kty", "n", "e", "kid", "alg", "use"} and shown["kid"] == KEY_ID
    assert shown["e"] == "AQAB" and "RS256" in shown["alg"]
