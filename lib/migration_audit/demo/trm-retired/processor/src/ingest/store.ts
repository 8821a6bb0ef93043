import type { Pool } from 'pg';

import type { Position } from './position.js';

const COLUMNS = [
  'device_id',
  'ts',
  'latitude',
  'longitude',
  'altitude',
  'speed',
  'heading',
  'satellites',
  'attributes',
] as const;

/** Store a batch; a position that is there already stays as it is. Gives back how many were new. */
export async function storePositions(pool: Pool, batch: readonly Position[]): Promise<number> {
  if (batch.length === 0) return 0;
  const rows = batch.map((_, row) => `(${COLUMNS.map((_, column) => `$${row * COLUMNS.length + column + 1}`).join(', ')})`);
  const values = batch.flatMap((p) => [
    p.deviceId,
    p.ts,
    p.latitude,
    p.longitude,
    p.altitude,
    p.speed,
    p.heading,
    p.satellites,
    JSON.stringify(p.attributes),
  ]);
  const result = await pool.query(
    `INSERT INTO positions (${COLUMNS.join(', ')})
     VALUES ${rows.join(', ')}
     ON CONFLICT (device_id, ts) DO NOTHING`,
    values,
  );
  return result.rowCount ?? 0;
}

/** The latest position of a device that nobody marked as faulty. */
export async function lastPosition(pool: Pool, deviceId: string): Promise<{ ts: Date; latitude: number; longitude: number } | null> {
  const { rows } = await pool.query<{ ts: Date; latitude: number; longitude: number }>(
    `SELECT ts, latitude, longitude
       FROM positions
      WHERE device_id = $1 AND NOT faulty
      ORDER BY ts DESC
      LIMIT 1`,
    [deviceId],
  );
  return rows[0] ?? null;
}
