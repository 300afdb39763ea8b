// Administration: asks for the chosen part and writes it, as text and never as markup; sends what somebody does. It asks only when
// a person does something or comes back to the page, so that an unwatched page keeps no session open.
"use strict";
(function () {
  const ioc = (window.ioc = window.ioc || {});
  const ANSWER_MS = 8000;
  const WORDS = {
    loading: ["正在读取…", "Loading…"], lost: ["读取失败，请重试", "It could not be read: try again"], again: ["重试", "Try again"], nothing: ["没有条目", "Nothing here"],
    account: ["账号", "Account"], title: ["显示名", "Name"], roles: ["角色", "Roles"], regions: ["区域", "Regions"], password: ["口令", "Password"], factor: ["二次验证", "Second factor"],
    sessions: ["会话", "Sessions"], state: ["状态", "State"], acts: ["操作", "Acts"], open: ["启用", "open"], disabled: ["停用", "closed"], whole: ["全区", "whole district"],
    temporary: ["待更改", "to be changed"], link: ["仅链接", "link only"], set: ["{0} 设", "set {0}"], on: ["已启用", "on"], off: ["未启用", "off"], none: ["无", "none"],
    disable: ["停用", "Close"], enable: ["启用", "Open"], reset: ["重置口令", "New password"], factorReset: ["重置二次验证", "Reset factor"], end: ["结束会话", "End sessions"],
    setRegions: ["区域…", "Regions…"], remove: ["注销…", "Remove…"], add: ["新建账号", "Add an account"], regionsAsk: ["区域代码，空格分隔；空即全区", "region codes, blanks between; none: the district"],
    secret: ["{0} 的首次口令（只显示一次，首次登录须更改）：{1}", "First password of {0}, shown once, to be changed at the first sign-in: {1}"],
    permission: ["权限", "Permission"], yes: ["有", "yes"], no: ["—", "—"], grant: ["授予角色", "Give a role"], revoke: ["收回", "Take away"], reason: ["理由", "Reason"], ask: ["提交审批", "Ask"],
    asked: ["已提交，待另一人审批", "Asked: it waits for a second person"], done: ["已完成", "Done"], screen: ["屏", "Screen"], address: ["地址", "Address"], seen: ["最近在线", "Seen"],
    token: ["令牌", "Token"], scope: ["范围", "Scope"], expires: ["到期", "Expires"], screens: ["大屏设备", "Devices on walls"], tokens: ["程序令牌", "Tokens of programs"],
    waiting: ["待审批", "Waiting"], mine: ["我提交的", "Mine"], decided: ["已有结论", "Decided"], what: ["将要改变", "What would change"], by: ["提交人", "Asked by"], at: ["时间", "Time"],
    approve: ["同意", "Approve"], refuse: ["不同意", "Refuse"], takeBack: ["撤回", "Take back"], fetch: ["下载 CSV", "Download CSV"], decidedBy: ["审批人", "Decided by"],
    is_waiting: ["待审批", "waiting"], is_approved: ["已同意", "approved"], is_refused: ["未同意", "refused"], is_expired: ["已过期", "expired"], is_stale: ["情况已变，作废", "void: it changed"], is_altered: ["内容不符，作废", "void: altered"],
    who: ["行为人", "Who"], action: ["操作", "What"], subject: ["对象", "Object"], from: ["自", "From"], to: ["至", "To"], search: ["查询", "Search"], more: ["更早", "Earlier"], detail: ["内容", "Detail"],
    verify: ["核验完整性", "Verify the chain"], whole_: ["审计完整：{0} 条，{1} 个锚点", "The audit is whole: {0} entries, {1} anchors"], broken: ["第 {0} 条起不完整（{1}）", "Broken at entry {0} ({1})"],
    export: ["导出 CSV（须审批）", "Export CSV (approval)"], number: ["序号", "No."], sure: ["确定“{0}”{1}？", "{0}: {1}?"], nobody: ["没有账号", "No accounts"],
    is_open: ["有效", "open"], is_revoked: ["已吊销", "revoked"], waitingFor: ["须另一人决定", "for a different person"],
  };
  const word = (key, ...parts) => (WORDS[key] || [key, key])[ioc.english() ? 1 : 0].replace(/\{(\d)\}/g, (_, index) => parts[index]);
  const at = (id) => document.getElementById(id);
  const moment = (ms) => (ms ? `${ioc.isoDate(ms)} ${ioc.clockSeconds(ms)}` : "");

  let root = null;
  let part = "";
  let turn = 0;
  let sought = {}; // what the audit is searched for

  const may = (permission) => at("admin-is").dataset.may.split(" ").includes(permission);

  // --- asking and sending ---------------------------------------------------------------------------------------------------
  async function ask(path, body) {
    const reply = await fetch(path, {
      method: body ? "POST" : "GET", credentials: "same-origin", headers: { "Content-Type": "application/json" },
      body: body && JSON.stringify(body), signal: AbortSignal.timeout(ANSWER_MS),
    });
    if (reply.status === 401) { location.assign(`/sign-in?next=${encodeURIComponent(location.pathname + location.search)}`); return null; }
    const answer = await reply.json();
    if (!reply.ok) throw Object.assign(new Error(ioc.english() ? answer.error.message_en : answer.error.message_zh), { told: true });
    return answer;
  }

  let silence = 0;
  function say(text, keep) {
    const place = at("admin-said");
    clearTimeout(silence);
    ioc.text(place, text);
    ioc.hide(place, !text);
    if (!keep) silence = setTimeout(() => ioc.hide(place, true), 8000);
  }

  async function send(path, body, then) {
    try {
      const answer = await ask(path, body);
      if (!answer) return null;
      await look();
      say(then ? then(answer) : word("done"), Boolean(answer.secret));
      return answer;
    } catch (problem) { say(problem.told ? problem.message : word("lost")); return null; }
  }

  // --- pieces ---------------------------------------------------------------------------------------------------------------
  const make = (tag, name, ...children) => { const made = document.createElement(tag); if (name) made.className = name; made.append(...children.filter((child) => child !== null && child !== undefined)); return made; };
  function button(text, act, look) { const made = make("button", `choice ${look || ""}`.trim(), text); made.type = "button"; made.addEventListener("click", act); return made; }
  function input(label, name, longest, type) {
    const field = make("input");
    Object.assign(field, { name, maxLength: longest, type: type || "text", autocomplete: "off" });
    return make("label", "admin-field", make("span", "", label), field);
  }
  function table(caption, heads, rows) {
    const head = make("tr", "", ...heads.map((text) => { const cell = make("th", "", text); cell.scope = "col"; return cell; }));
    const made = make("table", "admin-table", make("caption", "", caption), make("thead", "", head), make("tbody", "", ...rows));
    return make("div", "admin-scroll", made);
  }
  const row = (...cells) => make("tr", "", ...cells.map((cell, index) => { const made = make(index ? "td" : "th", "", cell); if (!index) made.scope = "row"; return made; }));
  const empty = (text) => make("p", "empty", text);
  function form(name, fields, text, act) {
    const made = make("form", "admin-form", ...fields, make("button", "choice first", text));
    made.id = name;
    made.addEventListener("submit", (event) => { event.preventDefault(); act(Object.fromEntries(new FormData(made))); });
    return made;
  }
  const sure = (what, whom) => window.confirm(word("sure", what, whom));
  const named = (roles, role) => { const found = roles.find((each) => each.id === role); return found ? ioc.name(found) : role; };

  // --- the parts ------------------------------------------------------------------------------------------------------------
  const PARTS = {};

  PARTS.people = async () => {
    const [{ people }, { roles }] = await Promise.all([ask("/admin/data/people"), ask("/admin/data/roles")]);
    const acts = (each) => {
      const of = (path, body, then) => () => send(`/admin/people/${path}`, { name: each.name, ...body }, then);
      return make("div", "admin-acts",
        button(word("reset"), () => sure(word("reset"), each.name) && of("reset", {}, (told) => word("secret", told.name, told.secret))()),
        each.factor ? button(word("factorReset"), () => sure(word("factorReset"), each.name) && of("factor-reset")()) : null,
        each.sessions ? button(word("end"), of("sessions")) : null,
        button(word("setRegions"), () => { const codes = window.prompt(word("regionsAsk"), each.regions.join(" ")); if (codes !== null) of("regions", { regions: codes })(); }),
        button(word(each.disabled ? "enable" : "disable"), () => (each.disabled || sure(word("disable"), each.name)) && of(each.disabled ? "enable" : "disable")()),
        button(word("remove"), () => { const reason = window.prompt(`${word("remove")} ${each.name} · ${word("reason")}`); if (reason) send("/admin/approvals/ask", { kind: "person.remove", payload: { name: each.name }, reason }, () => word("asked")); }),
      );
    };
    const password = (each) => (!each.password ? word("link") : each.must_change ? word("temporary") : word("set", ioc.isoDate(each.password_ms)));
    const rows = people.map((each) => {
      const line = row(each.name, each.title, each.roles.map((role) => named(roles, role)).join("、") || word("none"), each.regions.join(" ") || word("whole"), password(each), word(each.factor ? "on" : "off"),
        `${each.sessions}${each.seen_ms ? ` · ${moment(each.seen_ms)}` : ""}`, word(each.disabled ? "disabled" : "open"), acts(each));
      ioc.flag(line, "is-off", each.disabled);
      return line;
    });
    const add = form("admin-add", [input(word("account"), "name", 64), input(word("title"), "title", 64)], word("add"), (given) => send("/admin/people/add", given, (told) => word("secret", told.name, told.secret)));
    const heads = ["account", "title", "roles", "regions", "password", "factor", "sessions", "state", "acts"].map((key) => word(key));
    return [add, rows.length ? table(word("account"), heads, rows) : empty(word("nobody"))];
  };

  PARTS.roles = async () => {
    const { roles, permissions, people } = await ask("/admin/data/roles");
    const out = [];
    if (people && may("role.grant")) {
      const who = make("select"), what = make("select");
      who.name = "name"; what.name = "role";
      who.append(...people.map((each) => make("option", "", each.name)));
      what.append(...roles.map((each) => { const made = make("option", "", ioc.name(each)); made.value = each.id; return made; }));
      out.push(form("admin-grant", [make("label", "admin-field", make("span", "", word("account")), who), make("label", "admin-field", make("span", "", word("roles")), what), input(word("reason"), "reason", 200)], word("ask"),
        ({ name, role, reason }) => send("/admin/approvals/ask", { kind: "role.grant", payload: { name, role }, reason }, () => word("asked"))));
      const held = people.filter((each) => each.roles.length).map((each) => row(each.name, each.title, make("div", "admin-acts", ...each.roles.map((role) =>
        button(`${named(roles, role)} · ${word("revoke")}`, () => sure(word("revoke"), `${each.name} ${named(roles, role)}`) && send("/admin/roles/revoke", { name: each.name, role }))))));
      out.push(table(word("grant"), [word("account"), word("title"), word("roles")], held));
    }
    const rows = permissions.map((each) => row(each.id, ...roles.map((role) => { const cell = make("span", each.roles.includes(role.id) ? "has" : "has-not", word(each.roles.includes(role.id) ? "yes" : "no")); return cell; })));
    return [...out, table(word("permission"), [word("permission"), ...roles.map((each) => ioc.name(each))], rows)];
  };

  PARTS.devices = async () => {
    const { screens, tokens } = await ask("/admin/data/devices");
    const walls = screens.map((each) => row(each.screen || word("none"), word(`is_${each.state}`), each.address, moment(each.seen_ms), each.state === "revoked" ? "" :
      button(word("revoke"), () => sure(word("revoke"), each.screen || each.address) && send("/screens/devices/revoke", { id: each.id }))));
    const programs = tokens.map((each) => row(each.name, each.id, [...each.feeds.map((name) => `feed ${name}`), ...each.reads.map((name) => `read ${name}`)].join(", "), word(`is_${each.state}`), moment(each.expires_ms), moment(each.used_ms),
      each.state === "open" ? button(word("revoke"), () => sure(word("revoke"), each.name) && send("/admin/tokens/revoke", { id: each.id })) : ""));
    return [
      walls.length ? table(word("screens"), ["screen", "state", "address", "seen", "acts"].map((key) => word(key)), walls) : empty(`${word("screens")}: ${word("nothing")}`),
      programs.length ? table(word("tokens"), ["title", "token", "scope", "state", "expires", "seen", "acts"].map((key) => word(key)), programs) : empty(`${word("tokens")}: ${word("nothing")}`),
    ];
  };

  PARTS.approvals = async () => {
    const { approvals } = await ask("/admin/data/approvals");
    const line = (each) => {
      const waits = each.state === "waiting";
      const act = (name) => () => (name === "refuse" || sure(word("approve"), ioc.name(each.words))) && send(`/admin/approvals/${name}`, { id: each.id });
      const acts = make("div", "admin-acts",
        waits && each.second && !each.mine ? button(word("approve"), act("approve"), "first") : null,
        waits && each.second && !each.mine ? button(word("refuse"), act("refuse")) : null,
        waits && each.mine ? button(word("takeBack"), act("refuse")) : null,
        each.state === "approved" && each.mine && each.kind === "audit.export" ? button(word("fetch"), () => location.assign(`/admin/audit/export/${each.id}`)) : null);
      const what = make("div", "", make("b", "", ioc.name(each.title)), make("p", "", ioc.name(each.words)), make("p", "note", `${word("reason")}: ${each.reason} · ${each.digest.slice(0, 12)}`));
      return row(what, `${each.asked_by} · ${moment(each.asked_ms)}`, word(`is_${each.state}`), each.decided_by ? `${each.decided_by} · ${moment(each.decided_ms)}` : word("waitingFor"), acts);
    };
    const heads = [word("what"), word("by"), word("state"), word("decidedBy"), word("acts")];
    const kinds = [["waiting", (each) => each.state === "waiting" && !each.mine], ["mine", (each) => each.state === "waiting" && each.mine], ["decided", (each) => each.state !== "waiting"]];
    return kinds.map(([name, fits]) => { const found = approvals.filter(fits); return found.length ? table(word(name), heads, found.map(line)) : empty(`${word(name)}: ${word("nothing")}`); });
  };

  PARTS.audit = async () => {
    const asked = new URLSearchParams(Object.entries(sought).filter(([, value]) => value));
    const { entries, more } = await ask(`/admin/data/audit?${asked}`);
    const fields = [input(word("who"), "actor", 64), input(word("action"), "action", 48), input(word("subject"), "subject", 128), input(word("from"), "from", 16, "datetime-local"), input(word("to"), "to", 16, "datetime-local")];
    const search = form("admin-search", fields, word("search"), (given) => { sought = { ...given, since: local(given.from), until: local(given.to), before: "" }; delete sought.from; delete sought.to; look(); });
    fields.forEach((label) => { const field = label.querySelector("input"); field.value = sought[field.name] || ""; });
    const acts = make("div", "admin-acts",
      button(word("verify"), async () => {
        try { const told = await ask("/admin/audit/verify", {}); say(told.faults.length ? word("broken", ...told.faults[0]) : word("whole_", told.entries, told.anchors), true); } catch (problem) { say(problem.told ? problem.message : word("lost")); }
      }),
      button(word("export"), () => {
        const reason = window.prompt(`${word("export")} · ${word("reason")}`);
        const payload = { actor: sought.actor || "", action: sought.action || "", subject: sought.subject || "", since: Number(sought.since || 0), until: Number(sought.until || 0) };
        if (reason) send("/admin/approvals/ask", { kind: "audit.export", payload, reason }, () => word("asked"));
      }),
      more ? button(word("more"), () => { sought = { ...sought, before: String(entries[entries.length - 1].seq) }; look(); }) : null);
    const rows = entries.map((each) => row(String(each.seq), moment(each.at_ms), each.roles ? `${each.actor} (${each.roles})` : each.actor, each.action, each.subject, make("code", "", JSON.stringify(each.detail))));
    return [search, acts, rows.length ? table(word("action"), ["number", "at", "who", "action", "subject", "detail"].map((key) => word(key)), rows) : empty(word("nothing"))];
  };
  const local = (text) => (text ? String(Date.parse(`${text}:00+08:00`) || "") : "");

  // --- showing --------------------------------------------------------------------------------------------------------------
  async function look() {
    const mine = ++turn, body = at("admin-body");
    if (!body || !part) return;
    if (!body.children.length) body.replaceChildren(empty(word("loading")));
    try {
      const made = await PARTS[part]();
      if (mine === turn) body.replaceChildren(...made);
    } catch (problem) {
      if (mine === turn) body.replaceChildren(make("div", "admin-lost", make("p", "", problem.told ? problem.message : word("lost")), button(word("again"), look)));
    }
  }

  function choose(name) {
    part = name;
    document.querySelectorAll("#admin [role=tab]").forEach((tab) => {
      const on = tab.dataset.part === part;
      ioc.put(tab, "aria-selected", String(on));
      tab.tabIndex = on ? 0 : -1;
    });
    const body = at("admin-body");
    ioc.put(body, "aria-labelledby", `admin-tab-${part}`);
    body.replaceChildren();
    const here = new URL(location.href);
    here.searchParams.set("part", part);
    history.replaceState(history.state, "", here);
    look();
  }

  document.addEventListener("click", (event) => { const tab = event.target.closest && event.target.closest("#admin [role=tab]"); if (tab) choose(tab.dataset.part); });
  document.addEventListener("keydown", (event) => {
    const tab = event.target.closest && event.target.closest("#admin [role=tab]");
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!tab || !step) return;
    const tabs = [...document.querySelectorAll("#admin [role=tab]")], next = tabs[(tabs.indexOf(tab) + step + tabs.length) % tabs.length];
    next.focus();
    choose(next.dataset.part);
  });
  document.addEventListener("visibilitychange", () => { if (!document.hidden && at("admin-body") && !document.querySelector("#admin form :focus")) look(); });

  // Dash puts the page there when its address is shown.
  new MutationObserver(() => {
    const found = at("admin-is");
    if (found === root) return;
    root = found;
    if (root) { sought = {}; choose(root.dataset.part); }
  }).observe(document.documentElement, { subtree: true, childList: true });
})();
