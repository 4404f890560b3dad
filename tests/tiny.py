"""Tiny real models, made on the spot: a Llama of two layers, a BERT of one, a LoRA adapter, a GGUF file. Random weights, true
file formats: what loads the real models loads these, in a tenth of a second.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

WORDS = (
    "A gift worth more than 150 pounds needs the approval of Compliance before it is accepted. "
    "Records are kept for five years after the relationship ends. Report a suspicion to the officer at once. "
    "Zoë’s café — naïve, 漢字 ☃ 🙂 [1][2]"
)
SPECIAL = ("<|endoftext|>", "<|im_start|>", "<|im_end|>")
CHAT = (
    "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>\n' }}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)
HIDDEN, LAYERS, HEADS, KEY_HEADS, INNER, CONTEXT = 64, 2, 4, 2, 128, 2048


def byte_level_tokenizer(split_digits: bool = True) -> Any:
    """A byte-level BPE of 300 tokens: every text can be written, and an emoji takes several tokens."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

    tokenizer = Tokenizer(models.BPE())
    first = [pre_tokenizers.Digits(individual_digits=True)] if split_digits else []
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([*first, pre_tokenizers.ByteLevel(add_prefix_space=False)])
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.train_from_iterator(
        [WORDS],
        trainers.BpeTrainer(
            vocab_size=300,
            special_tokens=list(SPECIAL),
            initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
            show_progress=False,
        ),
    )
    return tokenizer


def llama(folder: Path, *, seed: int = 0) -> Path:
    """A Llama with a chat template, as a pulled folder looks. The wide initialisation makes its tokens vary."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    backend = byte_level_tokenizer()
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=backend, bos_token=SPECIAL[1], eos_token=SPECIAL[2], pad_token=SPECIAL[0]
    )
    tokenizer.chat_template = CHAT
    config = LlamaConfig(
        vocab_size=backend.get_vocab_size(),
        hidden_size=HIDDEN,
        intermediate_size=INNER,
        num_hidden_layers=LAYERS,
        num_attention_heads=HEADS,
        num_key_value_heads=KEY_HEADS,
        max_position_embeddings=CONTEXT,
        initializer_range=0.2,
        tie_word_embeddings=False,
        bos_token_id=1,
        eos_token_id=2,
        pad_token_id=0,
    )
    torch.manual_seed(seed)
    LlamaForCausalLM(config).to(torch.bfloat16).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def lora(base: Path, folder: Path, *, bound_to: str, seed: int = 1) -> Path:
    """An adapter that changes what the base says, bound to the identity ``bound_to``."""
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM

    torch.manual_seed(seed)
    model = AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32, local_files_only=True)
    adapted = get_peft_model(
        model, LoraConfig(r=4, lora_alpha=8, target_modules=["q_proj", "v_proj", "down_proj"], task_type="CAUSAL_LM")
    )
    for name, parameter in adapted.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(parameter, std=0.5)
    adapted.save_pretrained(folder)
    (folder / "muniment.json").write_text(json.dumps({"base": bound_to}), encoding="utf-8")
    return folder


def encoder(folder: Path) -> Path:
    """A BERT of one layer with mean pooling, as sentence-transformers saves it."""
    import torch
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Normalize, Pooling, Transformer
    from tokenizers import BertWordPieceTokenizer
    from transformers import BertConfig, BertModel, BertTokenizerFast

    pieces = BertWordPieceTokenizer()
    pieces.train_from_iterator([WORDS], vocab_size=200, show_progress=False)
    plain = folder.parent / f"{folder.name}-plain"
    plain.mkdir(parents=True)
    vocabulary = sorted(pieces.get_vocab().items(), key=lambda item: item[1])
    (plain / "vocab.txt").write_text("".join(f"{token}\n" for token, _ in vocabulary), encoding="utf-8")
    BertTokenizerFast(vocab=str(plain / "vocab.txt")).save_pretrained(plain)
    torch.manual_seed(0)
    BertModel(
        BertConfig(
            vocab_size=len(vocabulary),
            hidden_size=32,
            num_hidden_layers=1,
            num_attention_heads=4,
            intermediate_size=64,
            max_position_embeddings=512,
            initializer_range=0.2,
        )
    ).save_pretrained(plain)
    SentenceTransformer(modules=[Transformer(str(plain)), Pooling(32), Normalize()], device="cpu").save(str(folder))
    return folder


def gguf(path: Path, *, architecture: str = "llama", untied_copy: bool = False, seed: int = 0) -> dict[str, np.ndarray]:
    """A GGUF file of random weights (norms F32, the rest Q8_0, the embedding Q4_0); its values before quantising, by GGUF name.

    ``untied_copy``: the embedding's matrix stands in the file a second time as the output, in Q8_0.
    """
    import gguf as library
    from gguf import GGMLQuantizationType as Kind

    tokenizer = byte_level_tokenizer(split_digits=architecture == "llama")
    vocabulary = sorted(tokenizer.get_vocab(), key=tokenizer.token_to_id)
    model = json.loads(tokenizer.to_str())["model"]
    writer = library.GGUFWriter(str(path), architecture)
    writer.add_context_length(CONTEXT)
    writer.add_embedding_length(HIDDEN)
    writer.add_block_count(LAYERS)
    writer.add_feed_forward_length(INNER)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(KEY_HEADS)
    writer.add_rope_freq_base(10000.0)
    writer.add_layer_norm_rms_eps(1e-6)
    if architecture == "llama":
        writer.add_rope_dimension_count(HIDDEN // HEADS)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("smollm" if architecture == "llama" else "qwen2")
    writer.add_token_list(vocabulary)
    writer.add_token_types([3 if token in SPECIAL else 1 for token in vocabulary])
    writer.add_token_merges([" ".join(pair) for pair in model["merges"]])
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    writer.add_pad_token_id(0)
    writer.add_chat_template(CHAT)

    draw = np.random.default_rng(seed)
    values: dict[str, np.ndarray] = {}

    def add(name: str, *shape: int, kind: Kind = Kind.Q8_0) -> None:
        values.setdefault(name, draw.normal(0, 0.2, shape).astype(np.float32))
        writer.add_tensor(name, library.quants.quantize(values[name], kind), raw_dtype=kind)

    narrow = HIDDEN // HEADS * KEY_HEADS
    add("token_embd.weight", len(vocabulary), HIDDEN, kind=Kind.Q4_0)
    if untied_copy:
        values["output.weight"] = values["token_embd.weight"]
        add("output.weight", len(vocabulary), HIDDEN)
    add("output_norm.weight", HIDDEN, kind=Kind.F32)
    for layer in range(LAYERS):
        for name, rows in (("attn_q", HIDDEN), ("attn_k", narrow), ("attn_v", narrow), ("attn_output", HIDDEN)):
            add(f"blk.{layer}.{name}.weight", rows, HIDDEN)
            if architecture == "qwen2" and name != "attn_output":
                add(f"blk.{layer}.{name}.bias", rows, kind=Kind.F32)
        for name in ("attn_norm", "ffn_norm"):
            add(f"blk.{layer}.{name}.weight", HIDDEN, kind=Kind.F32)
        add(f"blk.{layer}.ffn_gate.weight", INNER, HIDDEN)
        add(f"blk.{layer}.ffn_up.weight", INNER, HIDDEN)
        add(f"blk.{layer}.ffn_down.weight", HIDDEN, INNER)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return values
