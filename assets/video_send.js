// The tiles of a tablet on a wall: who may take screens chooses one, and takes it with the view that it has and these tiles.
"use strict";
(function () {
  const ioc = (window.ioc = window.ioc || {});
  const ANSWER_MS = 4000;
  const word = (...parts) => ioc.videoWord(...parts);

  async function ask(path, body) {
    const reply = await fetch(path, {
      method: body ? "POST" : "GET", credentials: "same-origin", headers: body ? { "Content-Type": "application/json" } : {},
      body: body && JSON.stringify(body), signal: AbortSignal.timeout(ANSWER_MS),
    });
    const answer = await reply.json();
    if (!reply.ok) throw new Error(ioc.english() ? answer.error.message_en : answer.error.message_zh);
    return answer;
  }

  // The right by which to take it: the one that this person has it by, through an emergency that, else the highest.
  function right(screen, { me, may }) {
    const { shown } = screen;
    if (shown.by === me && may[shown.mode]) return shown.mode;
    if (shown.mode === "emergency" && may.emergency) return "emergency";
    return may.duty ? "duty" : "leader";
  }

  async function send(name) {
    try {
      const answer = await ask("/api/v1/screens"); // what it shows may have changed since the choice was offered
      const screen = answer.screens.find((each) => each.name === name);
      const view = { ...screen.shown.view, video: [...ioc.video.tiles().keys()] };
      await ask(`/screens/${encodeURIComponent(name)}/claim`, { right: right(screen, answer), view });
      ioc.video.note(word("sent", ioc.name(screen)));
    } catch (problem) { ioc.video.note(word("refused", problem.name === "Error" ? problem.message : word("away"))); }
  }

  // A button, and the screens that it offers.
  ioc.videoSend = () => {
    const act = ioc.make("button", "video-act video-send", word("send")), menu = ioc.make("div", "video-menu");
    act.type = "button";
    menu.hidden = true;
    act.setAttribute("aria-expanded", "false");
    const open = (on) => { menu.hidden = !on; act.setAttribute("aria-expanded", String(on)); };
    act.addEventListener("click", async () => {
      if (!menu.hidden) { open(false); return; }
      try {
        const { screens } = await ask("/api/v1/screens");
        menu.replaceChildren(...screens.map((each) => {
          const choice = ioc.make("button", "video-act", word("sendTo", ioc.name(each)));
          choice.type = "button";
          choice.dataset.screen = each.name;
          choice.addEventListener("click", () => { open(false); act.focus(); send(each.name); });
          return choice;
        }));
        open(true);
        if (menu.firstChild) menu.firstChild.focus();
      } catch { ioc.video.note(word("away")); }
    });
    menu.addEventListener("keydown", (event) => { if (event.key === "Escape") { event.stopPropagation(); open(false); act.focus(); } });
    return [act, menu];
  };
})();
