import { describe, expect, it } from 'vitest';

import { parsePosition } from '../../src/ingest/position.js';

const whole = { device_id: '356307042441001', ts: '2026-03-01T08:00:00Z', latitude: 47.37, longitude: 8.54, speed: 42 };

describe('a message', () => {
  it('becomes a position', () => {
    const position = parsePosition(JSON.stringify(whole));
    expect(position).toMatchObject({ deviceId: whole.device_id, latitude: 47.37, speed: 42, altitude: null, attributes: {} });
    expect(position?.ts.toISOString()).toBe('2026-03-01T08:00:00.000Z');
  });

  it.each([
    ['no JSON', '{'],
    ['no object', '42'],
    ['no device', JSON.stringify({ ...whole, device_id: undefined })],
    ['no time', JSON.stringify({ ...whole, ts: 'yesterday' })],
    ['no latitude', JSON.stringify({ ...whole, latitude: null })],
    ['a latitude that no place has', JSON.stringify({ ...whole, latitude: 91 })],
  ])('with %s is none', (_, message) => {
    expect(parsePosition(message)).toBeNull();
  });
});
