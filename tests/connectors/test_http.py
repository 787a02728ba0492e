"""The HTTP core against a real server on loopback that misbehaves in every way a service can."""

from __future__ import annotations

import gzip
import logging
import pickle
import socket
import ssl
import threading
import time
from email.utils import formatdate
from typing import Any

import pytest
import requests
import responses

from connectors import errors
from connectors.answers import retry_after
from connectors.http import Http, Limits
from connectors.pacing import RateWindow
from connectors.redaction import Redactor

TOKEN = "s3cr3t/token+with=signs"
QUICK = Limits(total_seconds=5, backoff_seconds=0.01, read_seconds=2)
HTML = b"<!DOCTYPE html><html><body>Sign in</body></html>"


def http_to(url: str, limits: Limits = QUICK) -> Http:
    return Http("planner", url, credentials={"auth": TOKEN}, secrets=[TOKEN], limits=limits)


@pytest.fixture
def http(service: Any) -> Any:
    with http_to(service.origin + "/api") as http:
        yield http


def test_a_good_answer_is_parsed_and_its_bytes_are_kept(service, reply, http):
    service.replies(reply(b'{"data": [1.5]}'))

    answer = http.get("/rows", {"page": 2})

    assert answer.document == {"data": [1.5]}
    assert answer.body == b'{"data": [1.5]}'
    assert answer.url == f"{service.origin}/api/rows?page=2"
    assert service.requests[0].headers["auth"] == TOKEN
    assert service.requests[0].headers["Accept-Encoding"].startswith("gzip")


def test_gzip_is_unpacked(service, reply, http):
    service.replies(reply(gzip.compress(b'{"a": 1}'), headers={"Content-Encoding": "gzip"}))

    assert http.get("/rows").body == b'{"a": 1}'


def test_the_connection_is_kept_for_the_next_request(service, reply, http):
    ports = set()
    service.replies(reply({}))
    answer = service.answer
    service.answer = lambda handler: (ports.add(handler.client_address[1]), answer(handler))

    for _ in range(5):
        http.get("/rows")

    assert len(ports) == 1


# What is tried again, and what is not.


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504, 408])
def test_a_passing_fault_is_tried_again(service, reply, http, status):
    service.replies(reply(HTML, status=status, kind="text/html"), reply({"ok": True}))

    assert http.get("/rows").document == {"ok": True}
    assert len(service.requests) == 2


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (400, {"message": "bad"}, errors.RequestRejected),
        (401, {"message": "who?"}, errors.AuthenticationError),
        (403, {"message": "no"}, errors.PermissionDenied),
        (403, {"message": "bad data", "errors": ["too long"]}, errors.RequestRejected),
        (404, {"message": "not found"}, errors.NotFound),
        (405, {"message": "no"}, errors.RequestRejected),
        (409, {"message": "duplicate"}, errors.RequestRejected),
        (413, HTML, errors.RequestRejected),
        (422, {"message": "no"}, errors.RequestRejected),
        (423, {"message": "API disabled"}, errors.FeatureDisabled),
    ],
)
def test_a_fault_of_the_request_is_asked_once(service, reply, http, status, body, error):
    service.replies(reply(body, status=status))

    with pytest.raises(error) as caught:
        http.get("/rows")

    assert len(service.requests) == 1
    assert isinstance(caught.value, errors.FatalError)
    assert (caught.value.service, caught.value.status) == ("planner", status)
    assert f"{service.origin}/api/rows" in str(caught.value)


def test_an_unknown_route_asks_for_a_look_at_the_url(service, reply, http):
    service.replies(reply(b"Not Found", status=404, kind="text/plain"))

    with pytest.raises(errors.ContractError, match="is the URL right"):
        http.get("/rows")


def test_it_gives_up_after_the_tries_allowed(service, reply):
    service.replies(reply({"message": "internal error"}, status=500))
    http = http_to(service.origin, Limits(tries=3, backoff_seconds=0.01))

    with pytest.raises(errors.ServerFault, match="internal error"):
        http.get("/rows")

    assert len(service.requests) == 3


def test_a_reset_connection_is_tried_again(service, reply, http):
    service.replies(reply(reset=True), reply({"ok": True}))

    assert http.get("/rows").document == {"ok": True}


@pytest.mark.parametrize("cut", [0, 5, 14])
def test_a_body_shorter_than_announced_is_tried_again(service, reply, http, cut):
    whole = reply(b'{"data": [1, 2]}')
    service.replies(reply(whole.body, cut=cut), whole)

    assert http.get("/rows").body == whole.body
    assert len(service.requests) == 2


def test_a_body_always_cut_is_an_error_and_never_a_short_page(service, reply, http):
    service.replies(reply(b'{"data": [1, 2]}', cut=9))

    with pytest.raises(errors.Truncated, match=r"before the answer .* was complete"):
        http.get("/rows")


def test_json_that_breaks_off_is_tried_again(service, reply, http):
    service.replies(reply(b'{"data": [1, '), reply({"data": [1, 2]}))

    assert http.get("/rows").document == {"data": [1, 2]}


def test_a_damaged_gzip_body_is_tried_again(service, reply, http):
    damaged = gzip.compress(b'{"a": 1}')[:-12] + b"????????????"
    service.replies(reply(damaged, headers={"Content-Encoding": "gzip"}), reply({"a": 1}))

    assert http.get("/rows").document == {"a": 1}


def test_silence_is_tried_again(service, reply):
    service.replies(reply({}, delay=0.6), reply({"ok": True}))
    http = http_to(service.origin, Limits(read_seconds=0.2, backoff_seconds=0.01))

    assert http.get("/rows").document == {"ok": True}


def test_a_dripping_body_cannot_outlast_the_deadline(service, reply):
    service.replies(reply(b'{"data": [1, 2, 3, 4, 5, 6, 7, 8]}' * 9000, drip=0.15))
    http = http_to(service.origin, Limits(total_seconds=0.5, read_seconds=5))

    with pytest.raises(errors.TimedOut):
        http.get("/rows")


# Waiting as asked.


def test_retry_after_seconds_are_kept(service, reply, http):
    service.replies(reply({}, status=429, headers={"Retry-After": "1"}), reply({"ok": True}))

    http.get("/rows")

    assert service.requests[1].at - service.requests[0].at >= 1


def test_a_wait_longer_than_the_deadline_is_not_begun(service, reply, http):
    service.replies(reply({"message": "slow down"}, status=429, headers={"Retry-After": "3600"}))

    with pytest.raises(errors.Throttled, match="for 3600 s") as caught:
        http.get("/rows")

    assert caught.value.retry_after == 3600
    assert len(service.requests) == 1


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "7"}, 7),
        ({"Retry-After": formatdate(1_000_030, usegmt=True), "Date": formatdate(1_000_000, usegmt=True)}, 30),
        ({"X-RateLimit-Reset": "1000045", "Date": formatdate(1_000_000, usegmt=True)}, 45),
        ({"X-RateLimit-Reset": "999000", "Date": formatdate(1_000_000, usegmt=True)}, 0),
        ({"Retry-After": "soon"}, None),
        ({"Retry-After": "-5"}, None),
        ({"X-RateLimit-Reset": "nan"}, None),
        ({}, None),
    ],
)
def test_the_wait_is_read_against_the_services_own_clock(headers, seconds):
    assert retry_after(429, headers) == seconds


def test_a_service_whose_date_is_fast_does_not_shorten_the_wait_to_nothing():
    headers = {
        "X-RateLimit-Reset": str(int(time.time()) + 30),
        "Date": formatdate(time.time() + 3600, usegmt=True),
    }

    assert retry_after(429, headers) == pytest.approx(29.5, abs=1)


def test_a_rate_limit_reset_says_nothing_about_a_server_fault():
    assert retry_after(503, {"X-RateLimit-Reset": "99999999999"}) is None


def test_a_used_up_limit_holds_the_next_request(service, reply, http):
    now = int(time.time())
    spent = {
        "X-RateLimit-Remaining": "0",
        "X-RateLimit-Reset": str(now + 1),
        "Date": formatdate(now, usegmt=True),
    }
    service.replies(reply({}, headers=spent), reply({}))

    http.get("/rows")
    http.get("/rows")

    assert service.requests[1].at - service.requests[0].at >= 0.95


def test_all_threads_together_stay_below_the_rate(service, reply):
    service.replies(reply({}))
    limits = Limits(requests_per_second=20, concurrency=8, total_seconds=10)
    first, second = http_to(service.origin, limits), http_to(service.origin, limits)

    def ask(http: Http) -> None:
        for _ in range(8):
            http.get("/rows")

    threads = [threading.Thread(target=ask, args=(http,)) for http in (first, second) * 3]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    times = sorted(request.at for request in service.requests)
    assert len(times) == 48
    assert times[-1] - times[0] >= 2  # twenty at once, twenty a second later, the rest another second later


def test_no_second_holds_more_than_the_rate(monkeypatch):
    now = 0.0
    monkeypatch.setattr("connectors.pacing.time.monotonic", lambda: now)
    window = RateWindow(20)
    slots = []
    for _ in range(100):
        slots.append(now + window.reserve())
        now += 0.01

    assert slots == sorted(slots)
    assert all(later - earlier > 1 for earlier, later in zip(slots, slots[20:], strict=False))
    assert slots[-1] < 5


def test_no_more_requests_at_once_than_allowed(service, reply):
    running, most, lock = 0, 0, threading.Lock()

    def script(_request: Any) -> Any:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        time.sleep(0.05)
        with lock:
            running -= 1
        return reply({})

    service.script = script
    http = http_to(service.origin, Limits(concurrency=2))
    threads = [threading.Thread(target=http.get, args=("/rows",)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert most == 2


def test_the_next_request_leaves_while_a_body_is_read(service, reply):
    service.replies(reply({}))
    http = http_to(service.origin, Limits(concurrency=1, total_seconds=5))

    def ask_meanwhile(_body: bytes) -> bool:
        return http.get("/others").status == 200  # Throttled, if this one still held the only connection

    assert http.get("/rows", decoder=ask_meanwhile).document is True


def test_a_window_below_one_a_second_is_wider():
    window = RateWindow(0.5)

    assert window.reserve() == pytest.approx(0, abs=0.05)
    assert window.reserve() == pytest.approx(2.2, abs=0.05)


def test_a_rate_of_nothing_is_refused():
    with pytest.raises(ValueError, match="above 0"):
        RateWindow(0)


# What cannot be reached.


def test_a_refused_connection_names_host_and_port(closed_port):
    http = http_to(f"http://127.0.0.1:{closed_port}/api", Limits())

    with pytest.raises(errors.Unreachable, match=rf"127\.0\.0\.1:{closed_port} \(.*refused"):
        http.get("/rows")


def test_an_unknown_name_names_the_host(monkeypatch):
    def unknown(*_args: object, **_kwargs: object) -> None:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)

    with pytest.raises(errors.Unreachable, match=r"planner\.invalid:443"):
        http_to("https://planner.invalid/api").get("/rows")


def test_a_label_too_long_for_dns_is_no_crash():
    with pytest.raises(errors.Unreachable, match=r"cannot reach a{70}"):
        http_to(f"https://{'a' * 70}.invalid/api").get("/rows")


def test_tls_to_a_plain_port_is_an_error(service, reply):
    service.replies(reply({}))

    with pytest.raises(errors.TransientError):
        http_to(service.origin.replace("http:", "https:")).get("/rows")


@responses.activate
def test_a_bad_certificate_is_told_and_the_request_never_left():
    reason = ssl.SSLCertVerificationError("certificate verify failed: self-signed certificate")
    reason.verify_message = "self-signed certificate"
    responses.get("https://planner.test/rows", body=requests.exceptions.SSLError(reason))

    with pytest.raises(errors.Unreachable, match="certificate that is not valid"):
        http_to("https://planner.test").get("/rows")


@pytest.mark.parametrize(
    "url",
    [
        "", "planner.test/api", "ftp://planner.test", "https://", "https://planner.test:port",
        "https://user:word@planner.test", "https://planner.test/api?auth=x", "https://[::1", "//planner.test",
    ],
)  # fmt: skip
def test_a_url_that_cannot_be_asked_is_refused(url):
    with pytest.raises(errors.FatalError, match="is not a usable URL"):
        http_to(url)


@pytest.mark.parametrize("token", ["", " tok3n", "tok3n\n", "tok3n\r\nX: y", "café", "tok3n\x00"])
def test_a_credential_that_cannot_be_sent_is_refused_without_quoting_it(token):
    with pytest.raises(errors.AuthenticationError, match="pasted whole") as caught:
        Http("planner", "https://planner.test", credentials={"auth": token}, secrets=[token])

    assert not token.strip() or token.strip() not in str(caught.value)


# What is not JSON, too large, or elsewhere.


def test_html_is_told_apart_and_asked_once(service, reply, http):
    service.replies(reply(HTML, kind="text/html"))

    with pytest.raises(errors.ContractError, match="answered HTML, not JSON: is the URL right") as caught:
        http.get("/rows")

    assert "Sign in" in str(caught.value)
    assert len(service.requests) == 1


@pytest.mark.parametrize(
    ("body", "kind"), [(b"hello", "text"), (b"", "an empty body"), (b"\xff\xfe\x00", "text")]
)
def test_other_bodies_that_are_not_json(service, reply, http, body, kind):
    service.replies(reply(body))

    with pytest.raises(errors.ContractError, match=f"answered {kind}, not JSON"):
        http.get("/rows")


def test_odd_but_legal_json_is_read(service, reply, http):
    service.replies(reply(b'\xef\xbb\xbf{"name": "\\ud800"}'))

    assert http.get("/rows").document == {"name": "\ud800"}


def test_json_nested_without_end_is_no_crash(service, reply, http):
    service.replies(reply(b"[" * 200_000 + b"]" * 200_000))

    with pytest.raises(errors.ConnectorError):
        http.get("/rows")


@pytest.mark.parametrize("packed", [False, True])
def test_an_answer_too_large_is_refused_before_it_fills_the_memory(service, reply, packed):
    body = b"[" + b"0," * 5_000_000 + b"0]"
    service.replies(
        reply(gzip.compress(body, 1), headers={"Content-Encoding": "gzip"}) if packed else reply(body)
    )
    http = http_to(service.origin, Limits(response_bytes=1_000_000))

    with pytest.raises(errors.ContractError, match="more than 1,000,000 bytes"):
        http.get("/rows")


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_an_error_and_carries_no_credentials_away(service, reply, http, status):
    service.replies(reply(status=status, headers={"Location": f"http://localhost:1/?auth={TOKEN}"}))

    with pytest.raises(errors.ContractError, match="redirects to http://localhost:1/") as caught:
        http.get("/rows")

    assert len(service.requests) == 1
    assert TOKEN not in str(caught.value)


@pytest.mark.parametrize(
    "link",
    [
        "http://127.0.0.2/api?page=2", "//evil.test/api", "https://127.0.0.1/api", "http://evil@127.0.0.1:{port}/",
        "javascript:alert(1)", "http://[bad", "http://127.0.0.1:{port}0/",
    ],
)  # fmt: skip
def test_a_link_to_another_place_is_not_followed(service, http, link):
    with pytest.raises(errors.ContractError, match="another host"):
        http.get(http.same_origin(link.replace("{port}", service.origin.rpartition(":")[2])))

    assert service.requests == []


def test_a_link_is_joined_to_the_host_and_not_to_the_path(service, http):
    assert http.same_origin("/api/v1/users?page=2") == f"{service.origin}/api/v1/users?page=2"


def test_a_default_port_is_the_same_place():
    assert http_to("https://planner.test/api").same_origin("https://PLANNER.test:443/x").endswith("/x")


# Writes.


def test_a_write_is_sent_once_and_answered(service, reply, http):
    service.replies(reply({"id": 1}))

    assert http.send("POST", "/rows", body={"a": 1}).document == {"id": 1}
    assert service.requests[0].json == {"a": 1}


@pytest.mark.parametrize(
    "lost",
    [
        {"reset": True}, {"body": b'{"id": 1}', "cut": 4}, {"body": b"{}", "delay": 3}, {"body": b'{"id": '},
        {"status": 500}, {"status": 502, "body": HTML}, {"status": 503}, {"status": 504}, {"body": HTML},
        {"body": b""},
    ],
)  # fmt: skip
def test_a_write_whose_answer_is_lost_has_an_unknown_outcome(service, reply, lost):
    service.replies(reply(**lost))
    http = http_to(service.origin, Limits(read_seconds=0.3, backoff_seconds=0.01))

    with pytest.raises(errors.UnknownOutcome, match="read back before sending"):
        http.send("POST", "/rows", body={"a": 1})

    assert len(service.requests) == 1


def test_a_write_that_never_left_is_unreachable(closed_port):
    with pytest.raises(errors.Unreachable):
        http_to(f"http://127.0.0.1:{closed_port}").send("POST", "/rows", body={})


def test_a_write_refused_for_the_rate_was_not_applied(service, reply, http):
    service.replies(reply({"message": "Too many requests"}, status=429))

    with pytest.raises(errors.Throttled):
        http.send("POST", "/rows", body={})

    assert len(service.requests) == 1


@pytest.mark.parametrize("status", [200, 204])
def test_a_delete_may_answer_nothing(service, reply, http, status):
    service.replies(reply(status=status))

    assert http.send("DELETE", "/rows/1").document is None


# Secrets.


def test_no_secret_in_any_log_error_or_repr(service, reply, caplog):
    caplog.set_level(logging.DEBUG)
    echo = {"message": f"bad token {TOKEN} at /x?auth={TOKEN}"}
    service.replies(reply(echo, status=500), reply(echo, status=401))
    http = http_to(service.origin)

    with pytest.raises(errors.AuthenticationError) as caught:
        http.get("/rows", {"auth": TOKEN})

    ours = "\n".join(record.getMessage() for record in caplog.records if record.name == "crewtally.http")
    assert "try 2" in ours
    assert TOKEN not in ours + str(caught.value) + repr(caught.value) + repr(http)
    assert "***" in ours
    assert caught.value.url == f"{service.origin}/rows?auth=***"


def test_redaction_knows_encoded_and_foreign_tokens():
    redact = Redactor(["a b/c", "a b/c/d", ""])

    assert redact("x a b/c/d y a%20b%2Fc z a+b%2Fc") == "x *** y *** z ***"
    assert redact("GET /users?page=1&auth=other&x=1") == "GET /users?page=1&auth=***&x=1"
    assert "a b" not in repr(redact)


def test_netrc_does_not_replace_the_credentials(service, reply, tmp_path, monkeypatch):
    netrc = tmp_path / "netrc"
    netrc.write_text("default login somebody password else\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    service.replies(reply({}))
    http = Http("planner", service.origin, credentials={"Authorization": "Bearer t"}, secrets=["t0ken"])
    http._session.trust_env = True

    http.get("/rows")

    assert service.requests[0].headers["Authorization"] == "Bearer t"


def test_cookies_are_not_kept(service, reply, http):
    service.replies(reply({}, headers={"Set-Cookie": "session=1; Path=/"}))

    http.get("/rows")
    http.get("/rows")

    assert "Cookie" not in service.requests[1].headers


def test_an_open_connection_to_a_foreign_host_is_warned_about(caplog):
    http_to("http://planner.test/api")

    assert "not encrypted" in caplog.text


@pytest.mark.parametrize(
    "error",
    [
        errors.NotFound("gone", service="planner", url="http://x", status=404),
        errors.OperationsRejected("IntegrityError", "duplicate", "E1", url="http://x"),
        errors.UnknownOutcome("lost", service="ftrack"),
    ],
)
def test_errors_survive_pickling(error):
    copy = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own bytes

    assert (type(copy), str(copy), vars(copy)) == (type(error), str(error), vars(error))
