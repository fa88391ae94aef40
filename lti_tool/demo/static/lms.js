// The practice LMS's half of the messages between a tool's frame and its page. As Moodle it only hears "close"; as
// Canvas also height, scrolling and alerts (https://canvas.instructure.com/doc/api/file.lti_window_post_message.html).
"use strict";
(() => {
  const frame = document.querySelector("#toolframe, #contentframe");
  const picker = document.querySelector("#picker");
  const picked = document.querySelector("#picked");
  if (picked && window.parent !== window) window.parent.location.href = picked.href;
  if (picker) {
    picker.removeAttribute("open"); // close() would be heard below
    picker.showModal();
    picker.addEventListener("close", () => { location.href = frame.dataset.closed; });
  }
  if (!frame) return;
  window.addEventListener("message", (event) => {
    if (event.source !== frame.contentWindow) return;
    let said = event.data;
    if (typeof said === "string") {
      try { said = JSON.parse(said); } catch { return; }
    }
    if (!said || typeof said !== "object") return;
    if (["org.imsglobal.lti.close", "lti.close"].includes(said.subject) && frame.dataset.closed) {
      location.href = frame.dataset.closed;
    }
    if (!frame.dataset.canvas) return;
    const answer = (more) => event.source.postMessage({ subject: `${said.subject}.response`, message_id: said.message_id, ...more }, event.origin);
    if (said.subject === "lti.capabilities") {
      const stored = ["lti.put_data", "lti.get_data"].map((subject) => ({ subject, frame: "post_message_forwarding" }));
      const heard = ["lti.capabilities", "lti.frameResize", "lti.scrollToTop", "lti.showAlert", "lti.screenReaderAlert"];
      answer({ supported_messages: [...heard.map((subject) => ({ subject })), ...stored] });
    }
    // Canvas takes a text such as "200px" for 450.
    if (said.subject === "lti.frameResize") frame.style.height = `${Math.max(450, typeof said.height === "number" ? said.height : 450)}px`;
    if (said.subject === "lti.scrollToTop") frame.scrollIntoView();
  });
})();
