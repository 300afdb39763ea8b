// Moves: what somebody may do now with a dossier, the form of what must be said with it, and what to do when somebody else
// was faster: who and what is said, what was typed stays, and it is offered again if it can still be done.
"use strict";
(function () {
  const ioc = (window.ioc = window.ioc || {});
  const { desk } = ioc;
  const moves = (desk.moves = {});
  const { word } = desk;
  const AREAS = new Set(["report", "reason"]);

  let open = null; // {move, said, version}: the form that is open, and what is typed in it
  let sending = false;

  const now = () => desk.dossier.now();
  moves.open = () => open;

  // --- what may be done ---------------------------------------------------------------------------------------------------
  function draw() {
    const place = desk.at("dossier-moves");
    if (!place) return;
    const answer = now();
    const list = answer ? [...(answer.may_claim ? [{ id: "claim", claim: true }] : []), ...answer.moves] : [];
    const main = moves.main();
    desk.lines(place, list, (move) => move.id, () => ioc.make("button", "choice"), (button, move) => {
      button.type = "button";
      button.dataset.move = move.id;
      ioc.flag(button, "first", move.id === main);
      ioc.put(button, "aria-pressed", String(Boolean(open && open.move === move.id)));
      const to = !move.claim && move.to !== answer.row.stage ? ` ${word("to", desk.stage(answer.row.kind, move.to))}` : "";
      ioc.text(button, (move.claim ? word("claim") : ioc.name(move)) + (to && move.id === "return" ? to : ""));
    });
    ioc.text(desk.at("moves-note"), answer && !list.length ? word("noMoves") : "");
  }

  // What comes next: the first that leads on.
  moves.main = () => { const answer = now(), on = answer && answer.moves.find((move) => move.to !== answer.row.stage); return on ? on.id : ""; };

  function find(id) { const answer = now(); return answer && answer.moves.find((move) => move.id === id); }

  moves.choose = (id) => {
    if (id === "claim") { claim(); return true; }
    const move = find(id);
    if (!move) return false;
    open = { move: id, said: open && open.move === id ? open.said : begin(move), version: now().row.version };
    ioc.hide(desk.at("dossier-faster"), true);
    draw();
    form();
    const first = desk.at("dossier-form").querySelector("[data-said]");
    (first || desk.at("moves-submit")).focus();
    return true;
  };

  // What is known already stands in the form.
  function begin(move) {
    const { row } = now();
    const said = {};
    for (const name of move.needs) said[name] = { level: row.level ? String(row.level) : "", class: row.class, org: row.org }[name] || "";
    return said;
  }

  moves.close = () => {
    open = null;
    const place = desk.at("dossier-form");
    if (place) place.replaceChildren();
    ioc.hide(desk.at("dossier-faster"), true);
    draw();
  };

  // --- the form -----------------------------------------------------------------------------------------------------------
  function options(name) {
    const kind = now().row.kind;
    if (name === "level") return [4, 3, 2, 1].map((level) => [String(level), desk.levelText(level)]);
    if (name === "class" && kind === "incident") return desk.names().classes.filter((each) => each.id).map((each) => [each.id, ioc.name(each)]);
    if (name === "passed") return [["true", word("yes")], ["false", word("no")]];
    return null;
  }

  function field(name) {
    const label = ioc.make("label", "desk-field");
    label.append(ioc.make("span", "", desk.field(name)));
    const choices = options(name);
    let input;
    if (choices) {
      input = ioc.make("select", "desk-select");
      input.append(...[["", word("select")], ...choices].map(([value, text]) => Object.assign(ioc.make("option", "", text), { value })));
    } else if (AREAS.has(name)) {
      input = Object.assign(ioc.make("textarea", "typed"), { rows: 3, maxLength: 2000 });
    } else {
      const number = name === "minutes" || name === "score";
      input = Object.assign(ioc.make("input", "typed"), { type: number ? "number" : "text", maxLength: 400, autocomplete: "off" });
    }
    input.dataset.said = name;
    input.value = open.said[name] || "";
    label.append(input);
    return label;
  }

  function form() {
    const move = find(open.move);
    const made = ioc.make("form", "moves-form");
    made.append(...move.needs.map(field));
    if (sends(move)) {
      open.key = open.key || desk.units.key();
      made.prepend(desk.units.rows(now().row.id, open, made.querySelector("[data-said=units]")));
    }
    const bar = ioc.make("div", "choices");
    const submit = Object.assign(ioc.make("button", "choice first"), { type: "submit", id: "moves-submit" });
    submit.append(ioc.make("span", "", `${ioc.name(move)}${move.to !== now().row.stage && desk.stage(now().row.kind, move.to) !== ioc.name(move) ? ` ${word("to", desk.stage(now().row.kind, move.to))}` : ""}`), ioc.make("kbd", "", "Enter"));
    const cancel = Object.assign(ioc.make("button", "choice"), { type: "button", id: "moves-cancel" });
    cancel.append(ioc.make("span", "", word("cancel")), ioc.make("kbd", "", "Esc"));
    const fault = ioc.make("p", "form-fault");
    fault.setAttribute("role", "alert");
    bar.append(submit, cancel);
    made.append(fault, bar);
    desk.at("dossier-form").replaceChildren(made);
  }

  // Units go out by a command of their own, which keeps what was proposed.
  const sends = (move) => move.id === "dispatch" && move.needs.includes("units");

  // As the life cycle wants it: levels and minutes are numbers, units are a list.
  function read(name, text) {
    const said = text.trim();
    if (said === "") return "";
    if (["level", "minutes", "score"].includes(name)) return Number(said);
    if (name === "units") return desk.units.names(said);
    if (name === "passed") return said === "true";
    return said;
  }

  // --- sending --------------------------------------------------------------------------------------------------------------
  async function send() {
    if (!open || sending) return;
    const { move, said } = open;
    const answer = now(), wanted = find(move);
    const missing = wanted.needs.filter((name) => !String(said[name] || "").trim());
    if (missing.length) { fault(word("needs", missing.map(desk.field).join(ioc.english() ? ", " : "、"))); desk.at("dossier-form").querySelector(`[data-said="${missing[0]}"]`).focus(); return; }
    const told = Object.fromEntries(wanted.needs.map((name) => [name, read(name, said[name])])), { units, ...others } = told;
    const [path, body] = sends(wanted)
      ? ["units", { units, version: open.version, key: open.key, said: others, ...(open.proposed ? { proposed: open.proposed } : {}) }]
      : ["moves", { move, version: open.version, said: told }];
    sending = true;
    fault(word("busy"));
    try {
      const after = await desk.ask(`/api/v1/incidents/${answer.row.id}/${path}`, body);
      open = null;
      moves.close();
      desk.dossier.take(after);
      desk.say(word("done", ioc.name(wanted)));
    } catch (problem) {
      fault(desk.why(problem));
      if (problem.status === 409 || problem.status === 404) await desk.dossier.read();
      else if (!problem.told) await lost(answer.row.version, move);
    } finally { sending = false; }
  }

  // No answer came: it may have been done all the same.
  async function lost(version, move) {
    await desk.dossier.read();
    const after = now();
    if (after && after.steps.some((step) => step.number === version + 1 && step.move === move && step.by === after.me)) moves.close();
  }

  function fault(text) {
    const place = desk.at("dossier-form").querySelector(".form-fault");
    if (place) ioc.text(place, text);
  }

  async function claim() {
    if (sending) return;
    const answer = now();
    sending = true;
    try {
      desk.dossier.take(await desk.ask(`/api/v1/incidents/${answer.row.id}/claim`, {}));
      desk.say(word("done", word("claim")));
    } catch (problem) {
      desk.say(desk.why(problem));
      await desk.dossier.read();
      const after = now();
      if (problem.status === 409 && after && after.row.owner && after.row.owner !== after.me) desk.say(word("taken", after.owner_title));
    } finally { sending = false; }
  }

  // The dossier is another than before: what others did since the form was opened is said, and the form goes on from there.
  moves.follow = (before, after) => {
    draw();
    if (!open || !before || before.row.id !== after.row.id) return;
    const others = after.steps.filter((step) => step.number > open.version && step.by !== after.me);
    const still = find(open.move);
    open.version = after.row.version;
    if (!others.length && still) return;
    const place = desk.at("dossier-faster");
    const lines = others.map((step) => {
      const said = Object.entries(step.said).map(([key, value]) => `${desk.field(key)} ${desk.dossier.value(key, value)}`).join(ioc.word("semicolon"));
      return ioc.make("p", "", word("faster", step.title, desk.moment(step.at), [desk.dossier.step(after.row.kind, step), said].filter(Boolean).join(ioc.word("comma"))));
    });
    const typed = Object.entries(open.said).filter(([, text]) => String(text).trim()).map(([key, text]) => `${desk.field(key)} ${desk.dossier.value(key, key === "level" ? Number(text) : text)}`).join(ioc.word("semicolon"));
    lines.push(ioc.make("p", "", still ? word("kept") : word("gone", typed || "—")));
    place.replaceChildren(...lines);
    ioc.hide(place, false);
    if (still) { fault(""); return; }
    open = null;
    desk.at("dossier-form").replaceChildren();
    draw();
  };

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-move]");
    if (button && desk.at("dossier-moves") && desk.at("dossier-moves").contains(button)) moves.choose(button.dataset.move);
    if (event.target.closest("#moves-cancel")) moves.close();
  });
  document.addEventListener("input", (event) => { if (open && event.target.dataset && event.target.dataset.said) open.said[event.target.dataset.said] = event.target.value; });
  document.addEventListener("submit", (event) => { if (event.target.classList.contains("moves-form")) { event.preventDefault(); send(); } });
  document.addEventListener("keydown", (event) => {
    if (!open || !desk.at("dossier-form")) return;
    if (event.key === "Escape") { event.preventDefault(); moves.close(); }
    if (event.key === "Enter" && event.target.matches(".moves-form select, .moves-form textarea") && !event.shiftKey) { event.preventDefault(); send(); }
  });
})();
