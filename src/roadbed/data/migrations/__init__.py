"""Schema migrations: a parent side without heavy imports, and a child process that holds Alembic and SQLAlchemy.

``locations`` finds revisions and compares them with what a database says it is at; ``parent`` starts the child;
``child`` runs ``runner`` on one of the ``engines``; ``operations`` and ``rebuild`` are for use inside revisions.
"""
