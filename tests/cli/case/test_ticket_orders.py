"""`uplift ticket poll` and `uplift ticket import`, as people and timers run them."""
from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

NOBODY = ("acme", "127.0.0.1", 1)       # nothing listens there


async def test_a_file_of_orders_opens_each_once_and_says_why_another_is_no_case(
    uplift: Any, home: Path, fleet: Callable[..., Path], tmp_path: Path
) -> None:
    path = fleet(NOBODY, ("other", "127.0.0.1", 2))
    orders = tmp_path / "orders.csv"
    orders.write_text("order,system,target\nSO-1,acme,8.2\nSO-2,other,9.9\nSO-3,nobody,8.2\nSO-4,acme,8.2\n")
    words = ("ticket", "import", orders, "--fleet", path, "--json")
    first, again = await uplift(*words), await uplift(*words)
    assert [row["outcome"] for row in first.json] == ["opened", "unsupported_hop", "unknown_client", "duplicate"]
    assert [row["outcome"] for row in again.json] == ["known", "unsupported_hop", "unknown_client", "duplicate"]
    assert (first.code, again.code) == (2, 2)
    (case,) = (await uplift("case", "list", "--json")).json
    assert case["case_id"] == first.json[0]["detail"]


async def test_a_file_with_a_fault_opens_nothing(
    uplift: Any, home: Path, fleet: Callable[..., Path], tmp_path: Path
) -> None:
    orders = tmp_path / "orders.csv"
    orders.write_text("order,system,target\nSO-1,acme,8.2\nSO-2,acme,soon\n")
    ended = await uplift("ticket", "import", orders, "--fleet", fleet(NOBODY))
    assert ended.code == 2 and f"{orders}:3: 'soon' is not a release" in ended.err
    assert (await uplift("case", "list", "--json")).json == []


async def test_a_poll_and_a_server_without_their_file_are_told_what_to_write(uplift: Any, home: Path) -> None:
    for words in (("ticket", "poll"), ("serve", "--port", "0")):
        ended = await uplift(*words)
        assert ended.code == 2 and "tickets.yaml cannot be read" in ended.err and ended.err.count("\n") == 1


async def test_a_desk_that_is_away_is_told_by_the_poll_and_by_the_reconciler(uplift: Any, home: Path) -> None:
    desk = ("desks: {d: {url: 'http://127.0.0.1:9', key_file: key, fleet: f.yaml, only: {tag: x}, "
            "form: {target: {line: R}}, patience_s: 1}}")
    for name, text in (("tickets.yaml", desk), ("key", "abc")):
        (home / name).write_text(text)
        (home / name).chmod(0o600)
    for words in (("ticket", "poll"), ("tend", "--once")):
        ended = await uplift(*words)
        assert ended.code == 1 and "cannot be reached" in ended.out + ended.err, words
