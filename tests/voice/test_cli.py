"""``muniment transcribe`` and ``eval voice`` from outside: exit codes, one line on stderr, one JSON object on stdout."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.voice.test_contracts import ROOT, true_models
from tests.voice.test_listen import quiet, tone, wav
from tests.world import World


def run(*arguments: str, root: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "from ui.cli import main; main()", *arguments]
    return subprocess.run(command, capture_output=True, text=True, cwd=root, timeout=900, check=False)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project without any model; the real lock, so that what is missing is named."""
    world = World.make(tmp_path_factory.mktemp("cli"))
    world.write("configs/models.toml", (ROOT / "configs" / "models.toml").read_text(encoding="utf-8"))
    return world.root


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("garbage.wav", b"\x00\x01not a sound" * 30, "garbage.wav is no recording that can be read"),
        ("empty.mp3", b"", "empty.mp3 is empty"),
        ("good.wav", wav(tone(1)), "models pull whisper-base"),
    ],
)
def test_what_is_wrong_is_one_line(project: Path, name: str, data: bytes, words: str) -> None:
    pytest.importorskip("av", reason="install the extra `voice`")
    (project / name).write_bytes(data)
    done = run("transcribe", name, "--plain", "--json", root=project)
    assert done.returncode == 1
    assert done.stdout == ""
    assert words in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_a_missing_file_is_one_line(project: Path) -> None:
    done = run("transcribe", "nowhere.wav", "--plain", root=project)
    assert (done.returncode, len(done.stderr.strip().splitlines())) == (1, 1)
    assert "nowhere.wav can't be read" in done.stderr


@pytest.mark.voice
class TestTrueModels:
    pytestmark = true_models

    def test_silence_is_an_empty_text_and_exit_0(self, tmp_path: Path) -> None:
        (tmp_path / "silence.wav").write_bytes(wav(quiet(3)))
        done = run("transcribe", str(tmp_path / "silence.wav"), "--plain", "--json", root=ROOT)
        assert done.returncode == 0, done.stderr
        body = json.loads(done.stdout)
        assert (body["schema_version"], body["text"], body["segments"], body["words"]) == (1, "", [], [])
        assert body["duration"] == pytest.approx(3, abs=0.01)
        assert body["language"] == "en"

    def test_words_have_times_and_confidences(self, tmp_path: Path) -> None:
        from assistant.voice.say import flite, installed

        if not installed([flite()]):
            pytest.skip("flite is not installed")
        spoken = np.concatenate([quiet(0.5), flite("rms").speak("Complaint files are kept for six years.")])
        (tmp_path / "said.wav").write_bytes(wav(spoken))
        done = run("transcribe", str(tmp_path / "said.wav"), "--plain", "--json", root=ROOT)
        body = json.loads(done.stdout)
        assert "files are kept for" in body["text"].lower()
        assert [set(word) for word in body["words"]] == [{"text", "start", "end", "confidence"}] * len(body["words"])
        assert all(0 <= word["start"] <= word["end"] <= body["duration"] for word in body["words"])
