"""A network that takes its time, for bench/pull.py: relays on loopback, in a process of their own."""

from __future__ import annotations

import asyncio
import multiprocessing
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit


@contextmanager
def slow_network(ready: dict[str, Any], milliseconds: float) -> Iterator[dict[str, Any]]:
    """The same services behind a network that takes its time."""
    made = {name: dict(service) for name, service in ready.items() if name != "pid"}
    here, there = multiprocessing.get_context("spawn").Pipe()
    addresses = {name: urlsplit(service["url"]) for name, service in made.items()}
    ports = {name: address.port for name, address in addresses.items()}
    process = multiprocessing.get_context("spawn").Process(
        target=_serve_slowly, args=(there, ports, milliseconds / 2000), daemon=True
    )
    process.start()
    for name, port in here.recv().items():
        made[name]["url"] = addresses[name]._replace(netloc=f"127.0.0.1:{port}").geturl()
    try:
        yield made
    finally:
        process.terminate()


def _serve_slowly(pipe: Any, ports: dict[str, int], delay: float) -> None:
    async def serve() -> None:
        servers = {
            name: await asyncio.start_server(_relay(port, delay), "127.0.0.1") for name, port in ports.items()
        }
        pipe.send({name: server.sockets[0].getsockname()[1] for name, server in servers.items()})
        await asyncio.Event().wait()

    asyncio.run(serve())


def _relay(port: int, delay: float) -> Callable[..., Any]:
    """Passes bytes on to a port and back, each way late by `delay` seconds, but not slower."""

    async def one_way(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        loop = asyncio.get_running_loop()
        late: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()

        async def read() -> None:
            while data := await source.read(1 << 16):
                late.put_nowait((loop.time() + delay, data))
            late.put_nowait((loop.time() + delay, b""))

        reading = asyncio.create_task(read())
        while True:
            due, data = await late.get()
            await asyncio.sleep(due - loop.time())
            if not data:
                break
            sink.write(data)
        await reading
        sink.close()

    async def relay(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        other_source, other_sink = await asyncio.open_connection("127.0.0.1", port)
        await asyncio.gather(one_way(source, other_sink), one_way(other_source, sink), return_exceptions=True)

    return relay
