import { readFile } from 'node:fs/promises';

import { PostgreSqlContainer, type StartedPostgreSqlContainer } from '@testcontainers/postgresql';
import type { Pool } from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { createPool } from '../../src/db/pool.js';
import type { Position } from '../../src/ingest/position.js';
import { lastPosition, storePositions } from '../../src/ingest/store.js';

const SCHEMA = new URL('../fixtures/schema.sql', import.meta.url);

let container: StartedPostgreSqlContainer;
let pool: Pool;

beforeAll(async () => {
  container = await new PostgreSqlContainer('timescale/timescaledb-ha:pg17').start();
  pool = createPool(container.getConnectionUri());
  await pool.query(await readFile(SCHEMA, 'utf8'));
});

afterAll(async () => {
  await pool.end();
  await container.stop();
});

const position = (minute: number): Position => ({
  deviceId: '356307042441001',
  ts: new Date(Date.UTC(2026, 2, 1, 8, minute)),
  latitude: 47.37,
  longitude: 8.54,
  altitude: 408,
  speed: 42,
  heading: 270,
  satellites: 9,
  attributes: { ignition: true },
});

describe('a batch', () => {
  it('is stored once, however often it comes', async () => {
    const batch = [position(0), position(1)];
    expect(await storePositions(pool, batch)).toBe(2);
    expect(await storePositions(pool, batch)).toBe(0);
  });

  it('shows in the latest position of its device, unless that is faulty', async () => {
    await storePositions(pool, [position(2), position(3)]);
    await pool.query('UPDATE positions SET faulty = true WHERE ts = $1', [position(3).ts]);
    expect((await lastPosition(pool, '356307042441001'))?.ts).toEqual(position(2).ts);
  });
});
