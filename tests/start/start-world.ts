import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Program, startProgram } from '../world/program.ts';
import { until } from '../world/until.ts';

/** Where a newcomer stands: the project's directory. */
export const root = fileURLToPath(new URL('../..', import.meta.url));
const BIN = join(root, 'infra/cli/bin/sallyport.js');

const FREE_PORTS = {
  SALLYPORT_EDGE__HTTP__PORT: '0',
  SALLYPORT_EDGE__HTTPS__PORT: '0',
  SALLYPORT_EDGE__PRIVATE__PORT: '0',
  SALLYPORT_CONTROL__API__PORT: '0',
  SALLYPORT_AUTH__HTTP__PORT: '0',
};

export type Environment = Readonly<Record<string, string>>;

/** The environment of a newcomer's shell: nothing of ours but free ports, so that tests don't meet. */
function shellEnvironment(more: Environment = {}): NodeJS.ProcessEnv {
  const own = Object.entries(process.env).filter(([name]) => !name.startsWith('SALLYPORT_'));
  const PATH = `${join(root, 'node_modules/.bin')}:${process.env['PATH']}`;
  return { ...Object.fromEntries(own), PATH, ...FREE_PORTS, ...more };
}

/** Runs the command as a process of its own, in the project's directory. */
export function sallyport(words: readonly string[], env?: Environment): Program {
  return startProgram(process.execPath, [BIN, ...words], {
    cwd: root,
    env: shellEnvironment(env),
  });
}

/** A line for a shell, as bash runs it. */
export function shell(line: string): Program {
  return startProgram('bash', ['-c', line], { cwd: root, env: shellEnvironment() });
}

/** How it ended: its code, or the signal that killed it. */
export async function ended({ child, output }: Program, timeoutMs = 60_000) {
  await until(
    () => child.exitCode !== null || child.signalCode !== null,
    `the end of ${child.spawnargs.join(' ')}: ${output()}`,
    timeoutMs,
  );
  return { code: child.exitCode ?? child.signalCode, output: output() };
}

/** Resolves with all that it printed, when it says that it is ready. */
export async function welcome(program: Program, timeoutMs = 60_000): Promise<string> {
  const { child, output } = program;
  await until(
    () => /^Ready after .*$/m.test(output()) || child.exitCode !== null,
    'it says that it is ready',
    timeoutMs,
  );
  if (child.exitCode !== null) throw new Error(output());
  return output();
}

/** The lines to copy, in their order. */
export function linesToCopy(printed: string): string[] {
  return printed.split('\n').filter((line) => /^(curl|npx) /.test(line));
}

/** A port of the welcome, such as that of `edge` for `https`. */
export function portOf(printed: string, part: string, scheme: 'http' | 'https' = 'http'): string {
  const found = new RegExp(`^ +${part} +.*?${scheme}://[^ :]+:(\\d+)`, 'm').exec(printed)?.[1];
  if (found === undefined) throw new Error(`no ${scheme} port of ${part} in: ${printed}`);
  return found;
}
