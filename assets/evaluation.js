// The day of the evaluation: a field in which any day up to today may be chosen; the address keeps it.
"use strict";
(function () {
  const ioc = (window.ioc = window.ioc || {});
  let place = null;
  function draw() {
    const field = document.createElement("input"), label = document.createElement("label"), text = document.createElement("span");
    Object.assign(field, { type: "date", value: place.dataset.day, max: ioc.isoDate(Date.now()), required: true });
    text.textContent = document.getElementById("evaluation").lang === "en" ? "Up to the end of" : "截至当日 24 时";
    label.className = "admin-field";
    label.append(text, field);
    field.addEventListener("change", () => {
      if (!field.value || !field.validity.valid) return;
      const search = new URLSearchParams(location.search);
      search.set("to", field.value);
      location.assign(`${location.pathname}?${search}`);
    });
    place.replaceChildren(label);
  }
  new MutationObserver(() => {
    const found = document.getElementById("evaluation-day");
    if (found === place) return;
    place = found;
    if (place) draw();
  }).observe(document.documentElement, { subtree: true, childList: true });
})();
