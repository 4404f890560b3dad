/* The browser's part: which view, which panel, light or dark, and telling the server what was chosen.
   No text is cut here: offsets are code points, and this language counts UTF-16 units. */
(() => {
  const THEME = "muniment-theme";
  const body = document.body;

  function wire(element, trigger, watch) {
    element.addEventListener("click", (event) => {
      const chosen = event.target.closest("[data-send]");
      if (chosen && element.contains(chosen)) {
        const { send, ...data } = chosen.dataset;
        if (send === "open") showDocument(chosen);
        if (send === "sources") body.dataset.panel = "sources";
        if (send === "knowledge") data.room = body.dataset.room;
        trigger(send, data);
      }
    });
    element.addEventListener("change", (event) => {
      const send = event.target.dataset.sendChange;
      if (send && event.target.value) trigger(send, { value: event.target.value });
    });
    watch("value", () => arrived(element));
    arrived(element);
    window.munimentKnowledge?.wire(element, trigger, watch);
  }

  let opener = null;

  function showDocument(chosen) {
    opener = chosen;
    for (const one of document.querySelectorAll(".is-open")) one.classList.remove("is-open");
    chosen.classList.add("is-open");
    body.dataset.panel = "document";
  }

  function closeDocument() {
    body.dataset.panel = "sources";
    if (opener && opener.isConnected) opener.focus({ preventScroll: true });
  }

  /* After new content: bring the quote, or the newest exchange, into view; keep reading places otherwise. */
  function arrived(element) {
    nameButtons();
    const shown = element.querySelector(".document");
    if (shown) {
      element.closest(".block")?.scrollTo(0, 0);
      const face = sessionStorage.getItem("muniment-face");
      setFace(shown, face && shown.querySelector(`button[data-face="${face}"]`) ? face : "text");
    }
    if (element.querySelector(".talk")) {
      const count = element.querySelectorAll(".exchange").length;
      if (count !== Number(element.dataset.count || 0)) {
        element.dataset.count = count;
        element.querySelector(".exchange:last-child")?.scrollIntoView({ block: "start", behavior: "smooth" });
        setView("ask");
      }
    }
    if (element.querySelector(".rooms")) setRoom(body.dataset.room);
    if (element.querySelector(".bar")) setView(body.dataset.view || "ask");
  }

  /* Gradio's own buttons have pictures only, and come and go. */
  const named = new MutationObserver(nameButtons);
  function nameButtons() {
    const ask = document.getElementById("ask");
    if (ask) named.observe(ask, { childList: true, subtree: true });
    for (const [kind, name] of [["submit", "Ask"], ["stop", "Stop"]])
      document.querySelector(`#ask .${kind}-button:not([aria-label])`)?.setAttribute("aria-label", name);
  }

  function setView(view) {
    body.dataset.view = view;
    for (const tab of document.querySelectorAll("[data-local=view]"))
      tab.setAttribute("aria-pressed", String(tab.dataset.view === view));
  }

  /* Which part of the knowledge room. */
  function setRoom(room) {
    body.dataset.room = room;
    for (const tab of document.querySelectorAll(".rooms [data-local=room]"))
      tab.setAttribute("aria-pressed", String(tab.dataset.room === room));
  }

  /* Text or page, and there the quote. The picture's size is known before it is loaded. */
  function setFace(shown, face) {
    shown.dataset.face = face;
    for (const tab of shown.querySelectorAll("[data-local=face]"))
      tab.setAttribute("aria-pressed", String(tab.dataset.face === face));
    const quote = shown.querySelector(face === "page" ? ".page-quote" : "#quote");
    if (quote && face === "page") quote.style.top = `${100 * Number(quote.dataset.top)}%`;
    quote?.scrollIntoView({ block: "center" });
  }

  function setDark(dark) {
    body.classList.toggle("dark", dark);
  }

  const local = {
    view: (chosen) => setView(chosen.dataset.view),
    room: (chosen) => setRoom(chosen.dataset.room),
    close: closeDocument,
    face: (chosen) => {
      sessionStorage.setItem("muniment-face", chosen.dataset.face);
      setFace(chosen.closest(".document"), chosen.dataset.face);
    },
    theme: () => {
      const dark = !body.classList.contains("dark");
      localStorage.setItem(THEME, dark ? "dark" : "light");
      setDark(dark);
    },
    copy: async (chosen) => {
      await navigator.clipboard.writeText(chosen.dataset.copy);
      chosen.classList.add("is-copied");
      setTimeout(() => chosen.classList.remove("is-copied"), 1600);
    },
  };

  document.addEventListener("click", (event) => {
    const chosen = event.target.closest("[data-local]");
    if (chosen) local[chosen.dataset.local]?.(chosen);
    for (const menu of document.querySelectorAll("details.chooser[open]"))
      if (!menu.contains(event.target)) menu.open = false;
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    for (const menu of document.querySelectorAll("details.chooser[open]")) menu.open = false;
    if (body.dataset.panel === "document") closeDocument();
  });

  function applyTheme() {
    const chosen = localStorage.getItem(THEME);
    setDark(chosen ? chosen === "dark" : matchMedia("(prefers-color-scheme: dark)").matches);
  }
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", applyTheme);
  /* Gradio sets its own class when it starts; ours is the last word. */
  new MutationObserver(() => {
    const chosen = localStorage.getItem(THEME);
    if (chosen && body.classList.contains("dark") !== (chosen === "dark")) setDark(chosen === "dark");
  }).observe(body, { attributes: true, attributeFilter: ["class"] });

  body.classList.add("muniment");
  body.dataset.panel ||= "sources";
  body.dataset.room ||= "sources";
  applyTheme();
  window.muniment = { wire };
  for (const shown of document.querySelectorAll("body.is-alone main")) arrived(shown);
})();
