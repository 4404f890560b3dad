"""Whisper's weights come out of CTranslate2's layout bit for bit; a damaged or foreign file is one sentence."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.numpy import load_file

from assistant.errors import Corrupt, MunimentError, Unavailable
from assistant.models.convert_whisper import convert_whisper
from tests.voice import tiny


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("ct2")
    tiny.write_ctranslate2(folder / "model.bin", tiny.fused(tiny.state()))
    (folder / "config.json").write_text(json.dumps({"alignment_heads": tiny.HEADS, "lang_ids": []}), encoding="utf-8")
    return folder


def test_every_weight_comes_back(source: Path, tmp_path: Path) -> None:
    (tmp_path / "config.json").write_bytes((source / "config.json").read_bytes())
    convert_whisper(source / "model.bin", tmp_path)
    got, expected = load_file(tmp_path / "model.safetensors"), tiny.state()
    assert got.keys() == expected.keys()
    assert all(np.array_equal(got[name], expected[name]) for name in expected)
    config = json.loads((tmp_path / "config.json").read_text(encoding="utf-8"))
    assert config == {"model_type": "openai-whisper", "dims": tiny.DIMS, "alignment_heads": tiny.HEADS}


def test_a_key_bias_is_refused(tmp_path: Path) -> None:
    tiny.write_ctranslate2(tmp_path / "model.bin", tiny.fused(tiny.state(), key_bias=0.5))
    (tmp_path / "config.json").write_text('{"alignment_heads": []}', encoding="utf-8")
    with pytest.raises(Corrupt, match="bias for its keys"):
        convert_whisper(tmp_path / "model.bin", tmp_path)


def test_another_model_is_refused(tmp_path: Path) -> None:
    embedding = {"decoder/embeddings/weight": np.zeros((2, 2), dtype=np.float16)}
    tiny.write_ctranslate2(tmp_path / "model.bin", embedding, "TransformerSpec")
    with pytest.raises(Unavailable, match="TransformerSpec, not Whisper"):
        convert_whisper(tmp_path / "model.bin", tmp_path)
    tiny.write_ctranslate2(tmp_path / "model.bin", embedding)
    (tmp_path / "config.json").write_text('{"alignment_heads": []}', encoding="utf-8")
    with pytest.raises(Corrupt, match="has no array"):
        convert_whisper(tmp_path / "model.bin", tmp_path)


@given(cut=st.floats(0, 0.999), flip=st.integers(0, 60))
@settings(max_examples=40)
def test_a_damaged_file_is_a_sentence(tmp_path: Path, cut: float, flip: int) -> None:
    """Cut short anywhere, or with a bit of its head turned: refused in our words, or read as what it then says."""
    small = {
        "a/weight": np.arange(12, dtype=np.float16).reshape(3, 4),
        "decoder/embeddings/weight": np.zeros(2, np.float16),
    }
    tiny.write_ctranslate2(tmp_path / "whole.bin", small)
    whole = bytearray((tmp_path / "whole.bin").read_bytes())
    (tmp_path / "config.json").write_text('{"alignment_heads": []}', encoding="utf-8")
    for damaged in (whole[: int(len(whole) * cut)], whole[:flip] + bytes([whole[flip] ^ 0x40]) + whole[flip + 1 :]):
        (tmp_path / "model.bin").write_bytes(damaged)
        with pytest.raises(MunimentError):
            convert_whisper(tmp_path / "model.bin", tmp_path)
