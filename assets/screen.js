// Screen: a wall that follows a screen by name (?screen=main) goes where it is told, says who has it, and stands quietly for
// weeks: it never leaves a picture for an error, moves by a pixel or two against burning in, and reloads itself at night.
"use strict";
(function () {
  const ioc = (window.ioc = window.ioc || {});
  const RETRY_MS = 3000;
  const ANSWER_MS = 10000;
  const FADE_MS = 5000; // a stroke of the pointer is gone after this
  const SHIFT_MS = 180000;
  const NIGHT_MIN = 90; // so long after its time the nightly reload waits for calm
  const LEAST_MS = 600000; // a page that has just come needs no reload
  // A walk round the middle in steps of one pixel, two away at most: no line of the picture stays where it was.
  const WALK = [[0, 0], [1, 0], [1, 1], [0, 1], [-1, 1], [-1, 0], [-1, -1], [0, -1], [1, -1], [2, -1], [2, 0], [2, 1], [2, 2], [1, 2], [0, 2], [-1, 2],
    [-2, 2], [-2, 1], [-2, 0], [-2, -1], [-2, -2], [-1, -2], [0, -2], [1, -2], [1, -1]];
  const WORDS = {
    rotation: ["轮播", "Rotation"], pinned: ["固定画面", "Pinned"], leader: ["领导", "Leader"], duty: ["值班", "Duty"],
    emergency: ["应急抢占", "Emergency"], until: ["至 {0}", "until {0}"], unknown: ["无此屏 {0}", "No screen {0}"],
  };
  const word = (key, ...parts) => WORDS[key][ioc.english() ? 1 : 0].replace(/\{(\d)\}/g, (_, index) => parts[index]);
  const asked = () => new URLSearchParams(location.search);
  const name = () => (location.pathname.startsWith("/wall") ? asked().get("screen") || "" : "");

  let now = null; // what the screen was told last
  let told = 0; // when (own clock)
  let wanted = ""; // the address that it is on its way to
  let timer = 0;

  // --- going where it is told -------------------------------------------------------------------------------------
  // What the address says of the picture: not the language, and not what changes without leaving.
  function picture(address) {
    const url = new URL(address, location.href);
    ["lang", "place", "layers", "video"].forEach((each) => url.searchParams.delete(each));
    url.searchParams.sort();
    return `${url.pathname}?${url.searchParams}`;
  }

  // Leave for another address only when it is there: until it answers the picture stays, and it is asked again.
  ioc.go = (address) => {
    clearTimeout(timer);
    wanted = address;
    attempt(address);
  };

  async function attempt(address) {
    if (wanted !== address) return;
    try {
      const reply = await fetch(address, { credentials: "same-origin", cache: "no-store", signal: AbortSignal.timeout(ANSWER_MS) });
      if (wanted !== address) return;
      if (reply.ok) { location.replace(reply.redirected ? reply.url : address); return; }
    } catch { /* asked again below */ }
    if (wanted === address) timer = setTimeout(() => attempt(address), RETRY_MS);
  }

  function obey(shown) {
    const target = new URL(shown.to, location.href);
    if (asked().get("lang")) target.searchParams.set("lang", asked().get("lang"));
    const address = target.pathname + target.search;
    if (picture(address) !== picture(location.href)) {
      if (wanted !== address) ioc.go(address);
      return;
    }
    clearTimeout(timer);
    wanted = "";
    if (address !== location.pathname + location.search) history.replaceState(history.state, "", address);
    adjust(shown);
  }

  // --- who has it -------------------------------------------------------------------------------------------------
  function label() {
    const place = document.getElementById("wall-control");
    if (!place) return;
    ioc.hide(place, !name() || !now);
    if (place.hidden) return;
    const { shown } = now;
    if (!shown) { ioc.text(place, word("unknown", name())); return; }
    const until = shown.until && shown.mode !== "rotation" ? word("until", ioc.clock(shown.until)) : "";
    const of = shown.emergency ? [ioc.name(shown.emergency), shown.title] : [shown.title];
    ioc.text(place, [word(shown.mode), ...of, until].filter(Boolean).join(" "));
    ioc.flag(place, "taken", shown.mode !== "rotation" && shown.mode !== "pinned");
    ioc.flag(place, "preempted", shown.mode === "emergency");
    ioc.put(place, "data-mode", shown.mode);
  }

  // --- what changes without leaving: a highlighted place, the layers of the map ---------------------------------------
  function adjust(shown) {
    if (ioc.map && ioc.map.highlight && ioc.mapSettings()) ioc.map.highlight();
    ioc.video.follow();
    const own = ioc.mapSettings();
    if (!own || !ioc.layers) return;
    const on = shown.layers.length ? shown.layers : own.on;
    for (const id of [...ioc.layers.all().keys()]) ioc.layers.show(id, on.includes(id));
  }

  // --- the pointer --------------------------------------------------------------------------------------------------
  const strokes = new Map(); // id -> [{x, y, at}]
  let canvas = null;
  let drawing = 0;

  function point(frame) {
    const stroke = strokes.get(frame.stroke) || [];
    const at = performance.now();
    for (const [x, y] of frame.points) stroke.push({ x, y, at });
    strokes.set(frame.stroke, stroke);
    if (!drawing) drawing = requestAnimationFrame(draw);
  }

  function draw() {
    drawing = 0;
    if (!canvas || !canvas.isConnected) { canvas = ioc.make("canvas", "screen-pointer"); document.body.append(canvas); }
    const wide = document.documentElement.clientWidth, high = document.documentElement.clientHeight;
    if (canvas.width !== wide || canvas.height !== high) { canvas.width = wide; canvas.height = high; }
    const rem = parseFloat(getComputedStyle(document.documentElement).fontSize);
    const pen = canvas.getContext("2d");
    const old = performance.now() - FADE_MS;
    pen.clearRect(0, 0, wide, high);
    pen.lineCap = pen.lineJoin = "round";
    for (const [id, points] of strokes) {
      while (points.length && points[0].at < old) points.shift();
      if (!points.length) { strokes.delete(id); continue; }
      const path = new Path2D();
      points.forEach(({ x, y }, index) => (index ? path.lineTo(x * wide, y * high) : path.moveTo(x * wide, y * high)));
      const last = points[points.length - 1];
      const head = new Path2D();
      head.arc(last.x * wide, last.y * high, 1.1 * rem, 0, 7);
      for (const [colour, extra] of [["#08111D", 0.3 * rem], ["#E8F1FA", 0]]) { // white on any ground: never a level
        pen.strokeStyle = colour;
        pen.globalAlpha = Math.min(1, (last.at - old) / 1500);
        pen.lineWidth = 0.35 * rem + extra;
        pen.stroke(path);
        pen.stroke(head);
      }
    }
    pen.globalAlpha = 1;
    if (strokes.size) drawing = requestAnimationFrame(draw); else canvas.remove();
  }

  // --- from one picture to the next without a flash -----------------------------------------------------------------
  function settle() {
    const held = document.getAnimations().filter((each) => each.animationName === "screen-stays");
    if (!held.length) return;
    const state = ioc.state || {};
    const drawn = state.settings && state.settings.length && state.settings.every((each) => ioc.come(each) && !each.topics.some((topic) => state.waiting.has(topic)));
    if (!drawn) { setTimeout(settle, 100); return; }
    setTimeout(() => held.forEach((each) => { each.currentTime = Math.max(each.currentTime, 7680); }), 500); // drawn: the rest of it is the fade
  }

  // --- weeks on a wall -----------------------------------------------------------------------------------------------
  const shift = (ms) => WALK[Math.floor(ms / SHIFT_MS) % WALK.length];
  ioc.screenShift = shift;

  function stay() {
    if (!name()) return;
    const root = document.querySelector(".root");
    if (root) { const [x, y] = shift(Date.now()); root.style.translate = `${x}px ${y}px`; }
    const facts = now && now.shown && { at: now.screen.reload_at, mode: now.shown.mode, lost: Boolean(ioc.outage()), ms: ioc.realNow(), open: performance.now(), done: Boolean(wanted) || sessionStorage.getItem("screen-reloaded") === day() };
    if (facts && due(facts)) { sessionStorage.setItem("screen-reloaded", day()); ioc.go(location.pathname + location.search); }
  }

  const day = () => ioc.isoDate(ioc.realNow());

  // Once a night, when nobody has the screen and nothing is lost; a night without calm is left out.
  function due({ at, mode, lost, ms, open, done }) {
    if (!at || done || lost || !["rotation", "pinned"].includes(mode) || open < LEAST_MS) return false;
    const [hour, minute] = at.split(":").map(Number);
    const passed = (Math.floor((ms + ioc.LOCAL) / 60000) - (60 * hour + minute)) % 1440;
    return passed >= 0 && passed < NIGHT_MIN;
  }
  ioc.screenDue = due;

  // --- frames --------------------------------------------------------------------------------------------------------
  ioc.further = () => (name() ? [`screens/${name()}`] : []);
  ioc.further_frames = Object.assign(ioc.further_frames || {}, {
    screen: (frame) => {
      if (frame.topic !== `screens/${name()}`) return;
      now = frame;
      told = performance.now();
      document.documentElement.classList.toggle("dense", document.querySelector(".wall .roads, .wall .ranks") !== null);
      label();
      if (frame.shown) obey(frame.shown);
    },
    pointer: (frame) => { if (frame.topic === `screens/${name()}`) point(frame); },
  });
  ioc.screen = () => ({ now, told, wanted, strokes });

  window.addEventListener("DOMContentLoaded", () => {
    if (!name()) return;
    // Only a device that was approved keeps the worker: on a person's browser nothing stays behind.
    if ("device" in document.documentElement.dataset && navigator.serviceWorker) navigator.serviceWorker.register("/wall-worker.js", { scope: "/" }).catch(() => {});
    settle();
    setInterval(() => { label(); stay(); }, 5000);
  });
})();
