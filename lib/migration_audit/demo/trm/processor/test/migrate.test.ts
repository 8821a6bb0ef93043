import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

import type { Pool } from 'pg';
import { describe, expect, it, vi } from 'vitest';

import { migrate } from '../src/db/migrate.js';

const logger = { info: vi.fn(), warn: vi.fn(), error: vi.fn() };

describe('migrate', () => {
  it('applies what the database does not have, in order, under a lock', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'migrations-'));
    for (const name of ['0002_b.sql', '0001_a.sql', 'readme.md']) await writeFile(join(folder, name), `-- ${name}`);
    const asked: string[] = [];
    const query = vi.fn(async (text: string) => {
      asked.push(text.trim().split('\n')[0] ?? '');
      return { rows: text.startsWith('SELECT filename') ? [{ filename: '0001_a.sql' }] : [] };
    });
    const pool = { connect: async () => ({ query, release: vi.fn() }) } as unknown as Pool;

    const done = await migrate(pool, { directory: pathToFileURL(`${folder}/`), logger });

    expect(done).toEqual(['0002_b.sql']);
    expect(asked[0]).toContain('pg_advisory_lock');
    expect(asked.at(-1)).toContain('pg_advisory_unlock');
  });
});
