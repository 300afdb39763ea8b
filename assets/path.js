// Path: the state of every feed and of every process, from the gateway's heartbeat.
"use strict";
(function () {
  const ioc = (window.ioc = window.ioc || {});
  const path = (ioc.path = {});
  // Feeds that the home page lists one by one; of more it lists those that are not fine, and counts the rest. A wall that
  // is crowded has room for fewer.
  const MANY = { page: 8, crowded: 2 };
  const WORST = { page: 4, crowded: 2 };
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
    // a wall lists the sources behind it, the home page every feed that there is
    const here = ioc.state.feeds.filter((feed) => feed.world === settings[0].world && (settings.length === 1 ? settings[0].sources[feed.source] : feed.newest !== null));
    const room = ioc.state.root.classList.contains("crowded") ? "crowded" : "page";
    const many = (settings.length > 1 || room === "crowded") && here.length > MANY[room];
    const troubled = here.filter((feed) => out || feed.state !== "ok" || feed.gap);
    const listed = many ? troubled.slice(0, WORST[room]) : here;
    ioc.hide(document.querySelector(".feed.titles"), many && !listed.length);
    rest(many ? here.length - listed.length : 0, many && troubled.length > listed.length ? troubled.length - listed.length : 0, !listed.length);
    if (many) {
      const ids = new Set(listed.map((feed) => `feed-${feed.world}-${feed.source}`));
      document.querySelectorAll("#feeds .feed").forEach((line) => { if (!ids.has(line.id)) line.remove(); });
    }
    for (const feed of listed) {
      const line = row(feed);
      const state = out ? "lost" : feed.state;
      ioc.text(line.querySelector("b"), (ioc.english() ? feed.en : feed.zh) || feed.source);
      const origin = line.querySelector(".origin");
      ioc.text(origin, ioc.word(`origin_${feed.origin || "real"}`));
      ioc.flag(origin, "dashed", feed.origin !== "real");
      ioc.hide(origin, state === "none"); // nothing came: nothing says whether it would be real
      // entries that were gone before they were read stay in sight: what was counted since is not whole
      ioc.text(line.querySelector(".state"), state === "ok" && feed.gap ? ioc.word("gap", ioc.shown(feed.gap, 0)) : ioc.word(`state_${state}`));
      ioc.put(line, "data-gap", feed.gap || 0);
      ["late", "lost", "none"].forEach((name) => ioc.flag(line, name, name === state));
      ioc.put(line, "data-state", state);
      const rejected = Object.values(feed.rejected || {}).reduce((sum, count) => sum + count, 0);
      const shown = {
        age: feed.newest === null || feed.newest === undefined ? "—" : ioc.age(feed.age ?? ioc.worldNow() - feed.newest),
        rows: ioc.compact(feed.rows || 0), rejected: ioc.compact(rejected), unregistered: ioc.compact(feed.unregistered || 0), late: ioc.compact(feed.late || 0),
      };
      line.querySelectorAll("[data-of]").forEach((number) => {
        ioc.text(number, shown[number.dataset.of]);
        ioc.mark(number, { i: `feed:${feed.source}.${number.dataset.of}`, r: settings[0].district, we: feed.watermark || 0 }, { ok: "complete", late: "late", lost: "lost", none: "none" }[state], "path");
      });
    }
  }

  // What is not listed, in one line: how many, and how many of them are not fine either.
  function rest(count, troubled, every) {
    const place = document.getElementById("feeds-rest");
    if (!place) return;
    ioc.hide(place, !count);
    ioc.text(place, count ? [...(count > troubled ? [ioc.word(every && !troubled ? "allFine" : "restFine", count - troubled)] : []), ...(troubled ? [ioc.word("restTroubled", troubled)] : [])].join(ioc.word("comma")) : "");
    ioc.mark(place, { i: "feed-count", r: ioc.state.settings[0].district, we: ioc.state.beatServer }, "complete", "count");
  }

  function processes() {
    const out = ioc.outage();
    const blind = out && out.who === "gateway";
    let fine = 0;
    const lines = document.querySelectorAll("[data-process]");
    lines.forEach((line) => {
      const name = line.dataset.process;
      const known = name === "valkey" ? { ok: ioc.state.valkey, age: ioc.state.valkey ? 0 : ioc.realNow() - ioc.state.valkeySince } : ioc.state.processes[name];
      const lost = blind ? name === "gateway" : known && !known.ok;
      const word = blind && name !== "gateway" ? ioc.word("unknown") : lost ? ioc.word("gone", ioc.age(blind ? ioc.realNow() - out.since : known.age)) : known ? ioc.word({ restoring: "restoring", "catching up": "catchingUp" }[known.state] || "alive") : ioc.word("unknown");
      const value = line.querySelector("b");
      ioc.text(value, word);
      ioc.flag(line, "lost", Boolean(lost));
      const well = Boolean(known) && !lost && !blind && word === ioc.word("alive");
      ioc.flag(line, "fine", well);
      if (well) fine += 1;
      ioc.mark(value, { i: `process:${name}`, r: "", we: ioc.state.beatServer }, lost ? "lost" : known && !blind ? "complete" : "none", "path");
    });
    const rest = document.getElementById("processes-rest"); // shown where there is no room for a line each
    if (!rest) return;
    ioc.text(rest, fine ? ioc.word("processesFine", fine) : "");
    ioc.mark(rest, { i: "process-count", r: "", we: ioc.state.beatServer }, "complete", "count");
  }
})();
