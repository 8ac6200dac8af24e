import { appendFileSync, readFileSync } from 'node:fs';
import { systemClock } from '@sallyport/runtime';

/** A process that a cluster has started. */
interface Started {
  readonly name: string;
  readonly pid: number;
  /** When it began, in the system's own measure: a number that comes again is another process. */
  readonly born: string;
}

/** They end last: the others need them to end in order. */
const LAST: readonly string[] = ['nats', 'redis'];
/** What each of both groups gets to end in order. */
const GRACE_MS = 10_000;
const LOOK_MS = 50;

/** When a process began, in the system's own measure, `-` where it doesn't tell; undefined when the process has ended. */
export function bornAt(pid: number): string | undefined {
  try {
    process.kill(pid, 0);
  } catch (error) {
    // Somebody else's is alive too.
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return undefined;
  }
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // proc_pid_stat(5): the name in parentheses may contain anything; behind it are state (3) and start time (22).
    const [state, ...rest] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return state === 'Z' ? undefined : rest[18];
  } catch {
    return '-'; // no /proc here: the number must do
  }
}

/** Adds a process that has just been started to those in `file`. */
export function noteStarted(file: string, name: string, pid: number): void {
  appendFileSync(file, `${name} ${pid} ${bornAt(pid) ?? 'gone'}\n`, { mode: 0o600 });
}

/** Ends every process of a file's text that still runs: services first, then their brokers. */
export async function endStarted(text: string): Promise<void> {
  const all = started(text);
  await endAll(all.filter(({ name }) => !LAST.includes(name)));
  await endAll(all.filter(({ name }) => LAST.includes(name)));
}

function started(text: string): readonly Started[] {
  return text.split('\n').flatMap((line) => {
    const [name, pid, born] = line.split(' ');
    // The last line of a process that was killed may be half a line.
    return name === undefined || born === undefined || !(Number(pid) > 1)
      ? []
      : [{ name, pid: Number(pid), born }];
  });
}

async function endAll(processes: readonly Started[]): Promise<void> {
  const left = () => processes.filter(({ pid, born }) => bornAt(pid) === born);
  const send = (signal: NodeJS.Signals) => {
    for (const { pid } of left()) {
      try {
        process.kill(pid, signal);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
      }
    }
  };
  send('SIGTERM');
  const deadline = systemClock.monotonic() + GRACE_MS;
  while (left().length > 0) {
    if (systemClock.monotonic() > deadline) send('SIGKILL');
    await systemClock.sleep(LOOK_MS);
  }
}
