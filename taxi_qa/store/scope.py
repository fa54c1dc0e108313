"""What somebody may see, as conditions of a query: the only place where pages are narrowed to their reader.

Whatever a page asks for goes through one of these conditions; a row outside is as if it were not there.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import ColumnElement, and_, exists, false, or_, select, true

from taxi_qa.store.account_tables import CaseZone, DriverHub, DriverIndex, DriverStanding
from taxi_qa.store.accounts import Account
from taxi_qa.store.desk_tables import CaseEvent, CaseFinding, CaseRow
from taxi_qa.store.tables import RECORD_TABLES, FindingRow, table_of

# A case is opened, then queued; nobody can have proposed it before.
_EVENTS_OF_A_LEAD: Final = 2
_WHOLE_CITY: Final = frozenset({"reviewer", "appeal_reviewer", "administrator", "auditor"})


@dataclass(frozen=True)
class Scope:
    """How far somebody sees; without any of these he sees nothing.

    Attributes:
        whole_city: everything.
        company_id: what is of this company.
        driver_id: what is this driver's own, once he was told of it.
        zone_ids: acts in these zones.
    """

    whole_city: bool = False
    company_id: str = ""
    driver_id: str = ""
    zone_ids: tuple[str, ...] = ()

    def cases(self) -> ColumnElement[bool]:
        """Condition on `cases`."""
        c = table_of(CaseRow).c
        if self.whole_city:
            return true()
        if self.company_id:
            return c.company_id == self.company_id
        if self.driver_id:
            return and_(c.driver_id == self.driver_id, _was_told())
        if self.zone_ids:
            zone = table_of(CaseZone).c
            return c.case_id.in_(select(zone.case_id).where(zone.zone_id.in_(self.zone_ids)))
        return false()

    def standings(self) -> ColumnElement[bool]:
        """Condition on `driver_standings`."""
        return self._of_drivers(table_of(DriverStanding).c)

    def indices(self) -> ColumnElement[bool]:
        """Condition on `driver_indices`."""
        return self._of_drivers(table_of(DriverIndex).c)

    def hub_ledgers(self) -> ColumnElement[bool]:
        """Condition on `driver_hubs`."""
        return self._of_drivers(table_of(DriverHub).c)

    def findings(self) -> ColumnElement[bool]:
        """Condition on `findings`: by company, or by what became a case that is seen."""
        c = table_of(FindingRow).c
        if self.whole_city:
            return true()
        if self.company_id:
            return c.company_id == self.company_id
        if not (self.driver_id or self.zone_ids):
            return false()
        joined, case = table_of(CaseFinding).c, table_of(CaseRow).c
        return exists(
            select(case.case_id)
            .where(joined.finding_id == c.finding_id, case.case_id == joined.case_id, self.cases())
            .correlate(table_of(FindingRow))
        )

    def any_zone(self, zone_ids: Collection[str]) -> bool:
        """Whether any of these zones is the reader's."""
        return self.whole_city or any(zone in self.zone_ids for zone in zone_ids)

    @property
    def whole_street(self) -> bool:
        """Whether any car may be looked up, one that stands in no register too."""
        return self.whole_city or bool(self.zone_ids)

    def _of_drivers(self, c: Any) -> ColumnElement[bool]:  # noqa: ANN401 - columns of either table
        if self.whole_city:
            return true()
        if self.company_id:
            return c.company_id == self.company_id  # type: ignore[no-any-return] # a column of SQLAlchemy
        if self.driver_id:
            return c.driver_id == self.driver_id  # type: ignore[no-any-return] # the same
        return false()

    def of_company(self, column: ColumnElement[Any]) -> ColumnElement[bool]:
        """Condition on any table that names a company: vehicles, drivers.

        Inspectors look up any car of the city on the street; that each look is logged is the page's part.
        """
        if self.whole_city or self.zone_ids:
            return true()
        return column == self.company_id if self.company_id else false()

    def complaints(self) -> ColumnElement[bool]:
        """Condition on the records `complaints`: a company's own. An inspector of some zones has none."""
        if self.whole_city:
            return true()
        return complaints_of(self.company_id) if self.company_id else false()

    def sees_company(self, company_id: str) -> bool:
        """Whether pages about a whole company are for him; lists on them are narrowed all the same."""
        return bool(company_id) and (self.whole_city or self.company_id == company_id)


def scope_of(account: Account) -> Scope:
    """How far an account sees."""
    if account.role in _WHOLE_CITY or (account.role == "inspector" and not account.zone_ids):
        return Scope(whole_city=True)
    if account.role == "manager":
        return Scope(company_id=account.company_id)
    if account.role == "driver":
        return Scope(driver_id=account.driver_id)
    return Scope(zone_ids=account.zone_ids)


def complaints_of(company_id: str) -> ColumnElement[bool]:
    """Condition on `complaints`: of a company, known by the car, and only else by the driver."""
    complaint = RECORD_TABLES["complaints"].c
    car, driver = RECORD_TABLES["vehicles"].c, RECORD_TABLES["drivers"].c
    known = select(car.vehicle_id).where(car.superseded_by.is_(None), car.company_id != "")
    drivers = select(driver.driver_id).where(driver.superseded_by.is_(None), driver.company_id == company_id)
    unknown = or_(complaint.vehicle_id.is_(None), complaint.vehicle_id.not_in(known))
    return or_(
        complaint.vehicle_id.in_(known.where(car.company_id == company_id)),
        and_(unknown, complaint.driver_id.in_(drivers)),
    )


def _was_told() -> ColumnElement[bool]:
    """Of a case that nobody proposed the driver hears nothing: it is a lead of the machine, not a charge."""
    event = table_of(CaseEvent).c
    case = table_of(CaseRow).c
    # Most cases of a driver are leads that only came into the queue: of those nothing else is looked at.
    return and_(
        case.version > _EVENTS_OF_A_LEAD,
        exists(
            select(event.case_id)
            .where(event.case_id == case.case_id, event.action == "propose")
            .correlate(table_of(CaseRow))
        ),
    )
