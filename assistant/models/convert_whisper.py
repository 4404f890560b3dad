"""Whisper in CTranslate2's layout to openai-whisper's state dict, exactly: names change, the fused projections are cut apart.

CTranslate2 keeps query, key and value of self-attention in one matrix (rows in that order), key and value of cross-attention
in another, and a zero bias for the keys, which Whisper has none for. Everything stays float16 as it stands in the file.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assistant.errors import Corrupt, Unavailable
from assistant.files import write_json
from assistant.models.ctranslate2_file import read

CONVERTER = "ctranslate2-whisper/1"
"""Identity of these rules: a change of what they would write changes it."""

Arrays = Mapping[str, NDArray[Any]]


def convert_whisper(source: Path, folder: Path) -> None:
    """Write ``model.safetensors`` and ``config.json`` (dimensions, alignment heads) into ``folder``.

    ``folder`` holds CTranslate2's ``config.json`` already, which names the heads that align text with time; it is replaced.
    Raises `Unavailable` where the file is no Whisper, `Corrupt` where a key has a bias or the file does not fit together.
    """
    from safetensors.numpy import save_file

    file = read(source)
    if file.specification != "WhisperSpec":
        raise Unavailable(f"{source.name} is a {file.specification}, not Whisper.")
    given = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    try:
        dims = _dimensions(file.arrays)
        tensors = dict(_tensors(file.arrays, dims))
    except KeyError as error:
        raise Corrupt(f"{source.name} has no array {error}; pull the model again.") from error
    save_file({name: np.ascontiguousarray(values) for name, values in tensors.items()}, folder / "model.safetensors")
    write_json(
        folder / "config.json",
        {"model_type": "openai-whisper", "dims": dims, "alignment_heads": given["alignment_heads"]},
    )


def _dimensions(arrays: Arrays) -> dict[str, int]:
    def layers(part: str) -> int:
        return len({match[1] for name in arrays if (match := re.match(rf"{part}/layer_(\d+)/", name))})

    width, mels, _ = arrays["encoder/conv1/weight"].shape
    vocabulary, text_width = arrays["decoder/embeddings/weight"].shape
    return {
        "n_mels": mels,
        "n_audio_ctx": arrays["encoder/position_encodings/encodings"].shape[0],
        "n_audio_state": width,
        "n_audio_head": int(arrays["encoder/num_heads"]),
        "n_audio_layer": layers("encoder"),
        "n_vocab": vocabulary,
        "n_text_ctx": arrays["decoder/position_encodings/encodings"].shape[0],
        "n_text_state": text_width,
        "n_text_head": int(arrays["decoder/num_heads"]),
        "n_text_layer": layers("decoder"),
    }


def _tensors(arrays: Arrays, dims: Mapping[str, int]) -> Iterator[tuple[str, NDArray[Any]]]:
    for conv in ("conv1", "conv2"):
        for kind in ("weight", "bias"):
            yield f"encoder.{conv}.{kind}", arrays[f"encoder/{conv}/{kind}"]
    yield "encoder.positional_embedding", arrays["encoder/position_encodings/encodings"]
    yield "decoder.positional_embedding", arrays["decoder/position_encodings/encodings"]
    yield "decoder.token_embedding.weight", arrays["decoder/embeddings/weight"]
    yield from _norm(arrays, "encoder/layer_norm", "encoder.ln_post")
    yield from _norm(arrays, "decoder/layer_norm", "decoder.ln")
    for part, count in (("encoder", dims["n_audio_layer"]), ("decoder", dims["n_text_layer"])):
        for layer in range(count):
            block, theirs = f"{part}.blocks.{layer}", f"{part}/layer_{layer}"
            yield from _self_attention(arrays, f"{theirs}/self_attention", block)
            if part == "decoder":
                yield from _cross_attention(arrays, f"{theirs}/attention", block)
            yield from _norm(arrays, f"{theirs}/ffn/layer_norm", f"{block}.mlp_ln")
            yield from _linear(arrays, f"{theirs}/ffn/linear_0", f"{block}.mlp.0")
            yield from _linear(arrays, f"{theirs}/ffn/linear_1", f"{block}.mlp.2")


def _self_attention(arrays: Arrays, theirs: str, block: str) -> Iterator[tuple[str, NDArray[Any]]]:
    yield from _norm(arrays, f"{theirs}/layer_norm", f"{block}.attn_ln")
    yield from _fused(arrays, f"{theirs}/linear_0", f"{block}.attn", ("query", "key", "value"))
    yield from _linear(arrays, f"{theirs}/linear_1", f"{block}.attn.out")


def _cross_attention(arrays: Arrays, theirs: str, block: str) -> Iterator[tuple[str, NDArray[Any]]]:
    yield from _norm(arrays, f"{theirs}/layer_norm", f"{block}.cross_attn_ln")
    yield from _linear(arrays, f"{theirs}/linear_0", f"{block}.cross_attn.query")
    yield from _fused(arrays, f"{theirs}/linear_1", f"{block}.cross_attn", ("key", "value"))
    yield from _linear(arrays, f"{theirs}/linear_2", f"{block}.cross_attn.out")


def _fused(arrays: Arrays, theirs: str, ours: str, names: tuple[str, ...]) -> Iterator[tuple[str, NDArray[Any]]]:
    weights = np.split(arrays[f"{theirs}/weight"], len(names))
    biases = np.split(arrays[f"{theirs}/bias"], len(names))
    for name, weight, bias in zip(names, weights, biases, strict=True):
        yield f"{ours}.{name}.weight", weight
        if name != "key":
            yield f"{ours}.{name}.bias", bias
        elif bias.any():
            raise Corrupt(f"{theirs} has a bias for its keys; Whisper has none, so this is another model.")


def _linear(arrays: Arrays, theirs: str, ours: str) -> Iterator[tuple[str, NDArray[Any]]]:
    for kind in ("weight", "bias"):
        yield f"{ours}.{kind}", arrays[f"{theirs}/{kind}"]


def _norm(arrays: Arrays, theirs: str, ours: str) -> Iterator[tuple[str, NDArray[Any]]]:
    yield f"{ours}.weight", arrays[f"{theirs}/gamma"]
    yield f"{ours}.bias", arrays[f"{theirs}/beta"]
