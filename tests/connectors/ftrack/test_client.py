"""The operations protocol: on the sandbox as it should be, on a scripted server as it should not."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from datetime import date
from typing import Any

import pytest

from connectors import errors
from connectors.ftrack.client import Ftrack, create, datetime_value, delete, query, quote, update
from connectors.http import Limits
from connectors.sandbox import Sandbox

QUICK = Limits(total_seconds=5, backoff_seconds=0.01, read_seconds=0.5, tries=3)
HTML = b"<html>Bad gateway</html>"
NEW = "11111111-1111-1111-1111-111111111111"


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Any]:
    with Sandbox(people=12, seed=1, dialect="seed") as sandbox:
        yield sandbox


@pytest.fixture
def ftrack(sandbox: Any) -> Iterator[Ftrack]:
    with Ftrack(**sandbox.ready["ftrack"], page_size=5) as ftrack:
        yield ftrack


@pytest.fixture
def client(service: Any) -> Iterator[Ftrack]:
    """A client of the scripted server."""
    with Ftrack(service.origin, "pipeline", "k3y", page_size=3, limits=QUICK) as client:
        yield client


def refused(exception: str, content: str = "no", code: object = None) -> dict[str, object]:
    return {"exception": exception, "content": content, "error_code": code}


# On the sandbox.


def test_who_the_server_is(ftrack):
    assert ftrack.server_information()["version"]
    assert {"User", "Task", "Assignment", "Allocation"} <= {schema["id"] for schema in ftrack.schemas()}


def test_a_query_gives_everything_once(ftrack, sandbox):
    rows = list(ftrack.query("select username from User"))

    assert sorted(row["id"] for row in rows) == sorted(sandbox.ftrack.entities["User"])
    assert len(rows) > 5


def test_a_query_with_its_own_order_keeps_it(ftrack):
    names = [row["username"] for row in ftrack.query("select username from User order by username desc")]

    assert names == sorted(names, reverse=True)


def test_a_query_finds_a_name_with_quotes(ftrack, sandbox):
    name = 'The "big" one \\ order by limit 5'
    sandbox.ftrack.add("Project", name=name, full_name=name)

    [row] = ftrack.query(f"Project where name is {quote(name)}")

    assert row["name"] == name


def test_records_are_made_changed_and_removed(ftrack, sandbox):
    user = next(iter(ftrack.query("User")))["id"]
    made = create(
        "Allocation", NEW,
        {
            "resource_id": user, "allocation_type": "Project Work", "value": 1.0,
            "start": datetime_value(date(2026, 3, 2)), "end": datetime_value(date(2026, 3, 6)),
        },
    )  # fmt: skip
    [result] = ftrack.send([made])
    assert result["action"] == "create"

    ftrack.send([update("Allocation", NEW, {"value": 0.5})])
    [row] = ftrack.query(f"Allocation where id is {NEW}")
    assert row["value"] == 0.5

    ftrack.send([delete("Allocation", NEW)])
    assert NEW not in sandbox.ftrack.entities["Allocation"]


def test_a_list_that_is_refused_names_why_and_does_nothing(ftrack, sandbox):
    before = len(sandbox.ftrack.entities["Allocation"])

    with pytest.raises(errors.OperationsRejected) as caught:
        ftrack.send([create("Nonsense", str(uuid.uuid4()), {})])

    assert caught.value.exception
    assert caught.value.content
    assert len(sandbox.ftrack.entities["Allocation"]) == before


@pytest.mark.parametrize(("user", "key"), [("pipeline", "wrong"), ("nobody", "sandbox-ftrack")])
def test_wrong_credentials(sandbox, user, key):
    with pytest.raises(errors.AuthenticationError, match="check user and API key") as caught:
        Ftrack(sandbox.ready["ftrack"]["url"], user, key).server_information()

    assert key not in str(caught.value)


def test_a_set_that_moves_once_is_read_again(sandbox):
    users = dict(sandbox.ftrack.entities["User"])
    with Ftrack(**sandbox.ready["ftrack"], page_size=5) as ftrack:
        rows = ftrack.query("select username from User order by username")
        first = next(rows)
        # Before all others, so that the row on the page's edge moves.
        newcomer = sandbox.ftrack.add("User", username="!first", email="first@studio.test")
        found = [first["id"], *(row["id"] for row in rows)]
    sandbox.ftrack.remove("User", newcomer)

    assert set(users) | {newcomer} == set(found)
    assert len(found) == len(set(found))


# On a server that misbehaves.


def serve(rows: list[dict[str, Any]], reply: Any, before: Callable[[int], None] = lambda _n: None) -> Any:
    """A script that answers queries over `rows`; `before` sees the number of each request."""
    count = iter(range(1_000))

    def script(request: Any) -> Any:
        before(next(count))
        [operation] = request.json
        words = operation["expression"].split()
        offset, limit = int(words[-3]), int(words[-1])
        more = offset + limit < len(rows)
        metadata = {"next": {"offset": offset + limit if more else None}}
        return reply([{"action": "query", "data": rows[offset : offset + limit], "metadata": metadata}])

    return script


def test_headers_and_pages(client, service, reply):
    service.script = serve([{"id": str(n)} for n in range(8)], reply)

    assert [row["id"] for row in client.query("User")] == [str(n) for n in range(8)]
    headers = service.requests[0].headers
    assert (headers["ftrack-user"], headers["ftrack-api-key"], headers["ftrack-strict-api"]) == (
        "pipeline", "k3y", "true",
    )  # fmt: skip
    assert [request.json[0]["expression"] for request in service.requests] == [
        "User order by id offset 0 limit 3",
        "User order by id offset 2 limit 4",
        "User order by id offset 5 limit 4",
    ]


@pytest.mark.parametrize("change", ["delete", "insert"])
def test_no_row_is_lost_when_the_set_moves(client, service, reply, change):
    rows = [{"id": str(n)} for n in range(8)]

    def before(number: int) -> None:
        if number == 1:
            if change == "delete":
                rows.pop(0)
            else:
                rows.insert(0, {"id": "new"})

    service.script = serve(rows, reply, before)
    found = [row["id"] for row in client.query("User")]

    assert {row["id"] for row in rows} <= set(found)
    assert len(found) == len(set(found))


def test_a_set_that_never_stands_still_is_an_error(client, service, reply):
    rows = [{"id": str(n)} for n in range(99)]
    service.script = serve(rows, reply, lambda _number: rows.pop(0) and None)

    with pytest.raises(errors.TransientError, match="changed each time it was read"):
        list(client.query("User"))


def test_rows_without_an_id_are_told_apart_by_what_they_hold(client, service, reply):
    rows = [{"parent_id": "p", "key": str(n)} for n in range(5)]
    service.script = serve(rows, reply)

    assert list(client.query("Metadata order by parent_id, key")) == rows


@pytest.mark.parametrize("paged", ["User limit 5", "User offset 3", "User where x is 1 OFFSET 2 LIMIT 1"])
def test_a_query_brings_no_paging_of_its_own(client, paged):
    with pytest.raises(ValueError, match="leave its offset and limit out"):
        next(client.query(paged))


@pytest.mark.parametrize(
    "answer",
    [
        [], {}, [1], [{"data": {}}], [{"data": [5]}], [{"data": [], "metadata": {"next": 5}}], "x", None,
        [{"data": [], "metadata": {"next": {"offset": "5"}}}], [1, 2],
        [{"data": [], "metadata": {"next": {"offset": 0}}}],
        [{"data": [], "metadata": {"next": {"offset": -1}}}],
    ],
)  # fmt: skip
def test_an_answer_out_of_shape_is_a_breach_of_contract(client, service, reply, answer):
    service.replies(reply(answer))

    with pytest.raises(errors.ContractError, match="ftrack"):
        list(client.query("User"))


def test_html_from_a_gateway_is_told(client, service, reply):
    service.replies(reply(HTML, kind="text/html"))

    with pytest.raises(errors.ContractError, match="HTML, not JSON"):
        client.server_information()


@pytest.mark.parametrize("answer", [[{}], [5], [{"name": "x"}]])
def test_another_service_is_told(client, service, reply, answer):
    service.replies(reply(answer))

    with pytest.raises(errors.ContractError, match="lead to an ftrack server"):
        client.server_information()
    with pytest.raises(errors.ContractError, match="lead to an ftrack server"):
        client.schemas()


def test_a_read_is_tried_again(client, service, reply):
    service.replies(reply(HTML, status=502), reply(reset=True), reply([{"version": "24"}]))

    assert client.server_information() == {"version": "24"}


@pytest.mark.parametrize("status", [200, 401])
@pytest.mark.parametrize("name", ["InvalidCredentialsError", "FTAuthenticationError"])
def test_credentials_refused_with_any_status(client, service, reply, status, name):
    service.replies(reply(refused(name), status=status))

    for call in (client.server_information, lambda: client.send([query("User")])):
        with pytest.raises(errors.AuthenticationError):
            call()


@pytest.mark.parametrize("status", [200, 400, 403, 409, 500])
def test_a_refusal_is_known_whatever_the_status(client, service, reply, status):
    service.replies(reply(refused("IntegrityError", "duplicate key k3y", "E7"), status=status))

    with pytest.raises(errors.OperationsRejected) as caught:
        client.send([delete("Task", "x")])

    error = caught.value
    assert (error.exception, error.content, error.error_code) == ("IntegrityError", "duplicate key ***", "E7")
    assert isinstance(error, errors.FatalError)
    assert len(service.requests) == 1


@pytest.mark.parametrize(
    "lost",
    [
        {"reset": True}, {"body": [{}], "cut": 1}, {"body": [{}], "delay": 1.5}, {"status": 500},
        {"status": 502, "body": HTML}, {"status": 503}, {"status": 504, "body": HTML}, {"body": HTML},
        {"body": b""}, {"body": []}, {"body": [{}, {}]}, {"body": {}}, {"body": b'[{"action": "del'},
    ],
)  # fmt: skip
def test_a_send_whose_answer_is_lost_is_sent_once_and_has_an_unknown_outcome(client, service, reply, lost):
    service.replies(reply(**lost))

    with pytest.raises(errors.UnknownOutcome, match="read back before"):
        client.send([delete("Task", "x")])

    assert len(service.requests) == 1


def test_a_send_that_never_left_is_unreachable(closed_port):
    with pytest.raises(errors.Unreachable):
        Ftrack(f"http://127.0.0.1:{closed_port}", "u", "k3y").send([delete("Task", "x")])


def test_the_key_is_never_shown(client):
    assert "k3y" not in repr(client) + repr(vars(client))
