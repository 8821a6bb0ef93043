"""What a reader of a document reads, and on which line; whatever the typesetting."""

from __future__ import annotations

import pytest

from fix_documents import SENTENCE, document
from migration_audit.artifacts.documents.inline import fold_text
from migration_audit.artifacts.documents.markdown import parse_statement, read_document, read_section
from migration_audit.checks.doc003_log_entry import entries_of_kind, lacking
from migration_audit.checks.documents import has_heading, heading_line, lines_that_say, lines_that_show, only_beginning
from migration_audit.model.documents import PassageKind
from migration_audit.model.errors import ArtifactError

NEVER = "Processor never runs DDL."
OWNED = "owned by [[processor]]'s migration runner"

SAID = {
    "as it is": "Processor never runs DDL.",
    "wrapped": "Processor\nnever runs\nDDL.",
    "with two blanks at a wrapped line's end": "Processor never  \nruns DDL.",
    "emphasised": "**Processor** _never_ runs ***DDL***.",
    "in half a word": "**Pro**cessor never runs DDL.",
    "in a code span": "`Processor` never runs `DDL`.",
    "in a wrapped code span": "`Processor\nnever` runs DDL.",
    "with no-break blanks": "Processor\u00a0never\u202fruns&nbsp;DDL.",
    "with soft hyphens": "Pro\u00adcessor never runs DD&shy;L.",
    "with entities and escapes": "&#80;rocessor never runs DDL\\.",
    "in other letters": "PROCESSOR NEVER RUNS DDL.",
    "with a wiki link": "[[processor]] never runs DDL.",
    "with a wiki link and its alias": "[[entities/ingest|Processor]] never runs DDL.",
    "with a wiki link into a folder": "[[wiki/entities/processor#Schema]] never runs DDL.",
    "with a link": "[Processor](processor.md 'the service') never runs [DDL][ddl].\n\n[ddl]: https://example.org",
    "with a footnote": "Processor[^1] never runs DDL.[^2]\n\n[^1]: The service.",
    "with a footnote of one word": "Processor[^1] never runs DDL.\n\n[^1]: Ingest",
    "with a comment inside": "Processor <!-- not --> never runs DDL.",
    "in an item": "- one\n- two\n\n  Processor never runs DDL.",
    "in a checked item": "- [x] Processor never runs DDL.",
    "in a quotation": "> [!note]\n> Processor never\n> runs DDL.",
    "in a table": "| a | b |\n|---|---|\n| x | Processor never runs DDL. |",
    "in a heading": "### Processor never runs DDL.",
    "in HTML": "<details>\n<summary>Schema</summary>\n<p>Processor <b>never</b>\nruns&nbsp;DDL.</p>\n</details>",
    "behind a sentence": "It is so. Processor never runs DDL. Nobody minds.",
    "behind a colon": "**Note:** Processor never runs DDL.",
    "in quotation marks": "“Processor never runs DDL.”",
    "behind a sign": "✅ Processor never runs DDL.",
    "behind a dash": "Ownership — Processor never runs DDL.",
    "over two paragraphs": "Processor never\n\nruns DDL.",
    "with Windows line ends": "Processor\r\nnever runs DDL.\r\n",
}
UNSAID = {
    "not there": "Processor runs DDL.",
    "in a comment": "<!-- Processor never runs DDL. -->",
    "in a comment of several blocks": "<!--\n\nProcessor never runs DDL.\n\n-->",
    "in a comment inside a paragraph": "Text <!-- Processor never runs DDL. --> text.",
    "struck out": "~~Processor never runs DDL.~~",
    "deleted in HTML": "<del>Processor never runs DDL.</del>",
    "deleted in a block of HTML": "<div>\n<s>Processor never runs DDL.</s>\n</div>",
    "in a fence": "```\nProcessor never runs DDL.\n```",
    "in a fence of tildes": "~~~text\nProcessor never runs DDL.\n~~~",
    "in indented code": "Text:\n\n    Processor never runs DDL.\n",
    "in the front matter": "---\nsummary: Processor never runs DDL.\n---\n# Page\n",
    "in an open task": "- [ ] Processor never runs DDL.",
    "in the second paragraph of an open task": "- [ ] Say it:\n\n  Processor never runs DDL.",
    "denied": "It is not true that Processor never runs DDL.",
    "with an exception": "Processor never runs DDL, except at boot.",
    "denied in quotation marks": "It is wrong that “Processor never runs DDL.”",
    "with a condition": "Unless asked to, Processor never runs DDL.",
    "of another service": "Preprocessor never runs DDL.",
    "with a word more": "Processor almost never runs DDL.",
    "over two sections": "## A\n\nProcessor never\n\n## B\n\nruns DDL.",
    "over two cells": "| a | b |\n|---|---|\n| Processor never | runs DDL. |",
    "around a block of code": "Processor never\n\n```\nx\n```\n\nruns DDL.",
    "in the title of a link": "[x](y 'Processor never runs DDL.')",
    "in a picture's description": "![Processor never runs DDL.](x.png)",
    "nothing at all": "",
}


@pytest.mark.parametrize("text", SAID.values(), ids=SAID)
def test_a_document_says(text):
    assert lines_that_say(document(text), parse_statement(NEVER), section=None)


@pytest.mark.parametrize("text", UNSAID.values(), ids=UNSAID)
def test_a_document_does_not_say(text):
    assert not lines_that_say(document(text), parse_statement(NEVER), section=None)


@pytest.mark.parametrize("written", ["can't", "can’t", "can`t", "can&rsquo;t", "can&#39;t", "canʼt"])
def test_apostrophes_are_one_sign(written):
    text = SENTENCE.replace("can't", written) if "`" not in written else SENTENCE.replace("can't", "can\\`t")
    assert lines_that_say(document(text), parse_statement(SENTENCE), section=None)


def test_dashes_and_quotation_marks_are_one_sign():
    assert fold_text("„a“ – b—c − d") == '"a" - b-c - d'
    assert fold_text("a -- b --- c") == "a - b - c"


CLAIMED = {
    "in text": "It is owned by [[processor]]'s migration runner.",
    "with an alias": "It is owned by [[processor|the Processor]]’s migration runner.",
    "by the alias": "It is owned by [[ingest|Processor]]'s migration runner.",
    "without a link": "It is owned by processor's **migration runner**, still.",
    "in a block of code": "```\n# owned by processor's migration runner\n```",
    "in an open task": "- [ ] remove what is owned by processor's migration runner",
    "in a quotation": "> owned by\n> [[processor]]'s migration runner",
    "in a heading": "# Owned by [[processor]]'s migration runner",
    "in the front matter": "---\ntitle: owned by processor's migration runner\n---\n",
    "in a table with an escaped bar": "| a |\n|---|\n| owned by [[x\\|processor]]'s migration runner |",
}


@pytest.mark.parametrize("text", CLAIMED.values(), ids=CLAIMED)
def test_a_claim_counts_wherever_it_is_seen(text):
    assert lines_that_show(document(text), parse_statement(OWNED), section=None)


@pytest.mark.parametrize(
    "text",
    [
        "<!-- owned by [[processor]]'s migration runner -->",
        "~~owned by [[processor]]'s migration runner~~",
        "owned by [[processor]]'s migration runners",
        "disowned by [[processor]]'s migration runner",
    ],
)
def test_a_claim_that_no_one_sees_or_makes_does_not_count(text):
    assert not lines_that_show(document(text), parse_statement(OWNED), section=None)


def test_every_claim_is_reported_with_its_line():
    text = "---\na: b\n---\n# Page\n\nFirst line,\nowned by [[processor]]'s\nmigration runner. And `x\ny` owned\n"
    text += "by &quot;&quot; processor's\n\n- item\n  - owned by\n    processor's migration runner\n\n"
    text += "```sh\nx\nowned by processor's migration runner\n```\n"
    assert lines_that_show(document(text), parse_statement(OWNED), section=None) == [7, 13, 18]


def test_lines_are_right_behind_everything_that_takes_lines_of_its_own():
    text = "one <!-- a\nb --> two [three](x\n'y') `four\nfive` &amp; six\\\nseven **eight\nnine** ten\n"
    passage, tooltip = document(text).passages
    assert (tooltip.kind, tooltip.shown.text) == (PassageKind.ASIDE, "| y")
    shown = passage.shown.text
    found = [(word, passage.shown.line(shown.index(word))) for word in shown.split() if len(word) > 2]
    expected = {1: "one", 2: "two three", 3: "four five", 4: "six", 5: "seven eight", 6: "nine ten"}
    assert found == [(word, line) for line, words in expected.items() for word in words.split()]


SECTIONS = """# Page

Before.

## Schema ownership vs. `write` access {#schema}

Inside.

### Deeper

Deep.

## Next

After.

Setext
------

Last.
"""


@pytest.mark.parametrize(
    ("said", "section", "line"),
    [
        ("Inside.", "Schema ownership vs. write access", 7),
        ("Deep.", "## Schema ownership vs. write access", 11),
        ("Deep.", "Deeper", 11),
        ("Last.", "setext", 20),
        ("After.", "Schema ownership vs. write access", None),
        ("Before.", "Schema ownership vs. write access", None),
        ("Last.", "Next", None),
        ("Last.", "Page", 20),
        ("Inside.", "No such heading", None),
    ],
)
def test_a_section_reaches_to_the_next_heading_of_its_level(said, section, line):
    found = lines_that_say(document(SECTIONS), parse_statement(said), section=read_section(section))
    assert found[:1] == ([line] if line else [])


def test_a_claim_is_looked_for_everywhere_when_its_section_is_gone():
    page = document(SECTIONS)
    assert lines_that_show(page, parse_statement("After"), section=read_section("Deeper")) == []
    assert lines_that_show(page, parse_statement("After"), section=read_section("Gone")) == [15]
    assert (has_heading(page, read_section("Deeper")), has_heading(page, read_section("Gone"))) == (True, False)
    assert heading_line(page, read_section("Deeper")) == 9


def test_how_far_a_sentence_is_said():
    page = document("Processor never runs DDL. Schema is owned by Directus.")
    assert only_beginning(page, parse_statement(SENTENCE), section=None) == "processor never runs ddl. schema is"
    assert only_beginning(document("Other"), parse_statement(SENTENCE), section=None) is None


def test_a_statement_without_words_is_never_said():
    assert lines_that_say(document("text"), parse_statement("** **"), section=None) == []


def test_a_fence_that_no_one_closes_is_code_to_the_end():
    passages = document("text\n\n```\nnever\n").passages
    assert [p.kind for p in passages] == [PassageKind.TEXT, PassageKind.CODE]


ENTRIES = {
    "a heading with brackets": "## [2026-05-02] note | Migration runner retired\n\nText.\n",
    "a heading with a dash": "### 2026-05-02 — note: retired the migration runner\n",
    "a heading with the kind first": "## Note (2026-05-02): migration runner retired\n",
    "a date, and items below": "## 2026-05-02\n\n- fix: nothing\n- **note** – Retired the `migration`\n  runner.\n",
    "an item": "- 2026-05-02 note: the migration runner is retired\n",
    "an item with a time": "* [2026-05-02 14:03Z] `note` retired: the migration runner\n",
    "a row": "| date | kind | what |\n|---|---|---|\n| 2026-05-02 | note | Migration runner retired |\n",
    "a paragraph": "**2026-05-02 · note ·** The migration runner was retired.\n",
    "a body of several blocks": "## [2026-05-02] note | Task 3.5\n\nThe migration runner:\n\n- is retired\n",
    "a link in the body": "- note: [[migration-runner|Migration runner]] retired\n",
}
NO_ENTRIES = {
    "another kind": "## [2026-05-02] plan | Migration runner retired\n",
    "a kind that begins so": "## [2026-05-02] notebook | Migration runner retired\n",
    "the kind later in the text": "## [2026-05-02] decision | note: migration runner retired\n",
    "other words": "## [2026-05-02] note | Dashboard released\n",
    "words of the next entry": "## [2026-05-02] note | Release\n\n## [2026-05-03] plan | Migration runner retired\n",
    "words of the next item": "- note: release\n- plan: migration runner retired\n",
    "in a comment": "<!-- ## [2026-05-02] note | Migration runner retired -->\n",
    "in code": "```\n## [2026-05-02] note | Migration runner retired\n```\n",
    "an open task": "- [ ] note: migration runner retired\n",
    "only as code": "## [2026-05-02] note | x\n\n```\nmigration runner retired\n```\n",
    "nothing": "",
}


def entries(text):
    page = document(text)
    about = (parse_statement("migration runner"), parse_statement("retire"))
    return [number for number in entries_of_kind(page, "note") if not lacking(page, number, about)]


@pytest.mark.parametrize("text", ENTRIES.values(), ids=ENTRIES)
def test_an_entry_of_a_log(text):
    assert len(entries(f"# Log\n\n{text}\n## [2026-04-01] note | Older\n")) == 1


@pytest.mark.parametrize("text", NO_ENTRIES.values(), ids=NO_ENTRIES)
def test_no_entry_of_a_log(text):
    assert entries(f"# Log\n\n{text}") == []


@pytest.mark.parametrize(
    ("content", "said"),
    [(None, "file does not exist"), (b"caf\xe9", "not UTF-8"), (b"a\nb\xff", "x.md:2")],
    ids=["missing", "latin-1", "with its line"],
)
def test_a_file_that_cannot_be_read_is_an_error(tmp_path, content, said):
    if content is not None:
        (tmp_path / "x.md").write_bytes(content)
    with pytest.raises(ArtifactError, match=said):
        read_document(tmp_path / "x.md", shown_from=tmp_path)


def test_a_byte_order_mark_is_not_text(tmp_path):
    (tmp_path / "x.md").write_text("# Page\n", "utf-8-sig")
    page = read_document(tmp_path / "x.md", shown_from=tmp_path)
    assert [p.kind for p in page.passages] == [PassageKind.HEADING]
