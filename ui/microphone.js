/* The microphone beside the question: press, speak, press again. What was understood stands in the box and waits: it can be
   edited before it is sent. What should be checked is listed below it; a doubtful word there, pressed, is chosen in the box. */
(() => {
  const ADDRESS = "/v1/audio/transcriptions";
  const LONGEST = 120;
  const DRAWN =
    '<svg viewBox="0 0 24 24" width="20" height="20" fill="none" stroke="currentColor" stroke-width="2" ' +
    'stroke-linecap="round" aria-hidden="true">';
  const MICROPHONE = `${DRAWN}<rect x="9" y="3" width="6" height="11" rx="3"/><path d="M5 11a7 7 0 0 0 14 0M12 18v3"/></svg>`;
  const STOP = `${DRAWN}<rect x="7" y="7" width="10" height="10" rx="2" fill="currentColor"/></svg>`;
  const NAMES = { ready: "Speak your question", recording: "Stop and write it down", working: "Writing it down" };
  let recorder = null;
  let state = null;
  let clock = 0;
  /* The records of what was said for the question in the box. */
  let records = [];

  const box = () => document.querySelector("#ask textarea");

  /* What the page sends with a question: taken once. */
  window.munimentHeard = () => records.splice(0).join(" ");

  function put(text) {
    const area = box();
    const joined = area.value.trim() ? `${area.value.trim()} ${text}` : text;
    Object.getOwnPropertyDescriptor(HTMLTextAreaElement.prototype, "value").set.call(area, joined);
    area.dispatchEvent(new Event("input", { bubbles: true }));
    area.focus();
  }

  /* ``parts``: texts, or nodes. */
  function note(kind, ...parts) {
    const place = document.querySelector("#heard") || document.createElement("p");
    place.id = "heard";
    place.setAttribute("role", "status");
    place.dataset.kind = kind;
    place.replaceChildren(...parts);
    document.getElementById("ask").append(place);
  }

  const made = (name, text, given = {}) => Object.assign(document.createElement(name), { textContent: text, ...given });

  const button = made("button", "", { type: "button", className: "microphone-button" });

  function show(now) {
    button.innerHTML = now === "recording" ? STOP : MICROPHONE;
    button.dataset.state = now;
    button.setAttribute("aria-label", NAMES[now]);
    button.title = NAMES[now];
    button.disabled = now === "working";
  }

  async function start() {
    let stream;
    button.disabled = true;
    try {
      stream = await navigator.mediaDevices.getUserMedia({ audio: { channelCount: 1, noiseSuppression: true } });
    } catch {
      note("failed", "The microphone can't be used; allow it for this page, or type.");
      show("ready");
      return;
    }
    const parts = [];
    recorder = new MediaRecorder(stream);
    recorder.addEventListener("dataavailable", (event) => parts.push(event.data));
    recorder.addEventListener("stop", async () => {
      for (const track of stream.getTracks()) track.stop();
      clearInterval(clock);
      const { mimeType, dropped } = recorder;
      recorder = null;
      if (!dropped) return send(new Blob(parts, { type: mimeType }));
      document.getElementById("heard")?.remove();
      show("ready");
    });
    recorder.start();
    show("recording");
    const shown = made("span", "0:00", { className: "clock" });
    shown.setAttribute("aria-hidden", "true");
    note("recording", shown, made("span", "Listening. Press again to finish."));
    const began = Date.now();
    clock = setInterval(() => {
      const seconds = Math.floor((Date.now() - began) / 1000);
      shown.textContent = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
      if (seconds >= LONGEST) stop();
    }, 250);
  }

  function stop(dropped = false) {
    if (recorder?.state !== "recording") return;
    recorder.dropped = dropped;
    recorder.stop();
  }

  async function send(sound) {
    show("working");
    note("working", "Writing it down…");
    try {
      const form = new FormData();
      form.append("file", sound, sound.type.includes("mp4") ? "question.mp4" : "question.webm");
      const answer = await fetch(ADDRESS, { method: "POST", body: form });
      const said = await answer.json();
      if (!answer.ok) throw new Error(said.error?.message || "That did not work.");
      if (!said.text) {
        const some = said.muniment.rejected.length;
        note("failed", some ? "That was not understood; say it again, or type." : "Nothing was heard; speak a little closer, or type.");
      } else {
        if (!box().value.trim()) records = [];
        records.push(said.muniment.receipt.id);
        put(said.text);
        note("heard", ...findings(said.muniment));
      }
    } catch (error) {
      note("failed", error instanceof TypeError ? "The server could not be reached; try again, or type." : error.message);
    }
    show("ready");
  }

  function findings(extra) {
    const lines = extra.corrections.map((one) => made("span", `Heard “${one.heard}”, written “${one.written}”.`));
    if (extra.confirm.some((one) => one.kind === "sentence")) {
      lines.push(made("span", "Hardly a word was heard surely; please read all of it."));
    }
    const doubtful = extra.confirm.filter((one) => one.kind !== "sentence");
    if (doubtful.length) {
      const check = made("span", "Please check ");
      for (const one of doubtful) {
        const word = made("button", one.text, { type: "button", title: "Choose it in the question" });
        word.addEventListener("click", () => choose(one.text));
        check.append(word, " ");
      }
      lines.push(check);
    }
    if (extra.rejected.length) lines.push(made("span", "A part was not understood."));
    return lines.length ? lines : [made("span", "Check the words, then send.")];
  }

  function choose(text) {
    const area = box();
    const at = area.value.indexOf(text);
    area.focus();
    if (at >= 0) area.setSelectionRange(at, at + text.length);
  }

  button.addEventListener("click", () => (recorder ? stop() : start()));
  addEventListener("keydown", (event) => {
    if (event.key === "Escape") stop(true);
  });

  addEventListener("input", (event) => {
    if (event.target === box() && !event.target.value.trim()) records = [];
  });

  /* Gradio draws the box anew now and then. What was said of a question goes when the question does. */
  function place() {
    const area = box();
    if (!area || !state?.available) return;
    if (area.parentElement && !area.parentElement.contains(button)) area.after(button);
    if (area.value) return;
    records = [];
    const shown = document.getElementById("heard");
    if (shown?.dataset.kind === "heard") shown.remove();
  }

  async function begin() {
    if (!navigator.mediaDevices || !window.MediaRecorder) return;
    state = await fetch("/v1/audio").then((answer) => (answer.ok ? answer.json() : null), () => null);
    show("ready");
    new MutationObserver(place).observe(document.body, { childList: true, subtree: true });
    place();
  }

  /* Gradio puts this script into a page that was read long before: DOMContentLoaded has come and gone. */
  if (document.readyState === "loading") addEventListener("DOMContentLoaded", begin);
  else begin();
})();
