"""Creates the tables in a new SQLite file:  create_tables.py <file>"""

import sys
from pathlib import Path

import apsw

if __name__ == "__main__":
    connection = apsw.Connection(sys.argv[1])
    connection.execute(Path(__file__).with_name("schema.sqlite.sql").read_text())
    connection.close()
