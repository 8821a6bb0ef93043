import { pino } from 'pino';

export const log = pino({ name: 'processor', level: process.env.LOG_LEVEL ?? 'info' });
export type Log = Pick<typeof log, 'info' | 'warn' | 'error'>;
