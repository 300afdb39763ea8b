"""`ioc triage`: which class a citizen's message belongs to, by a model that is trained on messages people sorted."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from ioc.domain.triage import Triage, Verdict
from ioc.entrypoints.user import opened_store
from ioc.offline import message_file, triage_file
from ioc.offline.message_file import Columns
from ioc.offline.table_file import UnreadableFile
from ioc.offline.triage_file import NoTriageFile
from ioc.services import triage as service
from ioc.settings import Settings
from metrics.clock import real_ms

app = typer.Typer(
    add_completion=False, no_args_is_help=True, help="智能分拨 which class a citizen's message belongs to"
)

USAGE, UNREADABLE = 2, 4  # exit codes

File = Annotated[Path, typer.Argument(help="留言 messages: xlsx or CSV with a header")]
AsJson = Annotated[bool, typer.Option("--json", help="JSON")]


@app.command()
def train(
    file: File,
    *,
    out: Annotated[Path, typer.Option(help="模型文件 where the model goes")] = Path("triage.npz"),
    hints: Annotated[Path | None, typer.Option(help="分类体系 a taxonomy: class and names of its sub-classes")] = None,
    title: Annotated[str, typer.Option(help="标题列 column; default: title, 标题, 主题, 留言主题")] = "",
    text: Annotated[str, typer.Option(help="正文列 column; default: text, 内容, 正文, 留言详情")] = "",
    label: Annotated[str, typer.Option(help="类别列 column; default: label, class, 类别, 分类, 一级分类")] = "",
    as_json: AsJson = False,
) -> None:
    """训练模型，并以五折交叉验证报告 learn from sorted messages; how good it is comes from 5-fold cross-validation.

    正确率达 95 % 的把握阈值以下由人决定。Below the confidence from which on 95 % are right, a person decides.
    退出码 exit: 0 done, 2 too few messages, 4 a file is missing or not such a file.
    """
    from ioc.offline.triage_training import NotEnough
    from ioc.offline.triage_training import train as learn

    try:
        found = message_file.read(file, Columns(title, text, label))
        more = message_file.read_hints(hints, label) if hints else ()
    except UnreadableFile as error:
        _refuse(UNREADABLE, str(error))
    typer.echo(f"学习 learning: {len(found.messages)} 条 messages, {len(more)} 条 hints", err=True)
    for count, said in ((found.unsorted, "没有类别，略过 without a class, left out"), (found.empty, "空 empty")):
        if count:
            typer.echo(f"{count} 行 rows: {said}", err=True)
    try:
        model, report = learn(found.messages, more)
    except NotEnough as error:
        _refuse(USAGE, str(error))
    name = triage_file.write(out, model)
    if as_json:
        typer.echo(json.dumps({"file": str(out), "version": name} | asdict(report), ensure_ascii=False))
        return
    typer.echo(
        f"宏平均 F1 macro-F1 {report.macro_f1:.3f}，正确率 accuracy {report.accuracy:.3f}（五折交叉验证 5 folds）"
    )
    for each, facts in report.classes.items():
        typer.echo(f"  {each}  F1 {facts['f1']:.3f}  {facts['messages']:.0f} 条 messages")
    typer.echo("由最有把握起 from the surest on:")
    for share, right, sure in report.coverage:
        typer.echo(f"  {share:4.0%} 自动 decided, 其中正确 right {right:.1%}, 把握 confidence >= {sure:.2f}")
    typer.echo(
        f"阈值 threshold {report.threshold:.2f}: {report.decided[0]:.1%} 自动 decided, 其中正确 right "
        f"{report.decided[1]:.1%}; 其余由人决定 a person decides on the others"
    )
    typer.echo(f"模型 model {name} -> {out}")


@app.command()
def ask(
    title: Annotated[str, typer.Argument(help="标题 the title of the message")],
    text: Annotated[str, typer.Option(help="正文 its text")] = "",
    *,
    model: Annotated[Path | None, typer.Option(help="模型 a model file; default: the one in use")] = None,
    as_json: AsJson = False,
) -> None:
    """一条留言属于哪一类、把握多大、凭哪些词 what a message is about, how sure that is, and which words say so.

    退出码 exit: 0 decided, 3 a person must decide, 4 there is no model.
    """
    try:
        found = Triage(triage_file.read(model)[0]) if model else service.in_use(Settings().data_path)
    except NoTriageFile as error:
        _refuse(UNREADABLE, str(error))
    if found is None:
        _refuse(
            UNREADABLE,
            "没有在用的模型：由规则和人决定 no model is in use: rules and a person decide (ioc triage use FILE)",
        )
    verdict = found.verdict(title, text)
    typer.echo(json.dumps(asdict(verdict), ensure_ascii=False) if as_json else said(verdict))
    raise typer.Exit(0 if verdict.decided else 3)


@app.command()
def use(model: Annotated[Path, typer.Argument(help="模型文件 a model file")]) -> None:
    """启用模型 put a model into use in this centre. Exit: 0 done, 4 it is no model."""
    try:
        with opened_store() as store:
            name, about = service.use(store, Settings().data_path, model, now_ms=real_ms())
    except NoTriageFile as error:
        _refuse(UNREADABLE, str(error))
    typer.echo(f"已启用 in use: {name} ({json.dumps(about, ensure_ascii=False)})")


def said(verdict: Verdict) -> str:
    """A verdict in words."""
    words = "、".join(f"{each.words} {each.share:.0%}" for each in verdict.reasons)
    others = "、".join(f"{name} {sure:.0%}" for name, sure in verdict.ranked[1:3])
    who = "可自动分拨 sure enough" if verdict.decided else "由人决定 a person decides"
    first = f"{verdict.best} {verdict.confidence:.0%}（{who}）"
    return f"{first}\n  凭 because of: {words or '-'}\n  其次 then: {others or '-'}"


def _refuse(code: int, why: str) -> NoReturn:
    typer.echo(why, err=True)
    raise typer.Exit(code)
