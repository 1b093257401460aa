"""The line between the two sides."""

import asyncio
import tempfile
from pathlib import Path

from course.grading.execution.relay import Relay


def with_bridge(scene):
    async def run():
        with tempfile.TemporaryDirectory(dir="/tmp") as folder:
            async with Relay(Path(folder)) as relay:
                return await asyncio.wait_for(scene(relay), 20)

    return asyncio.run(run())


async def both(relay):
    there = await asyncio.open_unix_connection(relay.answers)
    here = await asyncio.open_unix_connection(relay.questions)
    return here, there


def hang_up(*sides):
    for _, writer in sides:
        writer.close()


def test_bytes_are_passed_on_until_one_side_hangs_up():
    async def scene(relay):
        relay.listen()
        here, there = await both(relay)
        here[1].write(b"question")
        assert await there[0].readexactly(8) == b"question" and relay.joined
        there[1].write(b"answer")
        assert await here[0].readexactly(6) == b"answer"
        hang_up(there)
        assert await here[0].read() == b""
        hang_up(here)

    with_bridge(scene)


def test_what_was_connected_for_an_earlier_test_is_cut():
    async def scene(relay):
        relay.listen()
        old = await asyncio.open_unix_connection(relay.answers)
        await asyncio.sleep(0.05)
        relay.listen()
        assert await old[0].read() == b"" and not relay.joined
        here, there = await both(relay)
        here[1].write(b"x")
        assert await there[0].readexactly(1) == b"x"
        hang_up(old, here, there)

    with_bridge(scene)


def test_nobody_waits_when_it_does_not_listen():
    async def scene(relay):
        relay.listen()
        early = await asyncio.open_unix_connection(relay.questions)
        await asyncio.sleep(0.05)
        relay.disconnect()
        late = await both(relay)
        for side in (early, *late):
            assert await side[0].read() == b""
        hang_up(early, *late)

    with_bridge(scene)


def test_a_submission_has_one_line():
    async def scene(relay):
        relay.listen()
        first, second = [await asyncio.open_unix_connection(relay.answers) for _ in range(2)]
        assert await second[0].read() == b""
        hang_up(first, second)

    with_bridge(scene)
