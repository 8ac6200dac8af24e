// Writes dist/contracts, or the directory given: @sallyport/contracts as it is published, for Node 20 and newer: JavaScript, declarations, the
// JSON Schema of every message and the AsyncAPI document. `npm pack ./dist/contracts` makes the archive.
import { execFileSync } from 'node:child_process';
import { cp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { asyncapi, catalogue } from '@sallyport/contracts';

const root = new URL('../../', import.meta.url);
const dist = pathToFileURL(
  `${resolve(process.argv[2] ?? fileURLToPath(new URL('dist/contracts', root)))}/`,
);

async function writeJson(path: string, value: unknown): Promise<void> {
  await writeFile(new URL(path, dist), `${JSON.stringify(value, null, 2)}\n`);
}

await rm(dist, { recursive: true, force: true });
await mkdir(new URL('schemas/', dist), { recursive: true });
const lib = new URL('lib/', dist);
const build = ['-p', 'libs/contracts/tsconfig.build.json', '--outDir', fileURLToPath(lib)];
execFileSync('node_modules/.bin/tsc', build, { cwd: root, stdio: 'inherit' });
// tsc rewrites `./x.ts` in JavaScript only; compilers before 5.7 don't take it from a declaration.
for (const name of await readdir(lib)) {
  if (!name.endsWith('.d.ts')) continue;
  const text = await readFile(new URL(name, lib), 'utf8');
  await writeFile(new URL(name, lib), text.replaceAll(/(from '\.\/[^']+)\.ts'/g, "$1.js'"));
}

const { private: _, ...manifest } = JSON.parse(
  await readFile(new URL('libs/contracts/package.json', root), 'utf8'),
) as { private?: boolean; version: string };
await writeJson('package.json', {
  ...manifest,
  engines: { node: '>=20' },
  files: ['lib', 'schemas', 'asyncapi.json'],
  exports: {
    '.': { types: './lib/index.d.ts', default: './lib/index.js' },
    './asyncapi.json': './asyncapi.json',
    './schemas/*': './schemas/*',
  },
});
await writeJson(
  'asyncapi.json',
  asyncapi(catalogue, { prefix: 'sallyport', version: manifest.version }),
);
const dialect = { $schema: 'https://json-schema.org/draft/2020-12/schema' };
for (const contract of catalogue) {
  await writeJson(`schemas/${contract.subject}.json`, { ...dialect, ...contract.schema });
  if (contract.kind === 'rpc') {
    const reply = { ...dialect, ...contract.replySchema };
    await writeJson(`schemas/${contract.subject}.reply.json`, reply);
  }
}
await cp(new URL('libs/contracts/README.md', root), new URL('README.md', dist));
