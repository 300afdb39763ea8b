// The time bar: the day that is looked at, its marks and its moment, and the hand and the keys that move the playback
// (past.js) of the page. One bar for the page.
"use strict";
(function () {
  const ioc = (window.ioc = window.ioc || {});
  const bar = (ioc.timebar = {});
  const DAY = 86400000;
  const STEP_MS = 300000, LONG_STEP_MS = 3600000; // of the arrow keys
  const MARKS_MS = 60000; // how old the marks of a day that is not over may be
  const AGAIN_MS = 3000; // after marks that did not come
  const DEFAULT_BACK_MS = 3600000;
  const CALM_MS = 5000; // who wants less motion sees the hand go on so often

  let open = false;
  let dragged = null; // the moment under the finger
  let day = 0; // the local day that the track shows, as the ms of its begin
  let told = null; // {day, asked, world, marks, first, last, may}
  let handAt = { ms: 0, since: -Infinity }; // where the hand was drawn, and when

  const { past } = ioc;
  const calm = window.matchMedia("(prefers-reduced-motion: reduce)");
  const byId = (id) => document.getElementById(id);
  const root = () => byId("time-bar");
  const dayOf = (ms) => Math.floor((ms + ioc.LOCAL) / DAY) * DAY - ioc.LOCAL;

  // --- marks of the day --------------------------------------------------------------------------------------------
  async function look() {
    const world = past.of();
    const age = told ? performance.now() - told.asked : 0;
    const stale = told && (told.failed ? age > AGAIN_MS : age > MARKS_MS && told.last !== null && told.last < day + DAY);
    if (told && told.day === day && told.world === world && !stale) return;
    told = { day, world, asked: performance.now(), marks: [], first: told ? told.first : null, last: told ? told.last : null, may: told ? told.may : null };
    try {
      const said = await past.ask("GET", `/marks?world=${encodeURIComponent(world)}&from=${day}&until=${day + DAY}`);
      if (told.day !== day) return;
      Object.assign(told, { marks: said.marks, first: said.first, last: said.last, may: said.may });
      marks();
      draw();
    } catch (problem) { told.failed = true; } // the bar works without marks; they are asked for again
  }

  const percent = (ms) => `${(100 * (ms - day)) / DAY}%`;
  function marks() {
    const place = byId("bar-marks");
    if (!place) return;
    place.replaceChildren(...told.marks.map((mark) => {
      const line = ioc.make("i", `lv-${mark.level || mark.before || "blue"}${mark.level ? "" : " over"}`);
      line.style.left = percent(mark.at);
      return line;
    }));
  }

  function markAt(ms) {
    const near = (told ? told.marks : []).filter((mark) => Math.abs(mark.at - ms) < DAY / 288);
    const weight = (mark) => ioc.LEVELS.indexOf(mark.level || mark.before) + (mark.level ? 0.5 : 0);
    return near.sort((a, b) => weight(b) - weight(a))[0];
  }

  // --- drawing ------------------------------------------------------------------------------------------------------
  function draw() {
    const place = root();
    if (!place || !ioc.state.settings) return;
    const shown = open || Boolean(past.shown()) || Boolean(past.world());
    ioc.hide(place, !shown);
    if (document.documentElement.classList.contains("barred") !== shown) {
      document.documentElement.classList.toggle("barred", shown);
      window.dispatchEvent(new Event("resize")); // charts and map take the room that is left
    }
    real();
    if (!shown) return;
    const now = dragged ?? past.goal();
    if (!day || now < day || now >= day + DAY) { if (dragged === null) { day = dayOf(now); hours(); } }
    look();
    const hand = byId("bar-hand");
    const inside = now >= day && now <= day + DAY;
    ioc.hide(hand, !inside);
    if (inside) {
      hand.style.left = percent(stepped(now));
      ioc.flag(hand, "left", now - day > 0.85 * DAY);
      ioc.flag(hand, "moved", dragged !== null);
      ioc.text(byId("bar-clock"), ioc.clockSeconds(now));
    }
    const input = dayInput();
    if (document.activeElement !== input && input.value !== ioc.isoDate(day)) input.value = ioc.isoDate(day);
    const span = byId("bar-known");
    const first = Math.max(day, told && told.first !== null ? told.first : day + DAY);
    const last = Math.min(day + DAY, Math.max(told && told.last !== null ? told.last : day, past.shown() || past.world() ? now : 0));
    ioc.hide(span, last <= first);
    span.style.left = percent(first);
    span.style.width = `${(100 * Math.max(0, last - first)) / DAY}%`;
    const track = byId("bar-track");
    track.setAttribute("aria-valuemin", "0");
    track.setAttribute("aria-valuemax", "86400");
    track.setAttribute("aria-valuenow", String(Math.round((now - day) / 1000)));
    ioc.put(track, "aria-valuetext", spoken(now));
    buttons(place);
    said(now);
  }

  // Where the hand is drawn: at the moment; for who wants less motion it stays for a while, unless it was moved by hand.
  function stepped(now) {
    const moved = dragged !== null || Math.abs(now - handAt.ms) > CALM_MS * 2 * Math.max(1, past.speed() || 0);
    if (!calm.matches || moved || performance.now() - handAt.since >= CALM_MS) handAt = { ms: now, since: performance.now() };
    return handAt.ms;
  }

  // The moment as it is read out: to the minute, with how fast it goes and as known when.
  function spoken(now) {
    const at = `${ioc.isoDate(now)} ${ioc.clock(now)}`;
    if (!past.world()) return at;
    const speed = past.speed();
    return `${at} · ${speed ? `×${speed}` : ioc.word("paused")} · ${ioc.word(past.known() === "then" ? "knownThen" : "knownNow")}`;
  }

  function dayInput() {
    const place = byId("bar-day-place");
    if (!place.firstChild) {
      const input = ioc.make("input", "");
      input.type = "date";
      input.id = "bar-day";
      input.setAttribute("aria-label", place.getAttribute("aria-label"));
      place.append(input);
    }
    return place.firstChild;
  }

  function buttons(place) {
    const speed = past.speed(), known = past.known(), shown = Boolean(past.world() || past.shown()), busy = past.busy();
    const may = told !== null && told.may === true;
    place.querySelectorAll("[data-do]").forEach((button) => {
      const does = button.dataset.do;
      if (does === "play") {
        ioc.text(button, speed ? "❚❚" : "▶");
        button.disabled = !may || busy;
      } else if (does.startsWith("speed-")) {
        ioc.put(button, "aria-pressed", String(speed === Number(does.slice(6))));
        button.disabled = !may || busy;
      } else if (does.startsWith("known-")) {
        ioc.put(button, "aria-pressed", String(shown && does === `known-${known}`));
        button.disabled = !may || busy;
      } else if (does === "live") button.disabled = !shown;
    });
  }

  function said(now) {
    const place = byId("bar-said");
    const mark = dragged === null ? null : markAt(now);
    const may = !told || told.may !== false;
    ioc.hide(place, dragged === null);
    if (dragged === null) return;
    place.style.left = percent(now);
    const level = mark ? ioc.word(mark.level || mark.before) : "";
    ioc.text(place, `${ioc.isoDate(now)} ${ioc.clock(now)}${mark ? ` · ${ioc.clock(mark.at)} ${ioc.name(mark)} ${mark.level ? level : ioc.word("barOver", level)}` : ""}${may ? "" : ` · ${ioc.word("barFollow")}`}`);
  }

  function hours() {
    const place = byId("bar-hours");
    if (!place) return;
    place.replaceChildren(...[0, 3, 6, 9, 12, 15, 18, 21, 24].map((hour) => {
      const label = ioc.make("span", "", `${String(hour).padStart(2, "0")}:00`);
      label.style.left = `${(100 * hour) / 24}%`;
      return label;
    }));
    if (told && told.day !== day) byId("bar-marks").replaceChildren();
  }

  function real() {
    const place = byId("real-clock");
    if (!place) return;
    const shown = Boolean(past.world());
    ioc.hide(place, !shown);
    if (!shown) return;
    ioc.text(place, ioc.word("realTime", ioc.clockSeconds(ioc.realNow())));
    const settings = ioc.state.settings[0];
    if (settings) ioc.mark(place, { i: "real-clock", r: settings.district, we: ioc.state.beatServer }, "complete", "clock");
  }

  // --- by hand ------------------------------------------------------------------------------------------------------
  function under(event) {
    const box = byId("bar-track").getBoundingClientRect();
    const share = Math.min(1, Math.max(0, (event.clientX - box.left) / box.width));
    return Math.round((day + share * DAY) / 1000) * 1000;
  }

  const reach = (ms) => Math.min(Math.max(ms, told && told.first !== null ? told.first : ms), Math.min(ioc.realNow(), told && told.last !== null ? told.last : ioc.realNow()));
  function seek(ms) { if (!told || told.may !== false) past.go({ at: Math.round(reach(ms)), ...(past.shown() ? {} : { speed: 1, known: "then" }) }); }

  function act(does) {
    const playback = past.shown();
    if (does === "live") past.live();
    else if (does === "day-before" || does === "day-after") { day += does === "day-after" ? DAY : -DAY; dragged = null; stay(); }
    else if (does === "play") begun({ speed: past.world() && past.speed() ? 0 : (playback && playback.pace) || 1 });
    else if (does.startsWith("speed-")) begun({ speed: Number(does.slice(6)) });
    else if (does.startsWith("known-")) begun({ known: does.slice(6) });
  }

  // Another day is looked at while the moment stays: the same clock time there is gone to when one drags or taps.
  function stay() {
    const clock = past.moment() - dayOf(past.moment());
    hours();
    if (past.shown()) seek(day + clock); else { dragged = reach(day + clock); draw(); }
  }

  function begun(wishes) {
    if (past.shown()) past.go(wishes);
    else past.go({ at: reach(dragged ?? ioc.realNow() - DEFAULT_BACK_MS), speed: 1, known: "then", ...wishes });
    dragged = null;
  }

  document.addEventListener("pointerdown", (event) => {
    const track = event.target.closest && event.target.closest("#bar-track");
    if (!track) return;
    event.preventDefault();
    track.focus();
    track.setPointerCapture(event.pointerId);
    dragged = under(event);
    draw();
  });
  document.addEventListener("pointermove", (event) => {
    if (dragged === null || !event.buttons || !event.target.closest || !event.target.closest("#bar-track")) return;
    dragged = under(event);
    draw();
  });
  document.addEventListener("pointerup", (event) => {
    if (dragged === null || !event.target.closest || !event.target.closest("#bar-track")) return;
    const at = under(event);
    dragged = null;
    seek(at);
    draw();
  });
  document.addEventListener("pointercancel", () => { dragged = null; draw(); });

  document.addEventListener("click", (event) => {
    const button = event.target.closest && event.target.closest("#time-bar [data-do]");
    if (button && !button.disabled) act(button.dataset.do);
    else if (event.target.closest && event.target.closest("#wall-clock")) { open = !open; draw(); }
  });

  document.addEventListener("change", (event) => {
    if (event.target.id !== "bar-day") return;
    const at = /^\d{4}-\d{2}-\d{2}$/.test(event.target.value) ? Date.parse(`${event.target.value}T00:00:00+08:00`) : NaN;
    if (Number.isFinite(at)) { day = at; stay(); }
  });

  document.addEventListener("keydown", (event) => {
    if (!root() || event.ctrlKey || event.altKey || event.metaKey || /^(INPUT|TEXTAREA|SELECT)$/.test(event.target.tagName)) return;
    if (event.key === "t" || event.key === "T") { open = !open; draw(); return; }
    if (root().hidden || event.target.closest("button")) return;
    const step = event.shiftKey ? LONG_STEP_MS : STEP_MS;
    const does = {
      " ": () => act("play"), Home: () => past.live(),
      ArrowLeft: () => seek(past.goal() - step), ArrowRight: () => seek(past.goal() + step),
    }[event.key];
    if (!does) return;
    event.preventDefault();
    does();
  });

  bar.tick = () => {
    past.follow();
    draw();
  };
  past.changed = draw;
  setInterval(() => { if (ioc.state && ioc.state.settings && ioc.state.settings.length) bar.tick(); }, 250);
})();
