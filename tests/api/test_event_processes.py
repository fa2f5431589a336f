"""The endpoint of events in processes of its own: two that write one SQLite file, and a server
whose clients are slow on purpose."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from http.client import HTTPConnection
from pathlib import Path

import pytest
from django.db import connection

from persona_django.tracking.models import Event
from tests.reporting import EVENTS, cookie_of, event, message
from tests.tracking.catalogue import stocked

ROOT = Path(__file__).parent.parent.parent
BEGINS = """
import json, sys, django, tests.settings as shop
shop.PERSONA.update(
    CONSENT_POLICY={"BACKEND": "persona_django.identity.consent.AcceptAll"},
    VISITOR_REQUESTS=10**6, VISITOR_EVENTS=10**6, TRUSTED_PROXIES=0,
)
django.setup()
"""
PREPARE = (
    BEGINS
    + """
from django.apps import apps
from django.conf import settings
settings.MIGRATION_MODULES = {app.label: None for app in apps.get_app_configs()}
from django.core.management import call_command
call_command("migrate", run_syncdb=True, verbosity=0)
from tests.tracking.catalogue import stocked
print(stocked()[0].pk)
"""
)
SENDS = (
    BEGINS
    + """
from tests.reporting import post, visitor
sys.stdin.readline()
for body in json.loads(sys.argv[1]):
    answer = post(visitor(), body.encode())
    print(answer.status_code, answer.json().get("result"))
"""
)


@contextmanager
def child(code: str, *arguments: str, **environment: str) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-c", code, *arguments],
        cwd=ROOT,
        env={**os.environ, **environment},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate(timeout=20)


@pytest.mark.alone
def test_two_processes_that_write_one_sqlite_file_accept_each_event_exactly_once(tmp_path):
    where = {"DATABASE_URL": f"sqlite:///{tmp_path}/shop.sqlite3", "PERSONA_SECOND_DATABASE": ""}
    with child(PREPARE, **where) as prepared:
        product = prepared.communicate(timeout=60)[0].strip()
    bodies = [
        message(*(event("save", item=f"shop.product:{product}") for _ in range(10))).decode()
        for _ in range(30)
    ]
    with ExitStack() as stack:
        senders = [
            stack.enter_context(child(SENDS, json.dumps(bodies), **where)) for _ in range(2)
        ]
        for sender in senders:
            assert sender.stdin is not None
            sender.stdin.write("go\n")
            sender.stdin.flush()
        told = [sender.communicate(timeout=120)[0].split() for sender in senders]

    for one, other in zip(*told, strict=True):
        if one == "200":
            continue
        assert [{*pair} for pair in zip(one, other, strict=True)] == [{"a", "d"}] * 10


BEGINS_VISITORS = (
    BEGINS
    + """
from tests.reporting import event, send, visitor
sys.stdin.readline()
for n in range(150):
    answer = send(visitor(f"{sys.argv[1]} {n}"), event("save", item=sys.argv[2]))
    print(answer.status_code)
"""
)


@pytest.mark.alone
def test_new_visitors_of_two_processes_are_all_written_into_one_sqlite_file(tmp_path):
    where = {"DATABASE_URL": f"sqlite:///{tmp_path}/shop.sqlite3", "PERSONA_SECOND_DATABASE": ""}
    with child(PREPARE, **where) as prepared:
        product = prepared.communicate(timeout=60)[0].strip()
    with ExitStack() as stack:
        senders = [
            stack.enter_context(child(BEGINS_VISITORS, name, f"shop.product:{product}", **where))
            for name in ("one", "other")
        ]
        for sender in senders:
            assert sender.stdin is not None
            sender.stdin.write("go\n")
            sender.stdin.flush()
        told = [sender.communicate(timeout=120)[0].split() for sender in senders]

    assert told == [["200"] * 150] * 2


SERVES = (
    BEGINS
    + """
from socketserver import ThreadingMixIn
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server
from django.core.wsgi import get_wsgi_application

class Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True

class Quiet(WSGIRequestHandler):
    def log_message(self, *args):
        pass

server = make_server("127.0.0.1", 0, get_wsgi_application(), Server, Quiet)
print(server.server_port, flush=True)
server.serve_forever()
"""
)
HEAD = (
    f"POST {EVENTS} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
    "Sec-Fetch-Site: same-origin\r\nUser-Agent: Mozilla/5.0 Firefox/140.0\r\n"
    "Cookie: persona={cookie}\r\nContent-Length: {length}\r\n\r\n"
)


@pytest.mark.service("postgresql")
@pytest.mark.skipif(connection.vendor != "postgresql", reason="counts PostgreSQL's connections")
@pytest.mark.django_db(transaction=True)
def test_threat_19_clients_that_are_slow_on_purpose_hold_no_connection_to_the_database(tmp_path):
    item = f"shop.product:{stocked()[0].pk}"
    name = f"slow-{os.getpid()}"
    known = connection.settings_dict
    url = (
        f"postgres://{known['USER']}:{known['PASSWORD']}@{known['HOST']}:{known['PORT']}"
        f"/{known['NAME']}"
    )
    body = message(event("view", item=item))
    head = HEAD.format(cookie=cookie_of("someone"), length=len(body)).encode()

    with child(SERVES, DATABASE_URL=url, PGAPPNAME=name) as server, ExitStack() as stack:
        assert server.stdout is not None
        port = int(server.stdout.readline())
        slow = [
            stack.enter_context(socket.create_connection(("127.0.0.1", port))) for _ in range(8)
        ]
        for one in slow:
            one.sendall(head)
        for at in range(12):
            for one in slow:
                one.sendall(body[at : at + 1])
            time.sleep(0.1)
            assert held_by(name) == 0
        # Others are answered meanwhile.
        assert asked(port) == 200
        assert held_by(name) == 0

        slow[0].sendall(body[12:])
        assert slow[0].recv(100).startswith(b"HTTP/1.0 200")

    assert Event.objects.count() == 1


def held_by(name: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE application_name = %s", [name])
        return int(cursor.fetchone()[0])


def asked(port: int) -> int:
    client = HTTPConnection("127.0.0.1", port, timeout=20)
    client.request("GET", EVENTS, headers={"Sec-Fetch-Site": "same-origin"})
    status = client.getresponse().status
    client.close()
    return status
