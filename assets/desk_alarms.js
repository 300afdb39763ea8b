// Alarms of the duty desk: cards, the most urgent first, read again when the news says so; a acknowledges, s covers.
"use strict";
(function () {
  const ioc = (window.ioc = window.ioc || {});
  const { desk } = ioc;
  const alarms = (desk.alarms = {});
  const AGAIN_MS = 1000; // at most this often; alone at once
  const SLOW_MS = 30000; // what time alone changes: a shelf that ends, a flood that is over
  const RETRY_MS = 5000;
  const CHIPS = [null, "blue", "yellow", "orange", "red"];
  const WORDS = {
    none: ["没有待确认的告警", "No alarm waits"], waiting: ["{0} 待确认", "{0} wait"], flood: ["告警泛滥：新增 {0}，按规则静默 {1}，红色不隐藏", "flood: {0} new, {1} laid aside by rule, no red one"],
    more: ["另有 {0} 张卡", "{0} more cards"], missing: ["{0} 条告警未读到", "{0} alarms went by unread"], count: ["{0} 条", "{0} alarms"], standing: ["{0} 条仍在", "{0} stand"], hidden: ["静默 {0}", "{0} aside"], feed: ["数据中断", "feed lost"], over: ["已消失", "over"], acked: ["{0}已确认", "{0} acknowledged"],
    ack: ["确认", "Acknowledge"], back: ["撤销确认", "Take back"], cover: ["静默…", "Lay aside…"], open: ["立为事件", "Make an incident"], to: ["看事件", "Its incident"], away: ["告警读取失败：{0}", "alarms cannot be read: {0}"],
    faster: ["{0}已先确认", "{0} was faster"], more_lines: ["另有 {0} 条", "{0} more"], 
  };
  const word = (key, ...parts) => WORDS[key][ioc.english() ? 1 : 0].replace(/\{(\d)\}/g, (_, index) => parts[index]);
  const named = ([zh, en]) => (ioc.english() ? en || zh : zh);
  let root = null, now = null, chosen = "", reading = false, readAt = -Infinity, again = 0, sending = false;

  async function read() {
    clearTimeout(again);
    if (!root || !root.isConnected) return;
    if (reading) { again = setTimeout(read, 100); return; }
    reading = true;
    readAt = performance.now();
    try {
      now = await desk.ask(`/api/v1/alarms?${new URLSearchParams({ world: desk.world() })}`);
      draw();
      if (alarms.heard) alarms.heard(now);
    } catch (problem) {
      ioc.text(desk.at("alarms-note"), word("away", desk.why(problem)));
      again = setTimeout(read, RETRY_MS);
    } finally { reading = false; }
  }
  function soon() { clearTimeout(again); again = setTimeout(read, Math.max(0, readAt + AGAIN_MS - performance.now())); }

  function draw() {
    const panel = desk.at("duty-alarms");
    if (!panel) return;
    ioc.hide(panel, false);
    const waiting = now.cards.reduce((sum, card) => sum + card.waiting, 0);
    ioc.text(desk.at("alarms-note"), waiting ? word("waiting", waiting) : "");
    const said = [now.flood && word("flood", now.flood.new, now.flood.aside), now.missing && word("missing", now.missing), now.more && word("more", now.more)].filter(Boolean);
    ioc.text(desk.at("alarm-load"), said.join(ioc.word("semicolon")));
    if (!now.cards.some((card) => card.id === chosen)) chosen = "";
    desk.lines(desk.at("alarm-cards"), now.cards, (card) => card.id, make, write);
    const place = desk.at("alarm-cards");
    let none = place.querySelector(".empty");
    if (!now.cards.length && !none) { none = ioc.make("p", "empty", word("none")); place.append(none); }
  }

  function make() {
    const card = ioc.make("article", "alarm-card");
    card.tabIndex = 0;
    const top = ioc.make("div", "alarm-top");
    top.append(ioc.make("span", "alarm-level"), ioc.make("b"), ioc.make("time"));
    card.append(top, ioc.make("p", "alarm-about"), ioc.make("ul"), ioc.make("div", "choices"));
    return card;
  }

  function write(line, card) {
    const [top, about, list, bar] = line.children;
    const key = String(card.level);
    if (top.firstChild.dataset.level !== key) { top.firstChild.dataset.level = key; top.firstChild.replaceChildren(card.level ? chip(card.level) : ioc.make("span", "tag", word("over"))); }
    ioc.text(top.children[1], `${named(card.place_name)} · ${named(card.name)}`);
    ioc.text(top.children[2], desk.moment(card.opened));
    ioc.flag(line, "waits", card.waiting > 0);
    ioc.flag(line, "is-chosen", card.id === chosen);
    ["red", "orange", "yellow", "blue"].forEach((name, at) => ioc.flag(line, `lv-${name}`, card.level === 4 - at));
    ioc.text(about, [word("count", card.count), card.waiting && word("waiting", card.waiting), card.standing && word("standing", card.standing), card.hidden && word("hidden", card.hidden), card.feed_lost && word("feed")].filter(Boolean).join(" · "));
    const rest = card.count - card.alarms.length;
    list.replaceChildren(...card.alarms.map((each) => alarm(each, card)), ...(rest > 0 ? [ioc.make("li", "note", word("more_lines", rest))] : []));
    const buttons = [];
    if (card.can.includes("acknowledge")) buttons.push(["ack", "A"]);
    else if (card.can.includes("undo")) buttons.push(["back", ""]);
    if (card.dossier) buttons.push(["to", ""]); else if (desk.at("desk-new-ok")) buttons.push(["open", "I"]);
    if (["shelve", "suppress", "retire"].some((what) => card.can.includes(what)) || card.alarms.some((each) => each.cover)) buttons.push(["cover", "S"]);
    const acts = desk.at("desk-new-ok") ? buttons : buttons.filter(([act]) => act === "to");
    desk.lines(bar, acts, ([act]) => act, ([act, keyed]) => {
      const button = ioc.make("button", `choice${act === "ack" ? " first" : ""}`);
      button.type = "button";
      button.dataset.act = act;
      button.append(ioc.make("span", "", word(act)));
      if (keyed) button.append(ioc.make("kbd", "", keyed));
      return button;
    }, () => {});
  }

  function chip(level) { const made = ioc.makeChip(); ioc.chip(made, CHIPS[level]); return made; }
  function alarm(each, card) {
    const line = ioc.make("li", each.stands ? "" : "is-over");
    const about = [desk.alarmValue(each), each.feed_lost ? word("feed") : "", each.stands ? "" : word("over"), each.by ? word("acked", each.by) : ""].filter(Boolean).join(" · ");
    const place = named(each.place);
    line.append(ioc.make("b", "", [place === named(card.place_name) ? "" : place, desk.alarmName(each)].filter(Boolean).join(" ")), ioc.make("span", "", about));
    return line;
  }

  // --- doing --------------------------------------------------------------------------------------------------------------
  const card = () => now && (now.cards.find((each) => each.id === chosen) || now.cards.find((each) => each.can.includes("acknowledge")) || now.cards[0]);
  async function send(path, body) {
    if (sending) return null;
    sending = true;
    try {
      const answer = await desk.ask(path, body);
      const first = Object.values(answer.refused || {}).find((each) => each.by);
      if (answer.done && !answer.done.length && first) desk.say(word("faster", first.by));
      return answer;
    } catch (problem) { desk.say(desk.why(problem)); return null; } finally { sending = false; read(); }
  }
  alarms.acknowledge = () => { const of = card(); if (of && of.can.includes("acknowledge")) send("/api/v1/alarms/acknowledge", { card: of.id }); };
  alarms.incident = async () => {
    const of = card();
    if (!of) return;
    if (of.dossier) { desk.choose(of.dossier); return; }
    if (sending) return;
    desk.dossier.wait();
    const made = await send(`/api/v1/alarms/cards/${encodeURIComponent(of.id)}/incident`, {});
    desk.choose(made ? made.row.id : desk.chosen());
  };
  alarms.cover = () => desk.coverCard(card(), async (path, body) => { try { return await desk.ask(path, body); } finally { read(); } });

  desk.keys("duty", { s: alarms.cover });
  document.addEventListener("click", (event) => {
    const line = event.target.closest("#alarm-cards .alarm-card");
    if (!line || !now) return;
    chosen = line.dataset.key;
    draw();
    const button = event.target.closest("[data-act]");
    if (!button) return;
    const of = card();
    ({ ack: alarms.acknowledge, back: () => send("/api/v1/alarms/take-back", { card: of.id }), cover: alarms.cover, open: alarms.incident, to: alarms.incident })[button.dataset.act]();
  });
  document.addEventListener("focusin", (event) => { const line = event.target.closest && event.target.closest("#alarm-cards .alarm-card"); if (line && now) { chosen = line.dataset.key; desk.at("alarm-cards").querySelectorAll(".alarm-card").forEach((each) => ioc.flag(each, "is-chosen", each === line)); } });

  desk.hear((changed) => { if (root && root.isConnected && (changed === null || changed.some((each) => each.kind === "alarm"))) soon(); });
  desk.page({
    enter: (found) => { root = found.dataset.desk === "duty" ? found : null; now = null; chosen = ""; if (root) read(); },
    tick: () => { if (root && performance.now() - readAt > SLOW_MS) read(); },
  });
})();
