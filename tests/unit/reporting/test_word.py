"""DOCX against the schema of WordprocessingML: Word repairs or refuses what LibreOffice forgives.

The orders of children are those of ECMA-376, Part 1, Annex A (wml.xsd): of each type the elements that an
office program may write, in the sequence of the schema. An element that is not in its list, or stands before
one that must precede it, fails.
"""

from __future__ import annotations

import io
import posixpath
import zipfile
from xml.etree import ElementTree

import pytest

from school_quality.reporting.layout.context_plot import ContextPlot, Mark, Tick
from school_quality.reporting.layout.rendering import Press
from school_quality.reporting.papers import word
from school_quality.reporting.papers.paper import (
    Appendix,
    Block,
    Bullets,
    Column,
    Figure,
    Heading,
    Paper,
    Point,
    Signature,
    Text,
    grid,
)
from school_quality.reporting.papers.word import docx

W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
R = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"
RELATIONSHIPS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"

SIDES = "top left start bottom right end insideH insideV"
ORDER = {
    name: children.split()
    for name, children in {
        "document": "background body",
        "pPr": "pStyle keepNext keepLines pageBreakBefore framePr widowControl numPr suppressLineNumbers "
        "pBdr shd tabs suppressAutoHyphens kinsoku wordWrap overflowPunct topLinePunct autoSpaceDE "
        "autoSpaceDN bidi adjustRightInd snapToGrid spacing ind contextualSpacing mirrorIndents "
        "suppressOverlap jc textDirection textAlignment textboxTightWrap outlineLvl divId cnfStyle "
        "rPr sectPr pPrChange",
        "rPr": "rStyle rFonts b bCs i iCs caps smallCaps strike dstrike outline shadow emboss imprint "
        "noProof snapToGrid vanish webHidden color spacing w kern position sz szCs highlight u effect bdr "
        "shd fitText vertAlign rtl cs em lang eastAsianLayout specVanish oMath",
        "pBdr": "top left bottom right between bar",
        "numPr": "ilvl numId",
        "tbl": "tblPr tblGrid tr",
        "tblPr": "tblStyle tblpPr tblOverlap bidiVisual tblStyleRowBandSize tblStyleColBandSize tblW jc "
        "tblCellSpacing tblInd tblBorders shd tblLayout tblCellMar tblLook tblCaption tblDescription",
        "tblBorders": SIDES,
        "tblCellMar": SIDES,
        "tblGrid": "gridCol",
        "tr": "tblPrEx trPr tc",
        "trPr": "cnfStyle divId gridBefore gridAfter wBefore wAfter cantSplit trHeight tblHeader "
        "tblCellSpacing jc hidden",
        "tc": "tcPr p tbl",
        "tcPr": "cnfStyle tcW gridSpan hMerge vMerge tcBorders shd noWrap tcMar textDirection tcFitText "
        "vAlign hideMark",
        "sectPr": "headerReference footerReference footnotePr endnotePr type pgSz pgMar paperSrc pgBorders "
        "lnNumType pgNumType cols formProt vAlign noEndnote titlePg textDirection bidi rtlGutter docGrid",
        "styles": "docDefaults latentStyles style",
        "docDefaults": "rPrDefault pPrDefault",
        "style": "name aliases basedOn next link autoRedefine hidden uiPriority semiHidden "
        "unhideWhenUsed qFormat locked personal personalCompose personalReply rsid pPr rPr tblPr trPr tcPr "
        "tblStylePr",
        "fonts": "font",
        "font": "altName panose1 charset family notTrueType pitch sig embedRegular",
        "numbering": "numPicBullet abstractNum num numIdMacAtCleanup",
        "abstractNum": "nsid multiLevelType tmpl name styleLink numStyleLink lvl",
        "lvl": "start numFmt lvlRestart pStyle isLgl suff lvlText lvlPicBulletId legacy lvlJc pPr rPr",
        "num": "abstractNumId lvlOverride",
        "settings": "writeProtection view zoom removePersonalInformation mirrorMargins defaultTabStop "
        "autoHyphenation evenAndOddHeaders characterSpacingControl footnotePr endnotePr compat docVars rsids "
        "themeFontLang clrSchemeMapping decimalSymbol listSeparator",
    }.items()
}
BLOCKS: tuple[Block, ...] = (
    Heading("Раздел <1>"),
    Text("Абзац & текст."),
    Text("Важно.", "important"),
    Bullets(("один", "два")),
    Point("1.", "Поручить."),
    Text("К таблице."),
    grid("Таблица", (Column("Школа", 2), Column("Доля", 1, "right")), [("А", "1"), ("Б", "2")]),
    Figure(
        "График",
        ContextPlot((Mark("1", "", True, 0.5, 0.5, 0.6, 0.5),), (Tick("0", 0.5),), (), None, None, "Что"),
    ),
    grid("Решения", (Column("Школа", 1), Column("Срок", 1)), [("А", ""), ("Б", "")], is_form=True),
    Signature("Руководитель", ("Исполнитель: ___",)),
    Appendix(("Приложение",), "Меры", ("УТВЕРЖДАЮ",)),
    Text("Мелко.", "small"),
)


@pytest.fixture(scope="module")
def parts() -> dict[str, bytes]:
    """The parts of a paper that has every kind of block."""
    paper = Paper(
        "paper", "Название", ("УПРАВЛЕНИЕ",), "ПРИКАЗ", "о чём", ("от", "№"), BLOCKS, "выпуск", True, "г. Н"
    )
    with zipfile.ZipFile(io.BytesIO(docx(paper, Press()))) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def misplaced(root: ElementTree.Element) -> list[str]:
    """Children that the schema does not allow where they stand, as ``parent/child``."""
    found = []
    for parent in root.iter():
        order = ORDER.get(parent.tag.removeprefix(W)) if parent.tag.startswith(W) else None
        if order is None:
            continue
        last = -1
        for child in parent:
            name = child.tag.removeprefix(W)
            place = order.index(name) if name in order else -1
            # A cell's paragraphs and tables alternate; references of headers and footers do too.
            if place < (0 if parent.tag in (f"{W}tc", f"{W}trPr") or name.endswith("Reference") else last):
                found.append(f"{parent.tag.removeprefix(W)}/{name}")
            last = max(last, place)
    return found


def test_children_stand_in_the_order_of_the_schema(parts: dict[str, bytes]) -> None:
    wrong = {
        name: misplaced(ElementTree.fromstring(content))  # noqa: S314 -- our own
        for name, content in parts.items()
        if name.startswith("word/") and name.endswith(".xml")
    }

    assert len(wrong) == 7
    assert {name: places for name, places in wrong.items() if places} == {}


def test_a_column_is_no_narrower_than_its_longest_word_and_a_table_no_wider_than_the_page() -> None:
    table = grid(
        "Таблица",
        (Column("№", 30), Column("Ответственный", 10), Column("Мера", 60)),
        [("1", "Управление образования", "Провести семинары")],
    )

    widths = word._widths(table)

    assert sum(widths) <= word.TEXT_WIDTH + len(widths)
    assert widths[1] > 1750  # twentieths of a point: 13 letters of 9 pt, bold
    assert widths[2] > widths[1]


def test_a_font_table_says_what_to_take_in_the_place_of_the_font(parts: dict[str, bytes]) -> None:
    fonts = ElementTree.fromstring(parts["word/fontTable.xml"])  # noqa: S314 -- our own

    (font,) = fonts
    alternatives = font.find(f"{W}altName")
    assert font.get(f"{W}name") == "Times New Roman"
    assert alternatives is not None
    assert "Liberation Serif" in (alternatives.get(f"{W}val") or "")


def test_the_check_of_the_order_finds_a_wrong_one() -> None:
    wrong = f'<w:pPr xmlns:w="{W[1:-1]}"><w:jc w:val="left"/><w:keepNext/><w:nonsense/></w:pPr>'

    assert misplaced(ElementTree.fromstring(wrong)) == ["pPr/keepNext", "pPr/nonsense"]  # noqa: S314


def test_every_part_has_a_type_and_every_relationship_a_part(parts: dict[str, bytes]) -> None:
    types = ElementTree.fromstring(parts["[Content_Types].xml"])  # noqa: S314 -- our own
    overridden = {element.get("PartName") for element in types if element.get("PartName")}
    by_ending = {element.get("Extension") for element in types if element.get("Extension")}
    targets = {
        posixpath.join(posixpath.dirname(posixpath.dirname(name)), element.get("Target") or "")
        for name, content in parts.items()
        if name.endswith(".rels")
        for element in ElementTree.fromstring(content)  # noqa: S314 -- our own
    }

    assert targets == {name for name in parts if not name.endswith(".rels")} - {"[Content_Types].xml"}
    assert overridden <= {f"/{name}" for name in parts}
    for name in parts:
        is_main = name.endswith(".xml") and name != "[Content_Types].xml"
        assert f"/{name}" in overridden if is_main else name.rpartition(".")[2] in {*by_ending, "xml"}


def test_every_reference_inside_the_document_resolves(parts: dict[str, bytes]) -> None:
    document = ElementTree.fromstring(parts["word/document.xml"])  # noqa: S314 -- our own
    styles = ElementTree.fromstring(parts["word/styles.xml"])  # noqa: S314 -- our own
    relationships = ElementTree.fromstring(parts["word/_rels/document.xml.rels"])  # noqa: S314 -- our own
    known = {style.get(f"{W}styleId") for style in styles.iter(f"{W}style")}
    ids = {element.get("Id") for element in relationships}

    used = {element.get(f"{W}val") for element in document.iter(f"{W}pStyle")}
    referred = {
        value for element in document.iter() for key, value in element.attrib.items() if key.startswith(R)
    }

    assert used <= known
    assert referred <= ids
    assert {element.get(f"{W}val") for element in styles.iter(f"{W}lang")} == {"ru-RU"}
    assert next(styles.iter(f"{W}outlineLvl")).get(f"{W}val") == "0"
    assert all(element.get("Type", "").startswith(RELATIONSHIPS) for element in relationships)


def test_every_cell_ends_with_a_paragraph_and_no_template_mark_is_left(parts: dict[str, bytes]) -> None:
    document = ElementTree.fromstring(parts["word/document.xml"])  # noqa: S314 -- our own
    texts = {name: content for name, content in parts.items() if not name.endswith(".png")}

    assert all(cell[-1].tag == f"{W}p" for cell in document.iter(f"{W}tc"))
    assert not [
        name for name, content in texts.items() if b"{{" in content or b"{%" in content or b"{#" in content
    ]


def test_rows_to_fill_are_tall_and_a_signature_keeps_the_last_row_before_it(parts: dict[str, bytes]) -> None:
    document = ElementTree.fromstring(parts["word/document.xml"])  # noqa: S314 -- our own
    tables = {
        caption.get(f"{W}val"): table.findall(f"{W}tr")
        for table in document.iter(f"{W}tbl")
        if (caption := table.find(f"{W}tblPr/{W}tblCaption")) is not None
    }

    def kept(rows: list[ElementTree.Element]) -> list[bool]:
        return [row.find(f"{W}tc/{W}p/{W}pPr/{W}keepNext") is not None for row in rows[1:]]

    assert [row.find(f"{W}trPr/{W}trHeight") is not None for row in tables["Решения"]] == [False, True, True]
    assert kept(tables["Решения"]) == [False, True]
    assert kept(tables["Таблица"]) == [False, False]
    assert next(
        one.find(f"{W}pPr/{W}keepNext") is not None
        for one in document.iter(f"{W}p")
        if "".join(one.itertext()) == "К таблице."
    )
    assert tables["Таблица"][1].find(f"{W}trPr/{W}trHeight") is None
