// The words that live.js and its parts write, in both languages.
"use strict";
(function () {
  const ioc = (window.ioc = window.ioc || {});
  const words = {
    live: ["实时", "LIVE"], replay: ["回放", "REPLAY"], exercise: ["演练", "EXERCISE"], whatif: ["推演", "WHAT IF"],
    connecting: ["正在连接", "Connecting"], reconnecting: ["重连中", "Reconnecting"],
    dataAge: ["数据 {0}前", "data {0} old"], oldest: ["最旧 {0}", "oldest {0}"], noDataYet: ["尚无数据", "no data yet"],
    feeds: ["数据源 {0} / {1} 正常", "feeds {0} / {1} fine"], simulatedFeeds: ["模拟数据：{0}", "simulated: {0}"], andMore: ["{0}等 {1} 项", "{0} and {2} more"], recordedDay: ["录制日期 {0}", "recorded on {0}"], atSpeed: ["×{0}", "×{0}"], standing: ["已停止", "ENDED"],
    second: ["{0} 秒", "{0} s"], minute: ["{0} 分", "{0} min"], hour: ["{0} 小时", "{0} h"], day: ["{0} 天", "{0} d"],
    late: ["迟到 {0}", "{0} late"], lost: ["中断 {0}", "lost {0}"], last: ["末次 {0}", "last {0}"], none: ["无数据", "no data"],
    provisional: ["暂定", "provisional"], lateTag: ["迟到", "late"], lostTag: ["数据中断", "feed lost"],
    noJudgement: ["不作判断", "not judged"], noYesterday: ["昨日同时无值", "no value yesterday"], same: ["持平", "unchanged"],
    valueAt: ["{0} 值", "value of {0}"], willChange: ["{0} 未满，会变", "{0} still open"], corrected: ["修正 {0}", "correction {0}"],
    red: ["红", "red"], orange: ["橙", "orange"], yellow: ["黄", "yellow"], blue: ["蓝", "blue"],
    word_red: ["严重", "Severe"], word_orange: ["告警", "Alert"], word_yellow: ["关注", "Watch"], word_blue: ["提示", "Notice"],
    word_calm: ["平稳", "Calm"], word_loading: ["载入中", "Loading"], loading: ["正在取得全部指标，尚不判断", "indicators are on their way: nothing is judged yet"], word_blind: ["不可判", "Unknown"],
    countAll: ["{0} 项指标", "{0} indicators"], countLevel: ["{0} 项{1}", "{0} {1}"], countFine: ["{0} 项正常", "{0} normal"],
    countLost: ["{0} 项数据中断", "{0} lost"], countLate: ["{0} 项迟到", "{0} late"], countNone: ["{0} 项无数据", "{0} without data"],
    noneOver: ["没有指标越线", "No indicator is over its limit"], line: ["{0}线 {1}", "{0} limit {1}"], lineZ: ["{0}线 偏离常态 {1}σ", "{0} limit {1}σ from usual"], unnamed: ["未注明", "not named"], at: ["{0} 值", "as of {0}"],
    comma: ["，", ", "], semicolon: ["；", "; "],
    origin_real: ["实测", "real"], origin_recorded: ["录制", "recorded"], origin_simulated: ["模拟", "simulated"],
    state_ok: ["正常", "ok"], state_late: ["迟到", "late"], state_lost: ["中断", "lost"], state_none: ["未接入", "not connected"],
    restFine: ["其余 {0} 路正常", "{0} more are fine"], restTroubled: ["另有 {0} 路不正常", "{0} more are not"],
    alive: ["正常", "ok"], gone: ["中断 {0}", "lost {0}"], unknown: ["未知", "unknown"],
    out_gateway: ["与服务器断开 {0}，正在重连", "Disconnected for {0}, reconnecting"],
    out_valkey: ["数据总线中断 {0}", "Valkey is lost for {0}"], out_engine: ["计算引擎中断 {0}", "The engine is lost for {0}"],
    frozen: ["画面停在 {0}，恢复后自动更新", "The picture stands at {0}; it will follow by itself"], beijing: ["北京时间 {0}", "{0} Beijing time"],
    ended: ["登录已失效，请重新登录", "The session has ended: sign in again"], refused: ["无权接收本场景的数据", "No permission for this scene"],
    gap: ["缺 {0} 条", "{0} missing"], weekdays: ["日一二三四五六", "Sun Mon Tue Wed Thu Fri Sat"],
    sample: ["{0} 行样本", "{0} row"], samples: ["{0} 行样本", "{0} rows"], few: ["样本不足：报数路段 {0}/{1}", "few samples: {0}/{1} roads"],
    countFew: ["{0} 项样本不足", "{0} with few samples"], countOpen: ["{0} 项待时段完整", "{0} not complete yet"],
    judgedAt: ["{0} 值 {1}", "{1} at {0}"], thinAt: ["{0} 样本不足", "few samples at {0}"], notSettled: ["未满，不判级", "not judged yet"],
    byWindow: ["{0} 完整时段：{1}", "complete {0}: {1}"], byWindows: ["各项最近完整时段，至 {0}：{1}", "latest complete windows, up to {0}: {1}"], brackets: ["（{0}）", " ({0})"],
    since: ["自 {0}", "since {0}"], more: ["另有 {0} 项", "{0} more"], district: ["全区", "whole district"],
    short_red: ["红", "Red"], short_orange: ["橙", "Org"], short_yellow: ["黄", "Yel"], short_blue: ["蓝", "Blu"],
    coverage: ["报数路段 {0}/{1}", "{0}/{1} roads"],
    task_ok: ["数据正常", "fed"], task_part: ["部分接入", "partly fed"], task_late: ["有迟到", "late"], task_lost: ["有中断", "lost"], task_none: ["未接入", "not fed"],
    alarmCount: ["{0} 处", "×{0}"], onlyParts: ["局部", "parts"], busAway: ["数据总线无应答，状态未知", "The data bus does not answer: states are unknown"],
    askedAt: ["{0} 的状态", "as of {0}"], notYours: ["无权查看数值", "no permission for values"], noLimits: ["无限值", "no limits"], stale: ["迟到", "stale"],
    now: ["{0}", "{0}"], recordedMark: ["回放", "REPLAY"], simulatedMark: ["演练", "EXERCISE"],
  };
  let english = 0;
  ioc.language = (lang) => { english = lang === "en" ? 1 : 0; document.documentElement.lang = english ? "en" : "zh-CN"; };
  ioc.word = (key, ...parts) => words[key][english].replace(/\{(\d)\}/g, (_, index) => parts[index]);
  ioc.english = () => english === 1;
})();
