// Prisma's schema engine, as WebAssembly, where Prisma's command line expects a program: JSON-RPC on stdin and stdout.
import { createInterface } from "node:readline";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

if (process.argv.includes("cli")) process.exit(0); // the question is whether the database exists

const require = createRequire(process.env.PRISMA_MODULES + "/");
const { PrismaPg } = require("@prisma/adapter-pg");
const { bindMigrationAwareSqlAdapterFactory } = require("@prisma/driver-adapter-utils");

const bindings = require.resolve("@prisma/schema-engine-wasm/schema_engine_bg");
const runtime = await import(pathToFileURL(bindings));
const wasm = new WebAssembly.Module(readFileSync(bindings.replace(/\.js$/, ".wasm")));
const { exports } = new WebAssembly.Instance(wasm, { "./schema_engine_bg.js": runtime });
runtime.__wbg_set_wasm(exports);
exports.__wbindgen_start();

class OneConnection extends PrismaPg {
  async connect() {
    const adapter = await super.connect();
    // As the native engine sends a file: in one message. The adapter itself would cut it at every semicolon.
    adapter.executeScript = (script) => adapter.underlyingDriver().query(script).then(() => {}).catch((error) => adapter.onError(error));
    return adapter;
  }
}

const schema = process.env.PRISMA_SCHEMA || undefined;
const options = schema ? `-c search_path="${schema}"` : undefined;
const factory = new OneConnection({ max: 1, idleTimeoutMillis: 0, options }, { schema });
let engine;
const say = (message) => process.stdout.write(JSON.stringify({ jsonrpc: "2.0", ...message }) + "\n");
for await (const line of createInterface({ input: process.stdin })) {
  const { id, method, params } = JSON.parse(line);
  if (method === undefined) continue;
  try {
    engine ??= await runtime.SchemaEngine.new({}, () => {}, bindMigrationAwareSqlAdapterFactory(factory));
    say({ id, result: (await engine[method](params)) ?? null });
  } catch (error) {
    say({ id, error: { code: 4466, message: "refused", data: { is_panic: false, message: String(error.message ?? error) } } });
  }
}
process.exit(0);
