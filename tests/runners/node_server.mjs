// A Node runner for each line of stdin, in one process that has its modules loaded: folder, DATABASE_URL and the program's words
// between U+001F. Each case reads the command line anew; what the program depends on stays.
import { createRequire } from "node:module";
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";

const [program] = process.argv.splice(2);
const require = createRequire(program);
const answer = process.stdout.write.bind(process.stdout);
class Exit extends Error {}
let number = 0;

// An ES module, which ends by process.exit.
async function nodePgMigrate(ended) {
  await import(`${pathToFileURL(program)}?${++number}`);
}

// CommonJS, which ends when nothing is left to do: after its handler, but for a pool that it would wait for.
function graphileMigrate(ended) {
  for (const path of Object.keys(require.cache))
    if (/\/graphile-migrate\/dist\/|\/yargs\/(index|yargs)\.c?js$/.test(path)) delete require.cache[path];
  const { migrateCommand } = require("./commands/migrate");
  const { handler } = migrateCommand;
  migrateCommand.handler = async (words) => {
    try {
      await handler(words);
      ended(0);
    } finally {
      require("./pg").clearAllPools();
    }
  };
  require(program);
}

process.on("unhandledRejection", (error) => {
  if (!(error instanceof Exit)) throw error;
});
const start = program.includes("graphile-migrate") ? graphileMigrate : nodePgMigrate;
for await (const line of createInterface({ input: process.stdin })) {
  const [folder, url, ...words] = line.split("\x1f");
  let output = "";
  process.stdout.write = process.stderr.write = (text) => ((output += text), true);
  process.chdir(folder);
  process.env.DATABASE_URL = url;
  process.argv.splice(2, Infinity, ...words);
  const code = await new Promise((ended, failed) => {
    process.exit = (status) => {
      ended(status ?? 0);
      throw new Exit();
    };
    Promise.resolve(start(ended)).catch((error) => (error instanceof Exit ? undefined : failed(error)));
  });
  answer(`${code} ${Buffer.byteLength(output)}\n${output}`);
}
