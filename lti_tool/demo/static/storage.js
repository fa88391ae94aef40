// The frame in which Canvas keeps short-lived data for a tool, per origin of the tool: 4096 characters, 500 keys.
"use strict";
window.addEventListener("message", (event) => {
  const said = event.data;
  if (!said || !["lti.put_data", "lti.get_data"].includes(said.subject)) return;
  const key = (name) => `lti ${event.origin} ${name}`;
  const mine = Object.keys(sessionStorage).filter((name) => name.startsWith(key("")));
  const answer = (more) => event.source.postMessage({ subject: `${said.subject}.response`, key: said.key, message_id: said.message_id, ...more }, event.origin);
  if (!said.key || !said.message_id) return answer({ error: { code: "bad_request", message: "key and message_id are needed" } });
  if (said.subject === "lti.get_data") return answer({ value: sessionStorage.getItem(key(said.key)) });
  if (said.value === null) {
    sessionStorage.removeItem(key(said.key));
    return answer({ value: null });
  }
  const used = mine.reduce((sum, name) => sum + name.length + sessionStorage.getItem(name).length, 0);
  if (mine.length >= 500 || used + String(said.value).length > 4096) {
    return answer({ error: { code: "storage_exhaustion", message: "Reached byte limit for tool" } });
  }
  sessionStorage.setItem(key(said.key), said.value);
  answer({ value: said.value });
});
