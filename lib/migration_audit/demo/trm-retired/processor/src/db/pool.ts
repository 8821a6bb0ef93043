import pg from 'pg';

/** The pool of connections that everything in this service shares. */
export function createPool(connectionString: string): pg.Pool {
  const pool = new pg.Pool({
    connectionString,
    max: 10,
    application_name: 'processor',
    // A stuck insert must not hold up the batches behind it.
    statement_timeout: 15_000,
    idleTimeoutMillis: 30_000,
  });
  // Without a listener, an idle connection that breaks would end the process.
  pool.on('error', () => undefined);
  return pool;
}
