"""`python manage.py demo`: build the shop, fill it, learn, say what was learnt, and serve it."""

from __future__ import annotations

import json
import socket
import sys
from argparse import ArgumentParser
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from example_shop.loaders.public_sets import DataMissingError
from example_shop.loaders.sources import CHOICES, SIMULATED, Wanted
from example_shop.management.demonstration.database import NotEmptyError
from example_shop.management.demonstration.progress import Steps
from example_shop.management.demonstration.report import addresses, report
from example_shop.management.demonstration.run import Result, figures, run

FEWEST_SHOPPERS = 20
FEWEST_PRODUCTS = 200
"""Fewer would leave some of the invented kinds of goods without a product to choose between."""


class Command(BaseCommand):
    """Everything a newcomer wants to see, in one command and in about a minute."""

    help = __doc__

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--data", choices=CHOICES, default=SIMULATED, help="what to sell")
        parser.add_argument("--data-folder", default="", help="folder of the public data sets")
        parser.add_argument("--shoppers", type=int, default=2_000, help="invented shoppers")
        parser.add_argument(
            "--products",
            type=int,
            default=0,
            help="products of the invented shop or of the catalogue",
        )
        parser.add_argument("--seed", type=int, default=1, help="another seed, another shop")
        parser.add_argument("--fresh", action="store_true", help="empty the shop and fill it anew")
        parser.add_argument("--no-server", action="store_true", help="end after learning")
        parser.add_argument("--json", default="", metavar="FILE", help="write the figures there")
        parser.add_argument("--port", type=int, default=8000)

    def handle(self, *args: Any, **options: Any) -> None:
        if not options["no_server"]:
            _need_free(options["port"])
        steps = Steps(stream=sys.stderr)
        steps.say("Building the example shop; this takes up to a minute.")
        try:
            result = run(_wanted(options), fresh=options["fresh"], steps=steps)
        except (DataMissingError, NotEmptyError) as problem:
            raise CommandError(str(problem)) from problem
        steps.say(f"Done in {sum(one.seconds for one in steps.finished):.0f} seconds.")
        self._tell(result, steps, options)
        if not options["no_server"]:
            self.stdout.write("\nCtrl+C ends the shop; run the same command to open it again.")
            # A pipe or a log is written in blocks, and the server fills none of them.
            self.stdout.flush()
            call_command("runserver", f"127.0.0.1:{options['port']}", "--noreload", "--insecure")

    def _tell(self, result: Result, steps: Steps, options: dict[str, Any]) -> None:
        for line in report(result):
            self.stdout.write(line)
        if options["json"]:
            text = json.dumps(figures(result, steps), indent=2, ensure_ascii=False)
            Path(options["json"]).write_text(text + "\n", encoding="utf-8")
            self.stdout.write(f"\nThe figures are in {options['json']}.")
        if not options["no_server"]:
            for line in addresses(result, options["port"]):
                self.stdout.write(line)


def _wanted(options: dict[str, Any]) -> Wanted:
    least = {"shoppers": FEWEST_SHOPPERS, "products": FEWEST_PRODUCTS}
    for name, number in least.items():
        if options[name] and options[name] < number:
            raise CommandError(f"The shop needs at least {number} {name}.")
    return Wanted(
        data=options["data"],
        shoppers=options["shoppers"],
        products=options["products"],
        seed=options["seed"],
        folder=options["data_folder"],
        today=datetime.now(tz=timezone.utc).date(),
    )


def _need_free(port: int) -> None:
    """Better now than after a minute of work."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as problem:
            raise CommandError(
                f"Something else answers on port {port}. Choose another one by --port {port + 1}, "
                f"under tox by: python -m tox run -e demo -- --port {port + 1}"
            ) from problem
