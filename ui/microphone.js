/* The microphone beside the question: press, speak, press again. What was understood stands in the box and waits: it can be
   edited before it is sent. What should be checked is listed below it, with the way to listen for: words, not sounds. */
(() => {
  const ADDRESS = "/v1/audio/transcriptions";
  let recorder = null;
  let state = null;

  const box = () => document.querySelector("#ask textarea");

  function put(text) {
    const area = box();
    const joined = area.value.trim() ? `${area.value.trim()} ${text}` : text;
    Object.getOwnPropertyDescriptor(HTMLTextAreaElement.prototype, "value").set.call(area, joined);
    area.dispatchEvent(new Event("input", { bubbles: true }));
    area.focus();
  }

  function note(kind, lines) {
    const place = document.querySelector("#heard") || document.createElement("p");
    place.id = "heard";
    place.setAttribute("role", "status");
    place.dataset.kind = kind;
    place.replaceChildren(...lines.map((line) => Object.assign(document.createElement("span"), { textContent: line })));
    document.getElementById("ask").append(place);
  }

  const button = Object.assign(document.createElement("button"), { type: "button", className: "microphone-button" });
  button.innerHTML =
    '<svg viewBox="0 0 24 24" width="20" height="20" fill="none" stroke="currentColor" stroke-width="2" ' +
    'stroke-linecap="round" aria-hidden="true"><rect x="9" y="3" width="6" height="11" rx="3"/>' +
    '<path d="M5 11a7 7 0 0 0 14 0M12 18v3"/></svg>';

  function show(now) {
    button.dataset.state = now;
    const names = { ready: "Speak your question", recording: "Stop and write it down", working: "Writing it down" };
    button.setAttribute("aria-label", names[now]);
    button.title = names[now];
    button.disabled = now === "working";
  }

  async function start() {
    let stream;
    try {
      stream = await navigator.mediaDevices.getUserMedia({ audio: { channelCount: 1, noiseSuppression: true } });
    } catch {
      note("failed", ["The microphone can't be used; allow it for this page, or type."]);
      return;
    }
    const parts = [];
    recorder = new MediaRecorder(stream);
    recorder.addEventListener("dataavailable", (event) => parts.push(event.data));
    recorder.addEventListener("stop", async () => {
      for (const track of stream.getTracks()) track.stop();
      await send(new Blob(parts, { type: recorder.mimeType }));
      recorder = null;
    });
    recorder.start();
    note("recording", ["Recording. Press again when you have finished."]);
    show("recording");
  }

  async function send(sound) {
    show("working");
    note("working", ["Writing it down…"]);
    try {
      const form = new FormData();
      form.append("file", sound, sound.type.includes("mp4") ? "question.mp4" : "question.webm");
      const answer = await fetch(ADDRESS, { method: "POST", body: form });
      const said = await answer.json();
      if (!answer.ok) throw new Error(said.error?.message || "That did not work.");
      if (!said.text) note("failed", ["Nothing was heard; speak a little closer, or type."]);
      else {
        put(said.text);
        note("heard", findings(said.muniment));
      }
    } catch (error) {
      note("failed", [error.message]);
    }
    show("ready");
  }

  function findings(extra) {
    const put = extra.corrections.map((one) => `Heard “${one.heard}”, written “${one.written}”.`);
    const check = extra.confirm.map((one) => `“${one.text}”`);
    const lines = [...put, ...(check.length ? [`Please check ${check.join(", ")}.`] : [])];
    if (extra.rejected.length) lines.push("A part was not understood.");
    return lines.length ? lines : ["Check the words, then send."];
  }

  button.addEventListener("click", () => (recorder ? recorder.stop() : start()));

  /* Gradio draws the box anew now and then. */
  function place() {
    const row = document.querySelector("#ask .input-container");
    if (state?.available && row && !row.contains(button)) row.append(button);
  }

  addEventListener("DOMContentLoaded", async () => {
    if (!navigator.mediaDevices || !window.MediaRecorder) return;
    state = await fetch("/v1/audio").then((answer) => (answer.ok ? answer.json() : null), () => null);
    show("ready");
    new MutationObserver(place).observe(document.body, { childList: true, subtree: true });
    place();
  });
})();
