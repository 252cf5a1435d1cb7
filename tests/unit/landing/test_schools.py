from __future__ import annotations

from datetime import date

import pytest

from school_quality.landing.schools import Register, School, Spelling, is_pseudo_unit

REGISTER = Register.of(
    [
        School("6003", "980603", 3, "6", "Заречный район"),
        School("6017", "980617", 17, "6", "Заречный район", date(2022, 12, 30)),
        School("7003", "980703", 3, "7", "Степной район"),
    ]
)


@pytest.mark.parametrize("code", ["006017", "6017", "6017.0", "6017,0", "0006017", "sch980617"])
def test_a_code_is_known_however_it_is_written(code: str) -> None:
    found = REGISTER.resolve(Spelling(code=code))

    assert found.school is not None
    assert found.school.school_id == "6017"
    assert found.municipality_id == "6"


@pytest.mark.parametrize("login", ["sch980603", "edu980603", "EDU980603", "980603", "edu980603 | СОШ № 3 "])
def test_a_login_is_its_six_digits(login: str) -> None:
    found = REGISTER.resolve(Spelling(login=login))

    assert found.school is not None
    assert found.school.school_id == "6003"


def test_a_login_may_stand_in_brackets_behind_the_name() -> None:
    found = REGISTER.resolve(Spelling(name="МБОУ СОШ № 3 (edu980703)"))

    assert found.school is not None
    assert found.school.school_id == "7003"


@pytest.mark.parametrize("code", ["999999", "СОШ № 17", "17"])
def test_an_unknown_code_is_rejected_and_a_number_in_its_place_is_no_code(code: str) -> None:
    found = REGISTER.resolve(Spelling(code=code))

    assert (found.outcome, found.rule, found.part, found.value) == (
        "rejected",
        "unknown_school",
        "code",
        code,
    )


def test_a_bare_number_is_a_key_where_it_is_unique() -> None:
    found = REGISTER.resolve(Spelling(number="17"))

    assert found.school is not None
    assert found.school.school_id == "6017"


def test_a_bare_number_of_two_schools_is_rejected() -> None:
    assert REGISTER.resolve(Spelling(number="3")).rule == "ambiguous_school"


def test_a_bare_number_is_looked_up_in_the_municipality_that_the_row_names() -> None:
    found = REGISTER.resolve(Spelling(number="3", municipality=" степной  район"))

    assert found.school is not None
    assert found.school.school_id == "7003"


def test_two_keys_of_one_row_must_not_contradict_each_other() -> None:
    assert REGISTER.resolve(Spelling(code="6003", login="sch980703")).rule == "ambiguous_school"


def test_an_unknown_school_of_an_unknown_municipality_is_skipped() -> None:
    assert REGISTER.resolve(Spelling(login="sch980792", municipality="Приозёрный район")).outcome == "skipped"


def test_an_unknown_school_of_a_known_municipality_is_rejected() -> None:
    assert REGISTER.resolve(Spelling(login="sch980792", municipality="Степной район")).outcome == "rejected"


def test_a_known_school_lies_where_the_register_says() -> None:
    found = REGISTER.resolve(Spelling(login="sch980603", municipality="Приозёрный район"))

    assert found.municipality_id == "6"


def test_without_a_register_nothing_is_skipped_silently() -> None:
    assert (
        Register().resolve(Spelling(login="sch980603", municipality="Заречный район")).outcome == "rejected"
    )


@pytest.mark.parametrize(
    "name", ["СПО Краснодарский край", "Участники из других регионов", "reg23 | СПО Регион"]
)
def test_pseudo_units_are_known_by_their_names(name: str) -> None:
    assert is_pseudo_unit(name)
    assert REGISTER.resolve(Spelling(login="sch980603", municipality=name)).outcome == "skipped"


@pytest.mark.parametrize("name", ["Спортивный район", "Регион (региональное подчинение)", "Славянский район"])
def test_districts_are_no_pseudo_units(name: str) -> None:
    assert not is_pseudo_unit(name)


def test_a_row_without_a_school_belongs_to_the_only_municipality() -> None:
    sole = Register.of([School("6003", None, 3, "6", "Заречный район")])

    assert sole.resolve(Spelling()).municipality_id == "6"
    assert REGISTER.resolve(Spelling()).municipality_id is None
    assert REGISTER.resolve(Spelling(municipality="Степной район")).municipality_id == "7"


def test_a_pseudo_unit_of_the_register_is_known_by_its_code_with_its_name_too() -> None:
    register = Register.of([School("6003", None, 3, "6", "Заречный район")], [("code", "9001")])

    assert register.resolve(Spelling(code="009001 Колледж")).outcome == "skipped"
    assert register.resolve(Spelling(code="009002 Колледж")).outcome == "rejected"


NAMED = Register.of(
    [
        School("6003", None, 3, "6", "Заречный район", None, "СОШ № 3", "МБОУ"),
        School("6005", None, 5, "6", "Заречный район", None, "МБОУ «СОШ № 5»", "МБОУ"),
        School("6050", None, 50, "6", "Заречный район", None, "МБОУ СОШ № 50", "МБОУ"),
        School("7003", None, 3, "7", "Степной район", None, "СОШ № 3", "МБОУ"),
        School("7009", None, 9, "7", "Степной район", None, "", ""),
    ]
)


@pytest.mark.parametrize(
    ("code", "school_id"),
    [
        ("006003 МБОУ СОШ № 3", "6003"),
        ("6003, СОШ №3", "6003"),
        ("006003 - МБОУ СОШ № 3 ст. Примерная", "6003"),
        ("6003.0 МБОУ СОШ № 3", "6003"),
        ("006005\nМБОУ «СОШ № 5»", "6005"),
        ("007009 Гимназия № 9", "7009"),
        ("006003 Школа имени Героя", "6003"),
        ("006003 «МБОУ СОШ № 3»", "6003"),
        ("006003(СОШ № 3)", "6003"),
        ("6003 / МБОУ СОШ № 3", "6003"),
    ],
)
def test_a_code_followed_by_the_name_is_that_code(code: str, school_id: str) -> None:
    found = NAMED.resolve(Spelling(code=code))

    assert found.school is not None
    assert found.school.school_id == school_id


@pytest.mark.parametrize(
    "code", ["006077 МБОУ СОШ № 3", "3 СОШ", "5 МБОУ СОШ № 5", "006003 006005", "006003СОШ"]
)
def test_a_code_that_the_register_does_not_have_is_none_with_a_name_either(code: str) -> None:
    found = NAMED.resolve(Spelling(code=code))

    assert (found.outcome, found.rule, found.value, found.meant) == ("rejected", "unknown_school", code, "")


@pytest.mark.parametrize("name", ["МБОУ СОШ № 5", "СОШ № 5", "(МБОУ «СОШ №5»)"])
def test_a_code_with_the_name_of_another_school_means_neither(name: str) -> None:
    found = NAMED.resolve(Spelling(code=f"006003 {name}"))

    assert (found.outcome, found.rule) == ("rejected", "ambiguous_school")


@pytest.mark.parametrize(
    ("code", "municipality", "meant"),
    [
        ("МБОУ СОШ № 5", "", "6005"),
        ("мбоу  СОШ №5", "", "6005"),
        ("МБОУ СОШ № 5 ст. Примерная", "", "6005"),
        ("МБОУ СОШ № 5, ст. Примерная", "", "6005"),
        ("МБОУ «СОШ № 50»", "", "6050"),
        ("СОШ № 50 ст. Примерная", "", "6050"),
        ("МБОУ СОШ № 5 (006005)", "", "6005"),
        ("СОШ № 3", "", ""),
        ("СОШ № 3", "Степной район", "7003"),
        ("СОШ № 51", "", ""),
        ("Сельская школа", "", ""),
    ],
)
def test_a_name_alone_is_no_key_and_the_remark_offers_the_code(
    code: str, municipality: str, meant: str
) -> None:
    found = NAMED.resolve(Spelling(code=code, municipality=municipality))

    assert (found.outcome, found.rule, found.school) == ("rejected", "unknown_school", None)
    assert (f": {meant}, " in found.meant) if meant else found.meant == ""
