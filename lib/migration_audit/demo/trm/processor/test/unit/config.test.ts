import { describe, expect, it } from 'vitest';

import { readConfig } from '../../src/config.js';

const env = { DATABASE_URL: 'postgres://db/app', REDIS_URL: 'redis://queue' };

describe('settings', () => {
  it('have defaults', () => {
    expect(readConfig(env)).toMatchObject({ batchSize: 500, port: 8090 });
  });

  it('say what is missing', () => {
    expect(() => readConfig({})).toThrow('DATABASE_URL is not set');
  });

  it('refuse a batch of nothing', () => {
    expect(() => readConfig({ ...env, BATCH_SIZE: '0' })).toThrow('BATCH_SIZE');
  });
});
