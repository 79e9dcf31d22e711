"""What the README shows is what a reader gets."""

import re
from pathlib import Path

from .command_line import poolproof

README = (Path(__file__).parent.parent / "README.md").read_text()


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", README, re.MULTILINE | re.DOTALL)


def test_the_adapter_is_complete_and_of_the_size_promised(tmp_path: Path) -> None:
    adapter, *_ = blocks("python")
    assert 30 <= len(adapter.splitlines()) <= 50
    (tmp_path / "valkey_adapter.py").write_text(adapter)
    done = poolproof("check", "valkey_adapter:ValkeyPool", "CONN-01", "CONN-02", "POOL-07", folder=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_report_shown_is_the_report_printed() -> None:
    shown, *_ = blocks("")
    printed = poolproof("check", "redis-py==4.5.1", COLUMNS="100").stdout
    lines = {line.rstrip() for line in printed.splitlines()}
    for line in shown.splitlines()[1:]:  # the first line names the Python version
        assert line in lines or line.strip() == "...", line


def test_every_command_shown_exists() -> None:
    shown = re.findall(r"^    poolproof (\w+)", README, re.MULTILINE)
    assert len(shown) >= 6
    for command in set(shown):
        assert poolproof(command, "--help").returncode == 0
