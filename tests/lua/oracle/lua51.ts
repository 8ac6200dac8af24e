import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Outcome } from './outcome.ts';

/** The process ended, or was ended for taking too long, before it had answered for every chunk. */
export class LuaEnded extends Error {}

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
  const marker = `--- ${randomUUID()}`;
  child.stdin.write(`${marker}\n`);
  for (const chunk of chunks) {
    child.stdin.write(`${chunk.length} ${instructions}\n${chunk}`, 'latin1');
  }
  child.stdin.end();
  await once(child, 'close');
  clearTimeout(timer);
  const outcomes = decode(Buffer.concat(stdout).toString('latin1'), marker);
  if (outcomes.length !== chunks.length) {
    const at = chunks[outcomes.length];
    throw new LuaEnded(`lua5.1 ended (${child.signalCode ?? child.exitCode}) at: ${at}\n${stderr}`);
  }
  return outcomes;
}

function decode(text: string, marker: string): Outcome[] {
  const outcomes: Outcome[] = [];
  for (let at = 0; ; ) {
    const end = text.indexOf(marker, at);
    const line = text.indexOf('\n', end);
    if (end < 0 || line < 0) return outcomes;
    const [, status = '', size = ''] = text.slice(end + marker.length, line).split(' ');
    outcomes.push({
      status: status as Outcome['status'],
      output: text.slice(at, end),
      error: text.slice(line + 1, line + 1 + Number(size)),
    });
    at = line + 1 + Number(size);
  }
}

const DRIVER = fileURLToPath(new URL('driver.lua', import.meta.url));
