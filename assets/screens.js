// The screens: asks each second what they show, writes it, and sends what is chosen. Who has a screen changes it by each tap;
// who has it not chooses first and then takes it.
"use strict";
(function () {
  const ioc = (window.ioc = window.ioc || {});
  const EVERY_MS = 1000;
  const ANSWER_MS = 4000;
  const WORDS = {
    rotation: ["轮播", "rotation"], pinned: ["固定画面", "pinned"], leader: ["领导 {0}", "leader {0}"], duty: ["值班 {0}", "duty officer {0}"],
    emergency: ["应急抢占 {0}", "emergency {0}"], until: ["至 {0}", "until {0}"], overview: ["全区总览", "overview"], mine: ["由您控制", "you have it"],
    alone: ["没有设备在显示", "nobody follows it"], following: ["{0} 处在显示", "{0} following"], waits: ["另有 {0}", "also {0}"],
    away: ["推送网关中断，大屏停在原画面", "the gateway is lost: walls keep their picture"], lost: ["与服务器断开，正在重连", "disconnected, reconnecting"],
    draft: ["已选定，按“接管”后上屏", "chosen: take the screen to show it"],
    no_layers: ["此场景无图层可选", "no layers"],
    live: ["实时", "Live"], none: ["无", "none"], play: ["回放", "Play back"], then: ["当时所知", "as known then"], now: ["现在所知", "as known now"], when: ["须选日期和时间", "choose a date and a time"],
    world_: ["默认世界", "as deployed"], no_incident: ["须为事件编号", "an incident's id is needed"],
  };
  const word = (key, ...parts) => WORDS[key][ioc.english() ? 1 : 0].replace(/\{(\d)\}/g, (_, index) => parts[index]);
  const at = (id) => document.getElementById(id);
  const page = () => at("screens-list") && at("screens");

  let root = null;
  let round = 0;
  let names = null;
  let state = null; // the newest answer
  let chosen = ""; // the screen that the controls are for
  let view = {}; // what is chosen for it
  let edited = false; // chosen, but not shown: somebody else has the screen

  // --- asking and sending -------------------------------------------------------------------------------------------
  async function ask(path, body) {
    const reply = await fetch(path, {
      method: body ? "POST" : "GET", credentials: "same-origin", headers: body ? { "Content-Type": "application/json" } : {},
      body: body && JSON.stringify(body), signal: AbortSignal.timeout(ANSWER_MS),
    });
    if (reply.status === 401) { location.assign(`/sign-in?next=${encodeURIComponent(location.pathname + location.search)}`); return null; }
    const answer = await reply.json();
    if (!reply.ok) { const { error } = answer; throw Object.assign(new Error(ioc.english() ? error.message_en : error.message_zh), { told: true }); }
    return answer;
  }

  async function look(mine) {
    if (mine !== round || !root || !root.isConnected) return;
    try {
      take(await ask("/api/v1/screens"));
    } catch (problem) { if (!problem.told) note(word("lost")); }
    setTimeout(() => look(mine), document.hidden ? 5 * EVERY_MS : EVERY_MS);
  }

  // One after the other: what was tapped last is what is shown last.
  let queue = Promise.resolve();
  function send(path, body) {
    queue = queue.then(async () => {
      try { take(await ask(path, body)); say(""); return true; } catch (problem) { say(problem.told ? problem.message : word("lost")); return false; }
    });
    return queue;
  }

  let silence = 0;
  function say(text) {
    const place = at("screens-said");
    if (!place) return;
    ioc.text(place, text);
    ioc.hide(place, !text);
    clearTimeout(silence);
    if (text) silence = setTimeout(() => say(""), 6000);
  }
  const note = (text) => ioc.text(at("screens-note"), text);

  function take(answer) {
    if (!answer || answer.v !== 1) return;
    state = answer;
    note(answer.gateway ? "" : word("away"));
    if (!screen() && answer.screens.length) choose(answer.screens[0].name);
    draw();
  }

  // --- drawing ------------------------------------------------------------------------------------------------------
  const screen = () => state && state.screens.find((each) => each.name === chosen);
  const mine = (each) => each.shown.by === state.me && !!each.shown.by;
  const scene = (id) => (id ? ioc.name(names.scenes[id] || { zh: id, en: id }) : word("overview"));

  function who(each) {
    const { shown } = each;
    const of = shown.emergency && !shown.by ? ioc.name(shown.emergency) : shown.title;
    return [word(shown.mode, of), shown.until && shown.mode !== "rotation" ? word("until", ioc.clock(shown.until)) : ""].filter(Boolean).join(" ");
  }

  function draw() {
    if (!page()) return;
    rows(at("screens-list"), state.screens, (each) => each.name, card, (line, each) => {
      ioc.put(line, "aria-pressed", String(each.name === chosen));
      const [title, shows, by, others] = line.children;
      ioc.text(title.firstChild, ioc.name(each));
      ioc.text(title.lastChild, each.name);
      ioc.text(shows, [scene(each.shown.view.scene), each.shown.view.world, each.shown.view.region && names.regions[each.shown.view.region]].filter(Boolean).join(" · "));
      ioc.text(by, who(each));
      ioc.text(others, each.following ? word("following", each.following) : word("alone"));
      ioc.flag(others, "alone", !each.following);
    });
    control();
    ioc.screensKept.draw(state, screen());
  }

  function card(each) {
    const line = ioc.make("button", "screen-card");
    line.type = "button";
    line.dataset.screen = each.name;
    const title = ioc.make("b");
    title.append(ioc.make("span"), ioc.make("small"));
    line.append(title, ioc.make("span", "shows"), ioc.make("span", "who"), ioc.make("span", "followers"));
    return line;
  }

  // Lines by key, made once and written again.
  function rows(place, list, key, make, write) {
    const held = new Map([...place.children].map((line) => [line.dataset.key, line]));
    list.forEach((each, index) => {
      let line = held.get(key(each));
      if (!line) { line = make(each); line.dataset.key = key(each); }
      held.delete(key(each));
      if (place.children[index] !== line) place.insertBefore(line, place.children[index] || null);
      write(line, each);
    });
    held.forEach((line) => line.remove());
  }

  function control() {
    const each = screen();
    if (!at("screen-control") || !each) return;
    const has = mine(each);
    if (!edited) view = { ...each.shown.view };
    ioc.text(at("screen-name"), ioc.name(each));
    const waiting = each.claims.filter((one) => one.by !== each.shown.by).map((one) => one.title);
    ioc.text(at("screen-state"), [who(each), has && word("mine"), waiting.length && word("waits", waiting.join("、")), edited && word("draft")].filter(Boolean).join(" · "));
    const emergency = !!each.shown.emergency;
    ioc.hide(at("take-emergency"), !(state.may.emergency && emergency));
    ioc.hide(at("take-duty"), !state.may.duty || emergency);
    ioc.hide(at("take-leader"), !state.may.leader || emergency);
    ioc.flag(at("take-leader"), "first", !state.may.duty);
    at("release").disabled = !each.claims.some((one) => one.by === state.me);
    root.querySelectorAll("[data-choose]").forEach((button) => ioc.put(button, "aria-pressed", String((view[button.dataset.choose] || "") === button.dataset.value)));
    layers();
    clock();
    worlds();
    const incident = at("choose-incident"), label = at("choose-label");
    if (document.activeElement !== incident && incident.value !== (view.incident || "")) incident.value = view.incident || "";
    if (document.activeElement !== label && !label.dataset.typed) label.value = (view.place && view.place.label) || "";
    ioc.flag(at("pointer-pad"), "idle", !(has || (emergency && state.may.duty && !each.shown.by)));
    ioc.screenPads.place(view);
  }

  function layers() {
    const there = names.layers[view.scene || ""] || [];
    const pressed = new Set(view.layers || []);
    const box = at("choose-layers");
    rows(box, there, (one) => one[0], ([id, text]) => {
      const button = ioc.make("button", "choice", text);
      button.type = "button";
      button.dataset.layer = id;
      return button;
    }, (button, [id]) => ioc.put(button, "aria-pressed", String(pressed.has(id))));
    ioc.hide(box.parentElement, !there.length);
  }

  function worlds() {
    const box = at("choose-world");
    const known = [["", word("world_")], ...state.worlds.map((one) => [one.id, ioc.name(one)])];
    if (view.world && !known.some(([id]) => id === view.world)) known.push([view.world, view.world]);
    rows(box, known, ([id]) => id || "-", ([id]) => { const option = ioc.make("option"); option.value = id; return option; }, (option, [, text]) => ioc.text(option, text));
    if (document.activeElement !== box) box.value = view.world || "";
    const beside = at("choose-beside"); // on a screen that is wide enough
    rows(beside, [["", word("none")], ...Object.entries(names.scenes).map(([id, of]) => [id, ioc.name(of)])], ([id]) => id || "-", ([id]) => { const option = ioc.make("option"); option.value = id; return option; }, (option, [, text]) => ioc.text(option, text));
    if (document.activeElement !== beside) beside.value = view.beside || "";
    ioc.hide(beside.parentElement, Boolean(view.scene));
  }

  // A moment of the past is a world of its own: it is begun (or joined) first, then the screen is sent there.
  function clock() {
    const box = at("choose-time");
    if (!box.children.length) {
      const make = (tag, id, attributes) => Object.assign(ioc.make(tag), { id, ...attributes });
      const options = (select, list) => { list.forEach(([value, text]) => select.append(Object.assign(ioc.make("option", "", text), { value }))); return select; };
      box.append(
        make("button", "time-live", { type: "button", className: "choice", textContent: word("live") }),
        make("input", "time-at", { type: "datetime-local", className: "typed", ariaLabel: word("play") }),
        options(make("select", "time-speed", { ariaLabel: "×" }), [1, 10, 60, 600].map((each) => [String(each), `${each}×`])),
        options(make("select", "time-known", {}), [["then", word("then")], ["now", word("now")]]),
        make("button", "time-play", { type: "button", className: "choice", textContent: word("play") }),
      );
    }
    const past = (view.world || "").startsWith("playback-");
    ioc.put(at("time-live"), "aria-pressed", String(!past));
    ioc.put(at("time-play"), "aria-pressed", String(past));
  }

  async function play() {
    const ms = Date.parse(`${at("time-at").value}:00+08:00`);
    if (!Number.isFinite(ms)) { say(word("when")); return; }
    const base = view.world && !view.world.startsWith("playback-") ? view.world : root.dataset.standing;
    try {
      const begun = await ask("/api/v1/playback", { world: base, at: ms, speed: Number(at("time-speed").value), known: at("time-known").value });
      if (begun) change({ world: begun.playback });
    } catch (problem) { say(problem.told ? problem.message : word("lost")); }
  }

  // --- choosing -----------------------------------------------------------------------------------------------------
  function choose(name) { chosen = name; edited = false; ioc.screensKept.forget(); if (state) draw(); }

  function right() {
    const each = screen();
    if (each.shown.emergency && state.may.emergency) return "emergency";
    const own = each.claims.find((one) => one.by === state.me && word(one.right) && one.right !== "emergency");
    return own ? own.right : state.may.duty ? "duty" : "leader";
  }

  function change(changes) {
    view = { ...view, ...changes };
    for (const [key, value] of Object.entries(view)) if (value === "" || value === null || (Array.isArray(value) && !value.length)) delete view[key];
    edited = true;
    if (mine(screen())) claim(right()); else draw();
  }

  function claim(by) { const asked = view; return send(`/screens/${chosen}/claim`, { right: by, view: asked }).then((done) => { if (done && view === asked) { edited = false; draw(); } }); }

  // What the pads and the register of screens ask of the page.
  ioc.screens = { ready: () => Boolean(page() && state), chosen: () => chosen, box: () => names.box, change, choose, send, rows, until: (ms) => word("until", ioc.clock(ms)) };

  document.addEventListener("click", (event) => {
    if (!page() || !state) return;
    const button = event.target.closest("button");
    if (!button) return;
    if (button.dataset.screen) { choose(button.dataset.screen); return; }
    if (button.dataset.choose === "scene") change({ scene: button.dataset.value, layers: [], beside: "" });
    else if (button.dataset.choose) change({ [button.dataset.choose]: button.dataset.value });
    else if (button.dataset.layer) {
      const held = new Set(view.layers || []);
      if (!held.delete(button.dataset.layer)) held.add(button.dataset.layer);
      change({ layers: [...held] });
    } else if (button.id.startsWith("take-")) claim(button.id.slice(5));
    else if (button.id === "release") { edited = false; send(`/screens/${chosen}/release`, {}); }
    else if (button.id === "time-play") play();
    else if (button.id === "time-live") change({ world: "" });
    else if (button.id === "no-place") change({ place: null });
  });

  document.addEventListener("change", (event) => {
    if (!page() || !state) return;
    const { id, value } = event.target;
    if (id === "choose-world") change({ world: value });
    if (id === "choose-beside") change({ beside: value });
    if (id === "choose-incident") { if (!value || /^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/.test(value)) change({ incident: value }); else say(word("no_incident")); }
    if (id === "choose-label") { event.target.dataset.typed = "yes"; if (view.place) change({ place: { ...view.place, label: value } }); }
  });

  // --- pages come and go --------------------------------------------------------------------------------------------------
  new MutationObserver(() => {
    const found = page();
    if (found === root && (!root || root.isConnected)) return;
    root = found;
    round += 1;
    state = null;
    chosen = "";
    ioc.screensKept.forget();
    if (!root) return;
    names = JSON.parse(at("screens-names").dataset.names);
    ioc.language(names.lang);
    root.querySelectorAll("[data-typed]").forEach((place) => {
      const { typed, longest, hint } = place.dataset;
      const field = Object.assign(ioc.make("input", "typed"), { id: typed, type: "text", maxLength: Number(longest), placeholder: hint, autocomplete: "off", spellcheck: false });
      if (hint) field.setAttribute("aria-label", hint); else { const title = place.parentElement.querySelector("h3"); if (title) field.setAttribute("aria-label", title.textContent); }
      place.append(field);
    });
    ioc.screenPads.sketch();
    look(round);
  }).observe(document, { childList: true, subtree: true });
})();
