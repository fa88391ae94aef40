// The last page of a registration: tell the LMS that its window may close. Without this file the words do.

/** Who listens: the page around our frame (Moodle, Canvas), or the one that opened our window. */
const listener = window.opener ?? (window.parent === window ? null : window.parent);

for (const close of document.querySelectorAll("[data-lti-close]")) {
  if (!listener) continue;
  close.hidden = false;
  close.addEventListener("click", (event) => {
    event.preventDefault();
    // Nothing secret is in it, and the LMS may show us from a host that nobody told us.
    listener.postMessage({ subject: "org.imsglobal.lti.close" }, "*");
  });
}
