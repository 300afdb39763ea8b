// Coverage: which tasks are listed and which one is looked at; the address keeps both.
"use strict";
(function () {
  const page = () => document.getElementById("coverage");
  const asked = () => new URLSearchParams(location.search);
  const rows = () => [...page().querySelectorAll(".task-row[data-task]")];
  const listed = () => rows().filter((row) => !row.hidden);

  function keep(name, value) {
    const search = asked();
    if (value) search.set(name, value); else search.delete(name);
    const text = search.toString();
    history.replaceState(history.state, "", location.pathname + (text ? `?${text}` : ""));
  }

  const fits = (row, scene, state) =>
    (!scene || row.dataset.scenes.split(" ").includes(scene)) &&
    (!state || (state === "over" ? row.dataset.over === "over" : row.dataset.state === state));

  function choose(id) {
    const chosen = listed().find((row) => row.dataset.task === id) || listed()[0];
    rows().forEach((row) => row.setAttribute("aria-selected", String(row === chosen)));
    page().querySelectorAll("[data-detail]").forEach((detail) => { detail.hidden = !chosen || detail.dataset.detail !== chosen.dataset.task; });
    return chosen;
  }

  function draw() {
    if (!page()) return;
    const [scene, state] = [asked().get("scene") || "", asked().get("state") || ""];
    rows().forEach((row) => { row.hidden = !fits(row, scene, state); });
    page().querySelectorAll("[data-filter]").forEach((button) => {
      button.setAttribute("aria-pressed", String(button.dataset.choice === (button.dataset.filter === "scene" ? scene : state)));
    });
    document.getElementById("no-task").hidden = listed().length > 0;
    choose(asked().get("task"));
  }

  document.addEventListener("click", (event) => {
    const button = page() && event.target.closest("#coverage [data-filter], #coverage .task-row[data-task]");
    if (!button) return;
    if (button.dataset.filter) keep(button.dataset.filter, button.dataset.choice); else keep("task", button.dataset.task);
    draw();
  });

  // Arrows, and j and k, go through the tasks that are listed; Home and End to the first and the last.
  document.addEventListener("keydown", (event) => {
    if (!page() || event.ctrlKey || event.altKey || event.metaKey || event.target.closest("input, textarea, select")) return;
    const all = listed();
    const at = all.findIndex((row) => row.getAttribute("aria-selected") === "true");
    const to = { ArrowDown: at + 1, j: at + 1, ArrowUp: at - 1, k: at - 1, Home: 0, End: all.length - 1 }[event.key];
    if (to === undefined || !all.length) return;
    event.preventDefault();
    const row = all[Math.max(0, Math.min(all.length - 1, to))];
    keep("task", row.dataset.task);
    choose(row.dataset.task);
    row.focus();
  });

  document.addEventListener("standing", draw);
  let seen = null;
  new MutationObserver(() => { if (page() !== seen) { seen = page(); draw(); } }).observe(document, { childList: true, subtree: true });
})();
