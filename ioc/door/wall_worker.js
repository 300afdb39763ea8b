// The worker of an enrolled device: a page that cannot be had is answered by a small page of its own that says so and tries
// again, so that a wall never shows an error page of its browser. Everything else goes by untouched.
"use strict";
const ANSWER_MS = 15000;
const AWAY = `<!DOCTYPE html><html lang="zh-CN"><head><meta charset="utf-8"><meta http-equiv="refresh" content="3"><meta name="color-scheme" content="dark">
<title>正在重连 · Reconnecting</title><style>html{font-size:clamp(8px,min(calc(100vw/192),calc(100vh/108)),40px);background:#08111D;color:#E8F1FA;cursor:none}
body{margin:0;min-height:100vh;display:grid;place-items:center;font:600 3.2rem/1.6 "Noto Sans CJK SC","Source Han Sans SC","Microsoft YaHei","PingFang SC",sans-serif}
main{border:.2rem dashed #E8F1FA;padding:1.6rem 4rem;text-align:center}p{margin:0;font-size:1.6rem;font-weight:400;color:#9DB2C8}</style></head>
<body><main id="away">正在重连<p>Reconnecting</p></main></body></html>`;

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

const away = () => new Response(AWAY, {
  status: 503, // a page that asks for it before it leaves stays where it is
  headers: { "Content-Type": "text/html; charset=utf-8", "Cache-Control": "no-store", "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'" },
});

// A page whose parts did not all come is no wall: as soon as the server answers it is asked for anew.
async function mend(id) {
  for (let tries = 0; tries < 100; tries += 1) {
    await new Promise((done) => setTimeout(done, 3000));
    try {
      const reply = await fetch("/healthz", { cache: "no-store", signal: AbortSignal.timeout(5000) });
      const page = await self.clients.get(id);
      if (!page) return;
      if (reply.ok) { await page.navigate(page.url); return; }
    } catch { /* not yet */ }
  }
}

self.addEventListener("fetch", (event) => {
  const { request } = event;
  if (new URL(request.url).origin !== self.location.origin || request.method !== "GET") return;
  if (request.mode === "navigate") {
    event.respondWith(fetch(request, { signal: AbortSignal.timeout(ANSWER_MS) }).then((reply) => (reply.status >= 500 ? away() : reply), away));
  } else if (["script", "style"].includes(request.destination) || /\/_dash-(layout|dependencies)/.test(request.url)) {
    const coming = fetch(request);
    event.respondWith(coming);
    event.waitUntil(coming.then((reply) => (reply.status >= 500 ? mend(event.clientId) : null), () => mend(event.clientId)));
  }
});
