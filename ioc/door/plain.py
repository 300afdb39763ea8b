"""Plain pages: sign-in, refusals and errors. Server-rendered, one style sheet, no script; every value is escaped."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from typing import NamedTuple
from urllib.parse import urlencode

from flask import Response
from markupsafe import Markup

from ioc.door.missing import Choice, Missing
from ioc.security import second_factor

STYLE = """
:root{--bg:#08111D;--panel:#0B1728;--field:#081320;--line:#1C2E45;--strong:#35506F;--focus:#5FD0C5;
--text:#E8F1FA;--muted:#9DB2C8;--accent:#5FD0C5;--on:#08111D;color-scheme:dark}
html{font-size:clamp(10px,min(calc(100vw/192),calc(100vh/108)),40px)}
*{box-sizing:border-box}
body{margin:0;min-height:100vh;display:grid;place-items:center;padding:1.6rem;background:var(--bg);color:var(--text);
font:1.5rem/1.6 "Noto Sans CJK SC","Source Han Sans SC","Microsoft YaHei","PingFang SC",sans-serif;
font-variant-numeric:tabular-nums}
main{width:min(46rem,100%);background:var(--panel);border:1px solid var(--line);padding:2.4rem}
h1{margin:0;font-size:2.2rem;line-height:1.3;font-weight:700}
h2{margin:1.6rem 0 .4rem;font-size:1.8rem}
p{margin:.4rem 0;color:var(--muted);overflow-wrap:anywhere}
p.say{color:var(--text)}
form{margin:1.6rem 0 0}
label{display:block;margin:1.2rem 0 .4rem;color:var(--muted);font-size:1.4rem}
input{width:100%;height:4.4rem;padding:0 1.2rem;background:var(--field);color:var(--text);
border:1px solid var(--strong);border-radius:0;font:inherit}
button,a.button{display:inline-flex;align-items:center;justify-content:center;min-height:4.4rem;padding:0 2.4rem;
border:1px solid var(--strong);border-radius:.4rem;background:transparent;color:var(--text);font:inherit;
text-decoration:none;cursor:pointer}
button.first,a.first{background:var(--accent);border-color:var(--accent);color:var(--on);font-weight:700}
form.sign-in button{width:100%;margin-top:1.6rem}
:focus-visible{outline:2px solid var(--focus);outline-offset:2px}
[role=alert]{margin:1.2rem 0 0;color:var(--text);font-weight:700}
.row{display:flex;flex-wrap:wrap;gap:1.2rem;margin-top:2rem}
.row form{margin:0}
.foot{display:flex;align-items:center;justify-content:space-between;gap:1.6rem;margin-top:2rem;padding-top:1.2rem;
border-top:1px solid var(--line);color:var(--muted);font-size:1.3rem}
.foot a{display:inline-flex;align-items:center;min-height:4.4rem;color:var(--text);white-space:nowrap}
figure.qr{width:22rem;height:22rem;margin:1.6rem auto}figure.qr svg{width:100%;height:100%}
code{font-family:inherit;color:var(--text);user-select:all}
.code{margin:2.4rem 0;font-size:9.6rem;line-height:1.2;font-weight:700;letter-spacing:.06em;color:var(--text);
white-space:nowrap;text-align:center}
body.waiting main{width:min(96rem,100%);text-align:center}
body.waiting [hidden]{display:none}
body.waiting,body.waiting *{cursor:none}
@media(max-width:900px){.code{font-size:5.2rem}}
body.wide{place-items:start center}
.wide main{width:min(120rem,100%)}
.wide h2{margin-top:3.2rem;border-top:1px solid var(--line);padding-top:1.6rem}
.wide h3{margin:1.6rem 0 .4rem;font-size:1.5rem}
.wide nav a{display:inline-flex;align-items:center;min-height:4.4rem;margin-right:1.6rem;color:var(--text)}
.wide table{width:100%;border-collapse:collapse;margin:.8rem 0}
.wide td,.wide th{padding:.6rem 1.2rem .6rem 0;border-bottom:1px solid var(--line);text-align:left;
vertical-align:top;overflow-wrap:anywhere}
.wide th{color:var(--muted);font-weight:400}
.wide pre{margin:.8rem 0;padding:1.2rem;border:1px solid var(--line);background:var(--field);white-space:pre-wrap;
overflow-wrap:anywhere;font:1.4rem/1.6 "Noto Sans Mono","DejaVu Sans Mono",monospace}
"""
STYLE_HASH = "'sha256-" + base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode() + "'"
PLAIN = "X-Plain-Page"  # marks a response for the plain policy; taken off before it is sent

_PAGE = Markup(
    '<!DOCTYPE html>\n<html lang="{lang}"><head><meta charset="utf-8">'
    '<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="color-scheme" content="dark">'
    '<link rel="icon" href="data:,"><title>{title} · {name}</title><style>{style}</style></head>'
    '<body class="{kind}"><main><h1>{name}</h1>{body}</main></body></html>\n'
)
SCRIPTED = "scripted"  # its value for a page that has a script of ours
AUTOFOCUS = Markup(" autofocus")
_NAME = {"zh": "罗湖区智能运营中心", "en": "Luohu Intelligent Operations Center"}
_LANG = {"zh": "zh-CN", "en": "en"}
_OTHER = {"zh": ("en", "English"), "en": ("zh", "中文")}

WORDS: Mapping[str, tuple[str, str]] = {
    "ended": (
        "登录已失效：久未操作，或已被停用。请重新登录。",
        "Your session has ended: it was idle for too long, or was closed. Sign in again.",
    ),
    "sign_in": ("登录", "Sign in"),
    "recorded": ("账号登录，每次登录均有记录", "Every sign-in is recorded"),
    "name": ("账号", "Account"),
    "password": ("口令", "Password"),
    "first_time": (
        "首次使用：在服务器本机打开启动时打印的一次性链接。",
        "First time: open one of the one-time links printed at start, on the server itself.",
    ),
    "home": ("回首页", "Home"),
    "sign_out": ("退出登录", "Sign out"),
    "to_sign_in": ("去登录", "Sign in"),
    "number": ("编号", "Reference"),
    "wrong": (
        "账号或口令不对，还可试 {left} 次；忘记口令请找系统管理员。",
        "Wrong account or password; {left} more tries. Ask the system administrator if you forgot it.",
    ),
    "locked": (
        "失败次数过多，{minutes} 分钟后再试。",
        "Too many failures. Try again in {minutes} minutes.",
    ),
    "password_expired": (
        "口令已超过 6 个月未更换，请系统管理员重设。",
        "The password is older than 6 months; ask the system administrator for a new one.",
    ),
    "step_over": ("这一步已过期，请重新登录。", "This took too long: sign in again."),
    "owes_code": (
        "输入手机验证器上的 6 位验证码，或一个恢复码。",
        "Type the six digits that your authenticator shows, or a recovery code.",
    ),
    "owes_change": (
        "此口令由他人设置，须先换成自己的：至少 8 位，大写、小写、数字、其他字符中的 3 类。",
        "Somebody else set this password; choose your own: 8 characters or more, of 3 kinds.",
    ),
    "owes_enrol": (
        "您的角色须有二次验证：用手机验证器扫描，或键入密钥，再输入它显示的 6 位验证码。",
        "Your role takes a second factor: scan this with an authenticator or type the key, then type its six digits.",
    ),
    "code": ("验证码", "Code"),
    "new_password": ("新口令", "New password"),
    "key": ("密钥", "Key"),
    "go_on": ("继续", "Continue"),
    "recovery": ("恢复码", "Recovery codes"),
    "recovery_say": (
        "只显示这一次。每个码可代替手机用一次，请抄下并妥善保管。",
        "They are shown this once. Each takes the place of the telephone once: keep them safe.",
    ),
    "answer": ("已收到", "I have read it"),
    "answered": ("已回执，谢谢。可以关闭此页。", "Your answer was written down. You may close this page."),
    "no_role": ("此账号尚无角色，请安全管理员授权。", "This account has no role yet."),
}


class Message(NamedTuple):
    """Heading and sentence of a plain page, in both languages."""

    zh: str
    en: str
    say_zh: str
    say_en: str


MESSAGES: Mapping[str, Message] = {
    "forbidden": Message(
        "无权查看此页", "No permission", "当前账号的角色不含此页。", "The roles of this account do not include it."
    ),
    "not_found": Message("没有此页", "Not found", "地址有误，或页面已移走。", "Nothing is at this address."),
    "bad_request": Message("请求有误", "Bad request", "此请求无法受理。", "This request cannot be answered."),
    "failed": Message(
        "页面出错", "Something failed", "出错情况已记录，请报编号。", "It was recorded; report the reference below."
    ),
    "unavailable": Message(
        "暂时无法使用", "Not available now", "账号库暂无应答，请稍后重试。", "The account database does not answer."
    ),
    "link_used": Message(
        "链接已失效", "This link no longer works",
        "一次性链接只能用一次，系统每次启动都换新链接。请用最近一次启动打印的链接，或在服务器上执行 ioc user link。",
        "A one-time link works once, and each start makes new ones. Use the links of the latest start, or run "
        "`ioc user link` on the server.",
    ),
    "link_not_here": Message(
        "此链接只能在服务器本机打开", "This link works on the server itself only",
        "请在服务器本机的浏览器打开，或用账号登录。", "Open it in a browser on the server, or sign in with an account.",
    ),
    "receipt_gone": Message(
        "链接已失效", "This link no longer works", "消息已过期，请与指挥中心联系。",
        "The message is too old; call the operations centre.",
    ),
    "receipt_stopped": Message(
        "无须回执", "No answer needed", "此事已有人处理。", "Somebody has taken care of it meanwhile.",
    ),
}  # fmt: skip


def word(key: str, lang: str, **values: object) -> str:
    """A phrase in the language, with its values filled in (not yet escaped)."""
    return WORDS[key][lang == "en"].format(**values)


def sign_in_page(
    lang: str, status: int = 200, *, name: str = "", back: str | None = None, problem: str = ""
) -> Response:
    """The sign-in form; `back` is where it leads, `problem` what went wrong with the last try."""
    body = Markup(
        '<p>{recorded}</p><form class="sign-in" method="post" action="/sign-in?{query}">'
        '<label for="name">{name_label}</label>'
        '<input id="name" name="name" value="{name}" autocomplete="username" autocapitalize="none" maxlength="64" '
        'required{focus_name}><label for="password">{password_label}</label>'
        '<input id="password" name="password" type="password" autocomplete="current-password" maxlength="256" '
        'required{focus_password}>{alert}<input type="hidden" name="next" value="{back}">'
        '<button class="first" type="submit">{button}</button></form>'
        '<div class="foot"><span>{first_time}</span>'
        '<a href="/sign-in?{other_query}" lang="{other_lang}">{other}</a></div>'
    ).format(
        recorded=word("recorded", lang),
        query=urlencode({"lang": lang}),
        name_label=word("name", lang),
        name=name,
        focus_name="" if name else AUTOFOCUS,
        password_label=word("password", lang),
        focus_password=AUTOFOCUS if name else "",
        alert=Markup('<p role="alert">！{}</p>').format(problem) if problem else "",
        back=back or "",
        button=word("sign_in", lang),
        first_time=word("first_time", lang),
        other_query=urlencode({"lang": _OTHER[lang][0]} | ({"next": back} if back else {})),
        other_lang=_LANG[_OTHER[lang][0]],
        other=_OTHER[lang][1],
    )
    return _response(lang, word("sign_in", lang), body, status)


def step_page(
    lang: str, *, owes: str, token: str, name: str, secret: str, faults: Sequence[tuple[str, str]], back: str | None
) -> Response:
    """What a sign-in that is half way owes: `code`, `change` or `enrol`, which draws the secret and names it."""
    secretive = owes == "change"
    drawn = Markup("")
    if secret:
        key = " ".join(secret[at : at + 4] for at in range(0, len(secret), 4))
        figure = Markup(second_factor.picture(secret, name))  # noqa: S704 - drawn here, no text in it
        drawn = Markup('<figure class="qr" role="img" aria-label="QR">{}</figure><p>{} <code>{}</code></p>').format(
            figure, word("key", lang), key
        )
    said = "；".join(each[lang == "en"] for each in faults)
    body = Markup(
        '<p class="say">{say}</p>{drawn}<form class="sign-in" method="post" action="/sign-in/step?{query}">'
        '<label for="given">{label}</label><input id="given" name="given" type="{kind}" autocomplete="{complete}" '
        'maxlength="256" required autofocus>{alert}<input type="hidden" name="step" value="{token}">'
        '<input type="hidden" name="next" value="{back}"><button class="first" type="submit">{button}</button></form>'
    ).format(
        say=word(f"owes_{owes}", lang), drawn=drawn, query=urlencode({"lang": lang}),
        label=word("new_password" if secretive else "code", lang), kind="password" if secretive else "text",
        complete="new-password" if secretive else "one-time-code",
        alert=Markup('<p role="alert">！{}</p>').format(said) if said else "",
        token=token, back=back or "", button=word("go_on", lang),
    )  # fmt: skip
    return _response(lang, word("sign_in", lang), body, 200)


def recovery_page(lang: str, codes: Sequence[str], target: str) -> Response:
    """The recovery codes, once, with the way on."""
    lines = Markup("").join(Markup("<p><code>{}</code></p>").format(code) for code in codes)
    body = Markup(
        '<h2>{}</h2><p class="say">{}</p>{}<div class="row"><a class="button first" href="{}">{}</a></div>'
    ).format(word("recovery", lang), word("recovery_say", lang), lines, target, word("go_on", lang))
    return _response(lang, word("recovery", lang), body, 200)


def message_page(
    message: str, lang: str, status: int, *, reference: str = "", detail: str = "", signed_in: bool = False
) -> Response:
    """A page with one of MESSAGES; `reference` finds the log line, `detail` is a further sentence."""
    text = MESSAGES[message]
    title, say = (text.en, text.say_en) if lang == "en" else (text.zh, text.say_zh)
    lines = Markup('<h2>{}</h2><p class="say">{}</p>').format(title, say)
    if detail:
        lines += Markup("<p>{}</p>").format(detail)
    if reference:
        lines += Markup("<p>{} <code>{}</code></p>").format(word("number", lang), reference)
    home = Markup('<a class="button first" href="/">{}</a>').format(word("home", lang))
    leave = Markup('<form method="post" action="/sign-out"><button type="submit">{}</button></form>').format(
        word("sign_out", lang)
    )
    enter = Markup('<a class="button first" href="/sign-in?lang={}">{}</a>').format(lang, word("to_sign_in", lang))
    lines += Markup('<div class="row">{}</div>').format(home + leave if signed_in else enter)
    return _response(lang, title, lines, status)


def receipt_page(lang: str, *, title: str, text: str, done: bool) -> Response:
    """A message for whoever has its link, with the button that answers it."""
    lines = Markup("").join(Markup('<p class="say">{}</p>').format(line) for line in text.splitlines())
    button = Markup('<form method="post"><button class="first" type="submit">{}</button></form>')
    end = (
        Markup('<p role="status">{}</p>').format(word("answered", lang))
        if done
        else button.format(word("answer", lang))
    )
    return _response(lang, title, Markup("<h2>{}</h2>{}{}").format(title, lines, end), 200)


def missing_page(lang: str, missing: Missing) -> Response:
    """404: what is not there, and the ways to what there is."""
    english = lang == "en"
    text = MESSAGES["not_found"]
    title = text.en if english else text.zh
    ways = [Choice(f"/?lang={lang}", *WORDS["home"]), *missing.choices]
    body = Markup('<h2>{}</h2><p class="say">{}</p><nav>{}</nav>').format(
        title,
        missing.en if english else missing.zh,
        Markup("").join(
            Markup('<a href="{}">{}</a>').format(each.href, each.en if english else each.zh)
            for each in [*ways[1:], ways[0]]
        ),
    )
    return _response(lang, title, body, 404, "wide")


def code_page(code: str, address: str) -> Response:
    """The code of a device that waits to be approved, for whoever stands before it, in both languages."""
    body = Markup(
        '<h2>此屏等待批准 · This screen waits to be approved</h2><p class="code" id="code">{code}</p>'
        '<p class="say">在另一台设备上登录，打开“屏控” /screens，输入此代码。</p>'
        "<p>On another device sign in, open /screens and enter this code. It is replaced every 10 minutes.</p>"
        '<p><span id="address">{address}</span></p><p role="alert" id="state" hidden>正在重连 Reconnecting</p>'
        '<script src="/enrol.js" defer></script>'
    ).format(code=code, address=address)
    response = _response("zh", "此屏等待批准", body, 200, "waiting")
    response.headers[PLAIN] = SCRIPTED
    return response


def wide_page(lang: str, title: str, body: Markup) -> Response:
    """A page to read, wider than a form; `body` is escaped already."""
    return _response(lang, title, body, 200, "wide")


def _response(lang: str, title: str, body: Markup, status: int, kind: str = "") -> Response:
    page = _PAGE.format(
        lang=_LANG[lang],
        title=title,
        name=_NAME[lang],
        style=Markup(STYLE),  # noqa: S704
        body=body,
        kind=kind,
    )
    response = Response(page, status, mimetype="text/html")
    response.headers[PLAIN] = "1"
    return response
