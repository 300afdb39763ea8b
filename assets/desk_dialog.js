// Keys and dialogs of the desk: every key does what a button of the page does; one dialog at a time, Tab stays in it, and the
// focus comes back where it was.
"use strict";
(function () {
  const ioc = (window.ioc = window.ioc || {});
  const { desk } = ioc;
  let root = null, opened = null, before = null;

  desk.dialog = (box) => {
    if (opened) ioc.hide(opened, true);
    if (!box || box === opened) {
      if (opened && opened.contains(document.activeElement)) document.activeElement.blur(); // the next key is the page's
      opened = null;
      if (before && before.isConnected) before.focus();
      return false;
    }
    if (!opened) before = document.activeElement;
    opened = box;
    ioc.hide(box, false);
    const first = box.querySelector("input,select,textarea,button");
    if (first) first.focus(); else { box.tabIndex = -1; box.focus(); }
    return true;
  };

  document.addEventListener("keydown", (event) => {
    if (!root || !root.isConnected || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (event.key === "Escape") {
      if (opened) { event.preventDefault(); desk.dialog(null); }
      else if (event.target.matches("input,select,textarea") && !desk.moves.open()) event.target.blur();
      return;
    }
    if (opened) return trap(event);
    if (event.target.matches("input,select,textarea")) return;
    // Enter presses what it stands on.
    if (event.key === "Enter" && event.target.matches("button,a:not(.desk-row),.alarm-card")) return;
    const act = desk.keyed[root.dataset.desk][event.key.length === 1 ? event.key.toLowerCase() : event.key];
    if (!act) return;
    event.preventDefault();
    act();
  });

  function trap(event) {
    if (event.key !== "Tab") return;
    const stops = [...opened.querySelectorAll("input,select,textarea,button,a[href]")].filter((each) => !each.disabled && each.offsetParent);
    if (!stops.length) { event.preventDefault(); return; }
    const end = event.shiftKey ? stops[0] : stops[stops.length - 1];
    if (document.activeElement !== end && opened.contains(document.activeElement)) return;
    event.preventDefault();
    (event.shiftKey ? stops[stops.length - 1] : stops[0]).focus();
  }

  desk.keys("duty incident", {
    Enter: () => desk.moves.choose(desk.moves.main()), c: () => { const now = desk.dossier.now(); if (now && now.may_claim) desk.moves.choose("claim"); },
    d: () => desk.moves.choose("dispatch"), r: () => desk.moves.choose("return"), n: () => desk.intake && desk.intake.open(), "?": () => desk.dialog(desk.at("desk-help")),
  });
  document.addEventListener("click", (event) => {
    if (!root || !root.isConnected) return;
    if (event.target.closest("#desk-help,[data-close]")) desk.dialog(null);
    const opens = event.target.closest("[data-opens]");
    if (opens) desk.keyed[root.dataset.desk][opens.dataset.opens]();
  });
  desk.page({ enter: (found) => { root = Object.hasOwn(desk.keyed, found.dataset.desk) ? found : null; opened = before = null; }, tick: () => {} });

  // --- what stands in a dialog --------------------------------------------------------------------------------------------
  desk.button = (text, key, more) => {
    const button = Object.assign(ioc.make("button", "choice"), { type: "button", ...more });
    button.append(ioc.make("span", "", text));
    if (key) button.append(ioc.make("kbd", "", key));
    return button;
  };
  // A field with its name before it; `made` is an input, a select or an area.
  desk.labelled = (name, made) => {
    const label = ioc.make("label", "desk-field");
    label.append(ioc.make("span", "", name), made);
    return label;
  };
  desk.input = (more) => Object.assign(ioc.make(more.rows ? "textarea" : "input", "typed"), { autocomplete: "off", ...more });
  desk.select = (options, value) => {
    const made = ioc.make("select", "desk-select");
    made.append(...options.map(([is, text]) => Object.assign(ioc.make("option", "", text), { value: is })));
    made.value = value;
    return made;
  };
  // Opens the box: `parts` between the title and the buttons. `send`: what Enter does, none for what is only read; whatever
  // it throws is said below the parts.
  desk.box = ({ title, parts, submit, send, wide }) => {
    const box = desk.at("desk-box"), form = ioc.make("form", "box-form"), bar = ioc.make("div", "choices"), fault = ioc.make("p", "form-fault");
    fault.setAttribute("role", "alert");
    box.setAttribute("aria-label", title);
    ioc.flag(box, "is-wide", Boolean(wide));
    if (send) { const done = desk.button(submit, "Enter", { type: "submit" }); done.classList.add("first"); bar.append(done); }
    const close = desk.button(desk.word(send ? "cancel" : "close"), "Esc");
    close.dataset.close = "1";
    bar.append(close);
    form.append(...parts, fault, bar);
    let busy = false;
    form.attempt = async (work) => { // one at a time; what goes wrong is told
      if (busy) return;
      busy = true;
      ioc.text(fault, desk.word("busy"));
      try { await work(); ioc.text(fault, ""); } catch (problem) { ioc.text(fault, desk.why(problem)); } finally { busy = false; }
    };
    form.addEventListener("submit", (event) => { event.preventDefault(); if (send) form.attempt(send); });
    form.addEventListener("keydown", (event) => { if (send && event.key === "Enter" && !event.shiftKey && event.target.matches("select,textarea,input[type=checkbox]")) { event.preventDefault(); form.requestSubmit(); } });
    box.replaceChildren(ioc.make("h2", "", title), form);
    if (opened !== box) desk.dialog(box); else { const first = box.querySelector("input,select,textarea,button"); if (first) first.focus(); }
    return form;
  };
  // Something that a person must mend before it is sent.
  desk.must = (text, field) => { if (field) field.focus(); throw Object.assign(new Error(text), { told: true }); };
})();
