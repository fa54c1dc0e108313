"""The catalogue of rules as Markdown and as figures; every word of it comes from the rules themselves."""

from collections.abc import Sequence
from dataclasses import asdict

from taxi_qa.rules.kit import Rule
from taxi_qa.rules.texts import chinese


def rule_markdown(rule: Rule) -> str:
    """One rule as a section of the catalogue."""
    facts = [f"Clause {rule.clause}", rule.stage, f"version {rule.version}", f"judges {rule.judges}"]
    facts.append(f"needs {', '.join(rule.needs)}")
    lines = [
        f"## `{rule.name}` {rule.title_zh}",
        "",
        " · ".join(facts),
        "",
        *_in_chinese(rule),
        "",
        *_paragraphs(rule.doc),
    ]
    if rule.law:
        lines += ["", "Numbers: " + ", ".join(f"`{path}`" for path in rule.law)]
    return "\n".join(lines).rstrip()


def _in_chinese(rule: Rule) -> list[str]:
    told = chinese(rule)
    parts = (
        ("为什么重要", told.why), ("证据", told.evidence), ("什么时候无法判断", told.cannot_tell),
        ("看着像，其实不是", told.looks_like),
    )  # fmt: skip
    return [told.says + told.more, *(line for head, text in parts for line in ("", f"**{head}：**{text}"))]


def _paragraphs(doc: str) -> list[str]:
    """The docstring with its parts as paragraphs of their own, their headings bold."""
    lines: list[str] = []
    for line in doc.splitlines():
        heading, colon, rest = line.partition(": ")
        if line.endswith(":") and not line.startswith(" "):
            heading, colon, rest = line[:-1], ":", ""
        if colon and heading in ("Why it matters", "Evidence", "Cannot tell", "Looks like it, but is not"):
            if lines and lines[-1]:
                lines.append("")
            lines.append(f"**{heading}:** {rest}".rstrip())
        else:
            lines.append(line.strip())
    return lines


def catalogue_markdown(rules: Sequence[Rule]) -> str:
    """The whole catalogue: a table of contents by clause and a section a rule."""
    head = [
        "# The rules",
        "",
        "Made from the texts of the rules by `scripts/write_catalogue.py`; do not edit.",
        "",
        "| rule | clause | stage | title | says |",
        "|---|---|---|---|---|",
    ]
    head += [f"| `{r.name}` | {r.clause} | {r.stage} | {r.title_zh} | {r.title_en} |" for r in rules]
    return "\n\n".join(["\n".join(head), *(rule_markdown(rule) for rule in rules)]) + "\n"


def rule_figures(rule: Rule) -> dict[str, object]:
    """One rule as JSON knows it."""
    return {
        "name": rule.name,
        "clause": rule.clause,
        "title_zh": rule.title_zh,
        "title_en": rule.title_en,
        "stage": rule.stage,
        "version": rule.version,
        "judges": rule.judges,
        "reads": list(rule.reads),
        "needs": list(rule.needs),
        "law": list(rule.law),
        "sources": list(rule.sources),
        "doc": rule.doc,
        "doc_zh": asdict(chinese(rule)),
    }
