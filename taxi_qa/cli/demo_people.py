"""Who may sign in to a demonstration: everybody may read their passwords, so only over made data."""

from typing import TYPE_CHECKING, Final

from taxi_qa.cli.command import city_today, now_ms

if TYPE_CHECKING:
    from taxi_qa.store.accounts import AccountRole
    from taxi_qa.store.home import Home
    from taxi_qa.web.settings import DemoSignIn

_TITLES: Final[dict[str, tuple[str, str]]] = {
    "manager": ("企业管理员", "fleet manager"),
    "inspector": ("稽查员", "inspector"),
    "driver": ("驾驶员", "driver"),
    "reviewer": ("审核员", "reviewer"),
    "appeal_reviewer": ("申诉审核员", "appeal reviewer"),
    "administrator": ("系统管理员", "administrator"),
    "auditor": ("审计员", "auditor"),
}


def demo_sign_ins(home: "Home") -> "tuple[DemoSignIn, ...]":
    """Make an account of every role, or give those there are another password.

    The driver is the one with most cases that somebody might propose, the manager of his company.
    """
    from taxi_qa.store import accounts
    from taxi_qa.web import passwords
    from taxi_qa.web.settings import DemoSignIn

    driver_id, company_id = _whom(home)
    shown = []
    for role, (title_zh, title_en) in _TITLES.items():
        if (role == "driver" and not driver_id) or (role == "manager" and not company_id):
            continue  # a fleet without a register
        name, given = f"demo-{role.replace('_', '-')}", passwords.made_up()
        _have(home, name, accounts.role_of(role), passwords.hashed(given), (driver_id, company_id))
        shown.append(DemoSignIn(name, given, title_zh, title_en))
    return tuple(shown)


def _have(home: "Home", name: str, role: "AccountRole", hashed: str, who: tuple[str, str]) -> None:
    from taxi_qa.store import accounts

    known = {one.name: one for one in accounts.all_accounts(home)}
    if name in known:
        accounts.set_password(home, known[name].account_id, hashed, must_change=False)
        return
    made = accounts.NewAccount(
        name,
        role,
        driver_id=who[0] if role == "driver" else "",
        company_id=who[1] if role == "manager" else "",
    )
    accounts.add(home, made, hashed, now_ms(), must_change=False)


def _whom(home: "Home") -> tuple[str, str]:
    """The driver with most cases of more than one source, and his company; "" where there is none."""
    from taxi_qa.store.desk import cases
    from taxi_qa.store.library import records

    found = cases(home, states=("queued",))
    firm = found[(found["stage"] == "stable") & (found["sufficiency"] != "weak") & (found["driver_id"] != "")]
    drivers = records(home, "drivers")
    # Somebody who is still in the register, so that his page has a score to show.
    left = drivers["registered_to_day"].lt(city_today(home.timezone)).fillna(value=False)
    drivers = drivers[~left.astype(bool)]
    company_of = dict(
        zip(drivers["driver_id"].tolist(), drivers["company_id"].fillna("").tolist(), strict=True)
    )
    for driver_id in [*firm["driver_id"].value_counts().index.tolist(), *company_of]:
        if company_of.get(driver_id):
            return str(driver_id), str(company_of[driver_id])
    return "", ""
