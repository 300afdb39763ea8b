// Desk: what the pages of incidents and cases share: asking and sending, names and words, clocks, and the news of the socket.
"use strict";
(function () {
  const ioc = (window.ioc = window.ioc || {});
  const desk = (ioc.desk = {});
  const ANSWER_MS = 8000;
  const SAID_MS = 8000;
  const OLD_MS = 5000;
  const WORDS = {
    none: ["没有符合的事件或案卷", "Nothing fits"], calm: ["没有未结的事件和案卷", "Nothing is open"], loading: ["正在读取…", "Loading…"],
    failed: ["读取失败：{0}。正在重试", "It could not be read: {0}. Trying again"], lost: ["与服务器断开", "disconnected"],
    total: ["共 {0} 件", "{0} in all"], range: ["{0}–{1} / {2}", "{0}–{1} of {2}"], held: ["挂起", "on hold"], nobody: ["无人承办", "nobody"],
    overdue: ["超时", "overdue"], left: ["剩 {0}", "{0} left"], late: ["超时 {0}", "{0} overdue"], dueAt: ["{0} 到期", "due {0}"], noClock: ["不计时", "no clock"], ago: ["{0}前", "{0} ago"],
    ungraded: ["未定级", "not graded"], level: ["{0} 级", "level {0}"], claim: ["接手", "Take it"], mine: ["我承办", "mine"], by: ["{0}承办", "{0} handles it"], taken: ["已由 {0} 接手", "{0} took it"],
    submit: ["提交", "Do it"], cancel: ["取消", "Cancel"], close: ["关闭", "Close"], needs: ["须填写：{0}", "Needed: {0}"], to: ["→ {0}", "→ {0}"], noMoves: ["您此刻没有可作的操作", "There is nothing that you may do now"],
    faster: ["{0} {1} 已先行：{2}", "{0} was faster at {1}: {2}"], kept: ["您填写的内容仍在，请核对后再提交。", "What you typed is still there: look again, then do it."],
    gone: ["此操作现在已不能作；您填写的内容：{0}", "This can no longer be done. What you typed: {0}"], done: ["已办理：{0}", "Done: {0}"],
    noDossier: ["没有这个卷宗，或它不在您的辖区", "There is no such dossier, or it is of another region"], noFacts: ["无", "None"], idle: ["尚未选中事件", "Nothing is chosen"], idleChoose: ["在待办中上下选一件", "go through the queue"], idleAck: ["确认告警", "acknowledge an alarm"], idleIncident: ["由告警卡立为事件", "make an incident of an alarm card"], idleNew: ["手工接报", "enter one by hand"], idleKeys: ["全部按键", "all keys"], noNotices: ["无", "None"], notSent: ["待发", "to be sent"], sent: ["已送达 {0}", "reached {0}"], waits: ["已送达 {0}，未回执", "reached {0}, no answer"], answered: ["已回执 {0}", "answered {0}"], failed_: ["未送达，请电话联系", "not reached: call them"], reached: ["送达 {0} / {1}", "{0} of {1} reached"], steps: ["{0} 步", "{0} steps"],
    received: ["接报 {0}", "received {0}"], clockHeld: ["已挂起，不计时；还剩 {0}", "on hold, nothing counts; {0} left"], unclaimed: ["无人承办", "nobody handles it"], copied: ["编号 {0}", "id {0}"],
    busy: ["正在提交…", "Sending…"], whole: ["全区", "whole district"], select: ["选择", "choose"], yes: ["是", "yes"], no: ["否", "no"],
    old: ["所示为 {0}前", "shown as of {0} ago"],
    receive: ["接报", "received"], claim_: ["接手", "taken"],
  };
  const FIELDS = {
    level: ["级别", "Level"], class: ["事件类别", "Class"], units: ["派遣力量", "Units"], unit: ["到场力量", "Unit"], report: ["情况说明", "Report"], reason: ["理由", "Reason"], org: ["单位", "Organisation"],
    minutes: ["延长（分钟）", "Minutes"], kind: ["案卷类别", "Kind of case"], passed: ["核查通过", "Passed"], score: ["得分（0–100）", "Score, 0–100"], title: ["标题", "Title"], by: ["经办", "By"], channel: ["来源", "Channel"], caller: ["报告人", "Caller"], phone: ["电话", "Telephone"], place: ["地点", "Place"], text: ["描述", "Text"], rule: ["定级规则", "Rule of the level"],
    deaths: ["死亡", "Deaths"], injured: ["受伤", "Injured"], address: ["地址", "Address"], source: ["来源", "Source"], alarms: ["告警", "Alarms"], version: ["版本", "Version"], graded: ["定级依据", "Graded by"], card: ["告警卡", "Card of alarms"], indicators: ["指标", "Indicators"], alarm: ["最重告警", "Worst alarm"],
  };
  const CHIPS = [null, "blue", "yellow", "orange", "red"];
  const ROMAN = ["", "Ⅳ", "Ⅲ", "Ⅱ", "Ⅰ"];
  const english = () => (ioc.english() ? 1 : 0);
  desk.word = (key, ...parts) => WORDS[key][english()].replace(/\{(\d)\}/g, (_, index) => parts[index]);
  desk.field = (name) => (Object.hasOwn(FIELDS, name) ? FIELDS[name][english()] : name);
  const { word } = desk;

  // --- names ---------------------------------------------------------------------------------------------------------
  let names = null;
  let world = "";
  desk.root = () => document.querySelector("[data-desk]");
  desk.at = (id) => document.getElementById(id);
  desk.world = () => world;
  desk.names = () => names;
  desk.cycle = (kind) => names.cycles[kind] || { zh: kind, en: kind, stages: [], moves: {} };
  desk.stage = (kind, id) => { const found = desk.cycle(kind).stages.find((each) => each.id === id); return found ? ioc.name(found) : id; };
  desk.move = (kind, id) => { const found = desk.cycle(kind).moves[id]; return found ? ioc.name(found) : { receive: word("receive"), claim: word("claim_") }[id] || id; };
  desk.region = (code) => { const found = names.regions[code] || names.regions[code.slice(0, 9)]; return found ? (ioc.english() ? found.en : found.zh.replace(/街道$/, "")) : code || word("whole"); };
  desk.class = (id) => { const found = names.classes.find((each) => each.id === id); return found ? ioc.name(found) : id; };
  desk.levelText = (level) => (level ? word("level", ROMAN[level]) : word("ungraded"));
  desk.levelShort = (level) => (level ? ROMAN[level] : word("ungraded"));
  desk.short = (id) => id.slice(0, 8);

  // The level as colour, character and steps; what nobody graded yet is outlined.
  desk.chip = (level) => {
    if (!level) return ioc.make("span", "tag dashed", word("ungraded"));
    const chip = ioc.makeChip();
    ioc.chip(chip, CHIPS[level]);
    return chip;
  };

  // --- times ---------------------------------------------------------------------------------------------------------
  let ahead = 0; // of the world's clock before this machine's
  desk.now = () => Date.now() + ahead;
  desk.heard = (at) => { ahead = at - Date.now(); };
  const two = (number) => String(number).padStart(2, "0");
  desk.span = (ms) => {
    const seconds = Math.floor(Math.abs(ms) / 1000), minutes = Math.floor(seconds / 60);
    if (minutes < 60) return `${minutes}:${two(seconds % 60)}`;
    if (minutes < 48 * 60) return `${ioc.word("hour", Math.floor(minutes / 60))} ${ioc.word("minute", minutes % 60)}`;
    return ioc.word("day", Math.floor(minutes / 1440));
  };
  desk.moment = (ms) => (ioc.isoDate(ms) === ioc.isoDate(desk.now()) ? "" : `${ioc.isoDate(ms).slice(5)} `) + ioc.clock(ms);
  // How long until it is due, negative when it is over; its short form in lists.
  desk.due = (row) => {
    if (row.held) return word("held");
    if (row.due === null) return "—";
    const left = row.due - desk.now();
    return (left < 0 ? "−" : "") + desk.span(left);
  };

  // --- asking and sending ----------------------------------------------------------------------------------------------
  desk.ask = async (path, body) => {
    const reply = await fetch(path, {
      method: body ? "POST" : "GET", credentials: "same-origin", headers: body ? { "Content-Type": "application/json" } : {},
      body: body && JSON.stringify(body), signal: AbortSignal.timeout(ANSWER_MS),
    });
    if (reply.status === 401) { location.assign(`/sign-in?next=${encodeURIComponent(location.pathname + location.search)}`); throw new Error("401"); }
    const answer = await reply.json();
    if (!reply.ok) {
      const { error } = answer;
      throw Object.assign(new Error(ioc.english() ? error.message_en : error.message_zh), { told: true, status: reply.status, code: error.code, field: error.field });
    }
    if (answer.at && answer.world) desk.heard(answer.at);
    return answer;
  };
  desk.why = (problem) => (problem.told ? problem.message : word("lost"));

  let silence = 0;
  desk.say = (text) => {
    const place = desk.at("desk-said");
    if (!place) return;
    ioc.text(place, text);
    ioc.hide(place, !text);
    clearTimeout(silence);
    if (text) silence = setTimeout(() => desk.say(""), SAID_MS);
  };

  // Lines by key, made once and written again.
  desk.lines = (place, list, key, make, write) => {
    const held = new Map([...place.children].map((line) => [line.dataset.key, line]));
    list.forEach((each, index) => {
      let line = held.get(key(each));
      if (!line) { line = make(each); line.dataset.key = key(each); }
      held.delete(key(each));
      if (place.children[index] !== line) place.insertBefore(line, place.children[index] || null);
      write(line, each, index);
    });
    held.forEach((line) => line.remove());
  };

  // --- news ------------------------------------------------------------------------------------------------------------
  // A frame names what changed; pages fetch what they show of it. Null, a gap in the numbers or a new socket: everything.
  const hearers = new Set();
  desk.hear = (hearer) => hearers.add(hearer);
  let last = null;
  ioc.further_frames = Object.assign(ioc.further_frames || {}, {
    desk: (frame) => {
      if (!desk.root() || frame.topic !== `${world}/desk`) return;
      const gap = last !== null && frame.seq !== last + 1;
      last = frame.seq;
      ioc.state.seq.set(frame.topic, frame.seq);
      ioc.state.waiting.delete(frame.topic);
      const changed = gap || frame.changed === null ? null : frame.changed;
      hearers.forEach((hearer) => hearer(changed));
    },
  });

  // Who hears that a dossier was read, with the answer.
  const takers = new Set();
  desk.whenTaken = (taker) => takers.add(taker);
  desk.taken = (answer) => takers.forEach((taker) => taker(answer));

  // --- keys: page -> key -> what it does; desk_dialog.js follows them ---------------------------------------------------
  desk.keyed = { duty: {}, incident: {}, roster: {} };
  desk.keys = (of, acts) => of.split(" ").forEach((page) => Object.assign(desk.keyed[page], acts));

  // --- pages come and go ---------------------------------------------------------------------------------------------
  const pages = [];
  desk.page = (page) => pages.push(page); // {enter(root), tick()}
  let seen = null;
  let bus = true;
  let fresh = 0; // when the page last heard that nothing is amiss on the way to it
  // What the page shows is as old as the last moment at which news would have come.
  function age(there) {
    if (there && !(ioc.outage && ioc.outage())) fresh = performance.now();
    const place = desk.at("desk-age"), old = performance.now() - fresh;
    if (!place) return;
    ioc.text(place, old > OLD_MS ? word("old", ioc.age(old)) : "");
    ioc.hide(place, old <= OLD_MS);
  }
  function look() {
    const root = desk.root();
    if (root === seen) return;
    seen = root;
    last = null;
    fresh = performance.now();
    if (!root) return;
    names = JSON.parse(desk.at("desk-names").dataset.names);
    world = desk.at("desk-names").dataset.world;
    ioc.language(root.lang === "en" ? "en" : "zh");
    pages.forEach((page) => page.enter(root));
  }
  function tick() {
    if (!seen || !seen.isConnected) return;
    pages.forEach((page) => page.tick());
    // News that came while the bus was away is lost: when it is there again everything is looked at.
    const there = Boolean(ioc.state && ioc.state.valkey && !ioc.state.closed);
    age(there);
    if (there && !bus) hearers.forEach((hearer) => hearer(null));
    bus = there;
  }
  window.addEventListener("DOMContentLoaded", () => {
    look();
    new MutationObserver(look).observe(document.body, { childList: true, subtree: true });
    setInterval(tick, 1000);
  });
})();
