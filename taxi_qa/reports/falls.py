"""Rules that have fallen back to trial, in words: when, and by how many of their findings held."""

from taxi_qa.reports.amounts import Said
from taxi_qa.rules.kit import catalogue
from taxi_qa.score.precision import Fall, Label
from taxi_qa.values.clock import moment_of


def fall_said(fell: Fall, zone: str) -> Said:
    """Since when a rule is a lead, and why."""
    day = f"{moment_of(fell.at_ms, zone):%Y-%m-%d}"
    return Said(
        f"{day} 起退回试行（最近 {fell.reviewed} 次复核中成立 {fell.confirmed} 次），其发现只是线索，不扣分",
        f"fell back to trial on {day} ({fell.confirmed} of its last {fell.reviewed} reviews held): "
        "its findings are leads and cost nothing",
    )


def falls_said(labels: dict[str, Label], rules: tuple[str, ...], zone: str) -> list[Said]:
    """The same of each of these rules that has fallen, with its name."""
    found = []
    for name in rules:
        label, rule = labels.get(name), catalogue().get(name)
        if label is not None and label.fell is not None and rule is not None:
            said = fall_said(label.fell, zone)
            found.append(Said(f"{rule.title_zh}：{said.zh}", f"{name} {said.en}"))
    return found
