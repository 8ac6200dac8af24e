import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Outcome } from './outcome.ts';

/**
 * Runs each chunk in Debian's lua5.1, all in one process, each with fresh globals. `instructions` stops a chunk that
 * runs longer.
 */
export async function lua51(
  chunks: readonly string[],
  { instructions = 50_000_000, timeoutMs = 60_000 } = {},
): Promise<Outcome[]> {
  const child = spawn('lua5.1', [DRIVER], { stdio: ['pipe', 'pipe', 'pipe'] });
  const timer = setTimeout(() => child.kill('SIGKILL'), timeoutMs);
  const stdout: Buffer[] = [];
  const stderr: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk));
  // A process that died early closes the pipe; the missing outcomes below tell.
  child.stdin.on('error', () => {});
  for (const chunk of chunks) {
    child.stdin.write(`${chunk.length} ${instructions}\n${chunk}`, 'latin1');
  }
  child.stdin.end();
  await once(child, 'close');
  clearTimeout(timer);
  const outcomes = decode(Buffer.concat(stdout).toString('latin1'));
  if (outcomes.length !== chunks.length) {
    const at = chunks[outcomes.length];
    throw new Error(`lua5.1 ended (${child.signalCode ?? child.exitCode}) at: ${at}\n${stderr}`);
  }
  return outcomes;
}

function decode(text: string): Outcome[] {
  const outcomes: Outcome[] = [];
  for (let at = 0; at < text.length; ) {
    const line = text.indexOf('\n', at);
    const [status = '', output = '', error = ''] = text.slice(at, line).split(' ');
    const middle = line + 1 + Number(output);
    const end = middle + Number(error);
    if (end > text.length) break;
    outcomes.push({
      status: status as Outcome['status'],
      output: text.slice(line + 1, middle),
      error: text.slice(middle, end),
    });
    at = end;
  }
  return outcomes;
}

const DRIVER = fileURLToPath(new URL('driver.lua', import.meta.url));
