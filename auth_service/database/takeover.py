"""The database of a Better Auth server becomes ours, and can go back to that server.

No row is lost: what is missing is added, and what newer versions no longer fill in becomes
optional. Each change is written down in the database, so that going back undoes these and no
others, also after new sign-ups. Whatever else the database holds is left alone.
"""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
import structlog
from alembic.autogenerate import compare_metadata
from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext

from auth_service.database.takeover_rows import FILLED, delete_orphans
from service_kit.settings import BadSettings

log = structlog.get_logger(__name__)


class UnfitTables(BadSettings):
    """The database of DATABASE_URL has tables of these names that cannot be brought to ours.

    Args:
        complaints: What does not fit, a line each.
    """

    def __init__(self, complaints: Sequence[str]) -> None:
        first = "DATABASE_URL holds tables that differ from Better Auth's; nothing was changed."
        last = 'docs/better-auth.md says under "Coming from Better Auth" what to do.'
        super().__init__("\n".join((first, *(f"  {line}" for line in complaints), last)))


class Kind(StrEnum):
    """What was done."""

    TABLE = "made the table"
    COLUMN = "added the column"
    INDEX = "made the index"
    OPTIONAL = "made the column optional"
    DEFAULT = "dropped the default"
    OWNER = "renamed the owner and dropped its foreign key"


@dataclass(frozen=True, slots=True)
class Change:
    """One change: what was done, in which table, to the column, index or key of which name."""

    kind: Kind
    table: str
    name: str


_RECORD = sa.Table(
    "auth_service_takeover",
    sa.MetaData(),
    sa.Column("step", sa.Integer(), primary_key=True, autoincrement=False),
    sa.Column("kind", sa.Text(), nullable=False),
    sa.Column("table", sa.Text(), nullable=False),
    sa.Column("name", sa.Text(), nullable=False),
)

# What rows have that were there before the column was; it has no default afterwards.
_VALUE_SO_FAR = {("apikey", "configId"): sa.text("'default'")}

_OLD_OWNER, _OWNER = "userId", "referenceId"


def take_over(db: sa.Connection, schema: sa.MetaData) -> None:
    """Make the tables of an empty database, or bring those that are there to the schema.

    Args:
        db: In a transaction, which the caller rolls back when this raises.
        schema: The tables to have.

    Raises:
        UnfitTables: A table differs by more than versions of Better Auth do.
    """
    if not set(schema.tables) & set(sa.inspect(db).get_table_names()):
        schema.create_all(db)
        return
    changes = [*_rename_owner(db), *_adapt(db, schema)]
    _RECORD.create(db)
    for step, change in enumerate(changes):
        db.execute(sa.insert(_RECORD).values(step=step, **asdict(change)))
    log.info(
        "database_taken_over",
        changes=[f"{change.kind}: {change.table} {change.name}".strip() for change in changes],
    )


def give_back(db: sa.Connection, schema: sa.MetaData) -> None:
    """Undo `take_over`: rows stay, those added since are made such as the server's own.

    Args:
        db: In a transaction.
        schema: The tables there are; where none was taken over, all of them are dropped.
    """
    if not sa.inspect(db).has_table(_RECORD.name):
        schema.drop_all(db)
        return
    steps = sa.select(_RECORD.c.kind, _RECORD.c.table, _RECORD.c.name)
    for kind, table, name in db.execute(steps.order_by(_RECORD.c.step.desc())).all():
        _undo(db, Change(Kind(kind), table, name))
    _RECORD.drop(db)


def add_columns(db: sa.Connection, added: sa.MetaData) -> None:
    """Add columns to tables that are there; those of a plugin that was in use stay as they are.

    Args:
        db: In a transaction, which the caller rolls back when this raises.
        added: Tables of nothing but these columns, which may be null.

    Raises:
        UnfitTables: A column of such a name is of another kind.
    """
    schema = sa.MetaData()
    for table in added.tables.values():
        own = (sa.Column(each.name, each.type) for each in table.columns)
        sa.Table(table.name, schema, *own, autoload_with=db)
    changes = list(_adapt(db, schema))
    if not sa.inspect(db).has_table(_RECORD.name):
        return
    last = db.scalar(sa.select(sa.func.max(_RECORD.c.step)))
    for step, change in enumerate(changes, start=0 if last is None else last + 1):
        db.execute(sa.insert(_RECORD).values(step=step, **asdict(change)))


def drop_columns(db: sa.Connection, added: sa.MetaData) -> None:
    """Undo `add_columns`: of a database taken over, what it brought along stays."""
    wanted = [
        Change(Kind.COLUMN, table.name, column.name)
        for table in added.tables.values()
        for column in table.columns
    ]
    if not sa.inspect(db).has_table(_RECORD.name):
        for change in wanted:
            _undo(db, change)
        return
    for change in wanted:
        written = sa.delete(_RECORD).where(
            _RECORD.c.kind == change.kind,
            _RECORD.c.table == change.table,
            _RECORD.c.name == change.name,
        )
        if db.execute(written).rowcount:
            _undo(db, change)


def _operations(db: sa.Connection) -> Operations:
    return Operations(MigrationContext.configure(db, opts={"compare_server_default": True}))


def _rename_owner(db: sa.Connection) -> Iterator[Change]:
    """Give the keys of 1.3 and 1.4 their owner's newer name, which is bound to no table."""
    inspector = sa.inspect(db)
    if not inspector.has_table("apikey"):
        return
    columns = {column["name"] for column in inspector.get_columns("apikey")}
    if _OLD_OWNER not in columns or _OWNER in columns:
        return
    operations = _operations(db)
    key = ""
    for foreign_key in inspector.get_foreign_keys("apikey"):
        if foreign_key["constrained_columns"] == [_OLD_OWNER]:
            key = foreign_key["name"] or ""
            operations.drop_constraint(key, "apikey", type_="foreignkey")
    operations.alter_column("apikey", _OLD_OWNER, new_column_name=_OWNER)
    yield Change(Kind.OWNER, "apikey", key)


def _adapt(db: sa.Connection, schema: sa.MetaData) -> Iterator[Change]:
    operations = _operations(db)
    differences: list[Any] = compare_metadata(operations.migration_context, schema)
    complaints = [line for difference in differences for line in _complaints(difference)]
    if complaints:
        raise UnfitTables(complaints)
    made = set()
    for difference in differences:
        match difference:
            case ("add_table", sa.Table() as table):
                schema.tables[table.name].create(db)  # with its indexes, which Alembic's copy lacks
                made.add(table.name)
                yield Change(Kind.TABLE, table.name, "")
            case ("add_column", _, str(table_name), sa.Column() as column):
                _add_column(operations, table_name, column)
                yield Change(Kind.COLUMN, table_name, column.name)
            case ("add_index", sa.Index(table=sa.Table() as table) as index):
                if table.name not in made:
                    index.create(db)
                    yield Change(Kind.INDEX, table.name, str(index.name))
            case [("modify_default", _, str(table_name), str(name), *_)]:
                operations.alter_column(table_name, name, server_default=None)
                yield Change(Kind.DEFAULT, table_name, name)
            case ("remove_column", _, str(table_name), sa.Column() as column):
                if _is_required(column):
                    operations.alter_column(table_name, column.name, nullable=True)
                    yield Change(Kind.OPTIONAL, table_name, column.name)
            case _:
                pass  # somebody else's


def _add_column(operations: Operations, table: str, column: sa.Column[Any]) -> None:
    so_far = _VALUE_SO_FAR.get((table, column.name))
    operations.add_column(
        table,
        sa.Column(column.name, column.type, nullable=column.nullable, server_default=so_far),
    )
    if so_far is not None:
        operations.alter_column(table, column.name, server_default=None)


def _is_required(column: sa.Column[Any]) -> bool:
    """Tell whether no row can be inserted without naming the column."""
    # A default, an identity and a generated value are all reflected as one of these.
    given = column.server_default is not None or column.identity or column.computed
    return not column.nullable and not given


def _complaints(difference: Any) -> Iterator[str]:  # noqa: ANN401 -- Alembic's tuples, or lists of them
    """Say what of a difference cannot be mended by adding, or by leaving it alone."""
    match difference:
        case [("modify_default", _, table, column, _, _, None)] if (table, column) in _VALUE_SO_FAR:
            pass  # Better Auth's own migration leaves that value as the default
        case list():
            for kind, _, table, column, _, found, wanted in difference:
                what = kind.removeprefix("modify_")
                yield f"{table}.{column}: {what} is {_words(found)}, not {_words(wanted)}"
        case ("add_column", _, table, column):
            if not column.nullable and (table, column.name) not in _VALUE_SO_FAR:
                yield f"{table}.{column.name} is missing"
        case ("remove_column", _, table, column):
            if _is_required(column) and (table, column.name) not in FILLED:
                yield f"{table}.{column.name} is required by something else"
        case ("add_constraint" | "add_fk", constraint):
            yield f"{constraint.table.name} lacks the constraint {constraint.name}"
        case _:
            pass


def _words(value: object) -> str:
    if isinstance(value, sa.DateTime):
        return f"timestamp with{'' if value.timezone else 'out'} time zone"
    if isinstance(value, sa.DefaultClause):
        return str(value.arg)
    return str(value)


def _undo(db: sa.Connection, change: Change) -> None:
    operations = _operations(db)
    match change.kind:
        case Kind.TABLE:
            operations.drop_table(change.table)
        case Kind.COLUMN:
            operations.drop_column(change.table, change.name)
        case Kind.INDEX:
            operations.drop_index(change.name, change.table)
        case Kind.OPTIONAL:
            FILLED[change.table, change.name](db)
            operations.alter_column(change.table, change.name, nullable=False)
        case Kind.DEFAULT:
            value = _VALUE_SO_FAR[change.table, change.name]
            operations.alter_column(change.table, change.name, server_default=value)
        case Kind.OWNER:
            operations.alter_column("apikey", _OWNER, new_column_name=_OLD_OWNER)
            if change.name:
                delete_orphans(db)
                operations.create_foreign_key(
                    change.name, "apikey", "user", [_OLD_OWNER], ["id"], ondelete="CASCADE"
                )
