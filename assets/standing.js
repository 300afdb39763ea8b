// Standing: asks each few seconds what stands in the world of a page, and writes it where the page has a place for it.
"use strict";
(function () {
  const ioc = (window.ioc = window.ioc || {});
  const EVERY_MS = 4000;
  const ANSWER_MS = 3500;
  let root = null;
  let round = 0;
  let answered = 0; // when the last answer came (own clock)
  ioc.standing = { answer: null };

  async function ask(mine) {
    if (mine !== round || !root || !root.isConnected) return;
    try {
      const of = root.querySelector("[data-standing_of]");
      const address = `/api/v1/standing?world=${encodeURIComponent(root.dataset.standing)}${of ? `&indicator=${encodeURIComponent(of.dataset.standing_of)}` : ""}`;
      const reply = await fetch(address, { credentials: "same-origin", signal: AbortSignal.timeout(ANSWER_MS) });
      if (mine !== round) return;
      if (reply.status === 401) { location.assign(`/sign-in?next=${encodeURIComponent(location.pathname + location.search)}`); return; }
      if (!reply.ok) throw new Error(`standing ${reply.status}`);
      ioc.standing.answer = await reply.json();
      answered = Date.now();
      write(ioc.standing.answer);
    } catch { out(ioc.word("out_gateway", ioc.age(answered ? Date.now() - answered : EVERY_MS))); }
    setTimeout(() => ask(mine), document.hidden ? 4 * EVERY_MS : EVERY_MS);
  }

  function out(text) {
    const overlay = document.getElementById("standing-out");
    if (!overlay) return;
    ioc.text(overlay, text || "");
    ioc.hide(overlay, !text);
    ioc.flag(root, "not-live", Boolean(text));
  }

  function write(answer) {
    out(answer.answers ? "" : ioc.word("busAway"));
    const mode = document.getElementById("standing-mode");
    const simulated = answer.world.kind === "live" && Object.values(answer.feeds).some((feed) => feed.origin === "simulated");
    const kind = simulated ? "exercise" : answer.world.kind;
    ioc.text(mode, ioc.word(kind));
    ioc.flag(mode, "live", kind === "live");
    ioc.flag(root, "mode-exercise", kind === "exercise");
    ioc.flag(root, "mode-replay", kind === "replay");
    const far = ioc.lagging(answer.world.progress, answer.world.now);
    const at = document.getElementById("standing-at");
    ioc.text(at, ioc.word("askedAt", ioc.clockSeconds(answer.at)) + (far ? `${ioc.word("semicolon")}${far}` : ""));
    ioc.flag(at, "lagging", Boolean(far));
    root.querySelectorAll("[data-feed]").forEach((line) => feed(line, answer));
    root.querySelectorAll("[data-value]").forEach((line) => value(line, answer));
    root.querySelectorAll("[data-voucher]").forEach((line) => voucher(line, answer));
    root.querySelectorAll("[data-task]").forEach((line) => task(line, answer));
    stands(document.getElementById("stands"), answer);
    root.querySelectorAll("[data-count]").forEach((place) => ioc.text(place, count(place.dataset.count, answer)));
    root.dispatchEvent(new CustomEvent("standing", { bubbles: true }));
  }

  const STATES = ["ok", "part", "late", "lost", "none"];
  function state(element, name, text) {
    STATES.forEach((each) => ioc.flag(element, `is-${each}`, each === name));
    ioc.text(element, text);
  }

  function feed(line, answer) {
    const found = answer.feeds[line.dataset.feed];
    const origin = line.querySelector(".origin");
    const place = line.querySelector(".state");
    if (!found) { state(place, answer.answers ? "none" : null, ioc.word(answer.answers ? "state_none" : "unknown")); ioc.hide(origin, true); return; }
    const aged = found.state === "late" && found.age !== null ? ` ${ioc.age(found.age)}` : "";
    state(place, found.state, ioc.word(`state_${found.state}`) + aged);
    ioc.hide(origin, found.state === "none");
    ioc.text(origin, ioc.word(`origin_${found.origin}`));
    ioc.flag(origin, "dashed", found.origin !== "real");
  }

  // The worst of an indicator's alarms, and how many of them there are.
  function worst(line, alarms) {
    const found = alarms.filter(Boolean);
    const level = found.reduce((most, each) => Math.max(most, ioc.LEVELS.indexOf(each.lv)), -1);
    const number = found.reduce((sum, each) => sum + each.n, 0);
    ioc.chip(line.querySelector(".chip"), level < 0 ? null : ioc.LEVELS[level]);
    ioc.text(line.querySelector(".alarm-count"), number ? ioc.word("alarmCount", number) : "");
    return level;
  }

  const english = (of) => (ioc.english() ? of.en || of.zh : of.zh);
  const place = (stand) => [stand.r ? english(stand) : "", Object.values(stand.d).join(" · ")].filter(Boolean).join(" ") || ioc.word("district");
  const way = (address, stand) => (/^\d{9}$/.test(stand.r) ? `${address}${address.includes("?") ? "&" : "?"}region=${stand.r}` : address);

  // Whose alarm the chip beside an indicator is of, with the way there: the value beside it is the whole district's.
  function whose(line, alarmed) {
    const link = line.querySelector("a.alarm-count");
    if (!link || !alarmed) return;
    const { worst: stand, n } = alarmed;
    ioc.text(link, n > 1 ? ioc.word("alarmsAt", place(stand), n) : place(stand));
    ioc.put(link, "href", way(line.dataset.address, stand));
    ioc.flag(link, "elsewhere", !alarmed.whole);
  }

  // Every alarm of the indicator that the page is of, the worst first.
  function stands(list, answer) {
    if (!list || !answer.values) return;
    const found = answer.stands || [];
    const all = (answer.alarms[root.querySelector("[data-standing_of]").dataset.standing_of] || { n: 0 }).n;
    const key = JSON.stringify([found, all]);
    if (list.dataset.key === key) return;
    list.dataset.key = key;
    const rows = found.map((stand) => {
      const row = ioc.make("div", "fact-line");
      const chip = ioc.makeChip();
      ioc.chip(chip, stand.lv);
      const link = ioc.make("a", "", place(stand));
      link.href = way(list.dataset.address, stand);
      row.append(chip, link, ioc.make("span", "fact-text", ioc.word("since", moment(stand.begun, answer.world.now))));
      return row;
    });
    if (all > found.length) rows.push(ioc.make("p", "note", ioc.word("more", all - found.length)));
    list.replaceChildren(...(rows.length ? rows : [ioc.make("p", "note", ioc.word("noneStands"))]));
  }

  function value(line, answer) {
    const note = line.querySelector(".quality");
    const number = line.querySelector(".number");
    if (!answer.values) { ioc.text(note, ioc.word("notYours")); ioc.text(number, "—"); return; }
    const id = line.dataset.value;
    const found = answer.values[id];
    worst(line, [answer.alarms[id]]);
    whose(line, answer.alarms[id]);
    ioc.hide(line.querySelector(".unit"), !found || found.x === null);
    if (!found || found.x === null) {
      ioc.text(number, "—");
      ioc.text(note, ioc.word(answer.answers ? "none" : "unknown"));
      ioc.put(number, "data-quality", "no_data");
      return;
    }
    const indicator = { decimals: Number(line.dataset.decimals), says: JSON.parse(line.dataset.says || "{}") };
    ioc.text(number, ioc.value(indicator, found.x));
    ioc.hide(line.querySelector(".unit"), ioc.says(indicator, found.x) !== null);
    ioc.mark(number, { i: id, r: found.r, we: found.we }, found.q);
    const said = { provisional: "provisional", stale: "stale" }[found.q];
    ioc.text(note, [said && ioc.word(said), ioc.word("valueAt", moment(found.we, answer.world.now))].filter(Boolean).join(" "));
    ioc.flag(line, "stale", found.q === "stale");
  }

  // The command that computes the shown value anew, as it is pasted.
  function voucher(line, answer) {
    const id = line.dataset.voucher;
    const found = (answer.values || {})[id];
    if (!found) return;
    const end = `${ioc.isoDate(found.we)}T${ioc.clockSeconds(found.we)}`;
    ioc.put(line, "data-name", `${id}/${line.dataset.region || found.r}/${end}`);
    ioc.text(line, `ioc voucher '${line.dataset.name}' --world ${root.dataset.standing}`);
  }

  const moment = (ms, now) => (ioc.isoDate(ms) === ioc.isoDate(now) ? "" : `${ioc.isoDate(ms).slice(5)} `) + ioc.clock(ms);

  function task(line, answer) {
    const found = answer.tasks[line.dataset.task];
    state(line.querySelector(".state"), found ? found.state : null, ioc.word(found ? `task_${found.state}` : "unknown"));
    const feeds = line.dataset.feeds.split(" ").filter(Boolean);
    ioc.text(line.querySelector(".fed"), answer.answers ? String(feeds.filter((name) => answer.feeds[name] && answer.feeds[name].state !== "none").length) : "?");
    const level = worst(line, (line.dataset.indicators || "").split(" ").map((name) => (answer.alarms || {})[name]));
    line.dataset.state = found ? found.state : "";
    line.dataset.over = level < 0 ? "" : "over";
  }

  function count(name, answer) {
    if (!answer.answers) return "?";
    const { counts } = answer;
    if (name === "valued" || name === "over") return name in counts ? String(counts[name]) : "—";
    const [of, which] = name.split(".");
    if (which === "fed") return String(Object.entries(counts.feeds).reduce((sum, [key, number]) => sum + (key === "none" ? 0 : number), 0));
    if (which === "over") return answer.values ? String(root.querySelectorAll('[data-task][data-over="over"]').length) : "—";
    return String(counts[of][which] || 0);
  }

  // Pages come and go without a load of the document.
  new MutationObserver(() => {
    const found = document.querySelector("[data-standing]");
    if (found === root && (!root || root.isConnected)) return;
    root = found;
    round += 1;
    answered = 0;
    if (!root) return;
    ioc.language(root.lang === "en" ? "en" : "zh");
    ask(round);
  }).observe(document, { childList: true, subtree: true });
})();
