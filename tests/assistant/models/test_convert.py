"""GGUF to transformers' folder. Oracles: transformers' own GGUF loader, and the values the file was made from."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM, AutoTokenizer, GgufConfig

from assistant.errors import Corrupt, Unavailable
from assistant.models.convert import convert_gguf
from assistant.models.gguf_file import GgufFile
from tests import tiny


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("gguf")
    tiny.gguf(folder / "llama.gguf")
    tiny.gguf(folder / "qwen2.gguf", architecture="qwen2", untied_copy=True)
    for name in ("llama", "qwen2"):
        (folder / name).mkdir()
        convert_gguf(folder / f"{name}.gguf", folder / name, tie_head=name == "qwen2")
    return folder


@pytest.mark.parametrize("name", ["llama", "qwen2"])
def test_every_tensor_equals_that_of_transformers_own_loader(made: Path, name: str) -> None:
    ours = load_file(made / name / "model.safetensors")
    theirs = AutoModelForCausalLM.from_pretrained(
        made, gguf_file=f"{name}.gguf", dtype=torch.bfloat16, quantization_config=GgufConfig(dequantize=True)
    ).state_dict()
    twice = {"model.embed_tokens.weight", "lm_head.weight"}
    assert set(ours) - twice == set(theirs) - twice
    for key in set(ours) - twice:
        assert torch.equal(ours[key], theirs[key]), key


def test_a_tied_head_is_kept_once_and_at_the_better_precision(made: Path, tmp_path: Path) -> None:
    values = tiny.gguf(tmp_path / "again.gguf", architecture="qwen2", untied_copy=True)["output.weight"]
    ours = load_file(made / "qwen2" / "model.safetensors")
    assert "lm_head.weight" not in ours
    error = np.linalg.norm(ours["model.embed_tokens.weight"].float().numpy() - values) / np.linalg.norm(values)
    assert error < 0.01, "Q8_0's error is under 1 %, Q4_0's about 10 %"


@pytest.mark.parametrize("name", ["llama", "qwen2"])
def test_the_folder_loads_and_gives_the_logits_of_transformers_own_loader(made: Path, name: str) -> None:
    ours = AutoModelForCausalLM.from_pretrained(made / name, local_files_only=True, dtype=torch.bfloat16)
    theirs = AutoModelForCausalLM.from_pretrained(
        made, gguf_file=f"{name}.gguf", dtype=torch.bfloat16, quantization_config=GgufConfig(dequantize=True)
    )
    if name == "qwen2":
        theirs.model.embed_tokens.weight = theirs.lm_head.weight
    ids = torch.tensor([[1, 40, 41, 42, 43, 2]])
    with torch.inference_mode():
        assert torch.equal(ours(ids).logits, theirs(ids).logits)
    assert ours.config.rms_norm_eps == 1e-6


@settings(max_examples=60, deadline=None)
@given(text=st.text(max_size=60))
def test_tokens_are_those_of_the_tokenizer_the_file_was_made_from(made: Path, text: str) -> None:
    ours = _tokenizer(made / "llama")
    assert ours(text, add_special_tokens=False)["input_ids"] == tiny.byte_level_tokenizer().encode(text).ids


_loaded: dict[Path, AutoTokenizer] = {}


def _tokenizer(folder: Path) -> AutoTokenizer:
    return _loaded.setdefault(folder, AutoTokenizer.from_pretrained(folder, local_files_only=True))


def test_special_tokens_and_the_chat_template_come_over(made: Path) -> None:
    tokenizer = _tokenizer(made / "llama")
    assert (tokenizer.bos_token, tokenizer.eos_token, tokenizer.pad_token) == (
        tiny.SPECIAL[1],
        tiny.SPECIAL[2],
        tiny.SPECIAL[0],
    )
    assert tokenizer("<|im_end|>", add_special_tokens=False)["input_ids"] == [2]
    said = tokenizer.apply_chat_template([{"role": "user", "content": "Hi"}], tokenize=False)
    assert said == "<|im_start|>user\nHi<|im_end|>\n"


def test_metadata_and_shapes_are_those_that_were_written(tmp_path: Path) -> None:
    values = tiny.gguf(tmp_path / "a.gguf")
    with GgufFile(tmp_path / "a.gguf") as file:
        assert {name: entry.shape for name, entry in file.tensors.items()} == {n: v.shape for n, v in values.items()}
        assert file.metadata["llama.context_length"] == tiny.CONTEXT
        assert np.array_equal(file.tensor("output_norm.weight"), values["output_norm.weight"])


@settings(max_examples=40, deadline=None)
@given(share=st.floats(0, 0.999))
def test_a_file_cut_short_anywhere_is_refused(made: Path, share: float) -> None:
    whole = (made / "llama.gguf").read_bytes()
    cut = made / "cut.gguf"
    cut.write_bytes(whole[: int(len(whole) * share)])
    with pytest.raises(Corrupt):
        _read_all(cut)


def _read_all(path: Path) -> None:
    with GgufFile(path) as file:
        for name in file.tensors:
            file.tensor(name)


def test_what_no_rule_knows_is_refused(tmp_path: Path) -> None:
    import gguf

    writer = gguf.GGUFWriter(str(tmp_path / "b.gguf"), "bloom")
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.close()
    with pytest.raises(Unavailable, match="'bloom'"):
        convert_gguf(tmp_path / "b.gguf", tmp_path, tie_head=False)
    (tmp_path / "c.gguf").write_bytes(b"PK\3\4 is a zip file")
    with pytest.raises(Corrupt, match=r"c\.gguf"):
        convert_gguf(tmp_path / "c.gguf", tmp_path, tie_head=False)
