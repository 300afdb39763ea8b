// The duty desk: what is chosen of the queue, and how one goes through it.
"use strict";
(function () {
  const ioc = (window.ioc = window.ioc || {});
  const { desk } = ioc;
  const LOOK_MS = 80; // while somebody runs through the queue only where he stops is read
  let root = null;
  let looking = 0;

  const lines = () => [...desk.at("desk-rows").children];
  const chosen = () => new URLSearchParams(location.search).get("incident") || "";
  function keep(id) {
    const search = new URLSearchParams(location.search);
    if (id) search.set("incident", id); else search.delete("incident");
    const said = search.toString();
    history.replaceState(history.state, "", location.pathname + (said ? `?${said}` : ""));
  }

  function mark() {
    for (const line of lines()) {
      const is = line.dataset.key === chosen();
      ioc.flag(line, "is-chosen", is);
      if (is) ioc.put(line, "aria-current", "true"); else line.removeAttribute("aria-current");
      ioc.put(line, "tabindex", is ? "0" : "-1");
    }
  }

  function choose(id, focus) {
    keep(id);
    mark();
    clearTimeout(looking);
    if (focus) looking = setTimeout(() => desk.dossier.show(id), LOOK_MS); else desk.dossier.show(id);
    const line = lines().find((each) => each.dataset.key === id);
    if (line) { line.scrollIntoView({ block: "nearest" }); if (focus) line.focus({ preventScroll: true }); }
  }

  desk.choose = (id) => { choose(id, false); const line = lines().find((each) => each.dataset.key === id); if (line) line.focus({ preventScroll: true }); };
  desk.chosen = chosen;

  // What is chosen stays chosen wherever it moves to; without a choice the first is.
  function drawn(rows) {
    if (!chosen() && rows.length) { keep(rows[0].id); desk.dossier.show(rows[0].id); }
    mark();
  }

  function step(by) {
    const all = lines();
    if (!all.length) return;
    const at = all.findIndex((line) => line.dataset.key === chosen());
    choose(all[at < 0 ? 0 : Math.min(all.length - 1, Math.max(0, at + by))].dataset.key, true);
  }

  // --- keys ---------------------------------------------------------------------------------------------------------------
  desk.keys("duty", {
    j: () => step(1), k: () => step(-1), ArrowDown: () => step(1), ArrowUp: () => step(-1),
    a: () => desk.alarms.acknowledge(), i: () => desk.alarms.incident(), "/": () => desk.at("desk-q").focus(),
    o: () => { if (chosen()) location.assign(`/incident/${encodeURIComponent(chosen())}${ioc.english() ? "?lang=en" : ""}`); },
  });

  document.addEventListener("click", (event) => {
    if (!root || !root.isConnected) return;
    const line = event.target.closest("#desk-rows .desk-row");
    if (line && !event.ctrlKey && !event.metaKey) { event.preventDefault(); choose(line.dataset.key, true); }
  });

  desk.page({
    enter: (found) => {
      root = found.dataset.desk === "duty" ? found : null;
      desk.list.drawn = root ? drawn : null;
      if (root && chosen()) desk.dossier.show(chosen());
    },
    tick: () => {},
  });
})();
