// Unmasking on a dossier: beside each masked fact a button for who may, which asks why; the value is told by the server, stands
// for a minute with what is left of it, and hides by itself. It leaves with the page, with another dossier and when nobody looks.
"use strict";
(function () {
  const ioc = (window.ioc = window.ioc || {});
  const { desk } = ioc;
  const SHOWN_MS = 60000;
  const MOST = 200; // as the server has it
  const WORDS = {
    show: ["显示", "Show"], hide: ["隐藏 {0}", "Hide {0}"], title: ["显示个人信息：{0}", "Show personal data: {0}"], reason: ["理由（记入审计）", "Reason (kept in the audit)"],
    why: ["请写明理由", "Say why"], note: ["60 秒后自动隐藏。", "It hides by itself after 60 seconds."],
  };
  const word = (key, part) => WORDS[key][ioc.english() ? 1 : 0].replace("{0}", part || "");
  let shown = new Map(); // field -> { value, until }, of the dossier `of`
  let of = "";

  // The value to be shown of a field, or nothing where it stays masked.
  desk.unmasked = (field) => (of === desk.dossier.name() && shown.has(field) ? shown.get(field).value : undefined);

  // The button of a field, or nothing: it is not masked, or this person may not.
  desk.unmask = (field, masked) => {
    if (!desk.at("desk-unmask-ok") || (!JSON.stringify(masked ?? "").includes("**") && desk.unmasked(field) === undefined)) return null;
    const button = Object.assign(ioc.make("button", "choice unmask"), { type: "button" });
    button.dataset.field = field;
    button.addEventListener("click", () => (desk.unmasked(field) === undefined ? ask(field) : hide(field)));
    write(button);
    return button;
  };

  function write(button) {
    const held = of === desk.dossier.name() && shown.get(button.dataset.field);
    ioc.text(button, held ? word("hide", `${Math.max(0, Math.ceil((held.until - performance.now()) / 1000))} s`) : word("show"));
    button.setAttribute("aria-label", `${button.textContent} ${desk.field(button.dataset.field)}`);
  }
  function hide(field) {
    shown.delete(field);
    desk.dossier.facts();
  }
  function ask(field) {
    const id = desk.dossier.name(), reason = desk.input({ name: "reason", maxLength: MOST, required: true });
    desk.box({
      title: word("title", desk.field(field)), parts: [desk.labelled(word("reason"), reason), ioc.make("p", "note", word("note"))], submit: word("show"),
      send: async () => {
        const said = reason.value.trim();
        if (!said) desk.must(word("why"), reason);
        const { facts } = await desk.ask(`/incidents/${encodeURIComponent(id)}/unmask`, { field, reason: said });
        if (desk.dossier.name() !== id) return;
        if (of !== id) { shown = new Map(); of = id; }
        shown.set(field, { value: facts[field], until: performance.now() + SHOWN_MS });
        desk.dialog(null);
        desk.dossier.facts();
      },
    });
  }
  function cover() {
    if (!shown.size) return;
    shown = new Map();
    if (desk.at("dossier-facts")) desk.dossier.facts();
  }
  document.addEventListener("visibilitychange", () => { if (document.hidden) cover(); });
  addEventListener("beforeprint", cover);
  desk.page({
    enter: () => { shown = new Map(); of = ""; },
    tick: () => {
      const late = [...shown].filter(([, held]) => of !== desk.dossier.name() || performance.now() >= held.until).map(([field]) => field);
      late.forEach((field) => shown.delete(field));
      if (late.length && desk.dossier.now()) desk.dossier.facts();
      else document.querySelectorAll("#dossier-facts .unmask").forEach(write);
    },
  });
})();
