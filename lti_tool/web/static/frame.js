// Manners in the frame of an LMS: its height as a number, up after a click, a word to screen readers, a tab of one's own.
// Nothing waits for an answer: phones and Moodle never give one. What an LMS calls a frame may be a whole window.

const me = document.querySelector("script[data-hosts]");
const hosts = me.dataset.hosts.split(" ").filter(Boolean);
const root = document.documentElement;
const named = (name) => {
  if (name === "_parent") return window.parent;
  try {
    return window.parent.frames[name] ?? null;
  } catch {
    return null; // a name that the page around us does not have
  }
};

/** The origins that may hear us: the page around us when the browser tells and it is a known one, else all known ones. */
function listeners() {
  const around = location.ancestorOrigins?.[0];
  if (around && around !== "null" && (!hosts.length || hosts.includes(around))) return [around];
  return hosts;
}

function tell(message, anybody = false) {
  const origins = listeners();
  for (const origin of origins.length || !anybody ? origins : ["*"]) {
    try {
      window.parent.postMessage(message, origin);
    } catch {
      // An origin that is none.
    }
  }
}

/** Height of what there is to see. Never that of the window: it would only ever grow. */
function height() {
  let most = root.getBoundingClientRect().height;
  for (const pop of document.querySelectorAll("details.pop[open] > :not(summary)")) {
    most = Math.max(most, pop.getBoundingClientRect().bottom + scrollY);
  }
  return Math.ceil(most);
}

const sent = { last: 0, before: 0, at: 0 };
let waiting = false;
function measure() {
  if (waiting) return;
  waiting = true;
  requestAnimationFrame(() => {
    waiting = false;
    const now = height();
    // A scroll bar that comes and goes with our height would make it swing: stay with the larger.
    const swings = now === sent.before && now < sent.last && performance.now() - sent.at < 1000;
    if (!now || now === sent.last || swings) return;
    Object.assign(sent, { before: sent.last, last: now, at: performance.now() });
    const token = me.dataset.token;
    tell({ subject: "lti.frameResize", height: now, ...(token && { token }) }, true);
  });
}

/** What the page says at once, for who does not see it. Only our own short sentences, and only to the LMS. */
function alerts(part) {
  for (const notice of part.querySelectorAll("main > .notice[role] > div > p")) {
    const said = notice.textContent.trim();
    if (said && said.length <= 200) tell({ subject: "lti.screenReaderAlert", body: said });
  }
}

/** A proof of this launch that nobody asked for any more: the platform's storage has little room. */
function tidyStorage() {
  let found;
  try {
    found = /(?:^|; )__Host-lti-stored=([^;]*)/.exec(document.cookie);
    if (!found) return;
    document.cookie = "__Host-lti-stored=; Max-Age=0; Path=/; Secure; SameSite=None; Partitioned";
  } catch {
    return; // a frame without an origin has no cookies
  }
  const [key, target, origin] = decodeURIComponent(found[1]).replaceAll('"', "").split("|");
  try {
    named(target)?.postMessage({ subject: "lti.put_data", key, value: null, message_id: "gone" }, origin);
  } catch {
    // An origin that is none.
  }
}

/** One click: the tab opens at once, and goes on when its ticket is there. Without this, the form's own page has it. */
function ownTab(form) {
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const name = `leerkring-${Date.now()}`;
    const tab = window.open("about:blank", name);
    const path = form.elements.path;
    path.value = path.value.split("#")[0] + location.hash;
    if (!tab) return form.submit(); // a frame that may not open any
    try {
      const headers = { Accept: "application/json" };
      const answer = await fetch(form.action, { method: "POST", body: new FormData(form), headers });
      const { ticket } = await answer.json();
      const go = document.createElement("form");
      Object.assign(go, { method: "post", action: "/lti/tab", target: name, hidden: true });
      const field = document.createElement("input");
      Object.assign(field, { type: "hidden", name: "ticket", value: ticket });
      go.append(field);
      document.body.append(go);
      go.submit();
      go.remove();
    } catch {
      tab.close();
      form.submit(); // says what is wrong
    }
  });
}

if (window.parent !== window) {
  new ResizeObserver(measure).observe(root);
  document.addEventListener("toggle", measure, true);
  document.addEventListener("part-added", (event) => alerts(event.target));
  measure();
  const way = performance.getEntriesByType("navigation")[0]?.type;
  if (way === "navigate" && !location.hash && document.referrer.startsWith(`${location.origin}/`)) {
    tell({ subject: "lti.scrollToTop" });
  }
  alerts(document);
  tidyStorage();
  for (const form of document.querySelectorAll("form[data-own-tab]")) ownTab(form);
}
