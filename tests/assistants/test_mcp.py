"""The command as an assistant sees it: driven by the package's own client over standard input and output."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from biaxial.formats.read import read_score
from biaxial.formats.write import save_score
from biaxial.music.score import Key, Note, Score

pytest.importorskip("mcp")
import anyio
from mcp import ClientSession, StdioServerParameters
from mcp.client.stdio import stdio_client
from mcp.server.fastmcp.exceptions import ToolError

from biaxial.assistants.bounded_folder import BoundedFolder
from biaxial.assistants.mcp_server import make_server
from biaxial.assistants.tool_box import ToolBox

Q = 480
Call = Callable[..., Awaitable[Any]]


def drive(folder: Path, weights: Path, talk: Callable[[ClientSession], Awaitable[None]]) -> None:
    """Start the command, talk to it, end it."""
    server = StdioServerParameters(
        command=sys.executable,
        args=["-m", "biaxial", "mcp", str(folder), "--checkpoint", str(weights)],
        env=os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": os.pathsep.join(sys.path)},
    )

    async def main() -> None:
        async with stdio_client(server) as streams, ClientSession(*streams) as session:
            await session.initialize()
            await talk(session)

    anyio.run(main)


async def done(session: ClientSession, name: str, **arguments: Any) -> dict[str, Any]:
    result = await session.call_tool(name, arguments)
    text = result.content[0].text  # type: ignore[union-attr]
    assert not result.isError, text
    found: dict[str, Any] = json.loads(text)
    return found


async def refused(session: ClientSession, name: str, **arguments: Any) -> str:
    result = await session.call_tool(name, arguments)
    assert result.isError
    text: str = result.content[0].text  # type: ignore[union-attr]
    return text


def test_tools_answer_and_refuse_without_a_process(tmp_path: Path) -> None:
    save_score(Score((Note(0, 4 * Q, 67, 0),), key=Key(1), title="Tune"), tmp_path / "tune.mid")
    server = make_server(ToolBox(BoundedFolder(tmp_path)))

    async def call(name: str, **arguments: Any) -> Any:
        return await server.call_tool(name, arguments)

    async def main() -> None:
        await call("render", piece="tune.mid", output=["tune.abc", "tune.krn"])
        assert "T:Tune" in (tmp_path / "tune.abc").read_text(encoding="utf-8")
        for arguments, reason in (
            ({"piece": "tune.mid", "output": ["tune.abc"]}, "nothing is written over"),
            ({"piece": "../tune.mid", "output": ["b.abc"]}, "outside the folder"),
            ({"piece": "tune.mid", "output": ["b.doc"]}, "cannot write"),
            ({"piece": "tune.mid", "output": []}, "at least 1 item"),
            ({"piece": "tune.mid", "output": ["b.abc"], "staves": 3}, "2 or 4"),
        ):
            with pytest.raises(ToolError, match=reason):
                await call("render", **arguments)

    anyio.run(main)


def test_tools_write_and_explain_in_a_style(tmp_path: Path, styled_weights: Path) -> None:
    tune = Score(tuple(Note(beat * Q, Q, 67 + beat % 3, 0) for beat in range(8)), key=Key(1))
    save_score(tune, tmp_path / "tune.mid")
    server = make_server(ToolBox(BoundedFolder(tmp_path), styled_weights))
    requests: dict[str, dict[str, Any]] = {
        "compose": {"bars": 1, "key": "G major"},
        "harmonise": {"melody": "tune.mid"},
        "infill": {"piece": "tune.mid", "bars": "2"},
    }

    async def main() -> None:
        for verb, words in requests.items():
            found = []
            for style in ("none", "bach", "hymn"):
                name = f"{verb}-{style}.mid"
                await server.call_tool(verb, {**words, "output": [name], "seed": 1, "style": style})
                found.append(read_score(tmp_path / name).notes)
            assert len(set(found)) == 3
        nats = [
            str(await server.call_tool("explain", {"piece": "compose-bach.mid", "style": style}))
            for style in ("none", "bach", "hymn")
        ]
        assert len(set(nats)) == 3
        with pytest.raises(ToolError, match="they know bach, hymn"):
            await server.call_tool("compose", {"output": ["no.mid"], "style": "haydn"})

    anyio.run(main)


@pytest.mark.slow
def test_an_assistant_lists_tools_and_works_with_them(tmp_path: Path, weights: Path) -> None:
    tune = Score(tuple(Note(beat * Q, Q, 67 + beat % 3, 0) for beat in range(8)), key=Key(1))
    save_score(tune, tmp_path / "tune.mid")
    (tmp_path / "out.mid").symlink_to(tmp_path.parent / "secret.mid")

    async def talk(session: ClientSession) -> None:
        tools = {tool.name: tool for tool in (await session.list_tools()).tools}
        assert set(tools) == {"compose", "harmonise", "infill", "judge", "explain", "render"}
        schema = tools["compose"].inputSchema["properties"]
        assert (schema["bars"]["minimum"], schema["bars"]["maximum"], schema["bars"]["default"]) == (1, 1000, 16)
        assert tools["judge"].annotations is not None
        assert tools["judge"].annotations.readOnlyHint

        made = await done(session, "compose", output=["a.mid", "a.abc"], bars=2, key="G major", seed=1, title="Ode")
        assert made["files"] == ["a.mid", "a.abc"]
        assert (made["seed"], made["key"], made["bars"]) == (1, "G major", 2)
        assert read_score(tmp_path / "a.mid").title == "Ode"

        made = await done(session, "harmonise", melody="tune.mid", output=["hymn.musicxml"], seed=1)
        hymn = read_score(tmp_path / "hymn.musicxml")
        assert [note.pitch for note in hymn.voice_notes(0)] == [note.pitch for note in tune.notes]
        assert hymn.num_voices > 1

        await done(session, "infill", piece="hymn.musicxml", bars="2", output=["new.mid"], voices=["T"], seed=2)
        new = read_score(tmp_path / "new.mid")
        assert [n.pitch for n in new.voice_notes(0)] == [n.pitch for n in tune.notes]

        found = await done(session, "judge", piece="hymn.musicxml")
        assert found["grade"] > 0
        assert len(found["oddest"]) == 10
        found = await done(session, "explain", piece="hymn.musicxml", bars="1", top=2)
        assert [moment["bar"] for moment in found["moments"]] == [1, 1]
        made = await done(session, "render", piece="hymn.musicxml", output=["hymn.krn", "hymn.roll.png"])
        assert (tmp_path / "hymn.roll.png").read_bytes().startswith(b"\x89PNG")

        assert "nothing is written over" in await refused(session, "compose", output=["a.mid"])
        assert "outside the folder" in await refused(session, "compose", output=["../a.mid"])
        assert "outside the folder" in await refused(session, "compose", output=["out.mid"])
        assert "outside the folder" in await refused(session, "judge", piece="/etc/hosts")
        assert "less than or equal to 1000" in await refused(session, "compose", output=["b.mid"], bars=1001)
        assert "cannot write .doc" in await refused(session, "render", piece="a.mid", output=["a.doc"])
        assert "'H major' is not a key" in await refused(session, "compose", output=["b.mid"], key="H major")
        assert "bars" in await refused(session, "infill", piece="a.mid", bars="9", output=["b.mid"])
        assert "\n" not in await refused(session, "judge", piece="none.mid")

    drive(tmp_path, weights, talk)
    assert sorted(path.name for path in tmp_path.iterdir() if path.suffix == ".mid") == [
        "a.mid",
        "new.mid",
        "out.mid",
        "tune.mid",
    ]


def test_a_wrong_folder_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from biaxial.cli.mcp import main

    assert main([str(tmp_path / "none")]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err == f"biaxial-mcp: {tmp_path / 'none'}: not a folder; name one that is there\n"
