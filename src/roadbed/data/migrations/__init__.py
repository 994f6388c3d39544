"""Schema migrations: a parent side without heavy imports, and a child process that holds Alembic and SQLAlchemy.

``locations`` finds revisions and compares them with what a database says it is at; ``parent`` starts the child;
``child`` performs one of the ``actions`` on one of the ``engines``; ``runner`` is Alembic, set up in code.
``operations`` and ``rebuild`` are for use inside revisions, which ``drafting`` writes from the ``difference`` of two
schemas. ``automatic`` lets the tables of domains without revisions follow their declaration.
"""
