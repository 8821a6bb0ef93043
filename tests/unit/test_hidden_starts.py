"""What an image starts where its name is not written as it is, and ordinary images, in which nothing starts a runner."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from fix_hidden import CLEAN, FOUND, OPEN, ends

b64 = base64.b64encode(b"node dist/db/migrate.js\n").decode()
FILES = {
    "up.sh": "node x.js\n",
    "e2.sh": 'npm run "$1"\n',
    "package.json": '{"scripts": {"migrate": "node dist/db/migrate.js", "start": "npm run migrate && node x.js"}}',
    "Makefile": "up:\n\tnode dist/db/migrate.js\n",
}
HIDDEN = {
    # lines after FROM node:20 / COPY migrate.sh . ; WORKDIR /
    "printf program": ("CMD $(printf 'node dist/db/mig%s.js' rate)", OPEN),
    "printf argument": ("CMD node dist/db/$(printf 'mig%s' rate).js", OPEN),
    "printf argument, known text": ("CMD node $(echo dist/db/migrate.js)", FOUND),
    "backquotes": ("CMD node dist/db/`echo mig`rate.js", OPEN),
    "printf -v": ("CMD printf -v s 'mig%s' rate; node dist/db/$s.js", OPEN),
    "base64 | sh": (f"CMD echo {b64} | base64 -d | sh", OPEN),
    "base64 | bash -s": (f"CMD echo {b64} | base64 -d | bash -s", OPEN),
    "base64 | sh -": (f"CMD echo {b64} | base64 -d | sh -", OPEN),
    "sh -c base64": (f'CMD sh -c "$(echo {b64} | base64 -d)"', OPEN),
    "eval base64": (f'CMD eval "$(echo {b64} | base64 -d)"', OPEN),
    "sh <<<": ("CMD bash -c 'bash <<< \"node dist/db/migrate.js\"'", FOUND),
    "sh < file": ("CMD sh < migrate.sh", OPEN),
    "cat file | sh": ("CMD cat migrate.sh | sh", OPEN),
    "xargs": ("CMD echo dist/db/migrate.js | xargs node", OPEN),
    "xargs sh": ("CMD echo migrate.sh | xargs sh", OPEN),
    "xargs -I": ("CMD echo migrate.js | xargs -I{} node dist/db/{}", OPEN),
    "find -exec": ("CMD find . -name 'migrate.sh' -exec sh {} ;", FOUND),
    "find -exec glob": ("CMD find . -name 'mig*.sh' -exec sh {} \\;", FOUND),
    "glob": ("CMD sh ./mig*.sh", FOUND),
    "glob node": ("CMD node dist/db/mig*.js", FOUND),
    "glob ?": ("CMD node dist/db/m?grate.js", FOUND),
    "braces": ('SHELL ["bash","-c"]\nCMD node dist/db/{mig,}rate.js', FOUND),
    "hash -p": ('SHELL ["bash","-c"]\nCMD hash -p /migrate.sh ready; ready', FOUND),
    "env -S": ('CMD ["env", "-S", "node dist/db/migrate.js"]', FOUND),
    "env -S attached": ('CMD ["env", "-Snode dist/db/migrate.js"]', FOUND),
    "env --split-string": ('CMD ["env", "--split-string=node dist/db/migrate.js"]', FOUND),
    "env -S script": ('CMD ["env", "-S", "sh up.sh"]\nCOPY migrate.sh up.sh', CLEAN),
    "BASH_ENV inline": ("CMD BASH_ENV=/migrate.sh bash -c true", FOUND),
    "BASH_ENV ENV": ("ENV BASH_ENV=/migrate.sh\nCMD bash -c true", FOUND),
    "BASH_ENV export": ("CMD export BASH_ENV=/migrate.sh; bash -c true", FOUND),
    "BASH_ENV env": ("CMD env BASH_ENV=/migrate.sh bash -c true", FOUND),
    "BASH_ENV named up": ("COPY up.sh /up.sh\nENV BASH_ENV=/up.sh\nCMD bash -c true", CLEAN),
    "ENV inline": ("CMD ENV=/migrate.sh sh -i -c true", FOUND),
    "ENV by ENV": ("ENV ENV=/migrate.sh\nCMD sh -i", FOUND),
    "awk system": ("CMD awk 'BEGIN { system(\"node dist/db/migrate.js\") }'", FOUND),
    "awk system joined": ('CMD awk \'BEGIN { system("node dist/db/mig" "rate.js") }\'', FOUND),
    "awk pipe": ("CMD awk 'BEGIN { \"node dist/db/migrate.js\" | getline }'", FOUND),
    "sed e": ("CMD sed '1e node dist/db/migrate.js' /etc/passwd", FOUND),
    "perl -e": ('CMD perl -e \'system("node dist/db/mig"."rate.js")\'', FOUND),
    "ruby -e": ('CMD ruby -e \'system "node dist/db/mig" + "rate.js"\'', FOUND),
    "php -r": ("CMD php -r 'system(\"node dist/db/migrate.js\");'", FOUND),
    "php -r joined": ('CMD php -r \'system("node dist/db/mig"."rate.js");\'', FOUND),
    "python -c": ("CMD python -c \"import os; os.system('node dist/db/migrate.js')\"", FOUND),
    "python3 -c joined": ("CMD python3 -c \"import os; os.system('node dist/db/mig' + 'rate.js')\"", FOUND),
    "python -c adjacent": ("CMD python3 -c \"import os; os.system('node dist/db/mig' 'rate.js')\"", FOUND),
    "python -c chr": ("CMD python3 -c \"import os; os.system(bytes.fromhex('6e').decode())\"", OPEN),
    "python -c b64": (f"CMD python3 -c \"import os,base64; os.system(base64.b64decode('{b64}'))\"", OPEN),
    "python -m": ("CMD python -m app.migrate", FOUND),
    "python - <<": (
        'CMD ["sh", "p.sh"]\nCOPY <<X p.sh\npython3 - <<E\nimport os\nos.system("node dist/db/migrate.js")\nE\nX',
        FOUND,
    ),
    "node <<": ('CMD ["sh", "p.sh"]\nCOPY <<X p.sh\nnode <<E\nrequire("./dist/db/migrate")\nE\nX', FOUND),
    "node -e joined": ("CMD node -e \"require('./dist/db/mig' + 'rate')\"", FOUND),
    "node -e template": ("CMD node -e 'require(`./dist/db/${\"mig\"}rate`)'", FOUND),
    "node -e array": ("CMD node -e \"require(['./dist/db/mig','rate'].join(''))\"", OPEN),
    "node -p": ("CMD node -p \"require('./dist/db/mig'+'rate')\"", FOUND),
    "node --eval=": ("CMD node --eval=\"require('./dist/db/migrate')\"", FOUND),
    "node --import": ("CMD node --import ./dist/db/migrate.js server.js", FOUND),
    "node -r": ("CMD node -r ./dist/db/migrate.js server.js", FOUND),
    "node --require=": ("CMD node --require=./dist/db/migrate.js server.js", FOUND),
    "sed -i script": ("COPY up.sh /up.sh\nRUN sed -i 's/ready/migrate/' /up.sh\nCMD sh /up.sh", OPEN),
    "alias then": ("CMD alias x=node; x dist/db/migrate.js", FOUND),
    "function": ('CMD up() { node "dist/db/$1.js"; }; up migrate', FOUND),
    "function joined": ('CMD up() { node "dist/db/mig$1.js"; }; up rate', FOUND),
    "param expansion": ("CMD s=rate; node dist/db/mig${s%x}.js", OPEN),
    "param suffix": ("CMD s=rate.tsx; node dist/db/mig${s%.tsx}.js", OPEN),
    "indirect": ('SHELL ["bash","-c"]\nCMD a=b; b=migrate; node dist/db/${!a}.js', OPEN),
    "array": ('SHELL ["bash","-c"]\nCMD a=(node dist/db/mig rate.js); ${a[0]} ${a[1]}${a[2]}', OPEN),
    "array all": ('SHELL ["bash","-c"]\nCMD a=(node dist/db/migrate.js); "${a[@]}"', OPEN),
    "tr": ("CMD node dist/db/$(echo njhsbuf | tr b-z a-y).js", OPEN),
    "rev": ("CMD node dist/db/$(echo etargim | rev).js", OPEN),
    "variable of run": ("CMD node dist/db/$TASK.js", OPEN),
    "npm run $1": ('COPY package.json e2.sh /\nENTRYPOINT ["sh","/e2.sh"]\nCMD ["migrate"]', FOUND),
    "npm run var": ("COPY package.json /\nCMD npm run $TASK", OPEN),
    "npm start": ("COPY package.json /\nCMD npm start", FOUND),
    "npx": ('CMD npx mig"rate"', FOUND),
    "npm exec -c": ("CMD npm exec -c 'node dist/db/migrate.js'", FOUND),
    "npx -c": ("CMD npx -c 'node dist/db/migrate.js'", FOUND),
    "sh -c in sh -c": ("CMD sh -c \"sh -c 'node dist/db/migrate.js'\"", FOUND),
    "coproc": ('SHELL ["bash","-c"]\nCMD coproc node dist/db/migrate.js', FOUND),
    "nohup": ("CMD nohup node dist/db/migrate.js &", FOUND),
    "trap": ("CMD trap 'node dist/db/migrate.js' EXIT; exit 0", OPEN),
    "PROMPT": ("CMD PROMPT_COMMAND='node dist/db/migrate.js' bash -i", OPEN),
    "command -p": ("CMD command node dist/db/migrate.js", FOUND),
    "builtin": ('SHELL ["bash","-c"]\nCMD builtin eval "node dist/db/migrate.js"', FOUND),
    "exec -a": ('SHELL ["bash","-c"]\nCMD exec -a x node dist/db/migrate.js', FOUND),
    "script -c": ("CMD script -qc 'node dist/db/migrate.js' /dev/null", FOUND),
    "watch": ("CMD watch node dist/db/migrate.js", FOUND),
    "parallel": ("CMD parallel node ::: dist/db/migrate.js", FOUND),
    "ssh": ("CMD ssh host node dist/db/migrate.js", FOUND),
    "mapfile": ('SHELL ["bash","-c"]\nCMD read t < /task; node "dist/db/$t.js"', OPEN),
    "curl sh": ("CMD curl -s https://x.example/up.sh | sh", OPEN),
    "RUN cp": ("COPY migrate.sh /x.sh\nRUN cp /migrate.sh /ready.sh\nCMD sh /ready.sh", OPEN),
    "RUN ln": ("RUN ln -s /migrate.sh /ready.sh\nCMD sh /ready.sh", OPEN),
    "RUN mv": ("RUN mv /migrate.sh /ready.sh\nCMD sh /ready.sh", OPEN),
    "RUN echo > script": ("RUN echo 'node dist/db/migrate.js' > /ready.sh\nCMD sh /ready.sh", OPEN),
    "RUN printf > script": ("RUN printf 'node dist/db/mig%s.js' rate > /ready.sh\nCMD sh /ready.sh", OPEN),
    "RUN cat heredoc": ("COPY up.sh /ready.sh\nRUN cat > /ready.sh <<E\nnode x.js\nE\nCMD sh /ready.sh", OPEN),
    "make": ("COPY Makefile /\nCMD make up", OPEN),
    "ONBUILD": ("ONBUILD RUN node dist/db/migrate.js\nCMD node x.js", OPEN),
    "LD_PRELOAD": ("ENV NODE_OPTIONS=--require=/dist/db/migrate.js\nCMD node x.js", FOUND),
    "python path": ("ENV PYTHONSTARTUP=/migrate.py\nCMD python -i", FOUND),
    "busybox": ("CMD busybox sh migrate.sh", FOUND),
    "dot": ("CMD . ./migrate.sh", FOUND),
    "source by": ('SHELL ["bash","-c"]\nCMD source ./migrate.sh', FOUND),
    "timeout": ("CMD timeout 5 sh migrate.sh", FOUND),
    "su": ("CMD su node -c 'sh migrate.sh'", FOUND),
    "start-stop": ("CMD start-stop-daemon --start --exec /migrate.sh", FOUND),
    "setpriv": ("CMD setpriv --reuid=1000 sh migrate.sh", FOUND),
    "unshare": ("CMD unshare sh migrate.sh", FOUND),
    "linux64": ("CMD nice -n 5 node dist/db/migrate.js", FOUND),
    "dd | sh": ("CMD dd if=/migrate.sh | sh", OPEN),
    "tee exec": ("CMD bash <(echo 'node dist/db/migrate.js')", FOUND),
    "exec fd": ("CMD bash -c 'exec 3<up.sh; bash /dev/fd/3'", OPEN),
}

ORDINARY = {
    "exec args": 'CMD ["node", "dist/main.js"]',
    "port": "CMD node dist/main.js --port $PORT",
    "port default": "CMD node dist/main.js --port ${PORT:-3000}",
    "hostname": "CMD node dist/main.js --host $(hostname -i)",
    "date": "CMD echo started at $(date); exec node dist/main.js",
    "tini": 'ENTRYPOINT ["/usr/bin/tini", "--"]\nCMD ["node", "server.js"]',
    "dumb": 'ENTRYPOINT ["dumb-init", "node", "server.js"]',
    "npm ci": "RUN npm ci --omit=dev && npm cache clean --force\nCMD node x.js",
    "apk": "RUN apk add --no-cache curl $EXTRA\nCMD node x.js",
    "user": "RUN adduser -u ${UID} app && chown -R app /app\nUSER app\nCMD node x.js",
    "awk": "RUN awk '{ print $1 }' /etc/os-release\nCMD node x.js",
    "awk var": 'RUN awk -F= \'/VERSION/ { gsub(/"/, ""); print $2 }\' /etc/os-release\nCMD node x.js',
    "sed": "RUN sed -i 's/a/b/' /etc/hosts\nCMD node x.js",
    "python -c": "RUN python -c 'import sys; print(sys.version)'\nCMD node x.js",
    "python -c join": "RUN python -c \"import os; print(os.path.join('a', 'b'))\"\nCMD node x.js",
    "node -e": 'RUN node -e "console.log(process.version)"\nCMD node x.js',
    "node -p": "RUN node -p \"require('./package.json').version\"\nCMD node x.js",
    "node health": "HEALTHCHECK CMD node -e \"fetch('http://web:3000').catch(() => process.exit(1))\"\nCMD node x.js",
    "gpg": 'RUN set -ex && for key in A B; do gpg --recv-keys "$key"; done\nCMD node x.js',
    "arch": "RUN ARCH=$(uname -m) && curl -o /bin/tool https://x.example/$ARCH && chmod +x /bin/tool\nCMD node x.js",
    "xargs": "RUN find . -name '*.map' | xargs rm -f\nCMD node x.js",
    "find exec": "RUN find /app -type d -exec chmod 755 {} +\nCMD node x.js",
    "pip": "RUN pip install --no-cache-dir -r requirements.txt\nCMD node x.js",
    "env -S": 'CMD ["env", "-S", "node x.js"]',
    "BASH_ENV": "ENV BASH_ENV=/etc/profile.d/nvm.sh\nCMD node x.js",
    "secrets": "RUN --mount=type=secret,id=npm NPM_TOKEN=$(cat /run/secrets/npm) npm ci\nCMD node x.js",
    "cp": "COPY up.sh /tmp/\nRUN cp /tmp/up.sh /usr/local/bin/up.sh && chmod +x /usr/local/bin/up.sh\nCMD node x.js",
    "perl": "RUN perl -pi -e 's/foo/bar/' /etc/hosts\nCMD node x.js",
    "printf conf": "RUN printf 'registry=%s\\n' https://x.example > .npmrc\nCMD node x.js",
    "curl nodesource": "RUN curl -fsSL https://deb.nodesource.com/setup_20.x -o s.sh && rm s.sh\nCMD node x.js",
    "shell loop": "CMD until nc -z db 5432; do sleep 1; done; exec node x.js",
    "config awk": "CMD export DB_HOST=$(echo $URL | awk -F: '{print $2}'); exec node x.js",
    "python app": "CMD exec gunicorn --bind :$PORT --workers 1 main:app",
    "uvicorn": 'CMD ["uvicorn", "app.main:app", "--host", "0.0.0.0"]',
    "java": "CMD java $JAVA_OPTS -jar app.jar",
    "memory": "CMD node --max-old-space-size=$(expr $MEM / 2) x.js",
    "node opts": "CMD node $NODE_ARGS x.js",
}


def ended(tmp_path: Path, lines: str) -> tuple[str, str]:
    return ends(tmp_path, "RET007", {**FILES, "Dockerfile": f"FROM node:20\nCOPY migrate.sh .\n{lines}\n"})


@pytest.mark.parametrize("name", HIDDEN)
def test_what_is_started_under_another_name(tmp_path: Path, name: str) -> None:
    lines, wanted = HIDDEN[name]
    found, said = ended(tmp_path, lines)
    assert found == wanted, said


@pytest.mark.parametrize("name", ORDINARY)
def test_an_ordinary_image_is_clean(tmp_path: Path, name: str) -> None:
    found, said = ended(tmp_path, ORDINARY[name])
    assert found == CLEAN, said
