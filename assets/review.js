// What people add to a review: notes, actions with owner and due time, that one is done. The page is shown anew after each.
"use strict";
(function () {
  const ioc = (window.ioc = window.ioc || {});
  const WORDS = {
    note: ["评议", "Note"], addNote: ["添加评议", "Add the note"], title: ["整改事项", "Action"], owner: ["责任人账号", "Owner's account"], due: ["期限", "Due"],
    addAction: ["添加整改", "Add the action"], done: ["完成：{0}", "Done: {0}"], lost: ["未能提交，请重试", "It was not sent: try again"],
  };
  const word = (key, part) => WORDS[key][ioc.english() ? 1 : 0].replace("{0}", part || "");
  const at = (id) => document.getElementById(id);
  let root = null;

  async function send(what, body) {
    const place = at("review-said");
    try {
      const reply = await fetch(`/incidents/${encodeURIComponent(at("review-is").dataset.name)}/review/${what}`, {
        method: "POST", credentials: "same-origin", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body), signal: AbortSignal.timeout(8000),
      });
      if (reply.ok) { location.reload(); return; }
      const { error } = await reply.json();
      ioc.text(place, ioc.english() ? error.message_en : error.message_zh);
    } catch { ioc.text(place, word("lost")); }
    ioc.hide(place, false);
  }

  function input(label, name, longest, type) {
    const field = document.createElement("input"), made = document.createElement("label"), text = document.createElement("span");
    Object.assign(field, { name, maxLength: longest, type: type || "text", autocomplete: "off", required: true });
    text.textContent = label;
    made.className = "admin-field";
    made.append(text, field);
    return made;
  }
  function form(fields, text, act) {
    const made = document.createElement("form"), button = document.createElement("button");
    made.className = "admin-form";
    button.className = "choice first";
    button.textContent = text;
    made.append(...fields, button);
    made.addEventListener("submit", (event) => { event.preventDefault(); act(Object.fromEntries(new FormData(made))); });
    return made;
  }

  function draw() {
    const place = at("review-add"), { handles, actions } = root.dataset;
    if (!place || !handles) return;
    const open = actions.split("\n").filter(Boolean).map((line) => line.split("\t")).map(([action, title]) => {
      const button = document.createElement("button");
      button.type = "button";
      button.className = "choice";
      button.textContent = word("done", title);
      button.addEventListener("click", () => send("done", { action }));
      return button;
    });
    place.replaceChildren(
      form([input(word("note"), "text", 4000)], word("addNote"), (given) => send("note", given)),
      form([input(word("title"), "title", 200), input(word("owner"), "owner", 64), input(word("due"), "due", 16, "datetime-local")], word("addAction"),
        (given) => send("action", { title: given.title, owner: given.owner, due_ms: Date.parse(`${given.due}:00+08:00`) })),
      ...open);
  }

  new MutationObserver(() => {
    const found = at("review-is");
    if (found === root) return;
    root = found;
    if (root) draw();
  }).observe(document.documentElement, { subtree: true, childList: true });
})();
