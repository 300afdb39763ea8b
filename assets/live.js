// Live: opens the socket, keeps what the gateway said, tells the panels what changed, and knows when it knows nothing.
//
// Why the panels are written directly and not through Dash: a page is laid out once by the server and no callback has a
// part of a wall as its output, so React never draws it again. A value then costs one text node.
"use strict";
(function () {
  const ioc = (window.ioc = window.ioc || {});
  const VERSION = 1;
  const PROTOCOL = "ioc.live.v1";
  const SILENT_MS = 3000; // a heartbeat comes each second; three missed are a lost gateway, shown within 5 s
  const DEAD_MS = 4000; // the contract: a process whose heartbeat is older is lost
  // Back within 3 s of the path. Who was refused or cut waits up to RETRY_MS, so that a thousand screens do not come back
  // at once; who got no answer at all has waited ANSWER_MS already, and in that time others have spread.
  const RETRY_MS = [300, 2500];
  const AGAIN_MS = [0, 300];
  const ANSWER_MS = 2500;
  const KEEP_MS = 49 * 3600000; // of an indicator that the page does not know
  const TICK_MS = 500;

  const state = {
    root: null, settings: [], cells: new Map(), series: new Map(), told: new Map(), seq: new Map(), waiting: new Set(), world: null, worlds: {},
    feeds: [], here: [], processes: {}, behind: new Set(), valkey: true, beat: null, beatServer: 0, closed: false, offset: 0, opened: performance.now(), refused: null,
    dirty: new Set(), everything: true,
  };
  ioc.state = state;

  // --- what is known ---------------------------------------------------------------------------------------------
  ioc.realNow = () => Date.now() + state.offset;
  ioc.worldNow = (world) => {
    const clock = (state.worlds[world || state.settings[0].world] || {}).clock;
    return clock ? clock.event_ms + (ioc.realNow() - clock.real_ms) * clock.speed : ioc.realNow();
  };
  ioc.indicator = (id) => { for (const each of state.settings) if (each.indicators[id]) return each.indicators[id]; return null; };
  ioc.cell = (indicator, region, dims) => state.cells.get(`${indicator}|${region}|${dims || ""}`);
  // Whether all that a part of the page rests on has come once.
  ioc.come = (each) => each.topics.every((topic) => state.seq.has(topic));
  ioc.districtCell = (indicator, dims) =>
    ioc.cell(indicator, state.settings[0].district, dims) || ioc.cell(indicator, "", dims);

  // What on the common way is out: {who, since (server ms)} or null. It stands before every single feed.
  ioc.outage = () => {
    if (state.beat === null) {
      const waited = performance.now() - state.opened;
      return waited > SILENT_MS ? { who: "gateway", since: ioc.realNow() - waited } : null;
    }
    const silent = performance.now() - state.beat;
    if (state.closed || silent > SILENT_MS) return { who: "gateway", since: state.beatServer };
    if (!state.valkey) return { who: "valkey", since: state.valkeySince };
    const maker = state.world && state.world.kind === "playback" ? "playback" : "engine"; // who says what is shown
    const engine = state.processes[maker];
    if (!engine || engine.ok === false || engine.age + silent > DEAD_MS)
      return { who: maker, since: state.beatServer - (engine ? engine.age : 0) };
    return null;
  };
  // A home page may show scenes of several worlds; a wall shows one.
  ioc.worldOf = (indicator) => (state.settings.find((each) => each.indicators[indicator]) || state.settings[0]).world;
  ioc.feed = (source, world) => state.feeds.find((feed) => feed.source === source && feed.world === world);

  // A cell's verdict: lost | late | none | provisional | complete. `since` (server ms) for lost, `newest` (event ms) for late.
  ioc.verdict = (indicator, cell) => {
    const out = ioc.outage();
    if (out) return { is: "lost", since: out.since };
    const world = ioc.worldOf(indicator.id);
    const feeds = indicator.sources.map((source) => ioc.feed(source, world)).filter(Boolean);
    const lost = feeds.find((feed) => feed.state === "lost");
    if (lost) return { is: "lost", since: lost.arrived || state.beatServer };
    if (!cell) return { is: "none" };
    if (cell.q === "stale" || feeds.some((feed) => feed.state === "late")) {
      const newest = feeds.map((feed) => feed.newest).filter((ms) => ms !== null && ms !== undefined);
      return { is: "late", world, newest: newest.length ? Math.min(...newest) : cell.last ? cell.last[1] : cell.we };
    }
    if (cell.x === null || cell.q === "no_data") return { is: "none" };
    return { is: cell.q };
  };

  // --- frames ----------------------------------------------------------------------------------------------------
  function append(name, points) {
    const held = state.series.get(name) || [];
    for (const [end, value] of points) {
      let at = held.length;
      while (at > 0 && held[at - 1][0] >= end) at -= 1;
      const replaces = at < held.length && held[at][0] === end;
      held.splice(at, replaces ? 1 : 0, [end, value]);
    }
    const indicator = ioc.indicator(name.slice(0, name.indexOf("|")));
    const oldest = held.length ? held[held.length - 1][0] - (indicator ? ioc.spanKept(indicator.step_ms) : KEEP_MS) : 0;
    let past = 0;
    while (past < held.length && held[past][0] < oldest) past += 1;
    if (past) held.splice(0, past);
    state.series.set(name, held);
  }

  // The series that a topic has told of: another one may tell of the same, as of a scene that stands beside the overview.
  const toldBy = (topic) => { if (!state.told.has(topic)) state.told.set(topic, new Set()); return state.told.get(topic); };

  function take(cell) {
    cell.seen = ioc.worldNow(ioc.worldOf(cell.i)); // a provisional value is no younger than its arrival, whatever its window's end
    state.cells.set(cell.s, cell);
    state.dirty.add(cell.s);
  }

  function snapshot(frame) {
    if (frame.points) {
      ioc.layers.snapshot(frame);
      state.seq.set(frame.topic, frame.seq);
      state.waiting.delete(frame.topic);
      return;
    }
    if (!topics().includes(frame.topic)) return;
    const now = new Set(frame.cells.map((cell) => cell.s));
    for (const name of toldBy(frame.topic)) if (!now.has(name)) { state.cells.delete(name); state.series.delete(name); }
    state.told.set(frame.topic, now);
    frame.cells.forEach(take);
    for (const [name, points] of Object.entries(frame.series || {})) { state.series.delete(name); append(name, points); }
    state.seq.set(frame.topic, frame.seq);
    state.waiting.delete(frame.topic);
    if (frame.world) remember({ [frame.world.id]: frame.world });
    state.everything = true;
  }

  function delta(frame) {
    if (state.waiting.has(frame.topic)) return;
    if (frame.seq !== (state.seq.get(frame.topic) ?? -2) + 1) {
      state.waiting.add(frame.topic);
      send({ v: VERSION, op: "resync", topic: frame.topic });
      return;
    }
    state.seq.set(frame.topic, frame.seq);
    if (frame.points) { ioc.layers.delta(frame); return; }
    for (const name of frame.gone || []) { state.cells.delete(name); state.series.delete(name); state.dirty.add(name); }
    for (const [name, points] of Object.entries(frame.series || {})) { append(name, points); state.dirty.add(name); }
    const told = toldBy(frame.topic);
    for (const cell of frame.cells) {
      take(cell);
      told.add(cell.s);
      if (cell.q !== "provisional" && state.series.has(cell.s)) append(cell.s, [[cell.we, cell.x]]);
    }
  }

  function remember(worlds) {
    Object.assign(state.worlds, worlds);
    state.world = state.worlds[state.settings[0].world] || null;
  }

  function heartbeat(frame) {
    state.closed = false;
    state.beat = performance.now();
    state.beatServer = frame.at;
    state.offset = frame.at - Date.now();
    if (!frame.valkey && state.valkey) state.valkeySince = frame.at;
    state.valkey = frame.valkey;
    state.processes = frame.processes || {};
    state.feeds = frame.feeds || [];
    remember(frame.worlds || {});
    state.here = Object.keys(frame.worlds || {});
    state.beaten = true;
  }

  const topics = () => [...new Set(state.settings.flatMap((each) => each.topics))];
  const denied = (frame) => { if (topics().includes(frame.topic)) state.refused = "refused"; };
  const frames = { snapshot, delta, heartbeat, denied, error: () => {} };

  // --- socket ----------------------------------------------------------------------------------------------------
  let socket = null;
  let round = 0; // a page that was left must not keep its socket

  function send(frame) { if (socket && socket.readyState === WebSocket.OPEN) socket.send(JSON.stringify(frame)); }

  // Layers of the map come and go while the page stays.
  const wanted = () => [...topics(), ...ioc.further(), ...ioc.layers.topics()];
  ioc.subscribe = (topic) => { state.seq.delete(topic); state.waiting.add(topic); send({ v: VERSION, op: "subscribe", topics: [topic] }); };
  ioc.unsubscribe = (topic) => { state.seq.delete(topic); state.waiting.delete(topic); send({ v: VERSION, op: "unsubscribe", topics: [topic] }); };

  function retry(mine, [least, most]) {
    if (mine !== round) return;
    setTimeout(() => { if (mine === round) open(mine); }, least + Math.random() * (most - least));
  }

  // Let go of a socket that nothing comes through. Its own end may take minutes while the path is cut: it is not awaited.
  function abandon() {
    const dead = socket;
    socket = null;
    state.closed = true;
    dead.close();
    retry(round, AGAIN_MS);
    schedule();
  }

  async function ticket(topics) {
    const answer = await fetch("/api/v1/ticket", {
      method: "POST", credentials: "same-origin", headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ topics }), signal: AbortSignal.timeout(ANSWER_MS),
    });
    if (answer.status === 401) { ended(); return null; }
    if (answer.status === 403) state.refused = "refused";
    if (!answer.ok) throw new Error(`ticket ${answer.status}`);
    return answer.json();
  }

  function ended() {
    state.refused = "ended";
    round += 1;
    setTimeout(() => ioc.go(`/sign-in?next=${encodeURIComponent(location.pathname + location.search)}`), 3000);
  }

  async function open(mine) {
    try {
      const pass = await ticket(wanted());
      if (!pass || mine !== round) return;
      const fresh = new WebSocket(pass.gateway, [PROTOCOL, `ticket.${pass.ticket}`]);
      socket = fresh;
      state.spoke = performance.now();
      fresh.onopen = () => {
        const all = wanted(); // a layer may have been switched since
        state.seq.clear();
        state.waiting = new Set(all);
        state.spoke = performance.now();
        send({ v: VERSION, op: "subscribe", topics: all });
      };
      fresh.onmessage = (event) => {
        if (socket !== fresh) return;
        const frame = JSON.parse(event.data);
        state.spoke = performance.now();
        const read = frame.v !== VERSION ? null : Object.hasOwn(frames, frame.op) ? frames[frame.op] : ioc.further_frames[frame.op];
        if (read) read(frame);
        schedule();
      };
      fresh.onclose = (event) => {
        if (socket !== fresh) return;
        socket = null;
        state.closed = true; // known at once; nothing is fresh until the next heartbeat
        if (event.code === 4001) ended(); else retry(mine, RETRY_MS);
        schedule();
      };
    } catch (problem) {
      retry(mine, problem.name === "TimeoutError" ? AGAIN_MS : RETRY_MS);
    }
  }

  // --- drawing: the latest state once per animation frame; by timer while nobody looks --------------------------------
  let planned = false;
  function schedule() {
    if (planned) return;
    planned = true;
    if (document.hidden) setTimeout(flush, TICK_MS); else requestAnimationFrame(flush);
  }
  ioc.schedule = schedule;

  // Whether anything this page stands on is lost (also as `data-path` of the document, for whoever supervises a wall).
  function trouble() {
    const out = ioc.outage();
    const feeds = state.feeds.filter((feed) => state.settings.some((each) => each.world === feed.world && each.sources[feed.source]));
    const behind = state.feeds.filter((feed) => state.behind.has(feed.source)); // also of what is judged and not shown
    const text = [out && out.who, state.beat === null, state.refused, ...behind.map((feed) => `${feed.source}:${feed.state}`)].join(" ");
    return { out: out !== null || state.beat === null || feeds.some((feed) => feed.state === "lost"), text };
  }

  let troubled = "";
  function flush() {
    planned = false;
    if (!state.root || !state.root.isConnected) return;
    const now = trouble();
    document.documentElement.dataset.path = now.out ? "lost" : "ok";
    const everything = state.everything || now.text !== troubled;
    troubled = now.text;
    const dirty = state.dirty;
    state.dirty = new Set();
    state.everything = false;
    ioc.panels.draw(dirty, everything);
    if (state.beaten || everything) { state.beaten = false; ioc.path.draw(); }
    if (ioc.map) ioc.map.draw(dirty, everything);
    if (ioc.charts.draw(dirty, everything)) schedule(); // one chart per frame: the rest in the next ones
  }

  function tick() {
    if (!state.root) return;
    if (!state.root.isConnected) { leave(); return; }
    if (socket && performance.now() - state.spoke > (socket.readyState === WebSocket.CONNECTING ? ANSWER_MS : DEAD_MS)) abandon();
    ioc.panels.tick();
    if (ioc.outage()) ioc.path.draw();
    if (trouble().text !== troubled || ioc.charts.due()) schedule();
  }

  // --- pages come and go -------------------------------------------------------------------------------------------
  function leave() {
    round += 1;
    if (socket) socket.close();
    socket = null;
    state.root = null;
  }

  function enter(root) {
    leave();
    state.root = root;
    state.settings = JSON.parse(root.dataset.settings);
    state.behind = new Set(state.settings.flatMap((each) => [...Object.keys(each.sources), ...Object.values(each.indicators).flatMap((one) => one.sources)]));
    state.cells.clear(); state.series.clear(); state.told.clear(); state.seq.clear();
    Object.assign(state, { beat: null, closed: false, world: null, worlds: {}, feeds: [], processes: {}, refused: null, everything: true, opened: performance.now() });
    ioc.language(state.settings.length ? state.settings[0].lang : "zh");
    const map = state.settings.find((each) => each.map);
    if (map) { ioc.layers.enter(map.map); ioc.map.begin(); } else ioc.layers.leave();
    ioc.panels.enter(root);
    ioc.charts.enter(root);
    if (state.settings.length && !(ioc.past && ioc.past.takes())) open(round);
    schedule();
  }

  // The page shows another world from now on, under the names it has: a playback of its own; null: its own one again.
  ioc.turn = (world) => {
    const { root } = state;
    const settings = JSON.parse(root.dataset.settings).map(({ own, ...each }) => {
      const mine = own || each.world;
      const shown = world || mine;
      return { ...each, ...(world ? { own: mine } : {}), world: shown, topics: each.topics.map((topic) => `${shown}/${topic.split("/")[1]}`) };
    });
    root.dataset.settings = JSON.stringify(settings);
    if (root.dataset.attention && settings.length) root.dataset.attention = settings[0].world;
    enter(root);
  };

  function look() {
    const root = document.querySelector("[data-settings]");
    if (root && root !== state.root) enter(root);
  }

  window.addEventListener("DOMContentLoaded", () => {
    look();
    new MutationObserver(look).observe(document.body, { childList: true, subtree: true });
    setInterval(tick, TICK_MS);
    document.addEventListener("visibilitychange", () => { planned = false; schedule(); });
  });
})();
