/* The knowledge room's part in the browser: forms become events, files are sent one after the other. What came of each file
   stays on the page until it is left; nothing is overwritten before somebody has said so. */
(() => {
  const ADDRESS = "/knowledge/files";
  const told = new Map();

  function wire(element, trigger, watch) {
    element.addEventListener("submit", (event) => {
      const form = event.target.closest("form[data-submit]");
      if (!form) return;
      event.preventDefault();
      const { submit, ...data } = form.dataset;
      for (const [name, value] of new FormData(form, event.submitter)) if (typeof value === "string") data[name] = value;
      for (const button of form.querySelectorAll("button")) button.disabled = true;
      trigger(submit, data);
    });
    element.addEventListener("change", (event) => {
      const zone = event.target.closest("[data-drop]");
      if (!zone || event.target.type !== "file") return;
      send(zone.dataset.drop, [...event.target.files], element);
      event.target.value = "";
    });
    for (const name of ["dragover", "dragleave", "drop"])
      element.addEventListener(name, (event) => {
        const zone = event.target.closest("[data-drop]");
        if (!zone) return;
        event.preventDefault();
        zone.classList.toggle("is-over", name === "dragover");
        if (name === "drop") send(zone.dataset.drop, [...event.dataTransfer.files], element);
      });
    watch("value", () => restore(element));
  }

  /* A panel that was drawn anew gets back what was told of its files. */
  function restore(element) {
    for (const zone of element.querySelectorAll("[data-drop]"))
      zone.querySelector(".drops").replaceChildren(...(told.get(zone.dataset.drop) || []));
  }

  async function send(collection, files, element) {
    for (const file of files) {
      const line = document.createElement("li");
      told.set(collection, [...(told.get(collection) || []), line]);
      restore(element);
      await put(collection, file, line, false);
    }
  }

  async function put(collection, file, line, replace) {
    say(line, "working", `${file.name}: being sent…`);
    try {
      const query = new URLSearchParams({ collection, name: file.name, replace });
      const answer = await fetch(`${ADDRESS}?${query}`, {
        method: "POST",
        headers: { "Content-Type": "application/octet-stream" },
        body: file,
      });
      const kind = answer.headers.get("content-type") || "";
      const said = kind.includes("json") ? await answer.json() : { error: { message: await answer.text() } };
      if (!answer.ok) throw new Error(said.error?.message || "That did not work.");
      const words = {
        added: "stored in the folder",
        replaced: "stored in place of the former one, which is kept under its hash",
        same: "was there already, the very same",
        taken: "another file has this name",
      };
      say(line, said.state, `${said.name}: ${words[said.state]}.`);
      if (said.state === "taken") {
        const button = Object.assign(document.createElement("button"), { type: "button", className: "link", textContent: "Replace it" });
        button.addEventListener("click", () => put(collection, file, line, true));
        line.append(" ", button);
      }
    } catch (error) {
      say(line, "failed", `${file.name}: ${error.message}`);
    }
  }

  function say(line, state, text) {
    line.dataset.state = state;
    line.replaceChildren(Object.assign(document.createElement("span"), { textContent: text }));
  }

  window.munimentKnowledge = { wire };
})();
