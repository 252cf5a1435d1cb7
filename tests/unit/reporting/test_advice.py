"""Why a card has no recommendations: hidden and unknown are told apart."""

from __future__ import annotations

from typing import Any

import pytest

from school_quality.reporting.content.advice import no_advice


@pytest.mark.parametrize(
    ("status", "says"),
    [
        ({"is_supported": None, "suppressed": ["is_supported"]}, "Получает ли её эта школа, скрыто."),
        ({"is_supported": None}, "за год нет процедур, по которым определяют ШНОР"),
        ({"is_supported": False}, "для школ с адресной поддержкой."),
        ({"is_supported": True, "suppressed": ["points"]}, "остальные скрыты."),
        ({"is_supported": True}, "ни один показатель не оценён."),
        ({"is_supported": True, "points": 9}, "получили полный балл."),
    ],
    ids=["support hidden", "no results", "not supported", "points hidden", "nothing scored", "full points"],
)
def test_a_card_without_recommendations_says_why(status: dict[str, Any], says: str) -> None:
    note = no_advice({"points": None, **status})

    assert says in note
    assert ("скры" in note) == ("suppressed" in status)
