/** What a tracker says about where it is. */
export interface Position {
  readonly deviceId: string;
  readonly ts: Date;
  readonly latitude: number;
  readonly longitude: number;
  readonly altitude: number | null;
  readonly speed: number | null;
  readonly heading: number | null;
  readonly satellites: number | null;
  readonly attributes: Record<string, unknown>;
}

/** A message of the queue as a position; null for one that is none. */
export function parsePosition(message: string): Position | null {
  let body: unknown;
  try {
    body = JSON.parse(message);
  } catch {
    return null;
  }
  if (typeof body !== 'object' || body === null) return null;
  const fields = body as Record<string, unknown>;
  const ts = new Date(String(fields.ts));
  const latitude = number(fields.latitude);
  const longitude = number(fields.longitude);
  if (typeof fields.device_id !== 'string' || Number.isNaN(ts.getTime())) return null;
  if (latitude === null || longitude === null) return null;
  if (Math.abs(latitude) > 90 || Math.abs(longitude) > 180) return null;
  return {
    deviceId: fields.device_id,
    ts,
    latitude,
    longitude,
    altitude: number(fields.altitude),
    speed: number(fields.speed),
    heading: number(fields.heading),
    satellites: number(fields.satellites),
    attributes: (fields.attributes as Record<string, unknown> | undefined) ?? {},
  };
}

function number(value: unknown): number | null {
  return typeof value === 'number' && Number.isFinite(value) ? value : null;
}
