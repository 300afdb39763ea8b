// What a tile of video may say of its picture: a function of what its player noticed, and of the clock. Words for it.
"use strict";
(function () {
  const ioc = (window.ioc = window.ioc || {});
  const PATIENCE_MS = 15000; // a first picture may take so long
  const STREAM_MS = 6000; // a stream that brings nothing for so long is lost
  const WORDS = {
    watching: ["{0} 人在看", "{0} watching"], watchingOne: ["仅此处在看", "only you watch"], unknownWatchers: ["观看人数未知", "watchers unknown"], since: ["{0} 自 {1}", "{0} since {1}"],
    connecting: ["正在接通", "Connecting"], never: ["没有画面 · 自 {0}", "No picture · since {0}"], lost: ["信号中断 · 自 {0}", "Signal lost · since {0}"], stale: ["画面停在 {0}", "The picture stands at {0}"],
    pictures: ["图片 {0}前", "picture {0} old"], stream: ["{0} 直播", "{0} live"], simulated: ["演练", "EXERCISE"], recorded: ["录制", "recorded"],
    unknown: ["没有这台摄像机", "There is no such camera"], past: ["回放中没有录像", "No recording of the past"], no_stream: ["此摄像机未登记视频流", "Its register names no stream"],
    no_server: ["未接入流媒体服务", "No media server is connected"], no_clip: ["演练片段未生成：ioc video demo", "The clip was not made: ioc video demo"],
    cannot: ["此浏览器不能播放，也没有图片可用", "This browser cannot play it, and there are no pictures"], denied: ["无权观看视频", "No permission for video"], ended: ["登录已失效", "The session has ended"],
    close: ["关闭 {0}", "Close {0}"], closeAll: ["全部关闭", "Close all"], title: ["视频 {0}/{1}", "Video {0}/{1}"], full: ["最多 {0} 路，请先关闭一路", "{0} at most: close one first"],
    opened: ["已打开 {0}", "{0} is open"], closed: ["已关闭 {0}", "{0} is closed"], tile: ["视频 {0}：{1}", "Video of {0}: {1}"], dock: ["视频", "Video"], here: ["（大屏）", " (wall)"],
    nobody: ["无人观看", "nobody watches"], send: ["上大屏", "To a screen"], sendTo: ["送到 {0}", "To {0}"], sent: ["已送到 {0}", "Shown on {0}"], refused: ["未能送到大屏：{0}", "Not shown: {0}"], away: ["与服务器断开", "disconnected"],
  };
  ioc.videoWord = (key, ...parts) => WORDS[key][ioc.english() ? 1 : 0].replace(/\{(\d)\}/g, (_, index) => parts[index]);

  // `began`: when it was asked for; `seen`: when the newest picture was taken, null before the first; `failed`: whether the
  // way to it has failed since; `every`: ms between pictures, 0 for a stream. What it is, and since when.
  ioc.videoVerdict = ({ began, seen, failed, every }, now) => {
    if (seen === null) return now - began <= PATIENCE_MS ? { is: "connecting", since: began } : { is: "lost", since: began };
    const limit = every ? Math.max(3 * every, STREAM_MS) : STREAM_MS;
    if (now - seen <= limit) return { is: "playing", since: seen };
    return { is: every && !failed ? "stale" : "lost", since: seen };
  };
})();
