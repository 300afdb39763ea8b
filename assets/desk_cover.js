// Covers of a card of alarms: shelved for a while, suppressed by design or for maintenance, out of service; with a reason and
// an end, and taken away again.
"use strict";
(function () {
  const ioc = (window.ioc = window.ioc || {});
  const { desk } = ioc;
  const WORDS = {
    title: ["静默、抑制、停用", "Shelve, suppress, out of service"], kind: ["方式", "How"], SHLVD: ["静默（至多 8 小时，红色除外）", "shelved (8 h at most, never red)"], DSUPR: ["按设计或维护抑制", "suppressed by design or for maintenance"], OOSRV: ["停用", "out of service"], until: ["期限", "Until"], reason: ["原因", "Reason"], send: ["确定", "Do it"], noReason: ["须写原因", "Say why"],
    m30: ["30 分钟", "30 minutes"], m60: ["1 小时", "1 hour"], m240: ["4 小时", "4 hours"], m480: ["8 小时", "8 hours"], m1440: ["1 天", "a day"], m10080: ["7 天", "7 days"], m0: ["至人工恢复", "until it is taken away"], done: ["已覆盖 {0} 条", "{0} covered"], left: ["{0} 条未覆盖：{1}", "{0} not covered: {1}"], critical: ["红色不静默", "red is never shelved"], state: ["此状态不可", "not in this state"], take: ["恢复", "Take it away"], now: ["现有覆盖", "What lies over it"], lies: ["{0}：{1} · {2} · {3}", "{0}: {1} · {2} · {3}"], back: ["已恢复 {0} 条", "{0} brought back"],
  };
  const MINUTES = { SHLVD: [30, 60, 240, 480], DSUPR: [60, 480, 1440, 10080, 0], OOSRV: [480, 1440, 10080, 0] };
  const word = (key, ...parts) => WORDS[key][ioc.english() ? 1 : 0].replace(/\{(\d)\}/g, (_, index) => parts[index]);

  desk.coverCard = (card, send) => {
    if (!card || !desk.at("desk-new-ok")) return;
    const kinds = Object.keys(MINUTES).filter((kind) => kind !== "SHLVD" || card.level < 4);
    const kind = desk.select(kinds.map((each) => [each, word(each)]), kinds[0]), until = ioc.make("select", "desk-select"), reason = desk.input({ maxLength: 200 });
    const ends = () => { until.replaceChildren(...MINUTES[kind.value].map((minutes) => Object.assign(ioc.make("option", "", word(`m${minutes}`)), { value: String(minutes) }))); };
    kind.addEventListener("change", ends);
    ends();
    const parts = [ioc.make("p", "note", [card.place_name, card.name].map(([zh, en]) => (ioc.english() ? en || zh : zh)).join(" · "))];
    const covered = card.alarms.filter((each) => each.cover);
    if (covered.length) {
      const list = ioc.make("ul", "box-list"), line = ioc.make("li"), bar = ioc.make("div", "choices"), take = desk.button(word("take"));
      const about = [...new Set(covered.map(({ cover }) => word("lies", word(cover.kind), cover.why, cover.by, cover.until === null ? word("m0") : desk.moment(cover.until))))];
      line.append(ioc.make("span"), ioc.make("b", "", word("now")), ioc.make("span"), ioc.make("p", "", about.join(ioc.word("semicolon"))));
      take.addEventListener("click", () => form.attempt(async () => { const answer = await send("/api/v1/alarms/uncover", { card: card.id }); desk.dialog(null); desk.say(word("back", answer.done.length)); }));
      bar.append(take);
      line.append(bar);
      list.append(line);
      parts.push(list);
    }
    const form = desk.box({
      title: word("title"), submit: word("send"), parts: [...parts, desk.labelled(word("kind"), kind), desk.labelled(word("until"), until), desk.labelled(word("reason"), reason)],
      send: async () => {
        if (!reason.value.trim()) desk.must(word("noReason"), reason);
        const answer = await send("/api/v1/alarms/cover", { card: card.id, kind: kind.value, reason: reason.value.trim(), minutes: Number(until.value) || null });
        const left = Object.values(answer.refused);
        desk.dialog(null);
        desk.say([word("done", answer.done.length), left.length ? word("left", left.length, [...new Set(left.map((each) => word(each.why === "critical" ? "critical" : "state")))].join(ioc.english() ? ", " : "、")) : ""].filter(Boolean).join(ioc.word("semicolon")));
      },
    });
    reason.focus();
  };
})();
