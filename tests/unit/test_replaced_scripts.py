"""What takes the place of a step's script: later steps of a build, other stages, mounts of Compose and the entrypoint."""

from __future__ import annotations

from pathlib import Path

import pytest

import fix_hidden
from fix_hidden import BOOTSTRAP, CLEAN, DOCKERFILE, FOUND, INIT, OPEN, START, built, ends, steps
from migration_audit.artifacts.shell import replaced
from migration_audit.artifacts.shell.path_state import Texts
from migration_audit.artifacts.shell.programs import ShellScript, run_script
from migration_audit.model.location import Location

EMPTY = "#!/bin/sh\nexit 0\n"
FIRST = DOCKERFILE.replace("FROM directus/directus:11", "FROM directus/directus:11 AS one")


def d(*lines: str, **files: str) -> dict[str, str]:
    """The Dockerfile with more lines."""
    return {**built(*lines), **files}


def e(*lines: str) -> dict[str, str]:
    """Another entrypoint."""
    return steps(*lines)


def comp(owner: str, top: str = "", **files: str) -> dict[str, str]:
    """The Compose file with another owner."""
    services = f"services:\n  db: {{image: postgres:17}}\n  owner: {owner}\n  writer: {{image: writer}}\n{top}"
    return {"compose.yaml": services, **files}


BOOTS = {
    "RUN writes script": (d("RUN echo true > /app/init.sh"), OPEN),
    "RUN tee": (d("RUN echo true | tee /app/init.sh"), OPEN),
    "RUN sed": (d("RUN sed -i '/psql/d' /app/init.sh"), OPEN),
    "RUN cp over": (d("RUN cp /bin/true /app/init.sh"), OPEN),
    "RUN cp dir over": (d("COPY noop /tmp/noop", "RUN cp -r /tmp/noop/. /app/", **{"noop/init.sh": EMPTY}), OPEN),
    "RUN cp glob over": (d("COPY noop /tmp/noop", "RUN cp /tmp/noop/* /app/", **{"noop/init.sh": EMPTY}), OPEN),
    "RUN cp into folder": (d("COPY noop /tmp/noop", "RUN cp /tmp/noop/*.sh /app", **{"noop/init.sh": EMPTY}), OPEN),
    "RUN mv dir": (d("COPY noop /noop", "RUN rm -rf /app && mv /noop /app", **{"noop/init.sh": EMPTY}), OPEN),
    "RUN ln -sf dir": (d("COPY noop /noop", "RUN rm -rf /app && ln -s /noop /app", **{"noop/init.sh": EMPTY}), OPEN),
    "RUN rsync": (d("COPY noop /noop", "RUN rsync -a /noop/ /app/", **{"noop/init.sh": EMPTY}), OPEN),
    "RUN tar": (d("COPY n.tar /n.tar", "RUN tar xf /n.tar -C /app", **{"n.tar": "x"}), OPEN),
    "RUN unzip": (d("RUN curl -o x.zip https://x.example/x.zip && unzip -o x.zip -d /app"), OPEN),
    "RUN git clone": (d("RUN rm -rf /app && git clone https://x.example/app /app"), OPEN),
    "RUN dd": (d("RUN dd if=/dev/null of=/app/init.sh"), OPEN),
    "RUN truncate": (d("RUN truncate -s 0 /app/init.sh"), OPEN),
    "RUN python write": (d("RUN python3 -c \"open('/app/init.sh','w').write('')\""), OPEN),
    "RUN var": (d("RUN f=/app/init; echo > $f.sh"), OPEN),
    "RUN cd": (d("RUN cd /app && echo > init.sh"), OPEN),
    "RUN cd joined": (d("RUN cd /app && n=init && : > ${n}.sh"), OPEN),
    "RUN > colon": (d("RUN : > /app/init.sh"), OPEN),
    "RUN glob rm": (d("RUN rm /app/in*"), OPEN),
    "RUN loop": (d("RUN for f in /app/*.sh; do echo > $f; done"), OPEN),
    "RUN find": (d("RUN find /app -name '*.sh' -exec truncate -s0 {} +"), OPEN),
    "RUN install": (d("RUN install -m 755 /dev/null /app/init.sh"), OPEN),
    "RUN cp --target-directory=": (
        d("COPY noop /noop", "RUN cp --target-directory=/app /noop/init.sh", **{"noop/init.sh": EMPTY}),
        OPEN,
    ),
    "RUN ln": (d("RUN ln -sf /bin/true /app/init.sh"), OPEN),
    "RUN ln directus": (d("RUN ln -sf /bin/true /usr/local/bin/directus"), OPEN),
    "RUN patch": (d("COPY a.patch /", "RUN patch -p1 -d /app < /a.patch", **{"a.patch": "x"}), OPEN),
    "RUN bind mount": (d("RUN --mount=type=bind,target=/src cp -r /src/noop/. /app/", **{"noop/init.sh": EMPTY}), OPEN),
    "RUN heredoc": (d("RUN cat > /app/init.sh <<E", "true", "E"), OPEN),
    "RUN entry": (d("RUN echo 'pm2 start' > /app/e.sh"), OPEN),
    "COPY over": (d("COPY noop/init.sh /app/init.sh", **{"noop/init.sh": EMPTY}), FOUND),
    "COPY dir over": (d("COPY noop /app", **{"noop/init.sh": EMPTY}), FOUND),
    "COPY dir over/": (d("COPY noop/ /app/", **{"noop/init.sh": EMPTY}), FOUND),
    "COPY glob over": (d("COPY noop/*.sh /app/", **{"noop/init.sh": EMPTY}), FOUND),
    "COPY . over": (d("COPY . /", **{"app/init.sh": EMPTY}), FOUND),
    "COPY --chmod over": (d("COPY --chmod=755 noop/init.sh /app/", **{"noop/init.sh": EMPTY}), FOUND),
    "COPY --parents": (d("COPY --parents app/init.sh /", **{"app/init.sh": EMPTY}), OPEN),
    "COPY --link": (d("COPY --link noop/init.sh /app/", **{"noop/init.sh": EMPTY}), FOUND),
    "COPY heredoc": (d("COPY <<E /app/init.sh", "true", "E"), FOUND),
    "ADD over": (d("ADD noop/init.sh /app/", **{"noop/init.sh": EMPTY}), FOUND),
    "ADD url": (d("ADD https://x.example/init.sh /app/init.sh"), OPEN),
    "ADD url dir": (d("ADD https://x.example/init.sh /app/"), OPEN),
    "ADD url to a folder that is there": (d("ADD https://x.example/init.sh /app"), OPEN),
    "ADD tar": (d("ADD n.tar.gz /app/", **{"n.tar.gz": "x"}), OPEN),
    "ADD git": (d("ADD https://github.com/a/b.git /app"), OPEN),
    "ADD url tar unpack": (d("ADD --unpack=true https://x.example/a.tgz /app"), OPEN),
    "COPY from image": (d("COPY --from=busybox /bin/true /app/init.sh"), OPEN),
    "COPY from image dir": (d("COPY --from=ghcr.io/a/b:1 /app /app"), OPEN),
    "COPY from image dir/": (d("COPY --from=ghcr.io/a/b:1 /app/ /app/"), OPEN),
    "COPY from image root": (d("COPY --from=ghcr.io/a/b:1 / /"), OPEN),
    "COPY from image glob": (d("COPY --from=ghcr.io/a/b:1 /app/*.sh /app/"), OPEN),
    "COPY from stage run": (
        {
            "Dockerfile": "FROM alpine AS b\nRUN mkdir /o && echo true > /o/init.sh\n"
            + DOCKERFILE
            + "COPY --from=b /o/ /app/\n"
        },
        OPEN,
    ),
    "COPY from stage run2": (
        {
            "Dockerfile": "FROM alpine AS b\nWORKDIR /o\nRUN wget https://x.example/a.tgz && tar xzf a.tgz\n"
            + DOCKERFILE
            + "COPY --from=b /o /app\n"
        },
        OPEN,
    ),
    "COPY from stage file": (
        {"Dockerfile": "FROM alpine AS b\nRUN echo true > /x\n" + DOCKERFILE + "COPY --from=b /x /app/init.sh\n"},
        OPEN,
    ),
    "COPY from stage sed": (
        {
            "Dockerfile": "FROM alpine AS b\nCOPY init.sh /x/init.sh\nRUN sed -i d /x/init.sh\n"
            + DOCKERFILE
            + "COPY --from=b /x/init.sh /app/init.sh\n"
        },
        OPEN,
    ),
    "COPY var": (d("ARG D", "COPY $D /app"), OPEN),
    "later stage": ({"Dockerfile": FIRST + "FROM one\nRUN echo true > /app/init.sh\n"}, OPEN),
    "later stage copy": ({"Dockerfile": FIRST + "FROM one\nCOPY noop /app\n", "noop/init.sh": EMPTY}, FOUND),
    "ONBUILD": ({"Dockerfile": FIRST + "ONBUILD RUN echo true > /app/init.sh\nFROM one\n"}, OPEN),
    "VOLUME": (d("VOLUME /app"), CLEAN),
    # compose
    "bind script": (comp("{build: ., volumes: ['./noop/init.sh:/app/init.sh']}", **{"noop/init.sh": EMPTY}), FOUND),
    "bind dir": (comp("{build: ., volumes: ['./noop:/app']}", **{"noop/init.sh": EMPTY}), OPEN),
    "bind entry": (comp("{build: ., volumes: ['./noop/init.sh:/app/e.sh']}", **{"noop/init.sh": EMPTY}), FOUND),
    "bind long": (
        comp("{build: ., volumes: [{type: bind, source: ./noop/init.sh, target: /app/init.sh}]}", **{"noop/init.sh": EMPTY}),
        FOUND,
    ),
    "volume": (comp("{build: ., volumes: ['x:/app']}", "volumes: {x: {}}\n"), OPEN),
    "volume anon": (comp("{build: ., volumes: ['/app']}"), CLEAN),
    "volume nocopy": (
        comp("{build: ., volumes: [{type: volume, source: x, target: /app, volume: {nocopy: true}}]}", "volumes: {x: {}}\n"),
        OPEN,
    ),
    "volume driver": (
        comp(
            "{build: ., volumes: ['x:/app']}",
            "volumes: {x: {driver_opts: {type: none, o: bind, device: ./noop}}}\n",
            **{"noop/init.sh": EMPTY},
        ),
        OPEN,
    ),
    "volume external": (comp("{build: ., volumes: ['x:/app']}", "volumes: {x: {external: true}}\n"), OPEN),
    "tmpfs": (comp("{build: ., tmpfs: /app}"), OPEN),
    "tmpfs list": (comp("{build: ., tmpfs: ['/app']}"), OPEN),
    "tmpfs mount": (comp("{build: ., volumes: [{type: tmpfs, target: /app}]}"), OPEN),
    "config": (
        comp(
            "{build: ., configs: [{source: c, target: /app/init.sh}]}",
            "configs: {c: {file: ./noop/init.sh}}\n",
            **{"noop/init.sh": EMPTY},
        ),
        OPEN,
    ),
    "config content": (
        comp("{build: ., configs: [{source: c, target: /app/init.sh}]}", "configs: {c: {content: 'true'}}\n"),
        OPEN,
    ),
    "config short": (
        comp(
            "{build: ., working_dir: /, entrypoint: ['sh', '/c'], configs: [c]}",
            "configs: {c: {file: ./noop/init.sh}}\n",
            **{"noop/init.sh": EMPTY},
        ),
        OPEN,
    ),
    "secret": (
        comp(
            "{build: ., secrets: [{source: c, target: /app/init.sh}]}",
            "secrets: {c: {file: ./noop/init.sh}}\n",
            **{"noop/init.sh": EMPTY},
        ),
        OPEN,
    ),
    "image mount": (comp("{build: ., volumes: [{type: image, source: busybox, target: /app}]}"), OPEN),
    "volumes_from": (comp("{build: ., volumes_from: [db]}"), OPEN),
    "bind directus": (
        comp("{build: ., volumes: ['./noop/init.sh:/usr/local/bin/directus']}", **{"noop/init.sh": EMPTY}),
        FOUND,
    ),
    "bind usr/local/bin": (comp("{build: ., volumes: ['./noop:/usr/local/bin']}", **{"noop/directus": EMPTY}), FOUND),
    "post_start": (comp("{build: ., post_start: [{command: 'sh /app/x.sh'}]}"), CLEAN),
    "develop sync": (
        comp("{build: ., develop: {watch: [{action: sync, path: ./noop, target: /app}]}}", **{"noop/init.sh": EMPTY}),
        CLEAN,
    ),
    "entrypoint env": (comp("{build: ., environment: {PATH: '/app/fake:/usr/bin:/bin'}}"), FOUND),
    "bind unrelated": (comp("{build: ., volumes: ['./uploads:/directus/uploads']}"), CLEAN),
    "volume unrelated": (comp("{build: ., volumes: ['x:/directus/uploads']}", "volumes: {x: {}}\n"), CLEAN),
    "bind same": (comp("{build: ., volumes: ['./init.sh:/app/init.sh:ro']}"), CLEAN),
    "config unrelated": (
        comp("{build: ., configs: [{source: c, target: /etc/x.conf}]}", "configs: {c: {file: ./README.md}}\n"),
        CLEAN,
    ),
    "build additional": (
        comp(
            "{build: {context: ., additional_contexts: {noop: ./noop}}}",
            **{"noop/init.sh": EMPTY, "Dockerfile": DOCKERFILE + "COPY --from=noop init.sh /app/\n"},
        ),
        OPEN,
    ),
    "dockerfile_inline": (comp("{build: {context: ., dockerfile_inline: 'FROM busybox'}}"), OPEN),
    # scripts
    "hash -p": (e("hash -p /bin/true directus", INIT, BOOTSTRAP, START), FOUND),
    "function directus": (e("directus() { :; }", INIT, BOOTSTRAP, START), FOUND),
    "function printing": (e('directus() { echo "$@"; }', INIT, BOOTSTRAP, START), FOUND),
    "function wraps": (e('directus() { command directus "$@"; }', INIT, BOOTSTRAP, START), CLEAN),
    "enable -n": (e("exec 3>&1", INIT, BOOTSTRAP, START), CLEAN),
    "PATH joined": (e("p=/app/fake; PATH=$p:$PATH", INIT, BOOTSTRAP, START), FOUND),
    "PATH unknown": (e("PATH=$X:$PATH", INIT, BOOTSTRAP, START), CLEAN),
    "script cp at run": (e("cp /bin/true /app/init.sh", INIT, BOOTSTRAP, START), OPEN),
    "script echo at run": (e("echo true > /app/init.sh", INIT, BOOTSTRAP, START), OPEN),
    "script ln at run": (e("ln -sf /bin/true /app/init.sh", INIT, BOOTSTRAP, START), OPEN),
    "script rm at run": (e("rm -f /app/init.sh", INIT, BOOTSTRAP, START), OPEN),
    "script rm -r at run": (e("rm -rf /app/*.sh", INIT, BOOTSTRAP, START), OPEN),
    "mount --bind": (e("mount --bind /bin/true /app/init.sh", INIT, BOOTSTRAP, START), OPEN),
    "$(printf)": (e(INIT, "$(printf 'directus bootstrap')", START), OPEN),
    "set -n": (e("set -n", INIT, BOOTSTRAP, START), FOUND),
    "exit early": (e("exit 0", INIT, BOOTSTRAP, START), FOUND),
    "exec early": (e("exec true", INIT, BOOTSTRAP, START), FOUND),
    "readonly": (e("readonly X=1", INIT, BOOTSTRAP, START), CLEAN),
    "unset -f": (e("directus() { :; }", "unset -f directus", INIT, BOOTSTRAP, START), CLEAN),
    "unalias": (e("alias directus=true", "unalias directus", INIT, BOOTSTRAP, START), CLEAN),
    "sleep": (e("sleep 1", INIT, BOOTSTRAP, START), CLEAN),
    "env": (e(INIT, "env NODE_ENV=production directus bootstrap", START), CLEAN),
    "env -S": (e(INIT, "env -S 'directus bootstrap'", START), CLEAN),
    "RUN unrelated sed": (d("RUN sed -i 's/a/b/' /etc/hosts"), CLEAN),
    "RUN unrelated cp": (d("RUN cp /etc/hosts /tmp/hosts"), CLEAN),
    "RUN npm": (d("RUN npm install --omit=dev"), CLEAN),
    "RUN apk": (d("RUN apk add --no-cache postgresql-client"), CLEAN),
    "RUN chmod": (d("RUN chmod -R 755 /app && chown -R node:node /app"), CLEAN),
    "RUN chmod glob": (d("RUN chmod +x /app/*.sh"), CLEAN),
    "RUN dos2unix": (d("RUN dos2unix /app/init.sh"), OPEN),
    "RUN mkdir": (d("RUN mkdir -p /app/uploads && touch /app/uploads/.keep"), CLEAN),
    "RUN curl": (d("RUN curl -fsSL https://x.example/tool -o /usr/local/bin/tool"), CLEAN),
    "RUN tar tmp": (d("RUN curl -fsSL https://x.example/t.tgz | tar xz -C /opt"), CLEAN),
    "COPY unrelated": (d("COPY --from=busybox /bin/wget /usr/bin/wget"), CLEAN),
    "COPY ext": (d("COPY extensions /directus/extensions", **{"extensions/x.js": ""}), CLEAN),
    "COPY from node": (d("COPY --from=node:20 /usr/local/bin/node /usr/local/bin/node2"), CLEAN),
    "RUN pnpm": (d("RUN corepack enable && pnpm install --frozen-lockfile"), CLEAN),
}


@pytest.mark.parametrize("name", BOOTS)
def test_what_is_at_the_place_of_a_step(tmp_path: Path, name: str) -> None:
    files, wanted = BOOTS[name]
    found, said = ends(tmp_path, "BOOT001", files)
    assert found == wanted, said


COPIED = DOCKERFILE + "COPY sql /app/sql\n"
SEED = {"seed/1.sql": "SELECT 3;"}


def of_owner(more: str, top: str = "", **files: str) -> dict[str, str]:
    return comp(f"{{build: ., {more}}}", top, **files)


OWNERS_SQL = {
    "as it is": ({}, CLEAN),
    "the same, mounted": (of_owner("volumes: ['./sql:/app/sql:ro']"), CLEAN),
    "another folder": (of_owner("volumes: ['./seed:/app/sql']", **SEED), FOUND),
    "another file": (of_owner("volumes: ['./seed/1.sql:/app/sql/1.sql']", **SEED), FOUND),
    "a copy of it": (
        of_owner("volumes: ['./seed:/app/sql']", **{"seed/1.sql": "SELECT 1;", "seed/2.sql": "SELECT 2;"}),
        CLEAN,
    ),
    "a folder of the host": (of_owner("volumes: ['/srv/sql:/app/sql']"), OPEN),
    "a tmpfs": (of_owner("tmpfs: /app/sql"), FOUND),
    "a volume": (of_owner("volumes: ['x:/app/sql']", "volumes: {x: {}}\n"), OPEN),
    "a volume without a name": (of_owner("volumes: ['/app/sql']"), CLEAN),
    "a config": (of_owner("configs: [{source: c, target: /app/sql/1.sql}]", "configs: {c: {file: ./README.md}}\n"), OPEN),
    "the mounts of another": (of_owner("volumes_from: [db]"), OPEN),
    "other mounts": (of_owner("volumes: ['x:/uploads', './README.md:/app/README.md']", "volumes: {x: {}}\n"), CLEAN),
    "removed": ({"Dockerfile": COPIED + "RUN rm -rf /app/sql\n"}, OPEN),
    "edited": ({"Dockerfile": COPIED + "RUN sed -i d /app/sql/*.sql\n"}, OPEN),
    "emptied": ({"Dockerfile": COPIED + "RUN echo > /app/sql/2.sql\n"}, OPEN),
    "replaced by RUN": ({"Dockerfile": COPIED + "COPY seed /seed\nRUN cp /seed/* /app/sql/\n", **SEED}, OPEN),
    "replaced by COPY": ({"Dockerfile": COPIED + "COPY seed/1.sql /app/sql/1.sql\n", **SEED}, FOUND),
    "from an image": ({"Dockerfile": COPIED + "COPY --from=ghcr.io/a/b:1 /app/sql /app/sql\n"}, OPEN),
    "from the network": ({"Dockerfile": COPIED + "ADD https://x.example/1.sql /app/sql/\n"}, OPEN),
    "another owner": ({"Dockerfile": COPIED + "RUN chown -R node /app && apk add --no-cache bash\n"}, CLEAN),
    "with everything": ({"Dockerfile": DOCKERFILE + "WORKDIR /app\nCOPY . .\n"}, CLEAN),
}


@pytest.mark.parametrize("name", OWNERS_SQL)
def test_what_is_at_the_place_of_the_owners_sql(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    files, wanted = OWNERS_SQL[name]
    monkeypatch.setattr(fix_hidden, "HEAD", fix_hidden.HEAD.replace('["b"]', '["sql/*.sql"]'))
    sql = {"Dockerfile": COPIED, "sql/1.sql": "SELECT 1;", "sql/2.sql": "SELECT 2;"}
    found, said = ends(tmp_path, "BOOT001", {**sql, **files})
    assert found == wanted, said


def test_each_command_is_compared_with_each_path_once(monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[object] = []
    monkeypatch.setattr(replaced, "lands_on", lambda *given, **_: compared.append(given))
    folders, commands = "/a:/b:/c", 100
    text = f"PATH={folders}\n" + "cp /bin/true /x\n" * commands
    run_script(ShellScript(text=text, at=Location("e.sh", 1)), paths=Texts(lambda _: None))
    assert 0 < len(compared) <= 3 * commands
