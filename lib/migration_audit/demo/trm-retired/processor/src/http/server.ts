import { createServer, type Server } from 'node:http';

import type { Redis } from 'ioredis';
import type { Pool } from 'pg';
import { WebSocketServer } from 'ws';

import { lastPosition } from '../ingest/store.js';

/** `GET /health` for the orchestrator, and a WebSocket that answers a device id with its latest position. */
export function createHttpServer(pool: Pool, redis: Redis): Server {
  const server = createServer((request, response) => {
    if (request.method !== 'GET' || request.url !== '/health') {
      response.writeHead(404).end();
      return;
    }
    Promise.all([pool.query('SELECT 1'), redis.ping()]).then(
      () => response.writeHead(200).end('ok'),
      () => response.writeHead(503).end('unavailable'),
    );
  });
  new WebSocketServer({ server, path: '/positions' }).on('connection', (socket) => {
    socket.on('message', (deviceId) => {
      lastPosition(pool, deviceId.toString()).then(
        (position) => socket.send(JSON.stringify(position)),
        () => socket.close(1011, 'the database cannot be reached'),
      );
    });
  });
  return server;
}
