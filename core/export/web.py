"""An exported model as a web page: a folder that any static server can serve, and that listens in the browser alone.

The page needs ONNX Runtime Web, which is too large to come along with this project: 14 MB of WebAssembly. It is fetched
once from the npm registry, in one version that is checked against its checksums, and kept in the user's cache.
"""

from __future__ import annotations

import base64
import hashlib
import http.client
import io
import tarfile
import urllib.error
import urllib.request
import zlib
from dataclasses import dataclass
from pathlib import Path

from core.config import to_dict
from core.data.pack import packs_folder
from core.errors import ExportError
from core.export.read import read_onnx
from core.files.paths import path_in_environment
from core.files.strict import read_bytes, read_json, to_json
from core.files.writing import make_folder, write_bytes, write_json

VERSION = "1.30.0"
"""Of ONNX Runtime Web; the tests ran with this one."""

URL = f"https://registry.npmjs.org/onnxruntime-web/-/onnxruntime-web-{VERSION}.tgz"

INTEGRITY = "sha512-q0y+JrrtukXSzsBWEMccVfqX25LRmosXHF+CaRJmg8pZClzcV7svNc4rKY3jL02Vb7QmRMDs1SigqR4CXAfKYQ=="
"""Checksum of the package, as the registry lists it."""

PACKAGE_BYTES = 33_106_585

VARIABLE = "KWS_ONNXRUNTIME_WEB"
"""Environment variable that may name a folder with the package's files, where nothing can be fetched."""

TIMEOUT_S = 30.0
"""Seconds without a byte before a connection counts as lost (s)."""


@dataclass(frozen=True)
class Part:
    """A file of the package that the page needs."""

    member: str
    """Name in the package's ``dist``."""
    name: str
    """Name beside the page."""
    n_bytes: int
    sha256: str


PARTS = (
    # Plain WebAssembly, without the ways to a graphics card, which would be twice as large.
    Part(
        "ort.wasm.bundle.min.mjs",
        "onnxruntime-web.js",
        73_054,
        "11e64bd8ffe11bd1a2a2f0d6275fdfbbba7262f0b76b99b53d228a8a22ef3d90",
    ),
    Part(
        "ort-wasm-simd-threaded.wasm",
        "onnxruntime-web.wasm",
        14_239_897,
        "3398c10d07d229bd91b364548e130e0e51a8e5704b88c7c083ebbeb78842dee2",
    ),
)

PAGE = Path(__file__).with_name("web")
"""Folder of the page's own files, with the licence of ONNX Runtime Web."""

MODEL, ABOUT = "model.onnx", "model.json"

MARK = "earshot-page.json"
"""File by which a folder is known as one that was written here."""


def write_page(onnx_file: Path, folder: Path) -> None:
    """Write a page that listens with an exported model; each of its files is written whole.

    Args:
        onnx_file: The exported model.
        folder: Where the page goes: a new folder, an empty one, or one that was written here before.

    Raises:
        ExportError: If the file is no exported model, the folder holds anything else, or ONNX Runtime Web is not here
            and cannot be fetched.
        WriteError: If the folder cannot be written.
    """
    model = read_onnx(onnx_file)
    require_ours(folder)
    runtime = runtime_files()
    files = {path.name: path.read_bytes() for path in sorted(PAGE.iterdir()) if path.is_file()}
    about = to_json(to_dict(model.about), indent=1)
    files |= {MODEL: model.content, ABOUT: about.encode(), **runtime}
    make_folder(folder)
    # First, so that a page that was not finished can be written again; the page itself comes last.
    write_json(folder / MARK, {"format": 1, "files": sorted(files)})
    for name in sorted(files, key=lambda name: name == "index.html"):
        write_bytes(folder / name, files[name])


def require_ours(folder: Path) -> None:
    """Raises ExportError for a folder with anything in it that was not written here."""
    try:
        if not folder.exists() or not any(folder.iterdir()):
            return
        ours = read_json(folder / MARK).get("format") == 1
    except NotADirectoryError as error:
        raise ExportError(f"{folder} is a file; a page needs a folder. Give another name.") from error
    except (OSError, ValueError):
        ours = False
    if not ours:
        raise ExportError(
            f"{folder} holds other files. Give a new folder, an empty one, or one to which a page was written before."
        )


def runtime_files() -> dict[str, bytes]:
    """ONNX Runtime Web, by the names of its files beside the page.

    It comes from the folder that ``KWS_ONNXRUNTIME_WEB`` names, or else from the cache; what is not there is fetched.

    Raises:
        ExportError: If it is not in that folder, or cannot be fetched.
    """
    if named := path_in_environment(VARIABLE, ExportError):
        places = (
            named,
            named / "dist",
            named / "package" / "dist",
            named / "node_modules" / "onnxruntime-web" / "dist",
        )
        for place in places:
            if found := _found(place, "member"):
                return found
        raise ExportError(
            f"{VARIABLE} names {named}, and ONNX Runtime Web {VERSION} is not there. {_how_to_bring_it('Name')}"
        )
    cache = packs_folder() / f"onnxruntime-web-{VERSION}"
    if found := _found(cache, "name"):
        return found
    files = _unpacked(_fetched())
    make_folder(cache)
    for name, content in {**files, _LICENCE: (PAGE / _LICENCE).read_bytes()}.items():
        write_bytes(cache / name, content)
    return files


_LICENCE = "onnxruntime-web.LICENSE.txt"


def _how_to_bring_it(then: str) -> str:
    return (
        f"On a computer with a connection, run: npm pack onnxruntime-web@{VERSION}; bring the file here and unpack it. "
        f"{then} that folder in {VARIABLE}."
    )


def _found(folder: Path, called: str) -> dict[str, bytes] | None:
    """The parts in a folder, where they have the names that an attribute tells; None unless all are there and right."""
    files = {}
    for part in PARTS:
        try:
            content = read_bytes(folder / getattr(part, called), part.n_bytes)
        except (OSError, ValueError):
            return None
        if hashlib.sha256(content).hexdigest() != part.sha256:
            return None
        files[part.name] = content
    return files


def _fetched() -> bytes:
    """The package, checked."""
    request = urllib.request.Request(URL, headers={"User-Agent": "earshot"})
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_S) as response:
            content: bytes = response.read(PACKAGE_BYTES + 1)
    except (OSError, http.client.HTTPException) as error:
        reason = getattr(error, "reason", None) or error
        raise ExportError(
            f"The page needs ONNX Runtime Web {VERSION} (33 MB, once), and {URL} cannot be fetched ({reason}). "
            f"Try again later, or bring it yourself. {_how_to_bring_it('Name')}"
        ) from error
    digest = base64.b64encode(hashlib.sha512(content).digest()).decode()
    if f"sha512-{digest}" != INTEGRITY:
        raise ExportError(
            f"{URL} came with a wrong checksum: it was damaged on the way, or is another file. Nothing of it was kept; "
            "try again later."
        )
    return content


def _unpacked(package: bytes) -> dict[str, bytes]:
    """The parts of a package, checked."""
    files = {}
    try:
        with tarfile.open(fileobj=io.BytesIO(package), mode="r:gz") as archive:
            for part in PARTS:
                member = archive.extractfile(f"package/dist/{part.member}")
                files[part.name] = member.read(part.n_bytes + 1) if member else b""
    except (tarfile.TarError, KeyError, EOFError, OSError, zlib.error) as error:
        raise ExportError(f"{URL} cannot be unpacked ({error}).") from error
    return files
