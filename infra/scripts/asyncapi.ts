// Writes what is generated from the contracts: infra/docs/asyncapi.json and the schemas in the golden fixtures.
// Refuses a change that breaks a version: that needs a new one.
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { asyncapi, breakingChanges, catalogue } from '@sallyport/contracts';

const root = new URL('../../', import.meta.url);

interface Golden {
  schema: object;
  reply?: object;
  examples: unknown[];
  replies?: unknown[];
}

async function readJson<T>(path: string): Promise<T> {
  return JSON.parse(await readFile(new URL(path, root), 'utf8')) as T;
}

async function writeJson(path: string, value: unknown): Promise<void> {
  await writeFile(new URL(path, root), `${JSON.stringify(value, null, 2)}\n`);
}

const broken: string[] = [];
for (const contract of catalogue) {
  const path = `tests/fixtures/contracts/${contract.subject}.json`;
  const reply = contract.kind === 'rpc' ? contract.replySchema : undefined;
  const before: Golden = existsSync(new URL(path, root))
    ? await readJson<Golden>(path)
    : { schema: contract.schema, examples: [], ...(reply === undefined ? {} : { replies: [] }) };
  const changes = [
    ...breakingChanges(before.schema, contract.schema),
    ...(reply === undefined ? [] : breakingChanges(before.reply ?? reply, reply, '(reply)')),
  ];
  if (changes.length > 0) {
    broken.push(...changes.map((change) => `${contract.subject}: ${change}`));
    continue;
  }
  const { examples, replies } = before;
  await writeJson(path, {
    ...{ examples, replies },
    schema: contract.schema,
    reply,
  });
}
const { version } = await readJson<{ version: string }>('libs/contracts/package.json');
await writeJson('infra/docs/asyncapi.json', asyncapi(catalogue, { prefix: 'sallyport', version }));
// In the house's format, so that `biome check` of the whole tree stays quiet.
const formatted = ['infra/docs/asyncapi.json', 'tests/fixtures/contracts'];
execFileSync('node_modules/.bin/biome', ['format', '--write', ...formatted], { cwd: root });

for (const change of broken) process.stderr.write(`needs a new version: ${change}\n`);
process.exitCode = broken.length > 0 ? 1 : 0;
