// The platform's storage (LTI 1.3 platform storage): a proof of a login is put there, and asked for at the launch.
// A plain script and no module: in a sandboxed frame of no origin a module would not load.
(() => {
  const box = document.querySelector("[data-storage]");
  const { storage, target, origin, key, value, url, fallback } = box.dataset;
  const ANY = "*";

  function frame() {
    if (target === "_parent") return window.parent;
    try {
      return window.parent.frames[target] ?? null;
    } catch {
      return null; // a name that the page around us does not have
    }
  }

  /** Ask one window, and hear only its own answer. Resolves to it, or to null when none came in time. */
  function ask(to, toOrigin, heard, wait, message) {
    return new Promise((resolve) => {
      const id = [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16)).join("");
      const end = (answer) => {
        clearTimeout(late);
        removeEventListener("message", listen);
        resolve(answer);
      };
      const listen = ({ data, source, origin: from }) => {
        if (source !== to || !(heard.includes(from) || heard.includes(ANY))) return;
        if (!data || typeof data !== "object" || data.message_id !== id) return;
        if (data.subject !== `${message.subject}.response`) return;
        if (data.key !== undefined && data.key !== key) return;
        end(data);
      };
      const late = setTimeout(end, wait, null);
      addEventListener("message", listen);
      try {
        to.postMessage({ ...message, key, message_id: id }, toOrigin);
      } catch {
        end(null);
      }
    });
  }

  /** First the frame that the platform named, then, where it says so, the window around us. An error is an answer. */
  async function askAround(message, heardAround) {
    const named = frame();
    const answer = named && (await ask(named, origin, [origin], 600, message));
    if (answer || !fallback) return { answer, to: named, toOrigin: origin };
    const around = await ask(window.parent, ANY, heardAround, 400, message);
    return { answer: around, to: window.parent, toOrigin: ANY };
  }

  async function put() {
    if (window.parent !== window) await askAround({ subject: "lti.put_data", value }, [ANY]);
    location.replace(url);
  }

  async function get() {
    const reveal = () => { document.documentElement.hidden = false; };
    if (window.parent === window) return reveal();
    const { answer, to, toOrigin } = await askAround({ subject: "lti.get_data" }, fallback.split(" "));
    if (!answer || answer.error || typeof answer.value !== "string" || !answer.value) return reveal();
    // There is little room, and writing over something gives none back.
    to.postMessage({ subject: "lti.put_data", key, value: null, message_id: "gone" }, toOrigin);
    box.elements.proof.value = answer.value;
    box.submit();
  }

  if (storage === "put") put();
  else get();
})();
