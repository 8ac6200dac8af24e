// `npm start` and `npm run cluster`: brings what is missing, then runs the command with the Node of the project.
import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ensureDependencies } from './setup.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
ensureDependencies(root);
const bin = join(root, 'node_modules', '.bin');
const child = spawn(
  join(bin, 'node'),
  [join(root, 'infra/cli/bin/sallyport.js'), ...process.argv.slice(2)],
  { stdio: 'inherit', env: { ...process.env, PATH: `${bin}:${process.env.PATH}` } },
);
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
child.on('exit', (code, signal) => {
  process.exitCode = code ?? 128 + constants.signals[signal];
});
