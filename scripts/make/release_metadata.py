"""The page and the addresses that a built package carries; hatchling calls this for every wheel and source archive.

In the repository README's links are relative. An index of packages shows README without the repository around it, so a
release is built with the repository's address in ``BIAXIAL_URL``: links then lead to the files of that version there,
and the package names its addresses. Without the variable README stays as it is, and no address is named.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any, Final

from hatchling.metadata.plugin.interface import MetadataHookInterface

VARIABLE: Final = "BIAXIAL_URL"


def absolute(text: str, url: str, tag: str) -> str:
    """Markdown whose relative links lead to the files of a tag; pictures to the files themselves.

    Parameters
    ----------
    text
        Markdown; what is in blocks of code stays.
    url
        Address of the repository, laid out as GitHub does it.
    tag
        Name of the tag.
    """

    def link(found: re.Match[str]) -> str:
        if found["code"] or found["target"].startswith("#") or "://" in found["target"]:
            return found[0]
        view = "raw" if found["picture"] else "blob"
        return f"{found['picture']}{found['text']}({url}/{view}/{tag}/{found['target']})"

    pattern = r"(?P<code>^```.*?^```)|(?P<picture>!?)(?P<text>\[[^\]]*\])\((?P<target>[^)\s]+)\)"
    return re.sub(pattern, link, text, flags=re.MULTILINE | re.DOTALL)


def addresses(url: str, tag: str) -> dict[str, str]:
    """Addresses that the package names."""
    return {
        "Source": url,
        "Documentation": f"{url}/blob/{tag}/docs/README.md",
        "Changelog": f"{url}/blob/{tag}/CHANGELOG.md",
        "Issues": f"{url}/issues",
    }


class ReleaseMetadata(MetadataHookInterface):
    """README and addresses, by :data:`VARIABLE`."""

    def update(self, metadata: dict[str, Any]) -> None:
        """Set ``readme`` and ``urls``.

        Raises
        ------
        ValueError
            If the variable is not an address.
        """
        text = (Path(self.root) / "README.md").read_text(encoding="utf-8")
        url, tag = os.environ.get(VARIABLE, "").rstrip("/"), f"v{metadata['version']}"
        if url and not re.fullmatch(r"https://[\w.-]+(/[\w.-]+)+", url):
            raise ValueError(f"{VARIABLE}={url!r}: give the repository's address, https://HOST/OWNER/NAME")
        metadata["readme"] = {
            "content-type": "text/markdown",
            "text": absolute(text, url, tag) if url else text,
        }
        metadata["urls"] = addresses(url, tag) if url else {}
