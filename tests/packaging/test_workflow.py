"""The workflow publishes from a tag, after the checks, in the environment that asks a reviewer, and nowhere else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / ".github" / "workflows" / "release.yml").read_text(encoding="utf-8")
WORKFLOW: dict[Any, Any] = yaml.safe_load(TEXT)
JOBS: dict[str, dict[str, Any]] = WORKFLOW["jobs"]


def lines(job: str) -> list[str]:
    return [step["run"] for step in JOBS[job]["steps"] if "run" in step]


def test_every_push_is_checked_and_built() -> None:
    assert WORKFLOW[True]["push"] == {"branches": ["**"], "tags": ["v*"]}  # YAML reads "on" as true
    assert lines("check") == [".ci/run"]
    assert {"python -m build", "twine check --strict dist/*"} <= set(lines("build"))
    assert "if" not in JOBS["check"]
    assert "if" not in JOBS["build"]


def test_only_a_tag_is_published_after_both_and_after_a_review() -> None:
    publish = JOBS["publish"]
    assert publish["if"] == "github.event_name == 'push' && startsWith(github.ref, 'refs/tags/v')"
    assert set(publish["needs"]) == {"check", "build"}
    assert publish["environment"] == "release"
    assert publish["permissions"] == {"id-token": "write"}
    publishing = [name for name, job in JOBS.items() if any("publish" in step.get("uses", "") for step in job["steps"])]
    assert publishing == ["publish"]


def test_nothing_else_may_write_and_no_secret_is_read() -> None:
    assert WORKFLOW["permissions"] == {"contents": "read"}
    assert [name for name, job in JOBS.items() if "permissions" in job] == ["publish"]
    assert "secrets." not in TEXT


def test_the_address_is_that_of_the_repository_that_it_runs_in() -> None:
    assert JOBS["build"]["env"] == {"BIAXIAL_URL": "${{ github.server_url }}/${{ github.repository }}"}
