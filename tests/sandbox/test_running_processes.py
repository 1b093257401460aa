"""What the corpus looks for after grading would be found if it were there."""

import asyncio
import tempfile
from pathlib import Path

import pytest
from running_processes import processes_of
from sandboxed_kernel import MARK, WAYS, kernel, marked, run, soon

pytestmark = pytest.mark.kernel


@pytest.mark.parametrize("way", WAYS)
def test_every_process_of_a_sandbox_is_found_and_none_when_it_has_ended(way):
    async def look():
        async with kernel(**WAYS[way]) as (_, client):
            await run(client, f"import subprocess\nsubprocess.Popen(['sleep', '{MARK}'], start_new_session=True)")
            assert soon(marked)  # Linux shows a program's command line only some time after its start
            return processes_of(Path(tempfile.gettempdir()))

    seen = asyncio.run(look())
    assert len([one for one in seen if MARK in one]) == 1 and any("bwrap" in one for one in seen)
    assert len(seen) >= 3, "bubblewrap, the kernel and what it started"
    assert processes_of(Path(tempfile.gettempdir())) == []
