"""What pipelines of CI run, judged as the rest of a program's files: GitHub workflows, composite actions, GitLab."""

from __future__ import annotations

import pytest

from fix_code import judged, write
from migration_audit.model.finding import Outcome

CI, LAB = ".github/workflows/ci.yml", ".gitlab-ci.yml"
RULES = """
[[rule]]
check = "RET003"
calls = ["migrate", "goose.Up", "flyway"]
module = "service/src/db/migrate.ts"
in = ["FILE"]
except = ["left/out.yml"]
[[rule]]
check = "RET004"
mentions = ["migrations_applied"]
in = ["FILE"]
[[rule]]
check = "RET005"
ddl = true
in = ["FILE"]
"""


def audited(tmp_path, files):
    write(tmp_path, files)
    return judged(tmp_path, RULES.replace("FILE", next(iter(files))))


def workflow(*steps: str, job: str = "", head: str = "") -> dict[str, str]:
    """Steps from line 7 on, or further down by the lines of ``job`` and ``head``."""
    text = f"name: ci\non: push\n{head}jobs:\n  a:\n    runs-on: ubuntu-latest\n{job}    steps:\n"
    return {CI: text + "".join(f"      - {step}\n" for step in steps)}


def runs(text: str) -> str:
    return text.replace("\n", "\n        ")


COMPOSITE = "runs:\n  using: composite\n  steps:\n    - run: npm run migrate\n      shell: bash\n"
STEPS = {
    "a run": (workflow("run: npm ci", "run: npm run migrate"), [f"{CI}:8"]),
    "a module": (workflow("run: node service/dist/db/migrate.js"), [f"{CI}:7"]),
    "a text of several lines": (workflow(runs("run: |\n  npm ci\n\n  npm run migrate")), [f"{CI}:10"]),
    "a text with its end cut": (workflow(runs("run: |-\n  npm ci\n  npm run migrate")), [f"{CI}:9"]),
    "a text with an indentation": (workflow(runs("run: |2\n  npm ci\n  npm run migrate")), [f"{CI}:9"]),
    "a folded text": (workflow(runs("run: >\n  npm\n  run\n  migrate"), "run: a"), [f"{CI}:8"]),
    "a folded text of two commands": (workflow(runs("run: >-\n  npm\n  ci\n\n  npm run\n  migrate")), [f"{CI}:11"]),
    "a text in quotes": (workflow('run: "npm ci\\nnpm run migrate"'), [f"{CI}:7"]),
    "a plain text on two lines": (workflow(runs("run: npm ci &&\n  npm run migrate")), [f"{CI}:7"]),
    "a comment": (workflow(runs("run: |\n  # npm run migrate\n  npm ci")), []),
    "a title": (workflow(runs("name: npm migrate\nrun: npm ci")), []),
    "in a folder": (workflow(runs("working-directory: service\nrun: node dist/db/migrate.js")), [f"{CI}:8"]),
    "within another shell": (workflow("run: bash -c 'npm ci && npm run migrate'"), [f"{CI}:7"]),
    "in a container": (workflow("run: docker compose run --rm app npm run migrate"), [f"{CI}:7"]),
    "an anchor and its alias": (workflow("run: &m npm run migrate", "run: *m"), [f"{CI}:7"]),
    "an expression beside it": (workflow('run: npm run migrate -- --url "${{ secrets.URL }}"'), [f"{CI}:7"]),
    "a choice of a matrix": (
        workflow("run: npm run ${{ matrix.script }}", job="    strategy: {matrix: {script: [build, migrate]}}\n"),
        [f"{CI}:8"],
    ),
    "an entry of a matrix": (
        workflow("run: npm run ${{ matrix.s }}", job="    strategy: {matrix: {include: [{s: migrate}]}}\n"),
        [f"{CI}:8"],
    ),
    "a choice of an input": (
        workflow(
            "run: npm run ${{ inputs.what }}", head="  # x\nenv: {A: b}\nx: {inputs: {what: {options: [build, migrate]}}}\n"
        ),
        [f"{CI}:10"],
    ),
    "a variable": (workflow("run: npm run build", head="env:\n  CMD: npm run migrate\n"), [f"{CI}:4"]),
    "Python": (workflow(runs("shell: python\nrun: |\n  import os\n  migrate(os)")), [f"{CI}:10"]),
    "Python, a comment": (workflow(runs("shell: python\nrun: |\n  # migrate()\n  import os")), []),
    "another shell by default": (
        workflow(runs("run: |\n  import os\n  migrate(os)"), head="defaults: {run: {shell: 'python {0}'}}\n"),
        [f"{CI}:10"],
    ),
    "an action of the project": (
        {
            **workflow("uses: ./.github/actions/up"),
            ".github/actions/up/action.yml": COMPOSITE,
        },
        [".github/actions/up/action.yml:4"],
    ),
    "an action that is named": (
        {"action.yml": COMPOSITE},
        ["action.yml:4"],
    ),
    "an action of JavaScript": ({"action.yml": "runs:\n  using: node20\n  main: dist/db/migrate.js\n"}, ["action.yml:3"]),
    "a workflow of the project": (
        {
            CI: "jobs:\n  a:\n    uses: ./.github/workflows/up.yml\n",
            ".github/workflows/up.yml": "jobs: {a: {steps: [{run: migrate}]}}\n",
        },
        [".github/workflows/up.yml:1"],
    ),
    "a file that is left out": ({CI: "jobs: {a: {uses: ./left/out.yml}}\n", "left/out.yml": "a: {script: migrate}\n"}, []),
    "actions in a circle": (
        {CI: "jobs: {a: {steps: [{uses: ./b}]}}\n", "b/action.yml": "runs: {steps: [{uses: ./b}, {run: migrate}]}\n"},
        ["b/action.yml:1"],
    ),
    "GitLab": ({LAB: "deploy:\n  script:\n    - npm ci\n    - npm run migrate\n"}, [f"{LAB}:4"]),
    "GitLab, before and after": (
        {LAB: "before_script: npm run migrate\na:\n  after_script:\n    - |\n      ls\n      migrate\n"},
        [f"{LAB}:1", f"{LAB}:6"],
    ),
    "GitLab, by default": ({LAB: "default:\n  before_script: [migrate]\n"}, [f"{LAB}:2"]),
    "GitLab, an alias": ({LAB: ".s: &s\n  - migrate\na:\n  script:\n    - *s\n    - ls\n"}, [f"{LAB}:2"]),
    "GitLab, merged": ({LAB: ".s: &s\n  script: [migrate]\na:\n  <<: *s\n"}, [f"{LAB}:2"]),
    "GitLab, a reference": ({LAB: ".s:\n  script: [migrate]\na:\n  script: !reference [.s, script]\n"}, [f"{LAB}:2"]),
    "GitLab, included": (
        {LAB: "include: ci/a.yml\na: {script: ls}\n", "ci/a.yml": "b:\n  script: migrate\n"},
        ["ci/a.yml:2"],
    ),
}


@pytest.mark.parametrize(("files", "places"), STEPS.values(), ids=STEPS)
def test_a_step_that_runs_the_runner_is_found(tmp_path, files, places):
    result = audited(tmp_path, files)["RET003"]
    assert sorted({finding.where for finding in result.findings}) == places, result
    assert result.outcome is (Outcome.FAILED if places else Outcome.PASSED), result


P, S = Outcome.PASSED, Outcome.SKIPPED
UNREAD = {
    "pwsh": (workflow(runs("shell: pwsh\nrun: Invoke-Build")), P, f"{CI}:8 is written for pwsh, which is not read"),
    "pwsh with a name": (
        workflow(runs("shell: pwsh\nrun: npm run migrate")),
        S,
        f"{CI}:8 is written for pwsh, which is not read, and",
    ),
    "Windows": (workflow("run: npm run migrate", job="    runs-on: windows-latest\n"), S, f"{CI}:8 is written for pwsh"),
    "an action": (workflow("uses: actions/checkout@v4"), P, f"{CI}:7 uses an action that is not read"),
    "an action with a name": (
        workflow("uses: acme/flyway-action@v1"),
        S,
        f"{CI}:7 uses an action that is not read, and",
    ),
    "an action that is given a name": (
        workflow(runs("uses: acme/run@v1\nwith: {script: migrate}")),
        S,
        f"{CI}:7 uses an action that is not read, and",
    ),
    "an image": (workflow("run: ls", job="    container: node:20\n"), P, f"{CI}:6 runs in an image that is not inspected"),
    "an image with a name": (workflow("run: ls", job="    container: flyway/flyway:10\n"), S, f"{CI}:6 runs in an image"),
    "an action that is not there": (workflow("uses: ./nope"), S, f"{CI}:7 uses ./nope, which does not exist in the project"),
    "a workflow of others": (
        {CI: "jobs: {a: {uses: a/b/.github/workflows/c.yml@v1}}\n"},
        S,
        "a pipeline that is not in the",
    ),
    "a command that is given": (workflow("run: ${{ inputs.command }}"), S, f"{CI}:7 runs a command that is only known"),
    "no shell": (workflow("run: if ( broken"), P, f"{CI}:7 is not understood as shell here"),
    "no shell, with a name": (workflow("run: for migrate"), S, f"{CI}:7 is not understood as shell here, and"),
    "no YAML": ({CI: "jobs: [\n"}, S, f"{CI}:2 is not valid YAML"),
    "no workflow": ({CI: "- run: ls\n"}, P, ""),
    "a template of GitLab": ({LAB: "include: {template: X.yml}\n"}, P, f"{LAB}:1 includes a GitLab template"),
    "another project of GitLab": (
        {LAB: "include: {project: a/b, file: c.yml}\n"},
        S,
        f"{LAB}:1 runs a pipeline that is not in",
    ),
}


@pytest.mark.parametrize(("files", "ends", "says"), UNREAD.values(), ids=UNREAD)
def test_a_step_that_cannot_be_read_is_reported_or_doubted(tmp_path, files, ends, says):
    result = audited(tmp_path, files)["RET003"]
    assert (result.outcome, result.findings) == (ends, ()), result
    assert says in (result.reason or "")


def test_texts_of_a_pipeline_are_mentions_and_ddl(tmp_path):
    results = audited(
        tmp_path,
        workflow('run: psql -c "CREATE TABLE x (a int)"', "uses: a/create-b@v1", 'env: {Q: "from migrations_applied"}'),
    )
    assert [f.where for f in results["RET005"].findings] == [f"{CI}:7"]
    assert [f.where for f in results["RET004"].findings] == [f"{CI}:9"]
    assert results["RET003"].outcome is Outcome.PASSED
