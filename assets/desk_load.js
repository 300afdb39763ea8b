// The load of an operator: new alarms for each by ten minutes in the head, and a dialog with its distribution over a day, bad
// actors, chattering and stale alarms (ISA-18.2, EEMUA 191).
"use strict";
(function () {
  const ioc = (window.ioc = window.ioc || {});
  const { desk } = ioc;
  const SLOT_MS = 600000, SLOTS = 12;
  const BOUNDS = [1, 2, 10]; // acceptable, the most that can be handled, above it a flood
  const CHIPS = [null, "yellow", "orange", "red"];
  const WORDS = {
    label: ["每人 10 分钟新告警", "New alarms each, 10 min"], near: ["近 2 小时 可承受 2", "2 h, 2 is the most"], picture: ["近 2 小时每人每 10 分钟新告警：{0}", "new alarms for each operator by ten minutes of two hours: {0}"], count: ["{0} 条", "{0}"], title: ["告警负荷与频繁告警", "Alarm load and frequent alarms"],
    shares: ["一日分布（每人每 10 分钟）", "A day, for each operator by ten minutes"], s0: ["≤ 1 可接受", "≤ 1 acceptable"], s1: ["1–2 可承受", "1–2 manageable"], s2: ["2–10 超负荷", "2–10 too many"], s3: ["> 10 泛滥", "> 10 flood"], figures: ["共 {0} 段 · 中位 {1} · 95 分位 {2} · 最多 {3} · 在岗 {4} 人", "{0} spans · median {1} · 95th percentile {2} · most {3} · {4} operators"],
    bad: ["最频繁的告警（一日）", "Bad actors of a day"], chattering: ["抖动告警", "Chattering"], stale: ["长期未消", "Stale"], none: ["无", "None"], times: ["{0} 次 · {1}%", "{0} times · {1}%"], last: ["末次 {0}", "last {0}"], stands: ["已 {0}", "for {0}"], more: ["另有 {0} 条", "{0} more"],
  };
  const word = (key, ...parts) => WORDS[key][ioc.english() ? 1 : 0].replace(/\{(\d)\}/g, (_, index) => parts[index]);
  const named = ([zh, en]) => (ioc.english() ? en || zh : zh);
  const grade = (value) => BOUNDS.filter((bound) => value > bound).length;
  const short = (value) => String(Math.round(value * 10) / 10);
  let now = null;

  function draw(answer) {
    now = answer;
    const place = desk.at("duty-load");
    if (!place) return;
    const end = Math.floor(answer.at / SLOT_MS) * SLOT_MS, known = new Map(answer.load.slots);
    const bars = [...Array(SLOTS).keys()].map((at) => known.get(end - (SLOTS - 1 - at) * SLOT_MS) || 0);
    const picture = ioc.make("span", "load-bars"), most = Math.max(...bars, BOUNDS[1]);
    picture.setAttribute("role", "img");
    picture.setAttribute("aria-label", word("picture", bars.map(short).join(ioc.english() ? ", " : "、")));
    picture.append(...bars.map((value) => { const bar = ioc.make("i", `load-${grade(value)}`); bar.style.height = `${Math.max(6, (value / most) * 100)}%`; return bar; }));
    const parts = [ioc.make("span", "note", word("label")), picture, ioc.make("b", "", word("count", short(answer.now)))];
    const level = CHIPS[grade(answer.now)];
    if (level) { const chip = ioc.makeChip(); ioc.chip(chip, level); parts.push(chip); }
    place.replaceChildren(...parts);
    place.title = word("near");
  }
  desk.alarms.heard = draw;

  function list(title, lines) {
    const made = ioc.make("section"), rows = Object.assign(ioc.make("ol", "box-list"), { tabIndex: 0 });
    rows.append(...(lines.length ? lines : [ioc.make("li", "empty", word("none"))]));
    made.append(ioc.make("h3", "", title), rows);
    return made;
  }
  function line(level, each, side, about) {
    const made = ioc.make("li");
    made.append(level ? desk.chip(level) : ioc.make("span"), ioc.make("b", "", `${named(each.place)} · ${desk.alarmName(each)}`), ioc.make("span", "who", side), ioc.make("p", "", about));
    return made;
  }
  function open() {
    if (!now) return;
    const { load } = now, shares = ioc.make("div", "load-shares");
    shares.append(...load.shares.map((share, at) => {
      const row = ioc.make("div"), bar = ioc.make("i", `load-${at}`);
      bar.style.width = `${Math.round(share * 100)}%`;
      row.append(ioc.make("span", "", word(`s${at}`)), bar, ioc.make("b", "", `${Math.round(share * 100)}%`));
      return row;
    }));
    const first = ioc.make("section");
    first.append(ioc.make("h3", "", word("shares")), shares, ioc.make("p", "note", word("figures", load.spans, short(load.median), short(load.p95), short(load.most), now.operators)));
    const points = (of) => of.map((each) => line(0, each, word("times", each.count, Math.round(each.share * 100)), word("last", desk.moment(each.last))));
    const stale = now.stale.map((each) => line(each.level, each, word("stands", ioc.age(desk.now() - each.raised)), desk.alarmValue(each)));
    if (now.stale_more) stale.push(ioc.make("li", "note", word("more", now.stale_more)));
    const sheet = ioc.make("div", "load-sheet");
    sheet.append(first, list(word("bad"), points(now.bad_actors)), list(word("chattering"), points(now.chattering)), list(word("stale"), stale));
    desk.box({ title: word("title"), parts: [sheet], wide: true });
  }
  desk.keys("duty", { t: open });
})();
