"""Bringing a database to the newest migration, without an ini file."""

from pathlib import Path
from typing import TYPE_CHECKING, Final

from sqlalchemy import Connection, inspect, text

if TYPE_CHECKING:
    from alembic.config import Config

# The newest migration; a test compares it with the files, so that opening a home need not load alembic.
HEAD: Final = "0012"

_SCRIPTS: Final = Path(__file__).resolve().parent / "migrations"
_VERSION_TABLE: Final = "alembic_version"


def _config(connection: Connection) -> "Config":
    from alembic.config import Config  # noqa: PLC0415 - a quarter of a second, only wanted on migrating

    config = Config()
    # "%" begins an interpolation in the settings of alembic.
    config.set_main_option("script_location", str(_SCRIPTS).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


def revision_of(connection: Connection) -> str | None:
    """The migration the database stands at; None where there is none yet."""
    if not inspect(connection).has_table(_VERSION_TABLE):
        return None
    revision: str | None = connection.execute(text(f"SELECT version_num FROM {_VERSION_TABLE}")).scalar()
    return revision


def is_known(revision: str) -> bool:
    """Whether this version of the product has that migration."""
    return any(path.name.startswith(f"{revision}_") for path in (_SCRIPTS / "versions").glob("*.py"))


def upgrade(connection: Connection) -> None:
    """Bring the database to the newest migration, inside the connection's transaction."""
    from alembic import command  # noqa: PLC0415

    command.upgrade(_config(connection), "head")


def differences(connection: Connection) -> list[str]:
    """What would have to change for the database to equal the models; empty where they agree."""
    from alembic.autogenerate import compare_metadata  # noqa: PLC0415
    from alembic.migration import MigrationContext  # noqa: PLC0415

    from taxi_qa.store.account_tables import AccountRow  # noqa: F401, PLC0415 - with these all tables are known
    from taxi_qa.store.api_tables import ApiToken  # noqa: F401, PLC0415 - the same
    from taxi_qa.store.desk_tables import LedgerEntry  # noqa: PLC0415 - the same

    context = MigrationContext.configure(connection, opts={"compare_type": True})
    return [str(difference) for difference in compare_metadata(context, LedgerEntry.metadata)]


def draft(connection: Connection) -> str:
    """The body of a migration that would make the database equal the models, for a person to work over."""
    from alembic.autogenerate import produce_migrations, render_python_code  # noqa: PLC0415
    from alembic.migration import MigrationContext  # noqa: PLC0415

    from taxi_qa.store.account_tables import AccountRow  # noqa: F401, PLC0415 - with these all tables are known
    from taxi_qa.store.api_tables import ApiToken  # noqa: F401, PLC0415 - the same
    from taxi_qa.store.desk_tables import LedgerEntry  # noqa: PLC0415 - the same

    context = MigrationContext.configure(connection, opts={"compare_type": True})
    steps = produce_migrations(context, LedgerEntry.metadata).upgrade_ops
    return "" if steps is None else render_python_code(steps, render_as_batch=True)
