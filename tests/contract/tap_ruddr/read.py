"""Reads streams with tap-ruddr and prints their rows as one JSON object. Arguments: URL, token, streams.

Runs in tap-ruddr's own virtual environment: what it needs cannot live beside Prefect (docs/decisions/0006).
The tap knows no other address than ruddr.io and no allocations; told of both, it reads them with its own
requests, authentication and paging.
"""

from __future__ import annotations

import json
import sys

from singer_sdk import typing as th
from tap_ruddr.client import ruddrStream
from tap_ruddr.tap import Tapruddr


def main(url: str, token: str, *names: str) -> None:
    ruddrStream.url_base = url
    tap = Tapruddr(config={"auth_token": token})
    streams = dict(tap.streams)
    streams["allocations"] = type(
        "Allocations",
        (ruddrStream,),
        {"name": "allocations", "path": "/allocations", "schema": th.PropertiesList().to_dict()},
    )(tap)
    print(json.dumps({name: list(streams[name].request_records(None)) for name in names}))  # noqa: T201


if __name__ == "__main__":
    main(*sys.argv[1:])
