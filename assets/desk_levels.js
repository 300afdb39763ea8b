// Response levels of the plans: which stand, and starting, raising, lowering and ending them by the authority each takes.
"use strict";
(function () {
  const ioc = (window.ioc = window.ioc || {});
  const { desk } = ioc;
  const AGAIN_MS = 30000;
  const MARKS = ["", "Ⅳ", "Ⅲ", "Ⅱ", "Ⅰ"];
  const ACTS = { start: ["启动", "Start"], raise: ["提升至", "Raise to"], lower: ["降至", "Lower to"], end: ["终止", "End"] };
  const WORDS = {
    title: ["应急响应级别", "Response levels"], why: ["理由", "Reason"], whyHint: ["先写理由，再选级别", "the reason first, then the level"], noWhy: ["须写理由", "Say why"], none: ["未启动", "none"], since: ["{0} {1} 起", "{0} since {1}"], done: ["{0} {1}", "{0}: {1}"], level: ["{0}级", "level {0}"], shown: ["{0}级 {1}响应", "{1} response {0}"], more: ["等 {0} 项", "and {0} more"],
  };
  const word = (key, ...parts) => WORDS[key][ioc.english() ? 1 : 0].replace(/\{(\d)\}/g, (_, index) => parts[index]);
  const named = ([zh, en]) => (ioc.english() ? en || zh : zh);
  let root = null, readAt = -Infinity;
  const read = () => desk.ask(`/responses?${new URLSearchParams({ world: desk.world() })}`);

  // The highest that stands, in the head.
  async function head() {
    readAt = performance.now();
    const place = desk.at("desk-response");
    if (!place) return;
    try {
      const standing = (await read()).responses.filter((each) => each.level);
      const [first] = standing;
      ioc.hide(place, !first);
      if (!first) return;
      place.replaceChildren(desk.chip(first.level), ioc.make("b", "", [word("shown", first.mark, named(first.name)), standing.length > 1 ? word("more", standing.length) : ""].filter(Boolean).join(" ")));
    } catch { /* asked again */ }
  }

  async function open() {
    try { draw(await read(), ""); } catch (problem) { desk.say(desk.why(problem)); }
  }
  function draw(found, said) {
    const why = desk.input({ maxLength: 400, placeholder: word("whyHint"), value: said });
    const list = Object.assign(ioc.make("ul", "box-list levels"), { tabIndex: 0 }), may = found.responses.some((each) => each.may.length);
    for (const each of found.responses) {
      const line = ioc.make("li"), bar = ioc.make("div", "choices"), last = each.steps[each.steps.length - 1];
      line.append(each.level ? desk.chip(each.level) : ioc.make("span", "tag dashed", word("none")), ioc.make("b", "", named(each.name)), ioc.make("span", "who", each.level ? word("since", each.by, desk.moment(each.since)) : ""), ioc.make("p", "", last ? [ioc.name(last), last.by, last.why].filter(Boolean).join(" · ") : ""));
      for (const [act, level] of each.may) {
        const text = named(ACTS[act]) + (act === "end" ? "" : ` ${word("level", MARKS[level])}`), button = desk.button(text);
        button.addEventListener("click", () => form.attempt(async () => {
          if (!why.value.trim()) desk.must(word("noWhy"), why);
          const answer = desk.dossier && desk.dossier.now();
          await desk.ask(`/responses/${encodeURIComponent(each.plan)}`, { act, level, why: why.value.trim(), version: each.version, world: desk.world(), dossier: answer ? answer.row.id : "" });
          desk.say(word("done", named(each.name), text));
          head();
          draw(await read(), why.value);
        }));
        bar.append(button);
      }
      line.append(bar);
      list.append(line);
    }
    const form = desk.box({ title: word("title"), parts: [...(may ? [desk.labelled(word("why"), why)] : []), list], wide: true });
  }
  desk.keys("duty incident", { l: open });
  desk.page({ enter: (found) => { root = found; if (desk.at("desk-response")) head(); }, tick: () => { if (root && !document.hidden && performance.now() - readAt > AGAIN_MS) head(); } });
})();
