/** Settings, all from the environment. */
export interface Config {
  readonly databaseUrl: string;
  readonly redisUrl: string;
  readonly batchSize: number;
  readonly port: number;
}

export function readConfig(env: NodeJS.ProcessEnv = process.env): Config {
  return {
    databaseUrl: required(env, 'DATABASE_URL'),
    redisUrl: required(env, 'REDIS_URL'),
    batchSize: positive(env, 'BATCH_SIZE', 500),
    port: positive(env, 'PORT', 8090),
  };
}

function required(env: NodeJS.ProcessEnv, name: string): string {
  const value = env[name];
  if (value === undefined || value === '') throw new Error(`${name} is not set`);
  return value;
}

function positive(env: NodeJS.ProcessEnv, name: string, fallback: number): number {
  const text = env[name];
  if (text === undefined || text === '') return fallback;
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new Error(`${name} is not a positive whole number: ${text}`);
  return value;
}
