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


class UnknownScreen(Refusal):
    code = "unknown_screen"

    def __init__(self, name: str) -> None:
        super().__init__(f"没有屏 {name[:65]}。", f"There is no screen {name[:65]}.")


class ScreenRefused(Refusal):
    """A screen, or a view of one, that breaks a rule; `field` names it."""

    code = "screen_refused"

    def __init__(self, field: str, zh: str, en: str) -> None:
        super().__init__(zh, en)
        self.field = field


class CodeRefused(Refusal):
    code = "code_refused"

    def __init__(self) -> None:
        super().__init__("没有设备显示此代码，或已过期。", "No device shows this code, or it has expired.")


class UnknownDevice(Refusal):
    code = "unknown_device"

    def __init__(self, device_id: str) -> None:
        super().__init__(f"没有设备 {device_id[:32]}。", f"There is no device {device_id[:32]}.")


class TooManyDevices(Refusal):
    code = "too_many_devices"

    def __init__(self) -> None:
        super().__init__("等待批准的设备过多，请稍后再试。", "Too many devices wait to be approved: try again later.")


class UnknownRegion(Refusal):
    code = "unknown_region"

    def __init__(self, region: str) -> None:
        super().__init__(f"没有区域 {region[:32]}。", f"There is no region {region[:32]}.")


class UnknownDossier(Refusal):
    code = "unknown_dossier"

    def __init__(self, dossier_id: str) -> None:
        super().__init__(f"没有卷宗 {dossier_id}。", f"There is no dossier {dossier_id}.")


class DossierTaken(Refusal):
    """Somebody else handles it."""

    code = "dossier_taken"

    def __init__(self, dossier_id: str, owner: str) -> None:
        super().__init__(f"{dossier_id} 已由 {owner} 受理。", f"{owner} handles {dossier_id} already.")
        self.owner = owner


class OutdatedDossier(Refusal):
    """Somebody else was faster; `version` is the one there is now."""

    code = "outdated"

    def __init__(self, dossier_id: str, version: int, by: str) -> None:
        super().__init__(
            f"{dossier_id} 已被 {by} 更改，请先看过。", f"{by} changed {dossier_id} meanwhile; look again."
        )
        self.version, self.by = version, by


class DossierRefused(Refusal):
    """A field of a dossier, or of what is said with a move, is not as it must be."""

    code = "bad_dossier"

    def __init__(self, field: str, zh: str, en: str) -> None:
        super().__init__(zh, en)
        self.field = field


class UnknownAlarms(Refusal):
    code = "unknown_alarm"

    def __init__(self, name: str) -> None:
        super().__init__(f"没有告警 {name}。", f"There is no alarm {name}.")


class AlarmActRefused(Refusal):
    """A field of what is to be done with alarms is not as it must be."""

    code = "bad_alarm_act"

    def __init__(self, field: str, zh: str, en: str) -> None:
        super().__init__(zh, en)
        self.field = field


class UnknownMessage(Refusal):
    code = "unknown_message"

    def __init__(self, message_id: str) -> None:
        super().__init__(
            f"没有消息 {message_id[:32]}。".replace(" 。", "。"), f"There is no message {message_id[:32]}."
        )


class MessageStopped(Refusal):
    """Nobody waits for its answer any more; `why`: answered by somebody else, or the stage was left."""

    code = "message_stopped"

    def __init__(self, message_id: str, why: str) -> None:
        super().__init__("此消息已无须回执。", "This message needs no answer any more.")
        self.message_id, self.why = message_id, why


class MessageRefused(Refusal):
    """A field of a message is not as it must be."""

    code = "bad_message"

    def __init__(self, field: str, zh: str, en: str) -> None:
        super().__init__(zh, en)
        self.field = field


class MessageNotYours(Refusal):
    code = "message_not_yours"

    def __init__(self) -> None:
        super().__init__("此消息不是发给您的。", "This message is for somebody else.")


class ResponseRefused(Refusal):
    """A change of a response level that breaks a rule; `field` names what."""

    code = "bad_response"

    def __init__(self, field: str, zh: str, en: str) -> None:
        super().__init__(zh, en)
        self.field = field


class PlanRefused(Refusal):
    """A plan, or a step of one, that cannot be as somebody wants it; `field` says what, `faults` are of a text."""

    code = "bad_plan"

    def __init__(self, field: str, zh: str, en: str, faults: Sequence[str] = ()) -> None:
        super().__init__(zh, en)
        self.field, self.faults = field, tuple(faults)


class UnknownPlan(Refusal):
    code = "unknown_plan"

    def __init__(self, name: str) -> None:
        super().__init__(f"没有预案或运行 {name[:40]}。", f"There is no plan or run {name[:40]}.")


class AdministratorSecret(Refusal):
    code = "administrator_secret"

    def __init__(self, name: str) -> None:
        super().__init__(
            f"{name} 是管理员：其口令和二次验证只在服务器上重置（ioc user password、factor-reset）。",
            f"{name} is an administrator, reset on the server only: `ioc user password`, `ioc user factor-reset`.",
        )


class BadPayload(Refusal):
    """A field of what is asked for is not as it must be."""

    code = "bad_payload"

    def __init__(self, field: str) -> None:
        super().__init__(f"{field} 不合规。", f"{field} is not as it must be.")
        self.field = field


class UnknownApproval(Refusal):
    code = "unknown_approval"

    def __init__(self, approval_id: str) -> None:
        super().__init__(f"没有审批 {approval_id[:32]}。", f"There is no approval {approval_id[:32]}.")


APPROVAL_SAID = {
    "self": ("须由另一人审批。", "A different person must decide."),
    "over": ("此审批已有结论。", "It is decided already."),
    "waits": ("尚待另一人审批。", "It still waits for a second person."),
    "expired": ("审批已过期，请重新申请。", "It has expired: ask anew."),
    "stale": ("申请之后情况已变，请重新申请。", "What it would change is another than at the asking: ask anew."),
    "altered": ("申请内容与摘要不符，已作废。", "It is not what was asked for: it is void."),
    "permission": (
        "您无权审批此项；一次性链接的账号不能审批。",
        "You may not decide this; accounts of one-time links never may.",
    ),
}


class ApprovalRefused(Refusal):
    """A decision that the rules do not allow; `why` is a key of APPROVAL_SAID."""

    code = "approval_refused"

    def __init__(self, why: str) -> None:
        super().__init__(*APPROVAL_SAID[why])
        self.why = why


class MeansRefused(Refusal):
    """Something of the roster, a supply or a shelter that breaks a rule; `field` names what."""

    code = "bad_means"

    def __init__(self, field: str, zh: str, en: str) -> None:
        super().__init__(zh, en)
        self.field = field


class RehearsalRefused(Refusal):
    code = "rehearsal_refused"

    def __init__(self, field: str, zh: str, en: str) -> None:
        super().__init__(zh, en)
        self.field = field


class UnknownRehearsal(Refusal):
    code = "unknown_rehearsal"

    def __init__(self, rehearsal_id: str) -> None:
        super().__init__(f"没有预演 {rehearsal_id[:32]}。", f"There is no rehearsal {rehearsal_id[:32]}.")
