// Playback: which past a page shows, as its address says and the server plays it; begins or joins one, moves it, and leads
// back to live. By hand it is moved on the time bar (timebar.js).
"use strict";
(function () {
  const ioc = (window.ioc = window.ioc || {});
  const past = (ioc.past = {});
  const NOTICE_MS = 6000;
  const GONE_MS = 4000; // so long a heartbeat may not know the world of a playback before it counts as ended

  let playback = null; // {id, of, known, speed, seen}: what is shown, or null
  let busy = false;
  let waits = null; // what was asked for while the server answered another wish: done after it, the last word of each kind
  let aim = null; // {at, since}: the moment last gone to, and which clock showed when it was

  const settings = () => ioc.state.settings[0];
  const own = () => (settings() ? settings().own || settings().world : "live");
  past.changed = () => {}; // called when there is something else to draw
  past.shown = () => playback;
  past.busy = () => busy;
  // The moment that the playback stands at or is on its way to: a second press of a key counts from the first one's.
  past.goal = () => (aim && (busy || clockOf() === aim.since) ? aim.at : past.moment());
  past.world = () => (ioc.state.world && ioc.state.world.kind === "playback" ? ioc.state.world : null);
  const clockOf = () => { const world = past.world(); return world ? `${world.id}|${world.clock.event_ms}|${world.clock.real_ms}` : ""; };
  past.of = () => { const world = past.world(); return world ? world.label.of : playback ? playback.of : own(); };
  past.moment = () => (playback || past.world() ? ioc.worldNow() : ioc.realNow());
  past.speed = () => { const world = past.world(); return world ? world.clock.speed : playback ? playback.speed : null; };
  past.known = () => { const world = past.world(); return world ? world.label.known : playback ? playback.known : "then"; };

  // --- the address: at, speed and known beside the world whose past is shown ----------------------------------------
  function read() {
    const asked = new URLSearchParams(location.search);
    if (!asked.has("at")) return null;
    const text = asked.get("at");
    const at = /^\d+$/.test(text) ? Number(text) : Date.parse(/[Zz]|[+-]\d\d:?\d\d$/.test(text) ? text : `${text}+08:00`);
    const speed = Number(asked.get("speed") ?? 1);
    return Number.isFinite(at) ? { at, speed: Number.isFinite(speed) ? speed : 1, known: asked.get("known") === "now" ? "now" : "then" } : null;
  }

  function write(state) {
    if (!state && new URLSearchParams(location.search).has("screen")) return; // who has the screen says what its address is
    const address = new URL(location.href);
    for (const name of ["at", "speed", "known"]) {
      if (state) address.searchParams.set(name, String(state[name])); else address.searchParams.delete(name);
    }
    history.replaceState(history.state, "", address);
  }

  // --- what is asked of the server ---------------------------------------------------------------------------------
  past.ask = async (method, path, body) => {
    const answer = await fetch(`/api/v1/playback${path}`, {
      method, credentials: "same-origin", headers: { "Content-Type": "application/json" }, body: body === undefined ? undefined : JSON.stringify(body),
    });
    const said = await answer.json().catch(() => ({}));
    if (!answer.ok) throw new Error((said.error && (ioc.english() ? said.error.message_en : said.error.message_zh)) || String(answer.status));
    return said;
  };

  async function during(work) {
    busy = true;
    past.changed();
    try { await work(); } catch (problem) { aim = waits = null; notice(problem.message); } finally { busy = false; past.changed(); }
    const next = waits;
    waits = null;
    if (next) await past.go(next);
  }

  // Go to a moment: the first time a playback is begun (or joined), then it is moved. No wish is lost while another one is
  // being answered.
  past.go = (wishes) => {
    if ("at" in wishes) aim = { at: wishes.at, since: clockOf() };
    if (busy) { waits = { ...waits, ...wishes }; return Promise.resolve(); }
    if (wishes.speed && playback) playback.pace = wishes.speed;
    return during(async () => {
      if (playback && !wishes.anew) {
        const said = await past.ask("PATCH", `/${playback.id}`, wishes);
        Object.assign(playback, { speed: said.speed, known: said.known });
        write({ at: said.at, speed: said.speed, known: said.known });
        return;
      }
      const { at, speed = 1, known = "then" } = wishes;
      const said = await past.ask("POST", "", { world: past.of(), at: Math.round(at), speed, known });
      playback = { id: said.playback, of: said.world, speed: said.speed, known: said.known, seen: performance.now() };
      write({ at: said.at, speed: said.speed, known: said.known });
      ioc.turn(said.playback);
    });
  };

  past.live = (words) => {
    const following = past.world() && settings() && !settings().own; // the address itself names the playback
    const home = past.of();
    playback = aim = waits = null;
    if (words) notice(words);
    if (following) {
      const address = new URL(location.href);
      address.searchParams.set("world", home);
      for (const name of ["at", "speed", "known"]) address.searchParams.delete(name);
      location.replace(address);
      return;
    }
    write(null);
    ioc.turn(null);
    past.changed();
  };

  function notice(text) {
    document.querySelectorAll(".bar-notice").forEach((each) => each.remove());
    const note = ioc.make("div", "bar-notice", text);
    note.setAttribute("role", "status");
    document.body.append(note);
    setTimeout(() => note.remove(), NOTICE_MS);
  }

  // --- in step with the page ---------------------------------------------------------------------------------------
  // Whether the page waits for a playback that its address asks for; until it is there nothing live is shown.
  past.takes = () => {
    const wish = playback ? null : read();
    if (!wish) return false;
    setTimeout(() => past.go({ ...wish, anew: true }).then(() => { if (!playback) { write(null); ioc.turn(null); } }), 0);
    return true;
  };

  // A playback that has ended, or has come to what is now, leads back to live.
  past.follow = () => {
    const world = past.world();
    if (playback && world && world.id === playback.id) {
      if (ioc.state.here.includes(world.id)) playback.seen = performance.now();
      else if (performance.now() - playback.seen > GONE_MS && !ioc.outage()) { past.live(ioc.word("barEnded")); return; }
    } else if (world && !playback) playback = { id: world.id, of: world.label.of, speed: world.clock.speed, known: world.label.known, seen: performance.now() };
    if (world && world.label.edge === "live" && playback && !busy) past.live(ioc.word("barEdge"));
  };
})();
