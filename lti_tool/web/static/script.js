// Niceties. Every page works without this file; nothing is kept in the browser, for ward PCs are shared.

/** Copy buttons: <button data-copy="id of the element" data-done="Gekopieerd" hidden>. */
function copyButtons(root) {
  for (const button of root.querySelectorAll("[data-copy]")) {
    button.hidden = false;
    button.addEventListener("click", async () => {
      const source = document.getElementById(button.dataset.copy);
      const text = source.value ?? source.innerText;
      try {
        await navigator.clipboard.writeText(text);
      } catch {
        // A frame without the clipboard permission: select it, so that Ctrl+C does it.
        getSelection().selectAllChildren(source);
        if (!document.execCommand("copy")) return;
      }
      const label = button.querySelector("span") ?? button;
      const before = label.textContent;
      label.setAttribute("role", "status");
      label.textContent = button.dataset.done;
      setTimeout(() => { label.textContent = before; }, 3000);
    });
  }
}

/** Print buttons: <button data-print hidden>. */
function printButtons(root) {
  for (const button of root.querySelectorAll("[data-print]")) {
    button.hidden = false;
    button.addEventListener("click", () => print());
  }
}

/** Replace the selection and keep the browser's own undo. */
function insert(area, text, from, to) {
  area.focus();
  if (!document.execCommand("insertText", false, text)) {
    area.setRangeText(text, area.selectionStart, area.selectionEnd, "end");
    area.dispatchEvent(new Event("input", { bubbles: true }));
  }
  const start = area.selectionStart - text.length;
  if (from !== undefined) area.setSelectionRange(start + from, start + to);
}

const tools = {
  bold(area, chosen) {
    insert(area, `**${chosen}**`, 2, 2 + chosen.length);
  },
  list(area) {
    const begin = area.value.lastIndexOf("\n", area.selectionStart - 1) + 1;
    area.setSelectionRange(begin, area.selectionEnd);
    const lines = area.value.slice(begin, area.selectionEnd).split("\n");
    const all = lines.every((line) => line.startsWith("- "));
    insert(area, lines.map((line) => (all ? line.slice(2) : `- ${line}`)).join("\n"));
  },
  link(area, chosen) {
    if (/^https?:\/\//.test(chosen)) insert(area, `[](${chosen})`, 1, 1);
    else insert(area, `[${chosen}](https://)`, chosen.length + 3, chosen.length + 11);
  },
};

/** The composer's toolbar. Buttons that no script serves stay away. */
function composers(root) {
  for (const bar of root.querySelectorAll(".tools")) {
    for (const button of bar.querySelectorAll("[data-tool]")) {
      const run = tools[button.dataset.tool];
      if (!run) {
        button.hidden = !button.hasAttribute("data-served");
        continue;
      }
      button.addEventListener("click", () => {
        const area = document.getElementById(button.getAttribute("aria-controls"));
        run(area, area.value.slice(area.selectionStart, area.selectionEnd));
      });
    }
    bar.hidden = false;
  }
}

// Ctrl or Cmd + Enter sends; Enter alone never does.
document.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey) || event.isComposing) return;
  const form = event.target.matches?.("textarea") && event.target.form;
  if (!form) return;
  event.preventDefault();
  form.requestSubmit(form.querySelector("button:not([type=button])"));
});

// A second click while the first is under way does nothing. The server's form key is the real guard.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.method !== "post" || form.target === "_blank") return;
  if (form.dataset.sent) {
    event.preventDefault();
    return;
  }
  // Other listeners may still take the form over.
  queueMicrotask(() => {
    if (event.defaultPrevented) return;
    form.dataset.sent = "yes";
    form.setAttribute("aria-busy", "true");
    setTimeout(() => release(form), 8000);
  });
});

function release(form) {
  delete form.dataset.sent;
  form.removeAttribute("aria-busy");
}

// Back from the browser's memory: forms can be sent again.
addEventListener("pageshow", () => document.querySelectorAll("form[data-sent]").forEach(release));

// An open pop-up closes by Escape, or by a click elsewhere.
function closePops(except) {
  for (const pop of document.querySelectorAll("details.pop[open]")) if (!pop.contains(except)) pop.open = false;
}
document.addEventListener("click", (event) => closePops(event.target));
document.addEventListener("keydown", (event) => {
  const pop = event.key === "Escape" && event.target.closest?.("details.pop[open]");
  if (!pop) return;
  pop.open = false;
  pop.querySelector("summary").focus();
});

/** Parts that change by themselves: <section id data-poll="address" data-said="what a screen reader hears">. The answer
    takes its place until one comes without data-poll. Without script one loads the page again. */
function polls(root) {
  const parts = root.matches?.("[data-poll]") ? [root] : root.querySelectorAll("[data-poll]");
  for (const part of parts) {
    for (const link of part.querySelectorAll("[data-poll-hide]")) link.hidden = true;
    setTimeout(() => poll(part), 2000);
  }
}
async function poll(part) {
  if (!part.isConnected) return;
  let answer;
  try {
    answer = document.hidden ? null : await fetch(part.dataset.poll);
  } catch {
    answer = null; // offline for a moment
  }
  if (!answer?.ok) {
    if (!answer || answer.status >= 500) setTimeout(() => poll(part), 5000);
    return;
  }
  const made = document.createElement("template");
  made.innerHTML = await answer.text();
  const fresh = made.content.firstElementChild;
  if (!fresh) return;
  if (fresh.dataset.said !== part.dataset.said) tell(fresh.dataset.said);
  // Who stands in it with the keyboard keeps their place.
  const held = part.contains(document.activeElement) && document.activeElement !== document.body;
  part.replaceWith(fresh);
  if (held) {
    fresh.tabIndex = -1;
    fresh.focus({ preventScroll: true });
  }
  fresh.dispatchEvent(new Event("part-added", { bubbles: true }));
}

/** Say something to who listens. */
function tell(words) {
  let line = document.getElementById("told");
  if (!line) {
    line = document.body.appendChild(document.createElement("p"));
    line.id = "told";
    line.className = "vh";
    line.setAttribute("role", "status");
  }
  setTimeout(() => { line.textContent = words; }, 100);
}

/** Where somebody wanted to go, kept until they come in again: the server never sees the number of the post. */
function wholeWish() {
  if (!document.querySelector("[data-wish]") || !location.hash) return;
  const keep = (path) => {
    const name = "__Host-leerkring-wish";
    if (!document.cookie.split("; ").some((one) => one.startsWith(`${name}=`))) return;
    document.cookie = `${name}=${encodeURIComponent(path)}; Max-Age=600; Path=/; Secure; SameSite=None; Partitioned`;
  };
  try {
    keep(location.pathname + location.search + location.hash);
  } catch {
    // A frame without an origin has no cookies.
  }
}
wholeWish();

/** Wake up what stands in `root`. Who adds parts later says so: part.dispatchEvent(new Event("part-added", {bubbles: true})). */
function enliven(root) {
  copyButtons(root);
  polls(root);
  printButtons(root);
  composers(root);
}
document.addEventListener("part-added", (event) => enliven(event.target));
enliven(document);
