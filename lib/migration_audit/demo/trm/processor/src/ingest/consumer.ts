import type { Redis } from 'ioredis';
import type { Pool } from 'pg';

import type { Log } from '../log.js';
import { parsePosition } from './position.js';
import { storePositions } from './store.js';

export const QUEUE = 'positions:raw';

/** Take batches from the queue and store them until `signal` says stop. */
export async function consume(
  redis: Redis,
  pool: Pool,
  { batchSize, log, signal }: { batchSize: number; log: Log; signal: AbortSignal },
): Promise<void> {
  while (!signal.aborted) {
    const messages = await take(redis, batchSize);
    const positions = messages.map(parsePosition).filter((position) => position !== null);
    if (positions.length < messages.length) log.warn({ dropped: messages.length - positions.length }, 'not positions');
    try {
      const stored = await storePositions(pool, positions);
      if (stored > 0) log.info({ stored, received: messages.length }, 'stored');
    } catch (error) {
      // Back to the head of the queue: nothing may be lost because the database was away.
      if (messages.length > 0) await redis.rpush(QUEUE, ...messages.toReversed());
      throw error;
    }
  }
}

async function take(redis: Redis, batchSize: number): Promise<string[]> {
  const first = await redis.brpop(QUEUE, 1);
  if (first === null) return [];
  const more = (await redis.rpop(QUEUE, batchSize - 1)) ?? [];
  return [first[1], ...more];
}

/** Once, in phase 1: positions of the first trackers' topic go to the queue. Kept for the trackers that still use it. */
export async function migrateLegacyTopic(redis: Redis): Promise<number> {
  let moved = 0;
  while ((await redis.lmove('tracker:positions', QUEUE, 'RIGHT', 'LEFT')) !== null) moved += 1;
  return moved;
}
