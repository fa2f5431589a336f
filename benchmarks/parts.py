"""What the benchmarks consist of, and how small each part is for a fast look."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from tests import services


@dataclass(frozen=True, kw_only=True)
class Part:
    """One call of one benchmark."""

    title: str
    module: str
    arguments: tuple[str, ...] = ()
    quick: tuple[str, ...] = ()
    """What is added for a fast look at a smaller size."""
    environment: dict[str, str] = field(default_factory=dict)
    services: tuple[str, ...] = ()
    """What it cannot do without."""


def parts() -> Iterator[Part]:
    """Everything that is measured, the most quoted figures first."""
    postgresql = {"DATABASE_URL": services.SERVICES["postgresql"].url}
    yield Part(
        title="Neighbours of every item: our kernel beside its peers",
        module="kernel",
        quick=("--quick", "--repeats", "3"),
    )
    yield Part(
        title="How the kernel's time grows with the history",
        module="growth",
        quick=("--quick", "--rounds", "3"),
    )
    yield Part(
        title="The kernel where a shop is large",
        module="large",
        quick=("--quick",),
    )
    yield Part(
        title="Keeping lists up with what comes in",
        module="increment",
        quick=("--quick",),
    )
    yield Part(
        title="From rows in a database to a published version",
        module="end_to_end",
        quick=(
            *("--shoppers", "20000", "--items", "5000", "--pairs", "360000"),
            *("--rounds", "1", "--plain"),
        ),
    )
    for database, environment in (("SQLite", {}), ("PostgreSQL", postgresql)):
        needs = ("postgresql",) if environment else ()
        yield Part(
            title=f"A block on a product page, {database}",
            module="block_latency",
            quick=("--products", "5000", "--renders", "300"),
            environment=environment,
            services=needs,
        )
        yield Part(
            title=f"The shop's products into the mirror, {database}",
            module="sync",
            quick=("--products", "5000"),
            environment=environment,
            services=needs,
        )
    yield Part(
        title="What comes next in a visit, on the request",
        module="visit_next",
        quick=("--visits", "100000"),
    )
    yield Part(
        title="A page without blocks, with and without the app",
        module="page_overhead",
        quick=("--pairs", "1"),
        environment=postgresql,
        services=("postgresql",),
    )
    for vendor, cache in (("postgres", "local"), ("postgres", "redis"), ("sqlite", "local")):
        beside = ", Redis as cache" if cache == "redis" else ""
        server = ("postgresql",) if vendor == "postgres" else ()
        yield Part(
            title=f"Events taken in, {'PostgreSQL' if server else 'SQLite'}{beside}",
            module="ingest",
            arguments=("--vendor", vendor, "--cache", cache),
            quick=("--seconds", "2", "--rounds", "1"),
            services=(*server, "redis") if beside else server,
        )
    yield Part(
        title="What a fault around the shop costs its visitors",
        module="faults",
        quick=("--rounds", "1"),
        services=("postgresql",),
    )
    yield Part(
        title="Orders from a file",
        module="import_orders",
        quick=("--lines", "50000"),
    )
    yield Part(
        title="Learnt lists beside the truth of an invented shop",
        module="simulated_quality",
        quick=("--seeds", "1", "--shoppers", "600", "--products", "300"),
    )
    yield Part(
        title="What false visits move",
        module="poisoning",
        quick=("--shoppers", "1000", "--products", "400", "--attackers", "1"),
    )
