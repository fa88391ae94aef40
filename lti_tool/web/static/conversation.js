// Conversations: drafts that save themselves, an answer in its place, more posts as one reads on.
// Every page works without this file. Nothing is kept in the browser: ward PCs are shared.

// script.js wakes up the tools of a form that came later.
const enliven = (form) => form.dispatchEvent(new Event("part-added", { bubbles: true }));
const PAUSE = 1500; // milliseconds without a key before a draft is saved
const LOOK = 1000; // milliseconds on screen before a post counts as seen

const posts = document.getElementById("posts");
const foot = document.getElementById("foot");

/* Drafts ------------------------------------------------------------------ */

class Draft {
  constructor(form) {
    this.form = form;
    this.area = form.querySelector("[data-draft]");
    this.saved = this.written();
    form.addEventListener("input", () => this.later());
    form.addEventListener("submit", () => this.stop());
    // A page that came back from the browser's memory may go on.
    addEventListener("pageshow", () => { this.stopped = false; });
    addEventListener("visibilitychange", () => (document.hidden ? this.save(true) : this.refresh()));
  }

  written() {
    const title = this.form.elements.title?.value ?? "";
    return JSON.stringify([title, this.area.value]);
  }

  later() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.save(), PAUSE);
  }

  stop() {
    this.stopped = true;
    clearTimeout(this.timer);
    this.request?.abort();
  }

  /** Keep what was written. `leaving`: the page goes out of sight and may not come back. */
  async save(leaving = false) {
    clearTimeout(this.timer);
    const written = this.written();
    if (this.stopped || this.gone || !this.form.isConnected || written === this.saved) return;
    this.request?.abort();
    this.request = new AbortController();
    const body = new URLSearchParams({
      place: this.form.dataset.place,
      composer: this.form.elements.form_key.value,
      title: this.form.elements.title?.value ?? "",
      text: this.area.value,
    });
    let answer;
    try {
      answer = await fetch(this.area.dataset.draft, {
        method: "POST",
        body,
        headers: { "X-Csrf-Token": this.form.elements.csrf.value },
        // Browsers keep at most 64 KB alive for a page that is left.
        keepalive: leaving && String(body).length < 60000,
        signal: this.request.signal,
      });
    } catch (error) {
      if (error.name === "AbortError") return;
      this.show("offline");
      this.timer = setTimeout(() => this.save(), 10000);
      return;
    }
    if (answer.status === 401) {
      this.gone = true;
      this.show("expired");
    } else if (answer.status === 409) {
      this.gone = true;
      await this.refresh();
      if (this.gone) this.show("other");
    } else if (answer.ok) {
      this.saved = written;
      this.show(null, await answer.text());
    } else {
      this.show("offline");
    }
  }

  show(trouble, words = "") {
    for (const name of ["expired", "other", "offline"]) {
      const part = this.form.querySelector(`[data-${name}]`);
      if (part) part.hidden = name !== trouble;
    }
    const line = this.form.querySelector("[data-saved]");
    line.hidden = !words;
    line.querySelector("span").textContent = words;
  }

  /** Back in this tab after coming in again elsewhere: go on with a token that holds. */
  async refresh() {
    if (!this.gone) return;
    let page;
    try {
      const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
      if (!answer.ok) return;
      page = new DOMParser().parseFromString(await answer.text(), "text/html");
    } catch {
      return;
    }
    // Only for the same person: the text is theirs.
    const fresh = page.querySelector("form[data-who]");
    if (fresh?.dataset.who !== this.form.dataset.who) return;
    const token = fresh.elements.csrf.value;
    for (const field of document.querySelectorAll("[name=csrf]")) field.value = token;
    if (posts) posts.dataset.csrf = token;
    this.gone = false;
    this.saved = "";
    this.save();
  }
}

const drafts = new Map();
function keepDrafts(root) {
  for (const form of root.querySelectorAll("form[data-place]")) drafts.set(form, new Draft(form));
}

/* Posts ------------------------------------------------------------------- */

if (posts) {
  const base = posts.dataset.base;

  /** Put more posts in the place of the link to them. Returns whether there are still more. */
  const loading = new Set();
  async function load(side, many) {
    const place = posts.querySelector(`[data-more="${side}"]`);
    const link = place?.querySelector("a");
    if (!link || loading.has(side)) return false;
    loading.add(side);
    try {
      const from = new URL(link.href).searchParams.get(side);
      const answer = await fetch(`${base}/posts?${side}=${from}&n=${many}`);
      if (!answer.ok) return false;
      const made = document.createElement("template");
      made.innerHTML = await answer.text();
      const part = made.content;
      for (const article of part.querySelectorAll("article")) if (document.getElementById(article.id)) article.remove();
      if (!part.querySelector(`[data-more="${side}"]`)) {
        const end = document.createElement("p");
        end.className = "more-posts";
        end.dataset.more = side;
        part.append(end);
        if (side === "before") part.prepend(end);
      }
      const fresh = [...part.querySelectorAll("article.new")];
      // What one reads must not move when something is put above it.
      const first = side === "before" && posts.querySelector("article");
      const top = first && first.getBoundingClientRect().top;
      document.documentElement.style.overflowAnchor = first ? "none" : "";
      place.replaceWith(part);
      if (first) scrollBy({ top: first.getBoundingClientRect().top - top, behavior: "instant" });
      requestAnimationFrame(() => { document.documentElement.style.overflowAnchor = ""; });
      fresh.forEach(watch);
    } catch {
      return false;
    } finally {
      loading.delete(side);
    }
    const next = posts.querySelector(`[data-more="${side}"] a`);
    if (next) near.observe(next);
    return Boolean(next);
  }

  const near = new IntersectionObserver((entries) => {
    for (const entry of entries) if (entry.isIntersecting) load(entry.target.closest("[data-more]").dataset.more, 20);
  }, { rootMargin: "1200px" });
  for (const link of posts.querySelectorAll("[data-more] a")) near.observe(link);

  // When nothing happens, get the rest too, so that the browser's own search finds every post.
  const idle = self.requestIdleCallback ?? ((then) => setTimeout(then, 1000));
  function rest() {
    idle(async () => {
      if (posts.parentElement.contains(document.activeElement?.closest("form"))) return setTimeout(rest, 3000);
      const more = (await load("after", 100)) || (await load("before", 100));
      if (more || posts.querySelector("[data-more] a")) setTimeout(rest, 400);
    });
  }
  if (!navigator.connection?.saveData) setTimeout(rest, 1500);

  /* What came on screen was seen. */
  const looks = new Map();
  const seen = new Set();
  let report;
  const screen = new IntersectionObserver((entries) => {
    for (const { target, isIntersecting } of entries) {
      clearTimeout(looks.get(target));
      if (!isIntersecting) continue;
      looks.set(target, setTimeout(() => {
        screen.unobserve(target);
        seen.add(target.dataset.post);
        clearTimeout(report);
        report = setTimeout(tell, 2000);
      }, LOOK));
    }
  }, { threshold: 0.4 });
  function watch(article) {
    screen.observe(article);
  }
  function tell() {
    if (!seen.size) return;
    const numbers = [...seen].slice(0, 100);
    numbers.forEach((number) => seen.delete(number));
    fetch(`${base}/seen`, {
      method: "POST",
      body: new URLSearchParams({ numbers: numbers.join(" ") }),
      headers: { "X-Csrf-Token": posts.dataset.csrf },
      keepalive: true,
    }).catch(() => {});
  }
  addEventListener("visibilitychange", () => { if (document.hidden) tell(); });

  /* A number that is not on this page: open the part that holds it. */
  function permalink() {
    const number = /^#p(\d+)$/.exec(location.hash)?.[1];
    if (!number || document.getElementById(`p${number}`)) return;
    if (new URLSearchParams(location.search).get("p") !== number) location.replace(`${base}?p=${number}#p${number}`);
  }
  permalink();
  addEventListener("hashchange", permalink);

  /* The form, in its place. */
  async function compose(reply) {
    const old = document.getElementById("antwoord");
    await drafts.get(old)?.save();
    const answer = await fetch(`${base}/composer${reply ? `?reply=${reply}` : ""}`);
    if (!answer.ok) return false;
    const made = document.createElement("template");
    made.innerHTML = await answer.text();
    const form = made.content.querySelector("form");
    old?.remove();
    const article = reply && document.getElementById(`p${reply}`);
    if (article) article.after(form);
    else foot.prepend(form);
    footLink(Boolean(article));
    for (const link of document.querySelectorAll(`.notice a[href$="?reply=${reply}#antwoord"]`)) link.closest(".notice").hidden = true;
    enliven(form);
    drafts.set(form, new Draft(form));
    form.querySelector("textarea").focus();
    return true;
  }

  function footLink(shown) {
    const link = foot.querySelector("[data-foot-link]");
    if (link) link.hidden = !shown;
  }

  document.addEventListener("click", async (event) => {
    if (event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    const link = event.target.closest?.("a");
    if (!link || !link.href || new URL(link.href).pathname !== base) return;
    const address = new URL(link.href);
    const target = address.hash.length > 1 && document.getElementById(address.hash.slice(1));
    const reply = address.searchParams.get("reply");
    if (reply && document.getElementById(`p${reply}`)) {
      event.preventDefault();
      if (!(await compose(reply).catch(() => false))) location.assign(link.href);
    } else if (link.closest("[data-foot-link]") || (link.closest("#antwoord") && address.searchParams.has("p"))) {
      event.preventDefault();
      const back = link.closest("#antwoord") && target;
      if (!(await compose(null).catch(() => false))) return location.assign(link.href);
      if (back) back.querySelector(".post-foot a")?.focus();
    } else if (link.matches(".post-number, .reply-to") && target) {
      event.preventDefault();
      history.replaceState(null, "", link.href);
      target.scrollIntoView();
    }
  });
}

keepDrafts(document);
