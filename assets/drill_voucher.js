// The voucher's button: the shown value is computed anew on the server, in a process of its own, and says how that came out.
"use strict";
(function () {
  const ioc = (window.ioc = window.ioc || {});
  const AGAIN_MS = 1000;
  const ANSWER_MS = 10000;

  async function asked(path, body) {
    const more = body ? { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) } : {};
    const reply = await fetch(path, { credentials: "same-origin", signal: AbortSignal.timeout(ANSWER_MS), ...more });
    const told = await reply.json();
    if (!reply.ok) throw new Error((told.error || {})[ioc.english() ? "message_en" : "message_zh"] || String(reply.status));
    return told;
  }

  function say(place, of, told) {
    const value = (number) => (number === null ? ioc.word("noneTag") : ioc.valued(of, number));
    const texts = {
      queued: () => ioc.word("check_queued", ioc.age(told.for_ms)), running: () => ioc.word("check_running", ioc.age(told.for_ms)),
      equal: () => ioc.word("check_equal", value(told.published), value(told.recomputed)),
      unequal: () => ioc.word("check_unequal", value(told.published), value(told.recomputed)),
      failed: () => ioc.word("check_failed", told.why),
    };
    ioc.text(place, `${texts[told.state]()}${told.name ? ` · ${told.name}` : ""}`);
    ioc.put(place, "data-state", told.state);
  }

  async function check(button) {
    const line = document.querySelector(`[data-voucher="${CSS.escape(button.dataset.check)}"]`);
    const place = button.parentElement.querySelector("[role=status]");
    const of = ioc.indicator(button.dataset.check);
    if (!line || !line.dataset.name || !of) return;
    button.disabled = true;
    try {
      let told = await asked("/api/v1/vouchers", { name: line.dataset.name, world: document.querySelector("[data-standing]").dataset.standing });
      say(place, of, told);
      while (["queued", "running"].includes(told.state) && place.isConnected) {
        await new Promise((done) => setTimeout(done, AGAIN_MS));
        told = await asked(`/api/v1/vouchers/${told.id}`);
        say(place, of, told);
      }
      ioc.text(button, ioc.word("check_again"));
    } catch (error) { say(place, of, { state: "failed", why: error.message }); }
    button.disabled = false;
  }

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-check]");
    if (button) check(button);
  });
})();
