"""The database login that pbxware.ini holds, read as PHP reads it."""
from __future__ import annotations

import pytest

from tasks.model.answer import Answer
from tasks.model.profile import Database
from tasks.wire.mysql import DatabaseLogin, read_credentials

CREDENTIALS = [
    ("pw_mysql_host=db1\npw_mysql_username=u\npw_mysql_password=p\n", DatabaseLogin("db1", 3306, "u", "p")),
    ('  pw_mysql_host = "localhost"\npw_mysql_username = \'u\'\npw_mysql_password = "a;b#c=d" ; note\n',
     DatabaseLogin("127.0.0.1", 3306, "u", "a;b#c=d")),
    ("pw_mysql_host=10.0.0.1:3307\r\npw_mysql_username=u\r\npw_mysql_password=a=b ; note\r\n",
     DatabaseLogin("10.0.0.1", 3307, "u", "a=b")),
    ("pw_mysql_host=\npw_mysql_username=u\npw_mysql_password=\n", DatabaseLogin("127.0.0.1", 3306, "u", "")),
]


@pytest.mark.parametrize(("text", "login"), CREDENTIALS)
def test_the_login_is_read_as_php_reads_an_ini(text: str, login: DatabaseLogin) -> None:
    assert read_credentials(Answer(exit_code=0, stdout=text), Database()) == login
    assert "password" not in repr(login)
