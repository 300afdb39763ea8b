// Orders and messages by hand: to whom, what, and whether an answer is wanted; what reached nobody is sent once more. While
// somebody is not reached or has not answered, the receipts are read again.
"use strict";
(function () {
  const ioc = (window.ioc = window.ioc || {});
  const { desk } = ioc;
  const AGAIN_MS = 10000;
  const WORDS = {
    title: ["指令与消息", "An order or a message"], to: ["发给", "To"], others: ["其他对象", "Others"], othersHint: ["如 unit:消防02 org:水务局，空格分隔", "as unit:F02 org:water, by blanks"], subject: ["标题", "Title"], body: ["正文", "Text"], asks: ["须回执", "Wants an answer"], send: ["发送", "Send"],
    noTitle: ["须写标题", "A title is needed"], noTo: ["须选对象", "Choose whom it is for"], sent: ["已发 {0} 条", "{0} sent"], again: ["再次发送", "Send again"], againDone: ["已要求再次发送", "It is sent again"], about: ["关于：{0}", "About: {0}"], nobody: ["未选事件：只可发给岗位", "Nothing is chosen: only to posts and roles"],
  };
  const word = (key, ...parts) => WORDS[key][ioc.english() ? 1 : 0].replace(/\{(\d)\}/g, (_, index) => parts[index]);
  const WITHOUT = ["role", "post"]; // kinds that are somebody without a dossier
  let root = null, readAt = 0;

  function open() {
    if (!desk.at("desk-new-ok")) return;
    const answer = desk.dossier.now(), row = answer && answer.row;
    const key = [...crypto.getRandomValues(new Uint8Array(8))].map((each) => each.toString(16).padStart(2, "0")).join("");
    const list = ioc.make("div", "box-choices");
    const marks = desk.names().audiences.filter((each) => row || WITHOUT.includes(each.kind)).map((each) => {
      const label = ioc.make("label"), mark = Object.assign(ioc.make("input"), { type: "checkbox", value: each.id, checked: Boolean(row) && each.id === (row.org ? "org" : "units") });
      label.append(mark, ioc.make("span", "", ioc.name(each)));
      list.append(label);
      return mark;
    });
    const to = ioc.make("div", "desk-field");
    to.append(ioc.make("span", "", word("to")), list);
    const others = desk.input({ placeholder: word("othersHint"), maxLength: 400 });
    const title = desk.input({ maxLength: 100, value: row ? row.title.slice(0, 100) : "" });
    const body = desk.input({ rows: 3, maxLength: 2000 });
    const asks = Object.assign(ioc.make("input"), { type: "checkbox", checked: true });
    const want = ioc.make("label", "desk-field");
    want.append(ioc.make("span", "", word("asks")), asks);
    desk.box({
      title: word("title"), submit: word("send"),
      parts: [ioc.make("p", "note", row ? word("about", row.title) : word("nobody")), to, desk.labelled(word("others"), others), desk.labelled(word("subject"), title), desk.labelled(word("body"), body), want],
      send: async () => {
        const chosen = [...marks.filter((each) => each.checked).map((each) => each.value), ...others.value.split(/\s+/).filter(Boolean)];
        if (!title.value.trim()) desk.must(word("noTitle"), title);
        if (!chosen.length) desk.must(word("noTo"), marks[0]);
        const made = await desk.ask("/messages", { title: title.value.trim(), body: body.value.trim(), to: chosen, asks: asks.checked, dossier: row ? row.id : "", key });
        desk.dialog(null);
        desk.say(word("sent", made.messages.length));
        desk.dossier.read();
      },
    });
    body.focus();
  }
  desk.keys("duty incident", { m: open });

  // What stands behind a message that reached nobody.
  desk.resend = (message) => {
    const button = desk.button(word("again"));
    button.addEventListener("click", async () => {
      try { await desk.ask(`/messages/${encodeURIComponent(message.id)}/again`, {}); desk.say(word("againDone")); desk.dossier.read(); } catch (problem) { desk.say(desk.why(problem)); }
    });
    return button;
  };

  desk.page({
    enter: (found) => { root = desk.at("dossier") ? found : null; },
    tick: () => {
      const answer = root && desk.dossier.now();
      if (!answer || document.hidden || performance.now() - readAt < AGAIN_MS) return;
      readAt = performance.now();
      if (answer.messages.some((each) => each.state === "waits" || (each.reached === null && each.answered === null && each.state !== "stopped"))) desk.dossier.read();
    },
  });
})();
