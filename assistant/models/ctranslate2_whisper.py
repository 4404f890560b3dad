"""openai-whisper's weights written in CTranslate2's layout, exactly, by CTranslate2's own writer: the other way round than
`assistant.models.convert_whisper`. With them the vocabulary, and a tokenizer made from openai-whisper's own ranks.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assistant.errors import Corrupt

Tensors = Mapping[str, NDArray[Any]]


def write(folder: Path, into: Path) -> None:
    """From ``model.safetensors`` and ``config.json`` of ``folder`` to the files faster-whisper loads. Nothing is fetched.

    Raises `Corrupt` where the folder holds no Whisper.
    """
    config, tensors = _read(folder)
    dims = config["dims"]
    tokenizer, names = tokenizer_of(dims["n_vocab"])
    blank = [names.index("Ġ"), names.index("<|endoftext|>")]  # not at the beginning
    _save(_spec(dims, tensors), into, names, config["alignment_heads"], blank)
    (into / "tokenizer.json").write_text(tokenizer.to_str(), encoding="utf-8")
    (into / "preprocessor_config.json").write_text(json.dumps({"feature_size": dims["n_mels"]}), encoding="utf-8")


def write_encoder(folder: Path, into: Path) -> None:
    """As `write`, for what only encodes. CTranslate2 knows no Whisper without a decoder: this one has one layer and one word."""
    config, tensors = _read(folder)
    word = "decoder.token_embedding.weight"
    _save(
        _spec({**config["dims"], "n_text_layer": 1}, {**tensors, word: tensors[word][:1]}),
        into,
        ["<|endoftext|>"],
        [[0, 0]],
        [],
    )


def tokenizer_of(n_vocab: int) -> tuple[Any, list[str]]:
    """openai-whisper's byte-pair encoding as a ``tokenizers.Tokenizer``, and the name of each of ``n_vocab`` tokens.

    A token may be merged from any two tokens whose bytes it joins, at its rank: what tiktoken does.
    """
    from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers
    from whisper.tokenizer import get_encoding

    multilingual = n_vocab >= 51865
    encoding = get_encoding(
        "multilingual" if multilingual else "gpt2", num_languages=n_vocab - 51765 - int(multilingual)
    )
    ranks, special = encoding._mergeable_ranks, encoding._special_tokens
    letters = _letters()

    def written(token: bytes) -> str:
        return "".join(letters[byte] for byte in token)

    merges = [
        (written(token[:at]), written(token[at:]))
        for token in sorted(ranks, key=ranks.__getitem__)
        for at in sorted(range(1, len(token)), key=lambda at: (ranks.get(token[:at], 1 << 30), at))
        if token[:at] in ranks and token[at:] in ranks
    ]
    made = Tokenizer(models.BPE(vocab={written(token): rank for token, rank in ranks.items()}, merges=merges))
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    made.add_special_tokens(
        [AddedToken(name, special=True, normalized=False) for name in sorted(special, key=special.__getitem__)]
    )
    names = [""] * n_vocab
    for name, number in made.get_vocab(with_added_tokens=True).items():
        if number < n_vocab:
            names[number] = name
    return made, [name or f"<|unused-{number}|>" for number, name in enumerate(names)]


def _letters() -> dict[int, str]:
    """How byte-level encodings write each byte as a printable letter (GPT-2)."""
    plain = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [byte for byte in range(256) if byte not in plain]
    return {**{byte: chr(byte) for byte in plain}, **{byte: chr(256 + n) for n, byte in enumerate(others)}}


def _read(folder: Path) -> tuple[dict[str, Any], Tensors]:
    from safetensors.numpy import load_file

    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        tensors = load_file(folder / "model.safetensors")
        _spec(config["dims"], tensors)
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise Corrupt(
            f"{folder} holds no Whisper of this version; run `muniment models pull {folder.name}`."
        ) from error
    return config, tensors


def _save(spec: Any, into: Path, names: list[str], heads: Sequence[Sequence[int]], not_first: list[int]) -> None:
    spec.config.alignment_heads = [list(pair) for pair in heads]
    spec.config.suppress_ids, spec.config.lang_ids = [], []
    spec.config.suppress_ids_begin = not_first
    spec.register_vocabulary(names)
    spec.validate()
    spec.optimize(quantization=None)
    spec.save(str(into))


def _spec(dims: Mapping[str, int], tensors: Tensors) -> Any:
    from ctranslate2.specs.whisper_spec import WhisperSpec

    spec = WhisperSpec(dims["n_audio_layer"], dims["n_audio_head"], dims["n_text_layer"], dims["n_text_head"])
    encoder, decoder = spec.encoder, spec.decoder
    for name in ("conv1", "conv2"):
        _linear(getattr(encoder, name), tensors, [f"encoder.{name}"])
    encoder.position_encodings.encodings = tensors["encoder.positional_embedding"]
    decoder.position_encodings.encodings = tensors["decoder.positional_embedding"]
    decoder.embeddings.weight = decoder.projection.weight = tensors["decoder.token_embedding.weight"]
    _norm(encoder.layer_norm, tensors, "encoder.ln_post")
    _norm(decoder.layer_norm, tensors, "decoder.ln")
    for part, layers in (("encoder", encoder.layer), ("decoder", decoder.layer)):
        for number, layer in enumerate(layers):
            block = f"{part}.blocks.{number}"
            own = layer.self_attention
            _norm(own.layer_norm, tensors, f"{block}.attn_ln")
            _linear(own.linear[0], tensors, [f"{block}.attn.{kind}" for kind in ("query", "key", "value")])
            _linear(own.linear[1], tensors, [f"{block}.attn.out"])
            if part == "decoder":
                cross = layer.attention
                _norm(cross.layer_norm, tensors, f"{block}.cross_attn_ln")
                _linear(cross.linear[0], tensors, [f"{block}.cross_attn.query"])
                _linear(cross.linear[1], tensors, [f"{block}.cross_attn.{kind}" for kind in ("key", "value")])
                _linear(cross.linear[2], tensors, [f"{block}.cross_attn.out"])
            _norm(layer.ffn.layer_norm, tensors, f"{block}.mlp_ln")
            _linear(layer.ffn.linear_0, tensors, [f"{block}.mlp.0"])
            _linear(layer.ffn.linear_1, tensors, [f"{block}.mlp.2"])
    return spec


def _linear(layer: Any, tensors: Tensors, names: list[str]) -> None:
    """Projections one below the other; keys have no bias, which is written as zeros."""
    weights = [tensors[f"{name}.weight"] for name in names]
    biases = [
        np.zeros(len(weight), weight.dtype) if name.endswith(".key") else tensors[f"{name}.bias"]
        for name, weight in zip(names, weights, strict=True)
    ]
    layer.weight, layer.bias = np.concatenate(weights), np.concatenate(biases)


def _norm(layer: Any, tensors: Tensors, name: str) -> None:
    layer.gamma, layer.beta = tensors[f"{name}.weight"], tensors[f"{name}.bias"]
