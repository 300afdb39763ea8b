// A dossier: its head, ladder, clock, facts and steps, on its own page and beside the queue of the duty desk. It is read
// again when the news says that it changed; what somebody is typing meanwhile stays.
"use strict";
(function () {
  const ioc = (window.ioc = window.ioc || {});
  const { desk } = ioc;
  const dossier = (desk.dossier = {});
  const RETRY_MS = 3000;
  const { word } = desk;

  let root = null;
  let name = ""; // the dossier that is shown
  let now = null; // the newest answer
  let round = 0;
  let retry = 0;

  dossier.now = () => now;
  dossier.name = () => name;

  // --- reading --------------------------------------------------------------------------------------------------------
  async function read() {
    clearTimeout(retry);
    const mine = round, wanted = name;
    if (!wanted) return;
    try {
      const answer = await desk.ask(`/api/v1/incidents/${encodeURIComponent(wanted)}`);
      if (mine === round) dossier.take(answer);
    } catch (problem) {
      if (mine !== round) return;
      if (problem.status === 404) { now = null; none(word("noDossier")); return; }
      if (!now) none(word("failed", desk.why(problem)));
      else desk.say(word("failed", desk.why(problem)));
      retry = setTimeout(read, RETRY_MS);
    }
  }
  dossier.read = read;

  dossier.take = (answer) => {
    if (answer.row.id !== name || (now && now.row.id === name && answer.row.version < now.row.version)) return;
    const before = now;
    now = answer;
    none("");
    draw();
    desk.moves.follow(before, now);
    desk.taken(answer);
  };

  function none(text) {
    const place = desk.at("dossier-none");
    if (!place) return;
    ioc.text(place, text);
    ioc.hide(place, !text);
    ioc.flag(desk.at("dossier"), "is-none", Boolean(text));
    ioc.flag(desk.at("dossier"), "is-idle", false);
  }

  // Nothing is chosen: what can be done, with its keys; the map stays for whoever clicks a place on it.
  function idle() {
    const place = desk.at("dossier-none");
    if (!place) return;
    const acts = Boolean(desk.at("desk-new-ok"));
    place.replaceChildren(ioc.make("b", "", word("idle")), ...[["J K", "idleChoose"], ["A", "idleAck"], ["I", "idleIncident"], ["N", "idleNew"], ["?", "idleKeys"]].filter(([key]) => acts || !"AIN".includes(key)).map(([key, what]) => {
      const line = ioc.make("span", "idle-key");
      line.append(ioc.make("kbd", "", key), word(what));
      return line;
    }));
    ioc.hide(place, false);
    ioc.flag(desk.at("dossier"), "is-none", false);
    ioc.flag(desk.at("dossier"), "is-idle", true);
  }

  // Another dossier is shown from now on; "" for none.
  dossier.show = (id) => {
    if (id === name) return;
    name = id;
    now = null;
    round += 1;
    desk.moves.close();
    if (id) none(word("loading")); else idle();
    ring();
    if (id) read();
  };
  // Another one is on its way: until it is there no key does anything with the one before.
  dossier.wait = () => { dossier.show(""); none(word("loading")); };

  // --- drawing --------------------------------------------------------------------------------------------------------
  function draw() {
    const { row } = now;
    head(row);
    tools(row);
    ladder(row);
    clock();
    facts();
    steps(row);
    notices();
    ring();
  }

  function head(row) {
    const place = desk.at("dossier-head");
    const tags = [
      row.class && [desk.class(row.class), ""], row.level && [desk.levelText(row.level), ""], [desk.stage(row.kind, row.stage), ""], row.held && [word("held"), "dashed"],
    ].filter(Boolean).map(([text, extra]) => ioc.make("span", `tag ${extra}`, text));
    const title = ioc.make("h2", "", row.title);
    const about = [ioc.name(desk.cycle(row.kind)), desk.region(row.region), row.org, word("received", desk.moment(row.received))].filter(Boolean).join(" · ");
    const who = ioc.make("span", `owner${row.owner ? "" : " nobody"}`, !row.owner ? word("unclaimed") : row.owner === now.me ? word("mine") : word("by", now.owner_title));
    const id = ioc.make("code", "", word("copied", desk.short(row.id)));
    id.title = row.id;
    const line = ioc.make("div", "dossier-title");
    line.append(desk.chip(row.level), title, ...tags, id);
    const under = ioc.make("div", "dossier-about");
    const viewers = Object.assign(ioc.make("span", "tag viewers"), { id: "dossier-viewers", hidden: true });
    const held_ = desk.at("dossier-viewers");
    under.append(ioc.make("span", "", about), who, held_ && held_.dataset.of === row.id ? held_ : viewers);
    under.lastChild.dataset.of = row.id;
    const due = ioc.make("div", "dossier-due");
    due.append(ioc.make("span", "note"), ioc.make("b"));
    place.replaceChildren(line, under, due);
    tick();
  }

  const TOOLS = { review: ["复盘", "Review"], message: ["发消息", "Message"], merge: ["合并", "Merge"], level: ["响应级别", "Response levels"], report: ["简报", "Report"] };
  desk.toolWord = (name) => TOOLS[name][ioc.english() ? 1 : 0];
  // Beside the moves: what can be done with every dossier, whatever its stage; the report is for all who may see it.
  function tools(row) {
    const place = desk.at("dossier-tools");
    if (place.dataset.of === row.id) return;
    place.dataset.of = row.id;
    const acts = desk.at("desk-new-ok") ? [["message", "M"], ["merge", "U"]] : [];
    const made = [...acts, ["level", "L"]].map(([name, key]) => { const button = desk.button(desk.toolWord(name), key); button.id = `tool-${name}`; button.dataset.opens = key.toLowerCase(); return button; });
    const files = [["docx", "docx", "P"], ["pdf", "PDF", ""]].map(([format, text, key]) => {
      const link = Object.assign(ioc.make("a", "choice"), { id: `tool-${format}`, href: `/api/v1/incidents/${encodeURIComponent(row.id)}/report?${new URLSearchParams({ format, lang: ioc.english() ? "en" : "zh" })}` });
      link.setAttribute("download", "");
      link.append(ioc.make("span", "", `${desk.toolWord("report")} ${text}`));
      if (key) link.append(ioc.make("kbd", "", key));
      return link;
    });
    const review = Object.assign(ioc.make("a", "choice", desk.toolWord("review")), { id: "tool-review", href: `/review/${encodeURIComponent(row.id)}${ioc.english() ? "?lang=en" : ""}` });
    place.replaceChildren(...made, ...files, review);
  }
  desk.keys("duty incident", { p: () => { const link = desk.at("tool-docx"); if (link) link.click(); } });

  // What changes by the clock alone.
  function tick() {
    const place = desk.at("dossier-head");
    if (!now || !place || !place.querySelector(".dossier-due")) return;
    const { row, clock: of } = now;
    const [note, left] = place.querySelector(".dossier-due").children;
    const held = of && of.state === "held";
    ioc.text(note, !of ? (row.ended === null ? word("noClock") : desk.moment(row.ended)) : held ? word("clockHeld", desk.span(of.owed - of.used)) : word("dueAt", desk.moment(of.due)));
    const over = of && of.due !== null && of.due < desk.now();
    ioc.text(left, !of || held ? "" : word(over ? "late" : "left", desk.span(of.due - desk.now())));
    ioc.flag(left, "overdue", Boolean(over));
  }

  function ladder(row) {
    desk.lines(desk.at("dossier-ladder"), now.ladder, (rung) => rung.id, () => { const rung = ioc.make("li"); rung.append(ioc.make("b"), ioc.make("small")); return rung; }, (line, rung) => {
      ioc.text(line.firstChild, desk.stage(row.kind, rung.id));
      ioc.text(line.lastChild, rung.since ? desk.moment(rung.since) : "");
      ioc.flag(line, "is-now", rung.now);
      ioc.flag(line, "is-past", Boolean(rung.since) && !rung.now);
      if (rung.now) ioc.put(line, "aria-current", "step"); else line.removeAttribute("aria-current");
    });
  }

  // The clock as its stretches, and the same in words.
  function clock() {
    const place = desk.at("dossier-clock"), { clock: of } = now;
    ioc.hide(place, !of);
    if (!of) { place.replaceChildren(); return; }
    const bar = ioc.make("div", "clock-bar");
    const most = Math.max(of.owed, of.used, 1);
    for (const part of of.parts) {
      const stretch = ioc.make("i", part.running ? "runs" : "held");
      stretch.style.flexGrow = String(part.running ? part.open / most : 0.08);
      bar.append(stretch);
    }
    const left = ioc.make("i", "left");
    left.style.flexGrow = String(Math.max(0, of.owed - of.used) / most);
    bar.append(left);
    const words = (ioc.english() ? now.clock_en : now.clock_zh).join(ioc.word("semicolon"));
    place.replaceChildren(bar, ioc.make("p", "", words));
  }

  // A value of facts or of what was said, as text.
  dossier.value = (key, value) => {
    if (value === null || value === undefined || value === "") return "—";
    if (typeof value === "boolean") return word(value ? "yes" : "no");
    if (key === "level") return desk.levelShort(value);
    if (key === "class") return desk.class(value);
    if (Array.isArray(value)) return value.map((each) => dossier.value("", each)).join(ioc.english() ? ", " : "、");
    if (typeof value === "object" && value.zh) return ioc.name(value);
    if (key === "graded") return [value.class, ...(value.grounds || [])].map((each) => dossier.value("", each)).join(ioc.word("semicolon"));
    if (typeof value === "object") return Object.entries(value).map(([name_, each]) => `${desk.field(name_)} ${dossier.value(name_, each)}`).join(ioc.word("semicolon"));
    return String(value);
  };

  function facts() {
    const place = desk.at("dossier-facts");
    if (!place || !now) return;
    const found = Object.entries(now.facts);
    place.replaceChildren(...found.flatMap(([key, value]) => {
      const bare = desk.unmasked(key), told = ioc.make("dd", "", dossier.value(key, bare === undefined ? value : bare)), button = desk.unmask(key, value);
      if (button) told.append(" ", button);
      return [ioc.make("dt", "", desk.field(key)), told];
    }));
    if (!found.length) place.append(ioc.make("dt", "", word("noFacts")));
  }

  dossier.facts = facts;

  function steps(row) {
    ioc.text(desk.at("steps-count"), word("steps", now.steps.length));
    desk.lines(desk.at("dossier-steps"), [...now.steps].reverse(), (step) => String(step.number), () => {
      const line = ioc.make("li");
      line.append(ioc.make("time"), ioc.make("b"), ioc.make("span", "who"), ioc.make("p"));
      return line;
    }, (line, step) => {
      const [time, what, who, said] = line.children;
      ioc.text(time, desk.moment(step.at));
      ioc.text(what, dossier.step(row.kind, step));
      ioc.text(who, step.title);
      const told = Object.entries(step.said).filter(([key, value]) => value !== "" && !(step.move === "receive" && key === "title") && !(key === "level" && !value));
      ioc.text(said, told.map(([key, value]) => `${desk.field(key)} ${dossier.value(key, value)}`).join(ioc.word("semicolon")));
      ioc.hide(said, !told.length);
    });
  }
  // A move that is called as the stage that it leads to is said once.
  dossier.step = (kind, step) => {
    const [what, to] = [desk.move(kind, step.move), desk.stage(kind, step.entered)];
    return what + (step.entered !== step.left && step.left && what !== to ? ` ${word("to", to)}` : "");
  };

  // Of whom it is: a name, or the region whose post it is.
  function who(recipient) {
    const last = recipient.split(":").pop(), role = desk.names().audiences.find((each) => each.kind === "role" && recipient === `role:${each.which}`);
    if (role) return ioc.name(role);
    return /^\d{6,}$/.test(last) ? desk.region(last) : last;
  }

  function notices() {
    const lines = now.messages;
    const reached = lines.filter((each) => each.reached !== null || each.answered !== null).length;
    ioc.text(desk.at("notices-count"), lines.length ? word("reached", reached, lines.length) : "");
    desk.at("dossier-notices").replaceChildren(...lines.map((each) => {
      const line = ioc.make("li", each.failed ? "is-failed" : "");
      const state = each.answered !== null ? word("answered", desk.moment(each.answered)) : each.failed ? word("failed_") : each.reached !== null ? word(each.state === "waits" ? "waits" : "sent", desk.moment(each.reached)) : word("notSent");
      if (each.failed && desk.at("desk-new-ok")) line.append(desk.resend(each));
      line.prepend(ioc.make("time", "", desk.moment(each.made)), ioc.make("b", "", `→ ${who(each.recipient)}`), ioc.make("span", "who", state), ioc.make("p", "", [each.title, each.channels.join("、")].filter(Boolean).join(" · ")));
      return line;
    }));
    if (!lines.length) desk.at("dossier-notices").append(ioc.make("li", "empty", word("noNotices")));
  }

  // Its place on the map: a ring with its title; the map goes there once.
  let placed = "";
  function ring() {
    if (!ioc.layers || !ioc.layers.map || !ioc.layers.map()) return;
    const at = now && now.row.lon !== null && now.row.lat !== null ? now.row : null;
    ioc.layers.ring("dossier", at ? { x: ioc.worldX(at.lon), y: ioc.worldY(at.lat), label: at.title.slice(0, 24) } : null);
    const key = at ? `${at.id} ${at.lon} ${at.lat}` : "";
    if (!at || key === placed) return;
    placed = key;
    ioc.map.hold();
    ioc.layers.map().setView([at.lat, at.lon], Math.max(14.5, ioc.layers.map().getZoom()), { animate: false });
  }

  desk.hear((changed) => {
    if (!root || !root.isConnected || !name) return;
    if (changed === null || changed.some((each) => each.id === name && !(now && each.version <= now.row.version))) read();
  });
  desk.page({
    enter: (found) => {
      root = desk.at("dossier") ? found : null;
      name = "";
      now = null;
      placed = "";
      if (!root) return;
      if (found.dataset.dossier) dossier.show(found.dataset.dossier); else idle();
    },
    tick: () => { if (root) { tick(); if (!placed) ring(); } },
  });
})();
