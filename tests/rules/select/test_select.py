"""Which systems an expression means."""
from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.model.errors import UserError
from tasks.model.facts import Edition
from tasks.model.fleet import Environment, Fleet, Serverware, Ssh, System
from tasks.rules.select import FIELDS, parse, select


def system(name: str, country: str = "GB", tags: tuple[str, ...] = (), engineer: str | None = None,
           serverware: bool = False) -> System:
    return System(
        id=name, client=f"{name} Ltd", environment=Environment.SERVERWARE if serverware else Environment.STANDALONE,
        serverware=Serverware(host="sw", vps_id=name) if serverware else None, edition=Edition.BUSINESS,
        ssh=Ssh(host=f"{name}.example.net", credential="c"), timezone="UTC", country=country,
        tags=frozenset(tags), engineer=engineer,
    )  # fmt: skip


FLEET = Fleet(systems=(
    system("swarm-1", tags=("vip", "pool-1")), system("swarm-2", "FR", ("pool-2",), serverware=True),
    system("Swarm-3", "FR", engineer="ann"), system("acme", "GB", ("vip",), "bob", serverware=True),
))  # fmt: skip


@pytest.mark.parametrize(
    ("expression", "ids"),
    [
        ("tag=vip", "swarm-1 acme"),
        ("tag=vip and country=GB and not environment=serverware", "swarm-1"),
        ("id=swarm-*", "swarm-1 swarm-2"),
        ("id=?warm-[123] or id=acme", "acme"),
        ("country = FR", "swarm-2 Swarm-3"),
        ("country!=FR", "swarm-1 acme"),
        ("tag!=vip", "swarm-2 Swarm-3"),
        ('client="acme Ltd"', "acme"),
        ("client='swarm-?\x20Ltd'", "swarm-1 swarm-2"),
        ("engineer=*", "Swarm-3 acme"),
        ("not engineer=*", "swarm-1 swarm-2"),
        ("tag=pool-1 or tag=pool-2 and country=GB", "swarm-1"),
        ("(tag=pool-1 or tag=pool-2) and country=FR", "swarm-2"),
        ("not (country=FR or tag=vip) or id=acme", "acme"),
        ("not not id=acme", "acme"),
        ("edition=business and profile=pbxware and host=acme.example.net and timezone=UTC", "acme"),
        ('id="acme" and not(tag=pool-1)', "acme"),
    ],
)
def test_an_expression_means_these_systems(expression: str, ids: str) -> None:
    assert " ".join(each.id for each in select(FLEET, expression)) == ids


@pytest.mark.parametrize(
    ("expression", "said"),
    [
        ("contry=GB", "no field 'contry' (column 1); did you mean country?"),
        ("wings=2", "use one of id, client"),
        ("tag", "= or != after tag instead of its end"),
        ("tag=", "a value for tag instead of its end"),
        ("tag=vip country=GB", "and, or, or the end instead of 'country' at column 9"),
        ("tag=vip and", "a field, like tag=vip instead of its end"),
        ("(tag=vip", "a closing bracket instead of its end"),
        ("tag=vip)", "instead of ')' at column 8"),
        ('client="Acme', "cannot be read at column 8"),
        ("", "a field, like tag=vip instead of its end"),
        ("not", "a field, like tag=vip instead of its end"),
        ("tag==vip", "a value for tag instead of '=' at column 5"),
        ("(" * 60 + "tag=vip" + ")" * 60, "at most 50 levels"),
        ("not " * 60 + "tag=vip", "at most 50 levels"),
    ],
)
def test_what_is_no_expression_is_told_where(expression: str, said: str) -> None:
    with pytest.raises(UserError) as told:
        select(FLEET, expression)
    assert told.value.code == "bad_selection"
    assert said in str(told.value)


def test_a_selection_of_nothing_is_an_error_that_says_what_there_is() -> None:
    with pytest.raises(UserError) as told:
        select(FLEET, "country=DE and tag=vip")
    assert told.value.code == "nothing_selected"
    assert "none of the 4 systems" in told.value.message
    assert told.value.remedy == "country is one of FR, GB"


comparisons = st.tuples(st.sampled_from(sorted(FIELDS)), st.sampled_from(["=", "!="]), st.sampled_from(
    ["vip", "GB", "FR", "swarm-*", "*", "acme", "acme Ltd", "business", "serverware", "ann"]))
Tree = tuple[str, Callable[[System], bool]]


def leaf(parts: tuple[str, str, str]) -> Tree:
    field, sign, value = parts
    text = f'{field}{sign}"{value}"'
    return text, parse(text)


def joined(parts: tuple[str, Tree, Tree]) -> Tree:
    word, (one, is_one), (two, is_two) = parts
    both = (lambda s: is_one(s) and is_two(s)) if word == "and" else (lambda s: is_one(s) or is_two(s))
    return f"({one}) {word} ({two})", both


def negated(tree: Tree) -> Tree:
    return f"not ({tree[0]})", lambda s: not tree[1](s)


trees = st.recursive(
    st.builds(leaf, comparisons),
    lambda inner: st.builds(joined, st.tuples(st.sampled_from(["and", "or"]), inner, inner))
    | st.builds(negated, inner),
    max_leaves=8,
)


@given(trees)
def test_and_or_not_and_brackets_mean_what_they_say(tree: Tree) -> None:
    text, meant = tree
    matches = parse(text)
    assert [matches(each) for each in FLEET.systems] == [meant(each) for each in FLEET.systems]


@given(comparisons, comparisons, comparisons)
def test_and_binds_closer_than_or(a: tuple[str, str, str], b: tuple[str, str, str], c: tuple[str, str, str]) -> None:
    one, two, three = (leaf(each)[0] for each in (a, b, c))
    bare, bracketed = parse(f"{one} or {two} and {three}"), parse(f"{one} or ({two} and {three})")
    assert [bare(each) for each in FLEET.systems] == [bracketed(each) for each in FLEET.systems]


@given(st.text(alphabet="tagid=!()\"' andornot*", max_size=40))
def test_no_text_breaks_the_parser(text: str) -> None:
    try:
        parse(text)
    except UserError as error:
        assert error.remedy
