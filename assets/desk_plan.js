// Runs of plans beside an incident: a checklist of what is done, late, under way and next; a step is done where it stands.
"use strict";
(function () {
  const ioc = (window.ioc = window.ioc || {});
  const { desk } = ioc;
  const plan = (desk.plan = {});
  const SOON_MS = 100;
  const RETRY_MS = 4000;
  const WORDS = {
    note: ["{0} / {1} 步", "{0} of {1} steps"], late: ["{0} 步超时", "{0} late"], none: ["没有启动预案", "No plan was started"], version: ["第 {0} 版", "v{0}"], ended: ["已结束", "ended"], cancelled: ["已终止：{0}", "cancelled: {0}"],
    start: ["启动", "Start"], which: ["预案", "Plan"], others: ["其他预案", "other plans"], do: ["完成", "Done"], skip: ["跳过", "Skip"], fail: ["做不到", "Cannot"], back: ["撤销", "Take back"], cancel: ["取消", "Cancel"], stop: ["终止预案", "End the plan"], why: ["理由", "Why"],
    due: ["{0} 前", "by {0}"], left: ["剩 {0}", "{0} left"], over: ["超时 {0}", "{0} late"], took: ["用时 {0}", "took {0}"], awaits: ["等待条件", "waits for its condition"], receipts: ["回执 {0} / {1}", "{0} of {1} answered"], for_: ["替代步骤", "in reserve"], then: ["在 {0} 之后", "after {0}"],
    skipped: ["跳过：{0}", "skipped: {0}"], failed: ["未完成：{0}", "not done: {0}"], replaced: ["由替代步骤完成", "done by another step"], asks: ["等待启动{0}级响应", "waits for response level {0}"], done: ["已办理：{0}", "Done: {0}"], busy: ["正在提交…", "Sending…"], away: ["预案读取失败：{0}", "Plans cannot be read: {0}"], optional: ["（可不填）", " (optional)"], choose: ["选择", "choose"], called: ["预案", "Plan"],
  };
  const ROMAN = ["", "Ⅳ", "Ⅲ", "Ⅱ", "Ⅰ"];
  const MARKS = { done: "✓", open: "▶", waiting: "○", skipped: "–", failed: "✕", replaced: "✓", cancelled: "–", omitted: "–" };
  const word = (key, ...parts) => WORDS[key][ioc.english() ? 1 : 0].replace(/\{(\d)\}/g, (_, index) => parts[index]);
  const value = (of) => `${ioc.english() ? of.value_en : of.value_zh}${of.unit ? ` ${of.unit}` : ""}`;

  let root = null, name = "", now = null, offers = [], open = null, again = 0, round = 0, sending = false;

  // --- reading --------------------------------------------------------------------------------------------------------
  async function read() {
    clearTimeout(again);
    const mine = round, wanted = name;
    if (!wanted || !desk.at("plan")) return;
    try {
      const of = new URLSearchParams({ dossier: wanted, world: desk.world() });
      const answer = await desk.ask(`/api/v1/plans/runs?${of}`);
      const listed = answer.may ? await desk.ask(`/api/v1/plans?${of}`) : { plans: [] };
      if (mine !== round) return;
      now = answer;
      offers = listed.plans;
      draw();
    } catch (problem) {
      if (mine !== round) return;
      ioc.text(desk.at("plan-note"), word("away", desk.why(problem)));
      again = setTimeout(read, RETRY_MS);
    }
  }
  function soon() { clearTimeout(again); again = setTimeout(read, SOON_MS); }
  plan.read = read;

  // --- drawing --------------------------------------------------------------------------------------------------------
  const shown = (step) => step.phase !== "omitted" && !(step.for && !step.called);
  function draw() {
    const place = desk.at("plan");
    if (!place || !now) return;
    const focus = document.activeElement && place.contains(document.activeElement) ? document.activeElement.dataset.focus : "";
    const runs = now.runs.filter((run) => run.phase === "running" || run === now.runs[0]);
    const going = now.runs.filter((run) => run.phase === "running");
    const late = going.reduce((sum, run) => sum + run.late, 0);
    ioc.text(desk.at("plan-note"), going.length ? [word("note", going.reduce((sum, run) => sum + run.done, 0), going.reduce((sum, run) => sum + run.owed, 0)), late ? word("late", late) : ""].filter(Boolean).join(" · ") : "");
    const parts = runs.map(checklist);
    if (!runs.length) parts.push(ioc.make("p", "empty", word("none")));
    if (now.may) parts.push(starter());
    place.replaceChildren(...parts);
    if (focus) { const found = [...place.querySelectorAll("[data-focus]")].find((each) => each.dataset.focus === focus); if (found) found.focus({ preventScroll: true }); }
    tick();
  }

  function checklist(run) {
    const box = ioc.make("section", "plan-run");
    const head = ioc.make("div", "plan-head");
    head.append(ioc.make("b", "", ioc.name(run)), ioc.make("span", "note", word("version", run.version)), ioc.make("span", "note", run.phase === "running" ? word("note", run.done, run.owed) : run.phase === "done" ? word("ended") : word("cancelled", run.why === "over" ? word("ended") : run.why)));
    const steps = ioc.make("ol", "plan-steps");
    steps.append(...run.steps.filter(shown).map((step) => line(run, step)));
    box.append(head, steps);
    if (now.may && run.phase === "running") {
      const stop = button("choice", word("stop"), `stop ${run.id}`, () => show(run, null, "stop"));
      box.append(open && open.run === run.id && !open.step ? form(run, null) : stop);
    }
    return box;
  }

  function line(run, step) {
    const item = ioc.make("li", `plan-step is-${step.phase}${step.late ? " is-late" : ""}`);
    item.dataset.step = step.id;
    item.dataset.key = `${run.id}:${step.id}`;
    const mark = ioc.make("i", "", step.overdue ? "!" : MARKS[step.phase]);
    mark.setAttribute("aria-hidden", "true");
    const title = now.may && step.phase === "open" && run.phase === "running" ? button("plan-open", ioc.name(step), `open ${run.id} ${step.id}`, () => show(run, step, "do")) : ioc.make("b", "", ioc.name(step));
    const about = [ioc.name(step.owner), step.receipts && word("receipts", step.receipts.answered, step.receipts.asked), step.phase === "open" && step.response && word("asks", ROMAN[step.response.level]), step.for && word("for_"), step.phase === "waiting" && step.waits && word("awaits")];
    if (step.phase === "skipped") about.push(word("skipped", step.why));
    if (step.phase === "failed") about.push(word("failed", step.why));
    if (step.phase === "replaced") about.push(word("replaced"));
    if (step.phase === "done" && step.by && step.by !== ioc.name(step.owner)) about.push(step.by);
    about.push(...step.said.map((each) => `${ioc.name(each)} ${value(each)}`));
    const due = ioc.make("span", "plan-due");
    due.dataset.due = step.phase === "open" && step.due !== null ? step.due : "";
    if (step.ended !== null && step.opened !== null && ["done", "replaced"].includes(step.phase)) ioc.text(due, word("took", desk.span(step.ended - step.opened)));
    item.append(mark, title, due, ioc.make("p", "", about.filter(Boolean).join(" · ")));
    if (now.may && step.may_undo) item.append(button("choice", word("back"), `back ${run.id} ${step.id}`, () => send(run, step, { do: "take_back" })));
    if (open && open.run === run.id && open.step === step.id) { if (step.phase === "open") item.append(form(run, step)); else open = null; }
    return item;
  }

  function button(kind, text, focus, act) {
    const made = Object.assign(ioc.make("button", kind, text), { type: "button" });
    made.dataset.focus = focus;
    made.addEventListener("click", act);
    return made;
  }

  // What changes by the clock alone.
  function tick() {
    const place = desk.at("plan");
    if (!place || !now) return;
    for (const due of place.querySelectorAll("[data-due]")) {
      if (!due.dataset.due) continue;
      const left = Number(due.dataset.due) - desk.now();
      ioc.text(due, `${word("due", desk.moment(Number(due.dataset.due)))} ${word(left < 0 ? "over" : "left", desk.span(left))}`);
      ioc.flag(due, "overdue", left < 0);
    }
  }

  // --- a step is done -------------------------------------------------------------------------------------------------
  function show(run, step, what) {
    open = { run: run.id, step: step ? step.id : "", what, said: {}, why: "" };
    draw();
    const first = desk.at("plan").querySelector(".plan-form [data-said],.plan-form button");
    if (first) first.focus();
  }

  function form(run, step) {
    const made = ioc.make("form", "plan-form");
    made.noValidate = true;
    if (step) {
      if (step.takes.length) made.append(ioc.make("p", "note", step.takes.map((each) => `${ioc.name(each)} ${each.value_zh === null ? "—" : value(each)}`).join(" · ")));
      made.append(...step.evidence.map((each) => field(each)));
    }
    made.append(why());
    const fault = ioc.make("p", "form-fault");
    fault.setAttribute("role", "alert");
    const bar = ioc.make("div", "choices");
    if (step) {
      const done = Object.assign(ioc.make("button", "choice first", word("do")), { type: "submit" });
      done.dataset.focus = "submit";
      bar.append(done, button("choice", word("skip"), "skip", () => send(run, step, { do: "skip", why: open.why })), button("choice", word("fail"), "fail", () => send(run, step, { do: "fail", why: open.why })));
    } else bar.append(button("choice", word("stop"), "stop", () => stop(run)));
    bar.append(button("choice", word("cancel"), "cancel", close));
    made.append(fault, bar);
    made.addEventListener("submit", (event) => { event.preventDefault(); if (step) send(run, step, { do: "complete", said: entered(step) }); else stop(run); });
    return made;
  }

  function field(of) {
    const label = ioc.make("label", "plan-field");
    label.append(ioc.make("span", "", `${ioc.name(of)}${of.unit ? `（${of.unit}）` : ""}${of.required ? "" : word("optional")}`));
    const input = ioc.make(of.kind === "choice" ? "select" : "input", of.kind === "choice" ? "desk-select" : "typed");
    if (of.kind === "choice") input.append(Object.assign(ioc.make("option", "", word("choose")), { value: "" }), ...of.choices.map((each) => Object.assign(ioc.make("option", "", ioc.name(each)), { value: each.id })));
    else input.inputMode = of.kind === "number" ? "decimal" : "text";
    input.dataset.said = of.name;
    input.dataset.focus = `said ${of.name}`;
    input.value = open.said[of.name] || "";
    label.append(input);
    return label;
  }
  function why() {
    const label = ioc.make("label", "plan-field plan-why");
    const input = ioc.make("input", "typed");
    input.dataset.why = "1";
    input.dataset.focus = "why";
    input.maxLength = 200;
    input.value = open.why;
    label.append(ioc.make("span", "", word("why")), input);
    return label;
  }

  function entered(step) {
    const said = {};
    for (const of of step.evidence) {
      const text = (open.said[of.name] || "").trim();
      if (text) said[of.name] = of.kind === "number" && Number.isFinite(Number(text)) ? Number(text) : text;
    }
    return said;
  }

  function close() { open = null; draw(); }
  function fault(text) { const place = desk.at("plan").querySelector(".form-fault"); if (place) ioc.text(place, text); else if (text) desk.say(text); }

  async function post(path, body, told) {
    if (sending) return;
    sending = true;
    fault(word("busy"));
    try {
      await desk.ask(path, body);
      open = null;
      desk.say(word("done", told));
    } catch (problem) {
      fault(desk.why(problem));
      if (problem.told && problem.field && open) { const wrong = [...desk.at("plan").querySelectorAll("[data-said]")].find((each) => each.dataset.said === problem.field); if (wrong) wrong.focus(); }
      if (problem.status !== 409) return;
    } finally { sending = false; }
    await read();
  }
  const send = (run, step, body) => post(`/api/v1/plans/runs/${run.id}/steps/${step.id}`, body, ioc.name(step));
  const stop = (run) => post(`/api/v1/plans/runs/${run.id}/cancel`, { why: open.why }, ioc.name(run));

  function starter() {
    const going = new Set(now.runs.filter((run) => run.phase === "running").map((run) => run.plan));
    const left = offers.filter((each) => !going.has(each.id));
    const made = ioc.make("form", "plan-start choices");
    if (!left.length) return made;
    const select = ioc.make("select", "desk-select");
    select.setAttribute("aria-label", word("which"));
    select.dataset.focus = "which";
    const option = (each) => Object.assign(ioc.make("option", "", ioc.name(each)), { value: each.id });
    const rest = Object.assign(ioc.make("optgroup"), { label: word("others") });
    rest.append(...left.filter((each) => !each.fits).map(option));
    select.append(...left.filter((each) => each.fits).map(option), rest);
    const start = Object.assign(ioc.make("button", "choice", word("start")), { type: "submit" });
    start.dataset.focus = "start";
    made.append(select, start);
    made.addEventListener("submit", (event) => { event.preventDefault(); const chosen = select.value; post(`/api/v1/plans/${chosen}/start`, { dossier: name }, ioc.name(left.find((each) => each.id === chosen))); });
    return made;
  }

  // --- keys -----------------------------------------------------------------------------------------------------------
  // y leads to the first step that is open.
  plan.focus = () => { const first = desk.at("plan") && desk.at("plan").querySelector(".plan-open,.plan-start select"); if (first) { first.focus(); first.scrollIntoView({ block: "nearest" }); } return Boolean(first); };
  document.addEventListener("input", (event) => {
    if (!open || !event.target.closest || !event.target.closest(".plan-form")) return;
    if (event.target.dataset.said) open.said[event.target.dataset.said] = event.target.value;
    if (event.target.dataset.why) open.why = event.target.value;
  });
  document.addEventListener("keydown", (event) => {
    if (!root || !desk.at("plan")) return;
    if (event.key === "Escape" && open && event.target.closest(".plan-form")) { event.preventDefault(); event.stopImmediatePropagation(); const back = `open ${open.run} ${open.step}`; close(); const found = [...desk.at("plan").querySelectorAll("[data-focus]")].find((each) => each.dataset.focus === back); if (found) found.focus(); return; }
  }, true);

  desk.keys("duty incident", { y: plan.focus });
  desk.hear((changed) => { if (name && (changed === null || changed.some((each) => each.id === name))) soon(); });
  desk.page({
    enter: (found) => { root = found; name = ""; now = null; open = null; },
    tick: () => {
      if (!desk.at("plan") || !desk.dossier) return;
      const wanted = desk.dossier.name();
      if (wanted !== name) { name = wanted; now = null; open = null; round += 1; desk.at("plan").replaceChildren(); ioc.text(desk.at("plan-note"), ""); if (name) read(); }
      tick();
    },
  });
})();
