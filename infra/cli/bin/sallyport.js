#!/usr/bin/env node
// Plain JavaScript, so that an old Node can say what it lacks instead of failing to read TypeScript.
const major = Number(process.versions.node.split('.')[0]);
if (major < 26) {
  console.error(
    `sallyport: needs Node 26 or newer, this is ${process.version}. The project brings its own: npx sallyport, or node_modules/.bin/node`,
  );
  process.exit(78);
}
// Types are stripped and code is compiled once, not at every start. Where it can't be kept, nothing is lost but time.
const { enableCompileCache } = await import('node:module');
enableCompileCache(new URL('../../../node_modules/.cache/sallyport/', import.meta.url).pathname);
const { main } = await import('../src/index.ts');
process.exitCode = await main(process.argv.slice(2), process);
