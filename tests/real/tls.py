"""TLS with certificates made on the spot: by the server itself if it can, else by a relay in front of it."""

from __future__ import annotations

import asyncio
import shutil
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from .server import Server, unused_port


class Certificates:
    """One of an authority of our own, and one that it has signed, for the host `localhost` and no other."""

    def __init__(self, folder: Path) -> None:
        self.authority = folder / "authority.pem"
        self.certificate, self.key = folder / "server.pem", folder / "server.key"
        self.stranger = folder / "stranger.pem"  # an authority that has signed nothing
        names = folder / "names"
        names.write_text("subjectAltName=DNS:localhost")
        _sign(self.authority, folder / "authority.key")
        _sign(self.stranger, folder / "stranger.key")
        signer = ["-CA", str(self.authority), "-CAkey", str(folder / "authority.key"), "-CAcreateserial"]
        request = folder / "request"
        _openssl("req", *_NEW, "-subj", "/CN=localhost", "-keyout", str(self.key), "-out", str(request))
        files = ["-in", str(request), "-out", str(self.certificate), "-extfile", str(names)]
        _openssl("x509", "-req", *signer, *files)


_NEW = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")


def _sign(certificate: Path, key: Path) -> None:
    subject = f"/CN={certificate.stem}"
    _openssl("req", "-x509", *_NEW, "-subj", subject, "-keyout", str(key), "-out", str(certificate))


def _openssl(*arguments: str) -> None:
    program = shutil.which("openssl")
    if program is None:
        pytest.skip("the program openssl, which makes the certificates, is not installed")
    subprocess.run([program, *arguments], check=True, capture_output=True)


@contextmanager
def tls_server(program: str, folder: Path, certificates: Certificates) -> Iterator[tuple[Server, int]]:
    """A server, and the port on which it, or a relay in front of it, speaks TLS."""
    port = unused_port()
    files = ("--tls-cert-file", certificates.certificate, "--tls-key-file", certificates.key)
    more = ("--tls-ca-cert-file", certificates.authority, "--tls-auth-clients", "no", "--tls-port", port)
    with suppress(RuntimeError), Server(program, folder, *map(str, (*files, *more))) as server:
        yield server, port
        return
    with Server(program, folder) as server, relay(port, server.port, certificates):
        yield server, port


@contextmanager
def relay(port: int, onto: int, certificates: Certificates) -> Iterator[None]:
    """Takes TLS on one port, and passes on what it carries to another."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificates.certificate, certificates.key)
    ready, loop = threading.Event(), asyncio.new_event_loop()
    loop.set_exception_handler(lambda *_: None)  # who refuses our certificate is no concern of the relay

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", onto)
        await asyncio.gather(_pass_on(reader, far_writer), _pass_on(far_reader, writer))

    async def run() -> None:
        async with await asyncio.start_server(serve, "127.0.0.1", port, ssl=context):
            ready.set()
            with suppress(asyncio.CancelledError):
                await asyncio.Future[None]()

    running = loop.create_task(run())
    thread = threading.Thread(target=lambda: loop.run_until_complete(running))
    thread.start()
    ready.wait()
    try:
        yield
    finally:
        loop.call_soon_threadsafe(running.cancel)
        thread.join()
        loop.close()


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while data := await reader.read(1 << 16):
            writer.write(data)
            await writer.drain()
    writer.close()
