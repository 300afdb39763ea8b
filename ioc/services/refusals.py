"""What a service refuses, as types with their data and a sentence in both languages."""

from __future__ import annotations

from collections.abc import Sequence

from ioc.security.role import TITLES, Role


class Refusal(Exception):
    """A request that the rules do not allow; nothing was changed."""

    code = "refused"

    def __init__(self, zh: str, en: str) -> None:
        super().__init__(f"{zh} {en}")
        self.zh, self.en = zh, en


class NameTaken(Refusal):
    code = "name_taken"

    def __init__(self, name: str) -> None:
        super().__init__(f"账号 {name} 已存在。", f"The account {name} exists.")


class BadName(Refusal):
    code = "bad_name"

    def __init__(self, name: str) -> None:
        super().__init__(
            f"账号 {name!r} 不合规：1 至 64 个字母、数字、汉字或 . _ -。",
            f"The account name {name!r} must be 1 to 64 letters, digits, or . _ -.",
        )


class UnknownPerson(Refusal):
    code = "unknown_person"

    def __init__(self, name: str) -> None:
        super().__init__(f"没有账号 {name}。", f"There is no account {name}.")


class WeakPassword(Refusal):
    code = "weak_password"

    def __init__(self, faults: Sequence[tuple[str, str]]) -> None:
        super().__init__(
            "口令不合规：" + "；".join(zh for zh, _ in faults) + "。",
            "The password needs: " + "; ".join(en for _, en in faults) + ".",
        )


class RolesExclude(Refusal):
    code = "roles_exclude"

    def __init__(self, name: str, role: Role) -> None:
        zh, en = TITLES[role]
        super().__init__(
            f"{name} 已有另一管理员角色，不能再任{zh}：系统、安全、审计管理员互斥。",
            f"{name} already holds another administrator role; {en} excludes it.",
        )


class RoleNotOpen(Refusal):
    code = "role_not_open"

    def __init__(self, role: Role) -> None:
        super().__init__(
            f"内置账号 {role} 已停用或已无此角色，不发链接。",
            f"The built-in account {role} is disabled or has lost this role: no link.",
        )


class LinkRefused(Refusal):
    """A one-time link that opens nothing: `why` is unknown, used, expired, withdrawn, closed or not_here."""

    code = "link_refused"

    def __init__(self, why: str) -> None:
        super().__init__("链接已失效。", "This link no longer works.")
        self.why = why


class BadEntry(Refusal):
    """An entry of the link library that breaks rules; `faults` names field and reason of each."""

    code = "bad_entry"

    def __init__(self, faults: Sequence[str]) -> None:
        super().__init__("条目不合规：" + "；".join(faults), "The entry is refused: " + "; ".join(faults))
        self.faults = tuple(faults)


class EntryInUse(Refusal):
    code = "entry_in_use"

    def __init__(self, users: Sequence[str]) -> None:
        super().__init__(f"仍被 {'、'.join(users)} 使用。", f"It is still used by {', '.join(users)}.")


class OutdatedEntry(Refusal):
    code = "outdated_entry"

    def __init__(self, name: str, by: str) -> None:
        super().__init__(
            f"{name} 已被{by or '他人'}修改，请重新打开。",
            f"{name} was changed by {by or 'somebody else'}: open it again.",
        )


class NothingToUndo(Refusal):
    code = "nothing_to_undo"

    def __init__(self, name: str) -> None:
        super().__init__(f"{name} 没有更早的版本。", f"{name} has no earlier version.")


class TokenRefused(Refusal):
    """A token that may not be made as asked; `field` names the option."""

    code = "token_refused"

    def __init__(self, field: str, zh: str, en: str) -> None:
        super().__init__(zh, en)
        self.field = field


class UnknownToken(Refusal):
    code = "unknown_token"

    def __init__(self, token_id: str) -> None:
        super().__init__(f"没有令牌 {token_id}。", f"There is no token {token_id}.")
