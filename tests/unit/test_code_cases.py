"""What counts as a call of the runner, a mention of its ledger, or DDL, in real source text. A row is a small file."""

from __future__ import annotations

import pytest

from fix_code import judged, write
from migration_audit.model.finding import Outcome

TS = "processor/src/main.ts"
RULES = """
[[rule]]
check = "RET003"
calls = ["migrate"]
module = "processor/src/db/migrate.ts"
in = ["processor"]
[[rule]]
check = "RET004"
mentions = ["migrations_applied"]
in = ["processor"]
[[rule]]
check = "RET005"
ddl = true
in = ["processor"]
except = ["processor/test/fixtures"]
"""

# name: (path, source, lines with a call, lines with a mention, lines with DDL)
CASES = {
    # calls
    "a call": (TS, "await migrate(pool);", [1], [], []),
    "a call of a member": (TS, "await db.migrate(pool);", [1], [], []),
    "a call of this": (TS, "class A { run() { return this.migrate(); } }", [1], [], []),
    "an optional call": (TS, "db?.migrate?.(pool);", [1], [], []),
    "a call through a key": (TS, "db['migrate'](pool);", [1], [], []),
    "a call through a cast": (TS, "(db as any).migrate!(pool);", [1], [], []),
    "a call with type arguments": (TS, "migrate<Pool>(pool);", [1], [], []),
    "a call without this": (TS, "(0, db.migrate)(pool);", [1], [], []),
    "call and apply": (TS, "migrate.call(null, pool);\nmigrate.apply(null, [pool]);", [1, 2], [], []),
    "a call in a template": (TS, "log(`ran ${await migrate(pool)}`);", [1], [], []),
    "a call on a line of its own": (TS, "const done =\n  await\n    migrate(pool);", [3], [], []),
    "a call in a chain": (TS, "createRunner(pool)\n  .lock()\n  .migrate();", [3], [], []),
    "a tagged template": (TS, "migrate`up`;", [1], [], []),
    "a constructor": (TS, "new migrate.Runner();\nnew migrate();", [2], [], []),
    "a call in JSX": ("processor/src/a.tsx", "const a = <b onClick={() => migrate(p)}>x</b>;", [1], [], []),
    "a call in JavaScript": ("processor/src/a.cjs", "module.exports = migrate(p);", [1], [], []),
    "a call with arguments on many lines": (TS, "migrate(\n  pool,\n);", [1], [], []),
    "an import under another name": (TS, "import { migrate as m } from './db/migrate.js';\nawait m(pool);", [1, 2], [], []),
    "a default import": (TS, "import boot from './db/migrate';\nawait boot(pool);", [1, 2], [], []),
    "a namespace": (TS, "import * as db from './db/index.js';\nawait db.migrate(pool);", [2], [], []),
    "a namespace of the module": (TS, "import * as db from './db/migrate.ts';", [1], [], []),
    "for its side effect": (TS, "import './db/migrate.js';", [1], [], []),
    "a type of it": (TS, "import type { Options } from './db/migrate.js';", [1], [], []),
    "exported again": ("processor/src/db/index.ts", "export { migrate as up } from './migrate.js';", [1], [], []),
    "all exported again": ("processor/src/db/index.ts", "export * from './migrate';", [1], [], []),
    "exported again as a name": ("processor/src/db/index.ts", "export * as m from './migrate';", [1], [], []),
    "required": (TS, "const { migrate: m } = require('./db/migrate');\nm(pool);", [1, 2], [], []),
    "required and called": (TS, "require('./db/migrate').migrate(pool);", [1, 1], [], []),
    "import with require": (TS, "import m = require('./db/migrate');", [1], [], []),
    "imported when needed": (TS, "const { migrate: m } = await import('./db/migrate.js');\nawait m(p);", [1, 2], [], []),
    "imported and called": (TS, "await (await import('./db/migrate.js')).migrate(p);", [1, 1], [], []),
    "imported by a template": (TS, "await import(`./db/migrate.js`);", [1], [], []),
    "imported by a name that may be it": (TS, "await import(`./db/${name}.js`);", [1], [], []),
    "imported by a constant": (TS, "const M = './db/migrate.js';\nawait import(M);", [1, 2], [], []),
    "run as a worker": (TS, "new Worker(new URL('./db/migrate.js', import.meta.url));", [1], [], []),
    "run as a process": (TS, "fork('dist/db/migrate.js');", [1], [], []),
    "mocked in a test": ("processor/test/a.test.ts", "vi.mock('../src/db/migrate.js');", [1], [], []),
    "from the built files": ("processor/test/a.test.ts", "import { up } from '../dist/db/migrate.js';", [1], [], []),
    "from built files of another folder": ("processor/test/a.test.ts", "import '../dist/other/migrate.js';", [], [], []),
    "from a folder above": ("processor/src/a/b/c.ts", "import '../../db/migrate';", [1], [], []),
    "handed on": (TS, "import { migrate } from 'runner';\nawait withLock(migrate);", [1, 2], [], []),
    "handed on under another name": (
        TS,
        "import { migrate as m } from 'runner';\nconst steps = [m, start];",
        [1, 2],
        [],
        [],
    ),
    "given another name": (TS, "import { migrate } from 'runner';\nconst run = migrate;\nrun();", [1, 2], [], []),
    "a task of another tool": ("processor/deno.json", '{"tasks": {\n"up": "deno run -A src/db/migrate.ts"}}', [2], [], []),
    "taken out under another name": (TS, "const { migrate: up } = db;\nawait up(pool);", [1], [], []),
    "taken out with a default": (TS, "const {\n  migrate: up = noop,\n} = db;\nsteps.push(up);", [2], [], []),
    "a setting taken out": (TS, "const { migrate: wanted } = options;\nif (wanted) start();", [], [], []),
    "a private method": (TS, "class A { run() { return this.#migrate(); } }", [1], [], []),
    "required whole": (TS, "const up = require('./runner/migrate');\nup(pool);", [2], [], []),
    "one of two steps": (TS, "import { migrate } from 'r';\n(first ? migrate : start)(pool);", [1, 2], [], []),
    "in an object": (TS, "import { migrate } from 'r';\nexport default { migrate, start };", [1, 2], [], []),
    "of a library": (TS, "import { migrate } from 'drizzle-orm/node-postgres/migrator';", [1], [], []),
    "a member handed on": (TS, "await withLock(runner.migrate);", [1], [], []),
    "run by a command": (TS, "execSync('node dist/db/migrate.js');\nexecSync('pnpm migrate');", [1, 2], [], []),
    "a command of a name alike": (TS, "execSync('pnpm emigrate'); log('node migrates');", [], [], []),
    "a shell script": (
        "processor/run.sh",
        '#!/bin/sh\n# migrate\nnode dist/db/migrate.js "$1" && node dist/main.js',
        [3],
        [],
        [],
    ),
    "a shell script runs a script": ("processor/run.sh", "pnpm run migrate\nnode dist/main.js", [1], [], []),
    "a shell script that says it": ("processor/run.sh", "echo 'migrate first'\necho db/migrate.json", [], [], []),
    "in a comment": (TS, "// await migrate(pool);\n/* migrate(pool) from './db/migrate.js' */\n", [], [], []),
    "in a text": (TS, "log('call migrate(pool) first');", [], [], []),
    "a name that looks alike": (TS, "emigrate(pool);\nmigrateLegacyTopic(redis);\nmigrated();\n_migrate();", [], [], []),
    "a member of a name alike": (TS, "migrate.status;\nmigrate.length();", [], [], []),
    "a key of an object": (TS, "const options = { migrate: false };", [], [], []),
    "a field that is read": (TS, "if (options.migrate) start();", [], [], []),
    "a local flag": (TS, "const migrate = true;\nstart(migrate);", [], [], []),
    "a parameter": (TS, "function start(migrate: boolean) { return boot(migrate); }", [], [], []),
    "another module of that name": (TS, "import { x } from './other/migrate.js';", [], [], []),
    "a package of that name": (TS, "import x from '@scope/migrate';\nimport y from 'migrate';", [], [], []),
    "a file of data": (TS, "import data from './db/migrate.json' with { type: 'json' };", [1], [], []),
    "an import of a folder of names": (TS, "await import(`./locales/${name}.js`);", [], [], []),
    "a decorator": (TS, "@migrate()\nclass A {}", [1], [], []),
    # the ledger
    "a query of it": (TS, "pool.query('SELECT 1 FROM processor.migrations_applied');", [], [1], []),
    "in capitals": (TS, "pool.query(`select 1 from MIGRATIONS_APPLIED`);", [], [1], []),
    "quoted": (TS, "pool.query('select 1 from \"migrations_applied\"');", [], [1], []),
    "on a later line of a template": (TS, "pool.query(`\n  select 1\n    from migrations_applied\n`);", [], [3], []),
    "twice in a template": (TS, "sql`select * from migrations_applied\n join migrations_applied`;", [], [1, 2], []),
    "put together": (TS, "const t = 'migrations' + '_applied';", [], [1], []),
    "put together in a template": (TS, "const a = 'applied';\nq(`select 1 from migrations_${a}`);", [], [2], []),
    "a name of two texts": (TS, "const a = 'x';\n{ const a = 'applied'; }\nq(`from migrations_${a}`);", [], [], []),
    "behind a break that is written": (TS, "q('select 1 \\n from migrations_applied');\n\n", [], [1], []),
    "written with an escape": (TS, "const t = 'migrations\\u005fapplied';", [], [1], []),
    "a name of it": (TS, "const migrations_applied = 1;\ndb.migrations_applied.find();", [], [1, 2], []),
    "a key": (TS, "const counts = { migrations_applied: 1, 'migrations_applied': 2 };", [], [1], []),
    "a type": (TS, "interface DB { migrations_applied: Row }", [], [1], []),
    "a literal type": (TS, "type T = 'positions' | 'migrations_applied';", [], [1], []),
    "a pattern": (TS, "const r = /migrations_applied/;", [], [1], []),
    "in a page": ("processor/src/a.tsx", "const a = <p>see migrations_applied</p>;", [], [1], []),
    "mentioned in a comment": (
        TS,
        "// migrations_applied\n/** migrations_applied */\nconst a = 1; // migrations_applied",
        [],
        [],
        [],
    ),
    "names like it": (TS, "const migrations_applied_at = 'old_migrations_applied';", [], [], []),
    "in camel case": (TS, "const migrationsApplied = 1;", [], [], []),
    # DDL
    "a table": (TS, "pool.query('CREATE TABLE x (a int)');", [], [], [1]),
    "in a template": (TS, "pool.query(`\n  create table if not exists x (\n    a int\n  )`);", [], [], [2]),
    "in a template with parts": (TS, "q(`ALTER TABLE ${t} ADD COLUMN ${c} ${type} ${notNull}`);", [], [], [1]),
    "its name is computed": (TS, "q(`DROP TABLE IF EXISTS ${t}`);", [], [], [1]),
    "its columns are computed": (TS, "q(`CREATE TABLE ${t} (${columns.join(', ')})`);", [], [], [1]),
    "a word of it is computed": (TS, "q(`CREATE ${unique ? 'UNIQUE' : ''} INDEX i ON t (a)`);", [], [], [1]),
    "added up": (TS, "q('CREATE ' + 'TABLE ' + name + ' (a int)');", [], [], [1]),
    "added up over lines": (TS, "q('CREATE TABLE x (' +\n  'a int' +\n  ')');", [], [], [1]),
    "appended": (TS, "let q = 'ALTER';\nq += ' TABLE t ADD c int';", [], [], [1]),
    "appended by itself": (TS, "let q = '';\nq = q + 'create ';\nq = q + `table ${t} (a int)`;", [], [], [2]),
    "appended in another order": (TS, "let q = 'TABLE t';\nq += ' ALTER it';", [], [], []),
    "appended to another text": (TS, "let q = 'DROP';\nq = '';\nq += ' TABLE t';", [], [], []),
    "appended after DDL": (TS, "let q = 'DROP TABLE t;';\nq += 'select 1';", [], [], [1]),
    "Knex's builder": (TS, "await knex.schema.withSchema('a').createTable('t', (t) => t.increments());", [], [], [1]),
    "Sequelize's builder": (TS, "await queryInterface.addColumn('t', 'c', { type: INTEGER });", [], [], [1]),
    "TypeORM's builder": (TS, "await runner.dropTable('t');", [], [], [1]),
    "a table of a page": (TS, "page.table.addColumn('c'); schema.rename('a', 'b');", [], [], []),
    "joined": (TS, "q(['create table x (', columns, ')'].join(' '));", [], [], [1]),
    "concatenated": (TS, "q('create table '.concat(name, '(a int)'));", [], [], [1]),
    "with a word from a constant": (TS, "const V = 'CREATE TABLE';\nq(`${V} x (a int)`);", [], [], [1, 2]),
    "behind a comment of SQL": (TS, "q('-- first\\nCREATE TABLE x (a int)');", [], [], [1]),
    "behind another statement": (TS, "q(`BEGIN;\nINSERT INTO a VALUES (1);\nDROP TABLE b;\nCOMMIT`);", [], [], [3]),
    "an extension": (TS, "q('CREATE EXTENSION IF NOT EXISTS postgis');", [], [], [1]),
    "a hypertable": (TS, "q(`SELECT create_hypertable('p', 'ts')`);", [], [], [1]),
    "a policy by a call": (TS, "q(`CALL add_columnstore_policy('p', interval '1 day')`);", [], [], [1]),
    "a grant": (TS, "q('GRANT SELECT ON p TO reader');", [], [], [1]),
    "a comment": (TS, "q(`COMMENT ON TABLE p IS ${text}`);", [], [], [1]),
    "truncated": (TS, "q('TRUNCATE positions');", [], [], [1]),
    "a temporary table": (TS, "q('CREATE TEMP TABLE t ON COMMIT DROP AS SELECT 1');", [], [], [1]),
    "select into": (TS, "q('SELECT * INTO backup FROM positions');", [], [], [1]),
    "in a block": (TS, "q(`DO $$ BEGIN IF true THEN EXECUTE 'create table x (a int)'; END IF; END $$`);", [], [], [1]),
    "for a formatter": (TS, "format('CREATE TABLE %I (a int)', t);\nknex.raw('drop table ??', [t]);", [], [], [1, 2]),
    "tagged": (TS, "await sql`ALTER TABLE p ADD COLUMN faulty boolean`;", [], [], [1]),
    "in lower case and alone": (TS, "exec('drop table positions');", [], [], [1]),
    "prose": (TS, "const a = 'create a new user', b = 'Drop us a line', c = 'alter ego';", [], [], []),
    "a label": (TS, "const a = 'Create table', b = 'drop index', c = 'truncate', d = 'DROP', e = 'CREATE';", [], [], []),
    "a sentence": (TS, "const a = 'Create database backup';", [], [], []),
    "a message": (TS, "throw new Error('create user failed');\nlogger.warn('drop table positions first');", [], [], []),
    "a message with a part": (
        TS,
        "throw new Error(`Create user ${id} failed`);\nlog(`Drop table ${t} failed`);",
        [],
        [],
        [],
    ),
    "a title of a test": ("processor/test/a.test.ts", "it('drop table users', () => {});", [], [], []),
    "a class of a page": ("processor/src/a.tsx", 'const a = <p className="truncate block" />;', [], [], []),
    "an address": (TS, "get('/create/table/x'); const event = 'table:drop';", [], [], []),
    "what the writer does": (TS, "q(`INSERT INTO p (a) VALUES ($1) ON CONFLICT (a) DO UPDATE SET b = 1`);", [], [], []),
    "a column of that name": (TS, "q('SELECT created_at, dropped FROM p WHERE altered > $1 FOR UPDATE');", [], [], []),
    "DDL as a value": (TS, "q(`INSERT INTO log VALUES ('create table x (a int)')`);", [], [], []),
    "commented out": (TS, "// q('CREATE TABLE x (a int)');", [], [], []),
    "a file of SQL": (
        "processor/a.sql",
        "-- create table\ninsert into p values (1);\n\nalter table p add a int;",
        [],
        [],
        [4],
    ),
    "a fixture": ("processor/test/fixtures/s.sql", "create table x (a int);", [], [], []),
    "a file of SQL with psql": ("processor/a.sql", "\\set ON_ERROR_STOP on\nselect 1;\ndrop table x;", [], [], [3]),
    "a file of SQL with data": ("processor/a.sql", "copy t from stdin;\ndrop table x;\n\\.\ndrop table y;", [], [], [4]),
    "a file of SQL mentions it": (
        "processor/a.sql",
        "-- migrations_applied\nselect * from migrations_applied;",
        [],
        [2],
        [],
    ),
    "a function of SQL": (
        "processor/a.sql",
        "select 1;\ncreate function f() returns void language plpgsql as $$ begin drop table x; end $$;",
        [],
        [],
        [2],
    ),
    "in a command for psql": (TS, "execSync('psql -d x -c \"create table x (a int)\"');", [], [], [1]),
    "in a command for psql, of several": (TS, "exec(`psql -qc 'select 1' && psql --command='drop table x'`);", [], [], [1]),
    "a query for psql": (TS, "execSync('psql -c \"select 1\"');", [], [], []),
    "in a shell script": ("processor/run.sh", 'psql -c "CREATE TABLE $t (a int)"', [], [], [1]),
    "in raw quotes": ("processor/run.sh", "psql -c 'drop table migrations_applied'", [], [1], [1]),
    "in a document of a shell": ("processor/run.sh", "psql <<SQL\nselect 1;\ndrop table x;\nSQL", [], [], [3]),
    # package.json
    "a script": ("processor/package.json", '{"scripts": {\n  "db": "tsx src/db/migrate.ts"\n}}', [2], [], []),
    "a script of built files": (
        "processor/package.json",
        '{"scripts": {"db": "node ./dist/db/migrate.js up"}}',
        [1],
        [],
        [],
    ),
    "a script of that name": ("processor/package.json", '{"scripts": {"migrate": "runner up"}}', [1], [], []),
    "a script that runs a script": (
        "processor/package.json",
        '{"scripts": {\n"db:up": "node dist/db/migrate.js",\n"start": "pnpm run db:up && node dist/main.js"}}',
        [2, 3],
        [],
        [],
    ),
    "a script with quotes": (
        "processor/package.json",
        r'{"scripts": {"a": "sh -c \"node dist/db/migrate.js\""}}',
        [1],
        [],
        [],
    ),
    "other scripts": ("processor/package.json", '{"scripts": {"start": "node dist/main.js", "emigrate": "x"}}', [], [], []),
    "a program": ("processor/package.json", '{"bin": {"up": "dist/db/migrate.js"}}', [1], [], []),
}


@pytest.mark.parametrize(("path", "source", "calls", "mentions", "ddl"), CASES.values(), ids=CASES.keys())
def test_what_a_file_holds(tmp_path, path, source, calls, mentions, ddl):
    write(tmp_path, {"processor/src/clean.ts": "export {};", path: source})
    results = judged(tmp_path, RULES)
    found = {name: sorted(int(f.where.rpartition(":")[2]) for f in results[name].findings) for name in results}
    # A line may be found twice over: for the import and for the call on it.
    assert sorted(set(found["RET003"])) == sorted(set(calls)), [f.summary for f in results["RET003"].findings]
    assert found["RET004"] == mentions, [f.summary for f in results["RET004"].findings]
    assert found["RET005"] == ddl, [f.actual for f in results["RET005"].findings]
    assert all(r.outcome in {Outcome.PASSED, Outcome.FAILED} for r in results.values()), results
