import { readdir, readFile } from 'node:fs/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';

import type { Pool } from 'pg';

import { readConfig } from '../config.js';
import { type Log, log } from '../log.js';
import { createPool } from './pool.js';

const MIGRATIONS = new URL('./migrations/', import.meta.url);

// Two instances that boot at the same time must not apply one file twice.
const LOCK = 7_305_001;

/** Apply every migration that this database does not have yet, in the order of their names; gives back those applied. */
export async function migrate(pool: Pool, { directory = MIGRATIONS, logger = log as Log } = {}): Promise<string[]> {
  const client = await pool.connect();
  try {
    await client.query('SELECT pg_advisory_lock($1)', [LOCK]);
    await client.query('CREATE SCHEMA IF NOT EXISTS processor');
    await client.query(`
      CREATE TABLE IF NOT EXISTS processor.migrations_applied (
        id         serial      PRIMARY KEY,
        filename   text        NOT NULL UNIQUE,
        applied_at timestamptz NOT NULL DEFAULT now()
      )
    `);
    const { rows } = await client.query<{ filename: string }>('SELECT filename FROM processor.migrations_applied');
    const applied = new Set(rows.map((row) => row.filename));
    const files = (await readdir(directory)).filter((name) => name.endsWith('.sql')).sort();

    const done: string[] = [];
    for (const name of files.filter((file) => !applied.has(file))) {
      await client.query('BEGIN');
      try {
        await client.query(await readFile(new URL(name, directory), 'utf8'));
        await client.query('INSERT INTO processor.migrations_applied (filename) VALUES ($1)', [name]);
        await client.query('COMMIT');
      } catch (error) {
        await client.query('ROLLBACK');
        throw new Error(`migration ${name} failed`, { cause: error });
      }
      logger.info({ migration: name }, 'applied');
      done.push(name);
    }
    return done;
  } finally {
    await client.query('SELECT pg_advisory_unlock($1)', [LOCK]);
    client.release();
  }
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const pool = createPool(readConfig().databaseUrl);
  const done = await migrate(pool);
  log.info({ done, directory: fileURLToPath(MIGRATIONS) }, 'migrated');
  await pool.end();
}
