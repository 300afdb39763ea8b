// The pages of plans: the list with what goes on, and one plan by its branches, with its versions and its draft.
"use strict";
(function () {
  const ioc = (window.ioc = window.ioc || {});
  const { desk } = ioc;
  const RETRY_MS = 4000;
  const WORDS = {
    version: ["第 {0} 版", "v{0}"], shipped: ["随系统发布", "as shipped"], steps: ["{0} 步", "{0} steps"], running: ["运行中 {0}", "{0} going on"], draft: ["有草稿", "a draft"], none: ["无", "none"], done: ["{0} / {1} 步", "{0} of {1} steps"], late: ["{0} 步超时", "{0} late"], ended: ["已完成", "done"], cancelled: ["已终止", "cancelled"],
    by: ["{0} {1}", "{0}, {1}"], restored: ["恢复自第 {0} 版", "brought back v{0}"], restore: ["恢复此版", "Bring back"], inForce: ["现行", "in force"], look: ["查看", "Look"], after: ["在 {0} 之后", "after {0}"], when: ["条件：{0}", "if {0}"], waits: ["（等待）", " (waits)"], within: ["{0}内", "within {0}"], minutes: ["{0} 分钟", "{0} min"], evidence: ["凭据：{0}", "evidence: {0}"], lateFor: ["超时：{0}", "late: {0}"], refusedFor: ["未完成：{0}", "refused: {0}"], reserve: ["替代 {0}", "in reserve for {0}"], tell: ["告知 {0}", "tells {0}"], climb: ["上报 {0}", "escalates to {0}"],
    noFault: ["无误", "It is sound"], same: ["与现行版相同", "As in force"], line: ["第 {0} 行", "line {0}"], draftOf: ["草稿 {0}：{1} {2}，依据第 {3} 版", "draft {0}: {1} {2}, from v{3}"], noDraft: ["现行文本，改动后可存为草稿", "the text in force; once changed it can be kept as a draft"], saved: ["已保存", "Kept"], failed: ["读取失败：{0}", "It could not be read: {0}"], level: ["{0} 级起 {1}", "from {0} on {1}"],
    order: ["指令", "order"], scene: ["大屏", "wall"], conference: ["会商", "conference"], signal_plan: ["信号方案", "signal plan"], notice: ["公众提示", "public notice"], response: ["响应", "response"],
  };
  const ROMAN = ["", "Ⅳ", "Ⅲ", "Ⅱ", "Ⅰ"];
  const word = (key, ...parts) => WORDS[key][ioc.english() ? 1 : 0].replace(/\{(\d)\}/g, (_, index) => parts[index]);
  const list = (parts) => parts.join(ioc.english() ? ", " : "、");
  let root = null, now = null, again = 0, revision = 0;

  const here = () => (root && root.dataset.desk === "plan_page" ? root.dataset.plan : "");
  const keep = (path) => path + (ioc.english() ? "?lang=en" : "");

  async function read() {
    clearTimeout(again);
    const mine = root;
    if (!mine || !mine.isConnected) return;
    const of = new URLSearchParams({ world: desk.world() });
    try {
      if (here()) {
        const asked = new URLSearchParams(location.search).get("version");
        const found = await desk.ask(`/api/v1/plans/${encodeURIComponent(here())}${asked === null ? "" : `?version=${encodeURIComponent(asked)}`}`);
        if (mine !== root) return;
        take(found);
      } else list_(await desk.ask(`/api/v1/plans?${of}`));
      runs(await desk.ask(`/api/v1/plans/runs?${of}`));
    } catch (problem) {
      desk.say(word("failed", desk.why(problem)));
      again = setTimeout(read, RETRY_MS);
    }
  }

  function list_(answer) {
    const place = desk.at("plans-rows");
    if (!place) return;
    desk.lines(place, answer.plans, (each) => each.id, () => { const row = ioc.make("a", "plans-row"); row.append(ioc.make("b"), ioc.make("span", "note"), ioc.make("p")); return row; }, (row, each) => {
      ioc.put(row, "href", keep(`/plans/${each.id}`));
      ioc.text(row.children[0], ioc.name(each));
      ioc.text(row.children[1], [each.version ? word("version", each.version) : word("shipped"), word("steps", each.steps), each.running ? word("running", each.running) : "", each.draft ? word("draft") : ""].filter(Boolean).join(" · "));
      ioc.text(row.children[2], each.starts.map((start) => ioc.name(start)).join(ioc.word("semicolon")));
    });
  }

  function runs(answer) {
    const place = desk.at("plans-runs");
    if (!place) return;
    const found = here() ? answer.runs.filter((each) => each.plan === here()) : answer.runs;
    ioc.text(desk.at("plans-runs-note"), word("running", found.filter((each) => each.phase === "running").length));
    place.replaceChildren(...found.map((each) => {
      const row = ioc.make(each.dossier ? "a" : "div", "plans-row");
      if (each.dossier) row.href = keep(`/incident/${each.dossier}`);
      const open = each.steps.filter((step) => step.phase === "open");
      row.append(ioc.make("b", "", each.title || ioc.name(each)), ioc.make("span", "note", each.phase === "running" ? [word("done", each.done, each.owed), each.late ? word("late", each.late) : ""].filter(Boolean).join(" · ") : word(each.phase === "done" ? "ended" : "cancelled")), ioc.make("p", "", [ioc.name(each), word("version", each.version), desk.moment(each.started), each.by, ...open.map((step) => `▶ ${ioc.name(step)}`)].filter(Boolean).join(" · ")));
      return row;
    }));
    if (!found.length) place.append(ioc.make("p", "empty", word("none")));
  }

  // --- one plan ---------------------------------------------------------------------------------------------------------
  function take(found) {
    now = found;
    ioc.text(desk.at("plan-about"), [ioc.name(found), found.version ? word("version", found.version) : word("shipped"), ...found.starts.map((start) => ioc.name(start))].join(" · "));
    graph(found);
    versions(found);
    editor(found);
  }

  function graph(found) {
    const named = new Map(found.steps.map((each) => [each.id, ioc.name(each)]));
    const columns = [];
    for (const step of found.steps) (columns[step.column] = columns[step.column] || []).push(step);
    desk.at("plan-graph").replaceChildren(...columns.map((steps) => {
      const column = ioc.make("div", "plan-column");
      column.append(...steps.map((step) => box(step, named)));
      return column;
    }));
  }
  // How long a step may take, in words: 10 分钟, 1 小时 30 分钟.
  function span(ms) {
    const minutes = Math.floor(ms / 60000), parts = [];
    if (minutes >= 1440) parts.push(ioc.word("day", Math.floor(minutes / 1440)));
    if (minutes % 1440 >= 60) parts.push(ioc.word("hour", Math.floor((minutes % 1440) / 60)));
    if (minutes % 60) parts.push(word("minutes", minutes % 60));
    if (ms % 60000 && minutes < 60) parts.push(ioc.word("second", Math.floor((ms % 60000) / 1000)));
    return parts.join(" ") || word("minutes", 0);
  }
  function box(step, named) {
    const made = ioc.make("article", `plan-box${step.for ? " is-reserve" : ""}`);
    const fall = (of) => list([of.step && named.get(of.step), of.tells.length && word("tell", list(of.tells.map((each) => ioc.name(each)))), of.escalate && word("climb", ioc.name(of.escalate))].filter(Boolean));
    const lines = [
      [ioc.name(step.owner), step.action !== "none" && word(step.action), step.to.length && list(step.to.map((each) => ioc.name(each))), step.within.length && step.within.map(([level, ms]) => (level ? word("level", ROMAN[level], span(ms)) : word("within", span(ms)))).join(ioc.word("semicolon"))].filter(Boolean).join(" · "),
      step.for && word("reserve", named.get(step.for)), step.after.length && word("after", list(step.after.map((each) => named.get(each)))),
      step.when.length && word("when", list(step.when.map((each) => ioc.name(each)))) + (step.waits ? word("waits") : ""), step.evidence.length && word("evidence", list(step.evidence.map((each) => ioc.name(each)))),
      step.late && word("lateFor", fall(step.late)), step.refused && word("refusedFor", fall(step.refused)),
    ].filter(Boolean);
    made.append(ioc.make("b", "", ioc.name(step)), ...lines.map((each) => ioc.make("p", "", each)));
    return made;
  }

  function versions(found) {
    desk.at("plan-versions").replaceChildren(...found.versions.map((each) => {
      const row = ioc.make("div", "plans-row");
      const tools = ioc.make("div", "choices");
      const look = Object.assign(ioc.make("a", "choice", word("look")), { href: `${location.pathname}?version=${each.version}${ioc.english() ? "&lang=en" : ""}` });
      tools.append(look);
      if (root.dataset.publishes && each.version !== found.newest) {
        const back = Object.assign(ioc.make("button", "choice", word("restore")), { type: "button" });
        back.addEventListener("click", () => post("restore", { version: each.version, newest: found.newest }));
        tools.append(back);
      }
      row.append(ioc.make("b", "", `${word("version", each.version)}${each.version === found.newest ? ` · ${word("inForce")}` : ""}`), tools, ioc.make("p", "", [each.at === null ? word("shipped") : `${desk.moment(each.at)} ${each.by}`, each.note, each.restores === null ? "" : word("restored", each.restores)].filter(Boolean).join(" · ")));
      return row;
    }));
  }

  function editor(found) {
    const place = desk.at("plan-text-place");
    let text = place.querySelector("textarea");
    if (!text) {
      text = Object.assign(ioc.make("textarea", "typed"), { id: "plan-text", spellcheck: false, readOnly: !place.dataset.edits });
      text.setAttribute("aria-label", place.dataset.label);
      place.replaceChildren(text);
      text.addEventListener("input", offered);
      const note = desk.at("plan-note-place");
      if (note) { const input = Object.assign(ioc.make("input", "typed"), { id: "plan-publish-note", maxLength: 200, placeholder: note.dataset.placeholder }); input.setAttribute("aria-label", note.dataset.placeholder); note.replaceChildren(input); }
    }
    const old = new URLSearchParams(location.search).get("version") !== null;
    const dirty = text.dataset.kept !== undefined && text.value !== text.dataset.kept;
    if (!dirty || text.dataset.kept === undefined) { text.value = old ? found.text : found.draft.text; text.dataset.kept = text.value; }
    revision = found.draft.revision;
    ioc.text(desk.at("plan-draft-note"), found.draft.revision ? word("draftOf", found.draft.revision, found.draft.by, desk.moment(found.draft.at), found.draft.base) : word("noDraft"));
    offered();
  }

  // Without a draft there is nothing to drop or to publish, and without a change nothing to keep or to look over.
  function offered() {
    const text = desk.at("plan-text"), changed = text.dataset.kept !== undefined && text.value !== text.dataset.kept;
    const show = { "plan-check": revision || changed, "plan-draft": revision || changed, "plan-discard": revision, "plan-publish": revision, "plan-note-place": revision };
    Object.entries(show).forEach(([id, shown]) => { if (desk.at(id)) ioc.hide(desk.at(id), !shown); });
  }

  function found_(lines) {
    desk.at("plan-found").replaceChildren(...lines.map(([text, line]) => {
      const row = ioc.make("li");
      if (!line) { row.textContent = text; return row; }
      const go = Object.assign(ioc.make("button", "", `${word("line", line)}：${text}`), { type: "button" });
      go.addEventListener("click", () => {
        const area = desk.at("plan-text"), before = area.value.split("\n").slice(0, line - 1).join("\n").length + (line > 1 ? 1 : 0);
        area.focus();
        area.setSelectionRange(before, before + area.value.split("\n")[line - 1].length);
        area.scrollTop = (line - 4) * (area.scrollHeight / area.value.split("\n").length);
      });
      row.append(go);
      return row;
    }));
  }

  async function check() {
    const answer = await desk.ask(`/api/v1/plans/${here()}/check`, { text: desk.at("plan-text").value });
    found_(answer.faults.length ? answer.faults.map((each) => [each.text, each.line]) : [[word("noFault"), 0], ...(answer.differs.length ? answer.differs.map((each) => [ioc.name(each), 0]) : [[word("same"), 0]])]);
  }

  async function post(act, body) {
    try {
      const answer = await desk.ask(`/api/v1/plans/${here()}/${act}`, body);
      const area = desk.at("plan-text");
      area.dataset.kept = act === "draft" ? area.value : "";
      if (act !== "draft") delete area.dataset.kept;
      if (act !== "draft") found_([]);
      take(answer);
      desk.say(word("saved"));
      return true;
    } catch (problem) {
      found_(desk.why(problem).split("\n").map((each) => [each, 0]));
      return false;
    }
  }

  const ACTS = {
    check: () => check().catch((problem) => found_([[desk.why(problem), 0]])),
    draft: async () => { if (await post("draft", { text: desk.at("plan-text").value, revision })) await ACTS.check(); },
    discard: () => post("discard", { revision }),
    publish: () => post("publish", { revision, note: desk.at("plan-publish-note").value }),
  };
  document.addEventListener("click", (event) => {
    const button = event.target.closest && event.target.closest("[data-act]");
    if (button && root && here() && root.contains(button)) ACTS[button.dataset.act]();
  });

  desk.hear((changed) => { if (root && (changed === null || changed.some((each) => each.kind === "plan"))) { clearTimeout(again); again = setTimeout(read, 300); } });
  desk.page({
    enter: (found) => { root = ["plans", "plan_page"].includes(found.dataset.desk) ? found : null; now = null; revision = 0; if (root) read(); },
    tick: () => {},
  });
})();
