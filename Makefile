# make run    everything, then serve on PORT (7860)     make demo   everything, then one cited answer
# make test   lint, types, tests (needs pip only)       make test-browser  the app in Debian's Chromium
# make voice  the microphone: packages and models       make test-voice    speech, with real models
# TORCH_INDEX=URL names PyTorch's own index; PYTHON=python3.12 another interpreter; CONFIG=configs/gpu.toml another config.

VENV   ?= .venv
PYTHON ?= python3
PORT   ?= 7860
CONFIG ?= configs/default.toml
BIN    := $(VENV)/bin
PIP    := $(BIN)/python -m pip --disable-pip-version-check

ifneq ($(shell command -v nvidia-smi 2>/dev/null && nvidia-smi -L 2>/dev/null | grep -c GPU),)
FAISS := gpu
WHY   := an NVIDIA GPU is present
else
FAISS := cpu
WHY   := no NVIDIA GPU was found
endif

.PHONY: run demo knowledge voice test test-browser test-voice lint clean

run: knowledge
	PORT=$(PORT) exec $(BIN)/muniment serve --config $(CONFIG)

demo: knowledge
	$(BIN)/muniment ask "How quickly must a complaint be acknowledged in writing?" --config $(CONFIG)

knowledge: $(VENV)/.installed
	$(BIN)/muniment models pull --config $(CONFIG)
	$(BIN)/muniment ingest --config $(CONFIG)

test: $(VENV)/.installed-dev lint
	$(BIN)/muniment models pull
	$(BIN)/python -m pytest

test-browser: $(VENV)/.installed-dev knowledge
	$(PIP) install -q "playwright>=1.65"
	$(BIN)/python -m pytest -m browser tests/ui tests/voice

# Speech to text: its packages and models; then the chat has a microphone. `pip install muniment[voice]` would also bring
# openai-whisper's triton (1 GB), which nothing here uses.
voice: $(VENV)/.installed-voice
	$(BIN)/muniment models pull whisper-base silero-vad --config $(CONFIG)

# With real models; with espeak-ng and flite (Debian packages) where they are installed.
test-voice: $(VENV)/.installed-dev voice
	$(BIN)/python -m pytest -m "not browser" tests/voice

lint: $(VENV)/.installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

# PyTorch first and exactly: a later resolver step then finds it satisfied and fetches no other build.
$(VENV)/.installed: pyproject.toml .ci/constraints.txt
	@echo "FAISS for the $(FAISS): $(WHY)."
	$(PYTHON) -m venv $(VENV)
	$(PIP) install -q torch==2.13.0 $(if $(TORCH_INDEX),--index-url $(TORCH_INDEX))
	$(PIP) install -q -c .ci/constraints.txt -e ".[$(FAISS)]"
	touch $@

$(VENV)/.installed-dev: $(VENV)/.installed
	$(PIP) install -q -c .ci/constraints.txt -e ".[$(FAISS),dev]"
	touch $@

$(VENV)/.installed-voice: $(VENV)/.installed
	$(PIP) install -q -c .ci/constraints.txt faster-whisper av jiwer tiktoken numba more-itertools tqdm
	$(PIP) install -q --no-deps openai-whisper==20250625
	touch $@

clean:
	rm -rf $(VENV) data build *.egg-info
