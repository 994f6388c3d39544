"""The commands and their options. Each reads the settings, calls what does the work, and hands over an exit code.

Values of options are texts here: the table of settings reads and checks them, so that all that is wrong is told at
once, whatever source it comes from.

Annotations are no strings here, as they are elsewhere: Typer would compile each of them at every start.
"""

from pathlib import Path
from typing import Annotated, Literal

import typer

import roadbed
from roadbed.kernel.settings_sources import Loaded, load

Data = Annotated[str | None, typer.Option(metavar="DIR", help="The folder of the embedded database.")]
Domains = Annotated[str | None, typer.Option(metavar="A,B", help="The domains to serve.")]
Host = Annotated[str | None, typer.Option(metavar="ADDRESS", help="The address to listen on.")]
Port = Annotated[str | None, typer.Option(metavar="PORT", help="The port to listen on; 0 lets the system choose.")]
Workers = Annotated[str | None, typer.Option(metavar="N", help="How many processes serve.")]
Apps = Annotated[
    list[str] | None,
    typer.Option(
        "--app",
        metavar="MODULE:NAME",
        help="A domain by its import path, looked for in the working directory too; may be given several times. "
        "Without --domains these are all that is served.",
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]


app = typer.Typer(
    name="roadbed",
    no_args_is_help=True,
    add_completion=False,
    # An unforeseen error is reported as Python does it: plainly, and without the values of variables.
    pretty_exceptions_enable=False,
)
migrate = typer.Typer(help="Compare and change the schema of the database.", no_args_is_help=True)
app.add_typer(migrate, name="migrate")
new = typer.Typer(help="Write the beginning of something.", no_args_is_help=True)
app.add_typer(new, name="new")


def settings(apps: list[str] | None = None, **flags: str | None) -> Loaded:
    """Read all settings, with these flags on top; ``apps`` are domains by import path, beside those of a flag."""
    if apps:
        flags["domains"] = ",".join(filter(None, (flags.get("domains"), *apps)))
    return load(flags)


def _tell_version(wanted: bool) -> None:
    if wanted:
        print(f"roadbed {roadbed.__version__}")
        raise typer.Exit


Version = Annotated[
    bool, typer.Option("--version", callback=_tell_version, is_eager=True, help="Print Roadbed's version, and leave.")
]


@app.callback()
def main(version: Version = False) -> None:
    """Turns a declared domain into a production service.

    Settings come from roadbed.toml, then ROADBED_* variables, then options; `roadbed config` shows them.
    """


@app.command()
def up(
    host: Host = None,
    port: Port = None,
    data: Data = None,
    domains: Domains = None,
    apps: Apps = None,
    workers: Workers = None,
    samples: Annotated[
        bool | None,
        typer.Option(
            "--samples/--no-samples",
            help="Whether a database that is new gets sample data. By default, in development, who starts the service "
            "at a terminal is asked, and nobody else.",
        ),
    ] = None,
) -> None:
    """Migrate the database, then serve."""
    from roadbed.cli.serving import serve_after_migration

    loaded = settings(apps, host=host, port=port, data=data, domains=domains, workers=workers)
    raise typer.Exit(serve_after_migration(loaded.settings, loaded.sources, samples=samples))


@app.command()
def serve(
    host: Host = None,
    port: Port = None,
    data: Data = None,
    domains: Domains = None,
    apps: Apps = None,
    workers: Workers = None,
) -> None:
    """Serve; refuse a database that is behind or ahead of this release."""
    from roadbed.cli.serving import serve_as_it_is

    loaded = settings(apps, host=host, port=port, data=data, domains=domains, workers=workers)
    raise typer.Exit(serve_as_it_is(loaded.settings, loaded.sources))


@migrate.command()
def upgrade(data: Data = None, domains: Domains = None, apps: Apps = None) -> None:
    """Bring the database to this release; all or nothing, under a lock."""
    from roadbed.cli.migrating import upgrade_and_tell

    upgrade_and_tell(settings(apps, data=data, domains=domains).settings)


@migrate.command()
def status(data: Data = None, domains: Domains = None, apps: Apps = None, as_json: Json = False) -> None:
    """Compare the database with this release; exit code 1 unless it fits."""
    from roadbed.cli.migrating import print_status

    raise typer.Exit(print_status(settings(apps, data=data, domains=domains).settings, as_json=as_json))


@migrate.command()
def sql(data: Data = None, domains: Domains = None, apps: Apps = None) -> None:
    """Print the SQL that `upgrade` would run; change nothing."""
    from roadbed.cli.migrating import print_sql

    print_sql(settings(apps, data=data, domains=domains).settings)


@migrate.command("new")
def new_revision(
    domain: Annotated[str, typer.Argument(metavar="DOMAIN", help="The domain, by name or import path.")],
    message: Annotated[str, typer.Option("--message", "-m", metavar="TEXT", help="What the revision is about.")],
    rename: Annotated[
        list[str] | None, typer.Option(metavar="TABLE.OLD=NEW", help="A field that has another name now.")
    ] = None,
    drop: Annotated[
        list[str] | None,
        typer.Option(metavar="TABLE.FIELD", help="A field whose values may go, where it could be a rename."),
    ] = None,
    empty: Annotated[bool, typer.Option("--empty", help="Write a frame, to be filled in by hand.")] = False,
    domains: Domains = None,
    apps: Apps = None,
) -> None:
    """Write the next revision of a domain: what its declaration has, and its revisions so far do not make."""
    from roadbed.cli.drafting import write_and_tell

    loaded = settings([*(apps or []), *([domain] if ":" in domain and not domains else [])], domains=domains)
    write_and_tell(loaded.settings, domain, message, empty=empty, renames=rename or [], drops=drop or [])


@app.command(name="import")
def import_(  # noqa: PLR0913, PLR0917 - each is an option
    domain: Annotated[str, typer.Argument(help="The domain, by name.")],
    files: Annotated[list[Path], typer.Argument(help="The files.", exists=True, dir_okay=False)],
    resource: Annotated[
        str, typer.Option(metavar="NAME", help="The resource of all files; by default each file's name says it.")
    ] = "",
    data: Data = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Write nothing; tell what is wrong.")] = False,
    restart: Annotated[bool, typer.Option("--restart", help="Begin anew where an import was broken off.")] = False,
    restore: Annotated[
        bool, typer.Option("--restore", help="Rows that are not there come back as an export has them, in any status.")
    ] = False,
    rejects: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Where rejected rows go; by default beside each file.", file_okay=False),
    ] = None,
    as_json: Json = False,
) -> None:
    """Import files; rows that are wrong go to a rejects file, with their line and the reason."""
    from roadbed.cli.importing import Ways, import_and_tell

    ways = Ways(resource=resource, dry=dry_run, restart=restart, restore=restore, rejects=rejects)
    import_and_tell(settings(data=data).settings, domain, files, ways=ways, as_json=as_json)


@app.command()
def seed(
    names: Annotated[list[str] | None, typer.Argument(metavar="[DOMAIN]...", help="Domains; by default all.")] = None,
    data: Data = None,
    domains: Domains = None,
    keep: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Keeps the files that are made and imported.", file_okay=False, exists=True),
    ] = None,
) -> None:
    """Load a small set of sample data, the same every time; a second run changes nothing."""
    from roadbed.cli.seeding import seed_and_tell

    seed_and_tell(settings(data=data, domains=domains).settings, names or [], keep)


@new.command("domain")
def new_domain(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The package to write into the working directory.")],
) -> None:
    """Write a domain: a model, its first revision, a README and a test that runs. Nothing is overwritten."""
    from roadbed.cli.scaffolding import write_domain

    write_domain(name, Path.cwd())


@app.command()
def export(
    resource: Annotated[str, typer.Argument(help="The resource, by name, or as `domain.resource`.")],
    form: Annotated[Literal["csv", "ndjson", "json"], typer.Option("--format", help="How to write the rows.")] = "csv",
    output: Annotated[Path | None, typer.Option(metavar="FILE", help="Else standard output.", dir_okay=False)] = None,
    data: Data = None,
    domains: Domains = None,
    apps: Apps = None,
) -> None:
    """Write all rows of a resource, as an import reads them back; secrets are never among their fields."""
    from roadbed.cli.exporting import export_and_write

    export_and_write(settings(apps, data=data, domains=domains).settings, resource, form, output)


@app.command()
def config(
    host: Host = None,
    port: Port = None,
    data: Data = None,
    domains: Domains = None,
    apps: Apps = None,
    workers: Workers = None,
    as_json: Json = False,
) -> None:
    """Print the effective settings and where each comes from; secrets are masked."""
    from roadbed.cli.configuration import print_settings

    print_settings(settings(apps, host=host, port=port, data=data, domains=domains, workers=workers), as_json=as_json)


@app.command()
def doctor(
    host: Host = None,
    port: Port = None,
    data: Data = None,
    domains: Domains = None,
    apps: Apps = None,
    as_json: Json = False,
) -> None:
    """Check this machine, the database and the settings; say how to mend what is wrong."""
    from roadbed.cli.doctor import examine_and_tell

    loaded = settings(apps, host=host, port=port, data=data, domains=domains)
    raise typer.Exit(examine_and_tell(loaded.settings, as_json=as_json))


@app.command()
def stats(
    data: Data = None,
    domains: Domains = None,
    apps: Apps = None,
    as_json: Json = False,
    watch: Annotated[bool, typer.Option("--watch", help="Look again every two seconds, until Ctrl-C.")] = False,
) -> None:
    """Tell how the service does, from what its processes have written: figures, storage, failed requests."""
    from roadbed.cli.statistics import look_and_tell

    look_and_tell(settings(apps, data=data, domains=domains).settings, as_json=as_json, watch=watch)


@app.command()
def dashboards(
    output: Annotated[Path, typer.Option(metavar="DIR", help="Where to.", file_okay=False)] = Path("dashboards"),
    check: Annotated[bool, typer.Option("--check", help="Write nothing; exit code 1 unless all are current.")] = False,
    runbooks: Annotated[str, typer.Option(metavar="URL", help="Where `docs/runbooks` can be read.")] = "",
    domains: Domains = None,
    apps: Apps = None,
) -> None:
    """Write Grafana's dashboards: of the service, and of each enabled domain; needs no database."""
    from roadbed.cli.dashboards import write_or_check

    loaded = settings(apps, domains=domains)
    raise typer.Exit(write_or_check(loaded.settings, output, runbooks, check=check))


@app.command()
def openapi(domains: Domains = None, apps: Apps = None) -> None:
    """Print the OpenAPI document of the enabled domains; needs no database."""
    from roadbed.cli.describing import print_document

    print_document(settings(apps, domains=domains).settings)


@app.command()
def version() -> None:
    """Print the versions of Roadbed and of what it stands on."""
    from roadbed.cli.describing import print_versions

    print_versions()
