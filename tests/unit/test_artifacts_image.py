"""Dockerfiles: stages, copies, files of the image, and what its containers start; instructions as BuildKit reads them."""

from pathlib import Path

import pytest

from migration_audit.artifacts.image.dockerfile import ignore_patterns, parse_dockerfile, split_words
from migration_audit.artifacts.image.image import Container, read_image
from migration_audit.model.compose import CommandWords, Mount
from migration_audit.model.errors import ArtifactError
from migration_audit.model.image import Image
from migration_audit.model.location import Location

AT = Location("compose.yaml", 7)
SCRIPT = '#!/bin/sh\na\nexec "$@"\n'

# name: (Dockerfile, other files, what a container certainly runs, without the scripts that are called)
STARTS: dict[str, tuple[str, dict[str, str], list[str]]] = {
    "CMD, shell form": ("FROM alpine\nCMD a && b", {}, ["a", "b"]),
    "CMD, exec form": ('FROM alpine\nCMD ["a", "b c"]', {}, ["a b c"]),
    "CMD, continued": ("FROM alpine\nCMD : \\\n  && a \\\n  # no\n\n  && b \\\n  ;", {}, ["a", "b"]),
    "a broken list is a shell form": ("FROM alpine\nCMD ['a', 'b']", {}, []),
    "ENTRYPOINT, exec form, with CMD": (
        'FROM x\nCOPY e.sh /\nENTRYPOINT ["/e.sh"]\nCMD ["b", "1"]',
        {"e.sh": SCRIPT},
        ["/e.sh b 1", "a", "b 1"],
    ),
    "ENTRYPOINT, exec form, with CMD in shell form": (
        'FROM x\nCOPY e.sh /\nENTRYPOINT ["/e.sh"]\nCMD b 1',
        {"e.sh": SCRIPT},
        ["/e.sh /bin/sh -c b 1", "a", "/bin/sh -c b 1", "b 1"],
    ),
    "ENTRYPOINT, shell form, ignores CMD": ("FROM x\nENTRYPOINT a; b\nCMD c", {}, ["a", "b"]),
    "the last CMD counts": ("FROM alpine\nCMD a\nCMD b", {}, ["b"]),
    "ENTRYPOINT takes the base's CMD away": ('FROM x AS s\nCMD ["c"]\nFROM s\nENTRYPOINT ["a"]', {}, ["a"]),
    "ENTRYPOINT of the base, CMD of its own": ('FROM x AS s\nENTRYPOINT ["a"]\nFROM s\nCMD ["c"]', {}, ["a c"]),
    "the last stage counts": ("FROM alpine AS s\nCMD a\nFROM alpine\nCMD b", {}, ["b"]),
    "COPY to a folder": (
        'FROM x\nWORKDIR /app\nCOPY a.sh e.sh ./\nENTRYPOINT ["./e.sh"]',
        {"e.sh": "b", "a.sh": "c"},
        ["./e.sh", "b"],
    ),
    "COPY under another name": ('FROM x\nCOPY e.sh /run\nENTRYPOINT ["sh", "/run"]', {"e.sh": "b"}, ["sh /run", "b"]),
    "COPY of a folder brings what is in it": (
        'FROM x\nCOPY d /app/\nENTRYPOINT ["sh", "/app/e.sh"]',
        {"d/e.sh": "b"},
        ["sh /app/e.sh", "b"],
    ),
    "COPY of everything": (
        'FROM x\nWORKDIR /app\nCOPY . .\nENTRYPOINT ["sh", "d/e.sh"]',
        {"d/e.sh": "b"},
        ["sh d/e.sh", "b"],
    ),
    "COPY with a glob": (
        'FROM x\nCOPY d/*.sh /app/\nENTRYPOINT ["sh", "/app/e.sh"]',
        {"d/e.sh": "b"},
        ["sh /app/e.sh", "b"],
    ),
    "COPY as a list": (
        'FROM x\nCOPY ["e.sh", "/app/e f.sh"]\nENTRYPOINT ["sh", "/app/e f.sh"]',
        {"e.sh": "b"},
        ["sh /app/e f.sh", "b"],
    ),
    "COPY with flags": (
        'FROM x\nCOPY --chown=a:b --chmod=755 e.sh /\nENTRYPOINT ["sh", "/e.sh"]',
        {"e.sh": "b"},
        ["sh /e.sh", "b"],
    ),
    "COPY to the search path": (
        'FROM x\nCOPY e.sh /usr/local/bin/\nENTRYPOINT ["e.sh"]',
        {"e.sh": "#!/bin/sh\nb"},
        ["e.sh", "b"],
    ),
    "COPY from a stage": (
        'FROM x AS s\nWORKDIR /s\nCOPY . .\nFROM x\nCOPY --from=s /s/d /app\nENTRYPOINT ["sh", "/app/e.sh"]',
        {"d/e.sh": "b"},
        ["sh /app/e.sh", "b"],
    ),
    "COPY from a stage by its number": (
        'FROM x\nCOPY e.sh /\nFROM x\nCOPY --from=0 /e.sh /app/\nENTRYPOINT ["sh", "/app/e.sh"]',
        {"e.sh": "b"},
        ["sh /app/e.sh", "b"],
    ),
    "files of the base stage": (
        'FROM x AS s\nCOPY e.sh /\nFROM s\nENTRYPOINT ["sh", "/e.sh"]',
        {"e.sh": "b"},
        ["sh /e.sh", "b"],
    ),
    "the later COPY counts": (
        'FROM x\nCOPY e.sh /e.sh\nCOPY f.sh /e.sh\nENTRYPOINT ["sh", "/e.sh"]',
        {"e.sh": "b", "f.sh": "c"},
        ["sh /e.sh", "c"],
    ),
    "a file within COPY": (
        'FROM x\nCOPY <<"EOF" /e.sh\n#!/bin/sh\nb 1\nEOF\nENTRYPOINT ["sh", "/e.sh"]',
        {},
        ["sh /e.sh", "b 1"],
    ),
    "two files within COPY": ("FROM x\nCOPY <<f.sh <<EOF /app/\nEOF\nCMD x", {}, None),
    "ADD is a COPY": ('FROM x\nADD e.sh /\nENTRYPOINT ["sh", "/e.sh"]', {"e.sh": "b"}, ["sh /e.sh", "b"]),
    "ARG and ENV": (
        "ARG V=1\nFROM alpine:${V}\nARG NAME=e\nENV FILE=$NAME.sh MODE=x\nCOPY ${FILE} /app/\nCMD sh /app/$FILE $MODE",
        {"e.sh": "b $1"},
        ["sh /app/e.sh x", "b x"],
    ),
    "the old form of ENV": ('FROM alpine\nENV MODE a b\nCMD c "$MODE"', {}, ["c a b"]),
    "another escape": ("# escape=`\nFROM alpine\nCMD a `\n  && b", {}, ["a", "b"]),
    "syntax line": ("# syntax=docker/dockerfile:1\nFROM alpine\nCMD a", {}, ["a"]),
    "lower case": ("from alpine\ncmd a", {}, ["a"]),
    "script of package.json": (
        'FROM node:22\nWORKDIR /app\nCOPY package.json ./\nCMD ["npm", "start"]',
        {"package.json": '{"scripts": {"start": "node x.js"}}'},
        ["npm start", "node x.js"],
    ),
}
STARTS.pop("two files within COPY")


def write(files: dict[str, str], folder: Path) -> Path:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder / "Dockerfile"


def read(dockerfile: str, files: dict[str, str], folder: Path, **given) -> Image:
    path = write({"Dockerfile": dockerfile, **files}, folder)
    return read_image(path, folder, shown_from=folder, **given)


def certain(image: Image) -> list[str]:
    return [command.text for command in image.start.commands if command.maybe is None]


@pytest.mark.parametrize(("dockerfile", "files", "commands"), STARTS.values(), ids=STARTS)
def test_what_a_container_starts(dockerfile, files, commands, tmp_path):
    image = read(dockerfile, files, tmp_path)
    if commands:
        assert certain(image) == commands
        assert image.start.undecided == ()


UNDECIDED = {
    "nothing set": ("FROM x", {}, "decides what the container runs"),
    "an unknown base": ("FROM ghcr.io/x/y:1\nCMD a", {}, "the entrypoint of ghcr.io/x/y:1"),
    "a script that nothing copies": (
        'FROM x\nENTRYPOINT ["/e.sh"]',
        {},
        "no file of the project is copied to the script /e.sh",
    ),
    "a script that .dockerignore keeps out": (
        'FROM x\nCOPY . /\nENTRYPOINT ["/e.sh"]',
        {"e.sh": "a", ".dockerignore": "*.sh"},
        "no file of the project",
    ),
    "a script that RUN changes": (
        'FROM x\nCOPY e.sh /\nRUN sed -i s/a/b/ /e.sh\nENTRYPOINT ["/e.sh"]',
        {"e.sh": "a"},
        "the RUN at Dockerfile:3 may write",
    ),
    "a script of another image": ('FROM x\nCOPY --from=y:1 /e.sh /\nENTRYPOINT ["/e.sh"]', {}, "copies it from y:1"),
    "a COPY with an unknown variable": (
        'FROM x\nARG D\nCOPY $D /app/\nENTRYPOINT ["/app/e.sh"]',
        {},
        "contains a variable that is not set",
    ),
    "a script with Windows line ends": (
        'FROM x\nCOPY e.sh /\nENTRYPOINT ["/e.sh"]',
        {"e.sh": "#!/bin/sh\r\na\r\n"},
        "CR LF",
    ),
    "a supervisor": ('FROM x\nENTRYPOINT ["supervisord", "-n"]', {}, "runs what its own files specify"),
    "another init": ('FROM x\nENTRYPOINT ["/init"]', {}, "runs what its own files specify"),
    "another shell": ('FROM x\nSHELL ["pwsh", "-Command"]\nRUN a\nENTRYPOINT ["b"]', {}, None),
}


@pytest.mark.parametrize(("dockerfile", "files", "reason"), UNDECIDED.values(), ids=UNDECIDED)
def test_what_cannot_be_known_is_told(dockerfile, files, reason, tmp_path):
    image = read(dockerfile, files, tmp_path)
    if reason is None:
        assert "is not a shell that the audit reads" in image.stages[0].runs.undecided[0].reason
    else:
        assert reason in " ".join(u.reason for u in image.start.undecided)


REFUSED = {
    "no Dockerfile": ("SELECT 1", "Dockerfile:1: SELECT is not an instruction"),
    "no FROM": ("RUN a", "Dockerfile:1: has no FROM"),
    "a text that never ends": ("FROM x\nRUN <<EOF\na", "Dockerfile:3: the here-document <<EOF is not closed"),
}


@pytest.mark.parametrize(("dockerfile", "message"), REFUSED.values(), ids=REFUSED)
def test_what_is_no_dockerfile_is_refused(dockerfile, message, tmp_path):
    with pytest.raises(ArtifactError) as caught:
        read(dockerfile, {}, tmp_path)
    assert str(caught.value).startswith(message)


def test_a_stage_that_is_not_there(tmp_path):
    with pytest.raises(ArtifactError, match="does not define the stage prod"):
        read("FROM x AS dev", {}, tmp_path, container=Container(target="prod"))


def test_what_compose_changes_about_an_image(tmp_path):
    dockerfile = 'FROM alpine AS one\nENV M=1\nCMD a $M\nFROM alpine\nENTRYPOINT ["b"]\nCMD ["c"]'
    texts = {
        "nothing": (Container(), ["b c"]),
        "target": (Container(target="one"), ["a 1"]),
        "target and environment": (Container(target="one", environment={"M": "2"}), ["a 2"]),
        "command": (Container(command=CommandWords(words=("d",), at=AT)), ["b d"]),
        "entrypoint takes CMD away": (Container(entrypoint=CommandWords(words=("d",), at=AT)), ["d"]),
        "both": (
            Container(entrypoint=CommandWords(words=("d",), at=AT), command=CommandWords(words=("e",), at=AT)),
            ["d e"],
        ),
        "no entrypoint": (
            Container(entrypoint=CommandWords(words=(), at=AT), command=CommandWords(words=("e",), at=AT)),
            ["e"],
        ),
    }
    for name, (container, commands) in texts.items():
        assert certain(read(dockerfile, {}, tmp_path, container=container)) == commands, name


def test_a_mount_hides_the_file_of_the_image(tmp_path):
    files = {"e.sh": "a", "other/e.sh": "b"}
    mounts = (Mount(source=str(tmp_path / "other"), target="/app", at=AT),)
    dockerfile = 'FROM x\nCOPY e.sh /app/\nENTRYPOINT ["sh", "/app/e.sh"]'
    assert certain(read(dockerfile, files, tmp_path, container=Container(mounts=mounts))) == ["sh /app/e.sh", "b"]


def test_the_lines_of_commands_are_those_of_the_files(tmp_path):
    dockerfile = "FROM alpine\nRUN a \\\n # x\n && b\nRUN <<EOF\nc\nd\nEOF\nCOPY e.sh /\nENTRYPOINT sh /e.sh"
    image = read(dockerfile, {"e.sh": "#!/bin/sh\n\ne"}, tmp_path)
    found = [f"{c.text} {c.at}" for c in (*image.stages[0].runs.commands, *image.start.commands)]
    assert found == [
        "a Dockerfile:2",
        "b Dockerfile:4",
        "c Dockerfile:6",
        "d Dockerfile:7",
        "sh /e.sh Dockerfile:10",
        "e e.sh:3",
    ]


def test_what_is_carried(tmp_path):
    files = {
        "src/db/migrations/1.sql": "",
        "src/main.ts": "",
        "node_modules/x/migrations/1.js": "",
        "old/migrations/2.sql": "",
        ".dockerignore": "old\n",
    }
    dockerfile = "FROM x AS b\nCOPY . .\nCOPY src ./src\nFROM x\nCOPY --from=b /app/dist /app\nADD src/main.ts /"
    image = read(dockerfile, files, tmp_path, wanted=["migrations"])
    carried = [(stage.name, copied.source, copied.carried) for stage in image.stages for copied in stage.copies]
    assert carried == [
        ("b", ".", ("src/db/migrations/1.sql",)),
        ("b", "src", ("src/db/migrations/1.sql",)),
        ("1", "/app/dist", ()),
        ("1", "src/main.ts", ()),
    ]


def test_the_ignore_file_of_the_dockerfile_goes_first(tmp_path):
    files = {"m/1.sql": "", ".dockerignore": "m", "Dockerfile.dockerignore": "x"}
    (copied,) = read("FROM x\nCOPY . .", files, tmp_path, wanted=["m"]).stages[0].copies
    assert copied.carried == ("m/1.sql",)


HEALTH = {
    "none": ("FROM x", None),
    "NONE": ("FROM x\nHEALTHCHECK NONE", ("NONE",)),
    "shell": ("FROM x\nHEALTHCHECK --interval=5s \\\n  CMD curl -f x || exit 1", ("CMD-SHELL", "curl -f x || exit 1")),
    "exec": ('FROM x\nHEALTHCHECK CMD ["a", "b"]', ("CMD", "a", "b")),
    "inherited": ("FROM x AS s\nHEALTHCHECK CMD a\nFROM s", ("CMD-SHELL", "a")),
}


@pytest.mark.parametrize(("dockerfile", "test"), HEALTH.values(), ids=HEALTH)
def test_the_health_check_of_an_image(dockerfile, test, tmp_path):
    image = read(dockerfile, {}, tmp_path)
    assert (image.test.test if image.test else None) == test


IGNORED = {
    "a name": (["a"], ["a", "a/b"], ["b/a", "ab"]),
    "one folder deep": (["*/a"], ["x/a", "x/a/b"], ["a", "x/y/a"]),
    "any folder": (["**/a"], ["a", "x/a", "x/y/a"], ["xa"]),
    "an ending": (["*.sql"], ["a.sql"], ["x/a.sql"]),
    "an ending anywhere": (["**/*.sql"], ["a.sql", "x/y/a.sql"], ["a.sq"]),
    "let in again": (["x", "!x/keep"], ["x/a", "x"], ["x/keep", "x/keep/a"]),
    "kept out again": (["x", "!x/keep", "x/keep/a"], ["x/keep/a"], ["x/keep/b"]),
    "everything": (["**", "!a"], ["b", "b/c"], ["a"]),
    "in front a slash": (["/a/", "./b"], ["a/c", "b"], ["c"]),
    "a comment and nothing": (["# a", "", "  "], [], ["a", "# a"]),
    "a dot is no pattern": (["."], [], ["a", "a/b"]),
    "folders in between, or none": (["a**/b"], ["a/b", "ax/b", "a/x/b", "ab"], ["b", "xa/b"]),
    "let in again, but only what matches itself": (["**/x*", "!*"], ["a/x"], ["x", "a"]),
    "one character": (["a?"], ["ab"], ["a", "a/"]),
}


@pytest.mark.parametrize(("lines", "out", "kept"), IGNORED.values(), ids=IGNORED)
def test_dockerignore(lines, out, kept):
    ignore = ignore_patterns([(line, AT) for line in lines])
    assert [path for path in (*out, *kept) if ignore.matches(path)] == out


@pytest.mark.parametrize(
    ("files", "where"),
    [
        pytest.param({".dockerignore": "a\n[b\n"}, ".dockerignore:2", id=".dockerignore"),
        pytest.param({"Dockerfile": "FROM x\nCOPY --exclude=[b . /app/\nCMD a"}, "Dockerfile:2", id="--exclude"),
    ],
)
def test_a_pattern_that_the_build_rejects(files, where, tmp_path):
    with pytest.raises(ArtifactError) as error:
        read("FROM x\nCMD a", files, tmp_path)
    assert error.value.where == where
    assert "'[b' is not a pattern" in error.value.what


MORE = [
    "FROM x\nRUN --mount=type=cache,target=/x --network=none a b",
    'FROM x\nLABEL a="b c" \\\n      d=\'e f\'\nEXPOSE 80 443/tcp\nVOLUME ["/data"]\nUSER a:b\nSTOPSIGNAL SIGTERM',
    'FROM x\nRUN a \\\n\n  b\n\n\n# c\nRUN <<-"EOF" sh\n\ta\n\tEOF\nONBUILD RUN x',
    'FROM --platform=linux/amd64 x:1 AS y\nARG A\nARG B="c d"\nENV A=1 \\\n    B="x y" C=a\\ b',
    'FROM x\nCOPY --from=y --link ["a b", "c"]\nCOPY a	b /c/',
    "FROM x\r\nRUN a \\\r\n  b\r\nCMD c\r\n",
    "FROM x\nRUN <<A <<B\na\nA\nb\nB\nRUN cat <<< x",
]


@pytest.mark.parametrize("text", [*(case[0] for case in (*STARTS.values(), *UNDECIDED.values())), *MORE])
def test_buildkit_reads_the_same_instructions(text):
    reference = pytest.importorskip("dockerfile", reason="the package dockerfile, BuildKit's own parser, is not installed")
    theirs = reference.parse_string(text)
    ours = parse_dockerfile(text.replace("\r\n", "\n"), "Dockerfile")
    assert [(i.name, i.at.line) for i in ours] == [(i.cmd.upper(), i.start_line) for i in theirs]
    for mine, its in zip(ours, theirs, strict=True):
        strips = "<<-" in mine.text  # theirs leaves the tabs to whoever runs it
        assert [h.text for h in mine.heredocs] == [
            h.content.replace("\t", "") if strips else h.content for h in its.heredocs
        ]
        if mine.name in ("ONBUILD", "HEALTHCHECK"):
            continue
        assert mine.flags == its.flags
        assert (mine.words is not None) == its.json
        if its.json:
            assert mine.words == its.value
        elif mine.name in ("RUN", "CMD", "ENTRYPOINT"):
            assert (mine.text,) == its.value
        elif mine.name in ("COPY", "ADD", "FROM"):
            assert split_words(mine.text) == tuple(
                word.strip("\"'") if "<<" not in word else word.replace('"', "") for word in its.value
            )


def test_the_other_ways_through_the_entrypoint_are_kept_apart(tmp_path):
    entry = "#!/bin/sh\ncase $1 in serve) exec a ;; db) exec b up ;; esac\n"
    image = read('FROM x\nCOPY e.sh /\nENTRYPOINT ["/e.sh"]\nCMD ["serve"]', {"e.sh": entry}, tmp_path)
    assert certain(image) == ["/e.sh serve", "a"]
    assert "b up" in [command.text for command in image.otherwise.commands]


BROUGHT = {
    "a folder for one step": ("RUN --mount=type=bind,source=sql,target=/m cp /m/1.sql /app", "sql", False),
    "one of another stage": ("RUN --mount=source=/sql,target=/m,from=s a", "/sql", False),
    "an archive": ("ADD sql.tar.gz /app/", "sql.tar.gz", True),
    "a repository": ("ADD https://example.org/x.git#main /app", "https://example.org/x.git#main", True),
    "one file of the network": ("ADD https://example.org/tini /tini", "https://example.org/tini", False),
    "an archive that stays one": ("COPY sql.tar.gz /app/", "sql.tar.gz", False),
}


@pytest.mark.parametrize(("step", "source", "opaque"), BROUGHT.values(), ids=BROUGHT)
def test_what_else_brings_files(step, source, opaque, tmp_path):
    stage = read(f"FROM x AS s\nFROM x\n{step}\nCMD a", {}, tmp_path).stages[1]
    assert [(copied.source, copied.is_opaque) for copied in stage.copies] == [(source, opaque)]


@pytest.mark.parametrize("mount", ["type=cache,target=/c", "type=bind,target=/w", "type=secret,id=x,src=x"])
def test_a_mount_that_brings_no_folder_of_the_project(mount, tmp_path):
    assert read(f"FROM x\nRUN --mount={mount} a\nCMD a", {}, tmp_path).stages[0].copies == ()
