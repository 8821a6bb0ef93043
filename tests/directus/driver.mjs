// Serves one real Directus (the folder with its node_modules is the first argument) to many databases.
//
// Each line of stdin is a JSON object {database, file, ignoreRules, excluded, searchPath}; each line of stdout that starts with ANSWER is
// {code, message, sql}: what `directus schema apply --yes` of that version would have done with that file, as a process of
// its own would have: caches are emptied before. What the command line itself does (options) is not in it.
import { createRequire } from "node:module";
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";
import { readFileSync } from "node:fs";
import path from "node:path";

const api = path.join(process.argv[2], "node_modules/@directus/api");
const load = async (...names) => {
	for (const name of names) {
		try {
			return await import(pathToFileURL(path.join(api, "dist", name)).href);
		} catch (error) {
			if (error.code !== "ERR_MODULE_NOT_FOUND" || !String(error.message).includes(name)) throw error;
		}
	}
	throw new Error(`none of ${names.join(", ")} is in ${api}`);
};
const require = createRequire(path.join(api, "package.json"));
// Directus logs to stdout as well.
const answer = (body) => process.stdout.write(`ANSWER ${JSON.stringify(body)}\n`);

const { default: getDatabase } = await load("database/index.js");
const { flushCaches } = await load("cache.js");
const { getSnapshot } = await load("utils/schema/get-snapshot.js", "utils/get-snapshot.js");
const { getSnapshotDiff } = await load("utils/schema/get-snapshot-diff.js", "utils/get-snapshot-diff.js");
const { applySnapshot } = await load("utils/schema/apply-snapshot.js", "utils/apply-snapshot.js");
const { useEnv } = await import(pathToFileURL(require.resolve("@directus/env")).href);
const { load: loadYaml } = await import(pathToFileURL(require.resolve("js-yaml")).href);
const knexOf = require("knex").default ?? require("knex");

const base = getDatabase();
const config = base.client.config;
const env = useEnv();
// knex hides the password of a connection that is in use.
const named = { host: env.DB_HOST, port: env.DB_PORT, user: env.DB_USER, password: String(env.DB_PASSWORD) };
const excludedByDefault = env.DB_EXCLUDE_TABLES;
try {
	const { getLicenseManager } = await load("license/manager.js");
	await getLicenseManager().initialize();
} catch (error) {
	if (!String(error.message).startsWith("none of")) throw error;
}

// The command's own filter (cli/commands/schema/apply.js), which is not exported by every version.
function filtered(diff, rules) {
	const set = new Set(rules);
	const keep = (item) => !set.has(item.collection) && !(item.field && set.has(`${item.collection}.${item.field}`));
	return Object.fromEntries(Object.entries(diff).map(([name, items]) => [name, items.filter(keep)]));
}

// Some versions build foreign keys in callbacks that nobody waits for: an error there ends the real process at once, and
// the server rolls back. Here it ends every query that follows, COMMIT among them.
let unhandled;
process.on("unhandledRejection", (error) => (unhandled ??= error));

async function apply(request) {
	env.DB_EXCLUDE_TABLES = request.excluded ?? excludedByDefault;
	const connection = { ...named, ...request.connection, database: request.database };
	const searchPath = request.searchPath ?? config.searchPath;
	const database = knexOf({ ...config, searchPath, connection, pool: { ...config.pool, min: 0, max: 4 } });
	const sql = [];
	database.on("query", (query) => {
		if (unhandled) throw unhandled;
		sql.push(query.sql);
	});
	unhandled = undefined;
	try {
		await flushCaches(true);
		const snapshot = request.file.endsWith("json") ? JSON.parse(request.text) : loadYaml(request.text);
		const current = await getSnapshot({ database });
		let diff = getSnapshotDiff(current, snapshot);
		if (request.ignoreRules) diff = filtered(diff, request.ignoreRules.split(","));
		if (request.onlyDiff) return { code: 0, message: "", current, diff };
		if (Object.values(diff).every((items) => items.length === 0)) return { code: 0, message: "No changes to apply.", sql: [] };
		await applySnapshot(snapshot, { current, diff, database });
		await new Promise((done) => setImmediate(done));
		if (unhandled) throw unhandled;
		return { code: 0, message: "Snapshot applied successfully", sql: ddl(sql) };
	} catch (error) {
		return { code: 1, message: String(error?.message ?? error), stack: String(error?.stack ?? ""), sql: ddl(sql) };
	} finally {
		await database.destroy();
	}
}

const ddl = (sql) => sql.filter((text) => /^\s*(create|alter|drop)\b/i.test(text));

answer({ ready: true });
for await (const line of createInterface({ input: process.stdin })) {
	if (line.trim()) answer(await apply(JSON.parse(line)));
}
process.exit(0);
