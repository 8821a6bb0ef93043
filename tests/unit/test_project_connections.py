"""A connection comes from where audit.toml points; its value reaches libpq whole, and no message ever."""

from urllib.parse import quote

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st
from psycopg.conninfo import conninfo_to_dict

from migration_audit.model.errors import DatabaseError
from migration_audit.model.location import Location
from migration_audit.project import Environment, resolve

STAGE = Environment(name="stage", dsn_env="STAGE_DSN", at=Location("audit.toml", 1))
PROD = Environment(name="prod", service="trm-prod", at=Location("audit.toml", 1))

ACCEPTED = {
    "URL": ("postgresql://u:p@h:5432/d", "postgresql://u:p@h:5432/d"),
    "short scheme": ("postgres://h/d", "postgresql://h/d"),
    "scheme in upper case": ("POSTGRES://h/d", "postgresql://h/d"),
    "SQLAlchemy URL": ("postgresql+psycopg://u@h/d", "postgresql://u@h/d"),
    "several hosts": ("postgresql://u@h1:1,h2:2/d?target_session_attrs=any", "postgresql://u@h1:1,h2:2/d?target_session_attrs=any"),
    "socket": ("postgresql:///d?host=/run/postgresql", "postgresql:///d?host=/run/postgresql"),
    "quoted password": ("postgresql://u:a%40b%2Fc@h/d", "postgresql://u:a%40b%2Fc@h/d"),
    "settings": ("host=/tmp dbname='a b' user=u", "host=/tmp dbname='a b' user=u"),
    "white space around": (" postgresql://h/d\n", "postgresql://h/d"),
}  # fmt: skip


@pytest.mark.parametrize(("value", "expected"), ACCEPTED.values(), ids=ACCEPTED.keys())
def test_what_the_variable_holds_is_what_libpq_gets(value: str, expected: str) -> None:
    found = resolve(STAGE, {"STAGE_DSN": value})
    assert found == expected
    conninfo_to_dict(found)


def test_a_service_is_named() -> None:
    assert resolve(PROD, {"PGSERVICE": "other"}) == "service=trm-prod"


REFUSED = {
    "unset": (None, "variable STAGE_DSN is not set"),
    "empty": ("  ", "variable STAGE_DSN is empty"),
    "another database": ("mysql://u:hunter2@h/d", "does not contain a PostgreSQL URL"),
    "a bare word": ("hunter2", "does not contain a PostgreSQL URL"),
    "settings cut short": ("host=h password=hunter1 hunter2", "does not contain a PostgreSQL URL"),
    "unknown setting": ("host=h password=a hunter2=b", "does not contain a PostgreSQL URL"),
    "open quote": ("host=h password='hunter2", "does not contain a PostgreSQL URL"),
    "at sign in the password": ("postgresql://u:p@hunter2@h/d", "is ambiguous"),
    "slash in the password": ("postgresql://u:p/hunter2@h/d", "is ambiguous"),
    "question mark in the password": ("postgresql://u:p?hunter2@h/d", "is ambiguous"),
    "bytes that are no text": ("postgresql://u:hunter2%ff@h/d", "does not contain a PostgreSQL URL"),
    "percent sign in the password": ("postgresql://u:hunter2%zz@h/d", "is ambiguous"),
}


@pytest.mark.parametrize(("value", "message"), REFUSED.values(), ids=REFUSED.keys())
def test_what_cannot_be_used_is_named_but_not_shown(value: str | None, message: str) -> None:
    with pytest.raises(DatabaseError) as caught:
        resolve(STAGE, {} if value is None else {"STAGE_DSN": value})
    text = str(caught.value)
    assert message in text
    assert text.startswith("environment stage: ")
    assert "STAGE_DSN" in text
    assert "hunter" not in text
    assert caught.value.exit_code == 3


def test_an_unset_variable_says_what_to_set_it_to() -> None:
    with pytest.raises(DatabaseError, match="set it to the URL of this database"):
        resolve(STAGE, {"OTHER": "postgresql://h"})


@given(st.text(st.characters(exclude_categories=["C"]), min_size=1))
def test_any_password_that_is_quoted_arrives_whole(password: str) -> None:
    found = resolve(STAGE, {"STAGE_DSN": f"postgresql://u:{quote(password, safe='')}@h/d"})
    assert conninfo_to_dict(found)["password"] == password


@given(st.text("ab@:/?#%[]&='\\ ", max_size=6), st.text("ab@:/?#%[]&='\\ ", max_size=6))
def test_a_password_that_is_not_quoted_never_gets_into_a_message(before: str, after: str) -> None:
    secret = f"{before}hunter2{after}"
    messages = []
    for value in (f"postgresql://u:{secret}@h/d", f"host=h password={secret}", f"host=h password='{secret}'"):
        try:
            conninfo_to_dict(resolve(STAGE, {"STAGE_DSN": value}))
        except (DatabaseError, psycopg.ProgrammingError) as error:
            messages.append(str(error))
    assert "hunter2" not in "".join(messages)
