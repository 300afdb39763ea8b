// Path: the state of every feed and of every process, from the gateway's heartbeat.
"use strict";
(function () {
  const ioc = (window.ioc = window.ioc || {});
  const path = (ioc.path = {});
  const NUMBERS = ["age", "rows", "rejected", "unregistered", "late"];

  path.draw = () => {
    feeds();
    processes();
  };

  function row(feed) {
    const table = document.getElementById("feeds");
    const id = `feed-${feed.world}-${feed.source}`;
    let line = document.getElementById(id);
    if (line || !table) return line;
    line = ioc.make("div", "feed");
    line.id = id;
    const name = ioc.make("span", "feed-name");
    name.append(ioc.make("b", ""), ioc.make("span", "tag origin"), ioc.make("span", "tag state"));
    line.append(name, ...NUMBERS.map((number) => { const cell = ioc.make("span", "feed-number number"); cell.dataset.of = number; return cell; }));
    table.append(line);
    return line;
  }

  function feeds() {
    const { settings } = ioc.state;
    if (!document.getElementById("feeds") || !settings.length) return;
    const out = ioc.outage();
    for (const feed of ioc.state.feeds) {
      if (feed.world !== settings[0].world) continue;
      // a wall lists the sources behind it, the home page every feed that there is
      if (settings.length === 1 ? !settings[0].sources[feed.source] : feed.newest === null) continue;
      const line = row(feed);
      const state = out ? "lost" : feed.state;
      ioc.text(line.querySelector("b"), (ioc.english() ? feed.en : feed.zh) || feed.source);
      const origin = line.querySelector(".origin");
      ioc.text(origin, ioc.word(`origin_${feed.origin || "real"}`));
      ioc.flag(origin, "dashed", feed.origin !== "real");
      // entries that were gone before they were read stay in sight: what was counted since is not whole
      ioc.text(line.querySelector(".state"), state === "ok" && feed.gap ? ioc.word("gap", ioc.shown(feed.gap, 0)) : ioc.word(`state_${state}`));
      ioc.put(line, "data-gap", feed.gap || 0);
      ["late", "lost", "none"].forEach((name) => ioc.flag(line, name, name === state));
      ioc.put(line, "data-state", state);
      const rejected = Object.values(feed.rejected || {}).reduce((sum, count) => sum + count, 0);
      const shown = {
        age: feed.newest === null || feed.newest === undefined ? "—" : ioc.age(feed.age ?? ioc.worldNow() - feed.newest),
        rows: ioc.shown(feed.rows || 0, 0), rejected: ioc.shown(rejected, 0), unregistered: ioc.shown(feed.unregistered || 0, 0), late: ioc.shown(feed.late || 0, 0),
      };
      line.querySelectorAll("[data-of]").forEach((number) => {
        ioc.text(number, shown[number.dataset.of]);
        ioc.mark(number, { i: `feed:${feed.source}.${number.dataset.of}`, r: settings[0].district, we: feed.watermark || 0 }, { ok: "complete", late: "late", lost: "lost", none: "none" }[state], "path");
      });
    }
  }

  function processes() {
    const out = ioc.outage();
    const blind = out && out.who === "gateway";
    document.querySelectorAll("[data-process]").forEach((line) => {
      const name = line.dataset.process;
      const known = name === "valkey" ? { ok: ioc.state.valkey, age: ioc.state.valkey ? 0 : ioc.realNow() - ioc.state.valkeySince } : ioc.state.processes[name];
      const lost = blind ? name === "gateway" : known && !known.ok;
      const word = blind && name !== "gateway" ? ioc.word("unknown") : lost ? ioc.word("gone", ioc.age(blind ? ioc.realNow() - out.since : known.age)) : known ? ioc.word("alive") : ioc.word("unknown");
      const value = line.querySelector("b");
      ioc.text(value, word);
      ioc.flag(line, "lost", Boolean(lost));
      ioc.mark(value, { i: `process:${name}`, r: "", we: ioc.state.beatServer }, lost ? "lost" : known && !blind ? "complete" : "none", "path");
    });
  }
})();
