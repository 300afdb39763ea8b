// The ways off a wall: shown while somebody points, touches or types, and for a while after; keys 0 to 9 and Esc follow them.
"use strict";
(function () {
  const REST_MS = 6000;
  let timer = 0;
  const wall = () => document.getElementById("wall");

  function show() {
    if (!wall()) return;
    document.documentElement.classList.add("pointed");
    clearTimeout(timer);
    timer = setTimeout(() => document.documentElement.classList.remove("pointed"), REST_MS);
  }

  // The mouse of a machine behind a wall trembles, and browsers report a move where the page moved: only a real one counts.
  document.addEventListener("pointermove", (event) => { if (event.movementX || event.movementY) show(); }, { passive: true });
  document.addEventListener("pointerdown", show, { passive: true });
  document.addEventListener("focusin", show);

  document.addEventListener("keydown", (event) => {
    if (!wall() || event.ctrlKey || event.altKey || event.metaKey) return;
    const key = event.key === "Escape" ? "0" : event.key;
    const way = /^[0-9]$/.test(key) && document.getElementById(`way-${key}`);
    if (!way) { show(); return; }
    event.preventDefault();
    way.click();
  });
})();
