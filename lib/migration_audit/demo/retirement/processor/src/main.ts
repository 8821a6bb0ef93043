import { Redis } from 'ioredis';

import { readConfig } from './config.js';
import { createPool } from './db/pool.js';
import { createHttpServer } from './http/server.js';
import { consume, migrateLegacyTopic } from './ingest/consumer.js';
import { log } from './log.js';

const config = readConfig();
const pool = createPool(config.databaseUrl);
const redis = new Redis(config.redisUrl);
const stop = new AbortController();

await migrateLegacyTopic(redis);

const server = createHttpServer(pool, redis);
server.listen(config.port, () => log.info({ port: config.port }, 'listening'));

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => stop.abort());
}

try {
  await consume(redis, pool, { batchSize: config.batchSize, log, signal: stop.signal });
} finally {
  server.close();
  redis.disconnect();
  await pool.end();
}
