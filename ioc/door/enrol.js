// A device that waits to be approved: asks every two seconds, never leaves the page before the wall answers.
"use strict";
(function () {
  const EVERY_MS = 2000;
  const at = (id) => document.getElementById(id);

  async function look() {
    try {
      const reply = await fetch("/enrol", { method: "POST", credentials: "same-origin", headers: { "Content-Type": "application/json" }, body: "{}", signal: AbortSignal.timeout(5000) });
      const answer = reply.ok ? await reply.json() : null;
      at("state").hidden = reply.ok || reply.status === 429;
      if (answer && answer.state === "approved") {
        const wall = await fetch(answer.to, { credentials: "same-origin", signal: AbortSignal.timeout(10000) });
        if (wall.ok) { location.replace(answer.to); return; }
      } else if (answer) { at("code").textContent = answer.code; at("address").textContent = answer.address; }
    } catch { at("state").hidden = false; }
    setTimeout(look, EVERY_MS);
  }
  setTimeout(look, EVERY_MS);
})();
