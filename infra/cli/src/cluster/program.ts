import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, constants, openSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { ProgramError } from './errors.ts';

export interface ProgramPlan {
  /** Names its log file too. */
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Where both of its streams are appended. */
  readonly log: string;
  /** Resolves true when it answers. Asked again and again until then. */
  ready(signal: AbortSignal): Promise<boolean>;
}

/** A program of the cluster. It can be ended and begun again, at the same place. */
export interface Program extends AsyncDisposable {
  readonly name: string;
  /** Of the process that runs now, or ran last. */
  readonly pid: number;
  readonly running: boolean;
  /** Starts it and waits until it is ready. `ProgramError` when it ends before, or isn't within a minute and a half. */
  start(signal: AbortSignal): Promise<void>;
  /** Sends the signal and waits for the end. Nothing when it isn't running. */
  stop(signal?: NodeJS.Signals): Promise<void>;
}

const READY_MS = 90_000;
const LOOK_MS = 50;
/** What a program gets to end in order when it is disposed. */
const END_MS = 35_000;

/** What its owner is told of each process of a program. */
export interface ProgramEvents {
  onStart(pid: number): void;
  onExit(code: string): void;
}

export function createProgram(plan: ProgramPlan, { onStart, onExit }: ProgramEvents): Program {
  let child: ChildProcess | undefined;
  let ended: Promise<unknown> = Promise.resolve();
  const running = () => child !== undefined && child.exitCode === null && child.signalCode === null;

  const stop = async (signal: NodeJS.Signals = 'SIGTERM') => {
    if (!running()) return;
    child?.kill(signal);
    await ended;
  };
  return {
    name: plan.name,
    get pid() {
      return child?.pid ?? -1;
    },
    get running() {
      return running();
    },
    async start(signal) {
      signal.throwIfAborted();
      if (running()) return;
      const log = openSync(plan.log, 'a', 0o600);
      const begun = spawn(plan.command, plan.args, {
        stdio: ['ignore', log, log],
        env: { ...process.env, ...plan.env },
        // Ctrl-C in a terminal is for the cluster alone, which ends its programs in order.
        detached: true,
      });
      child = begun;
      if (begun.pid !== undefined) onStart(begun.pid);
      // A failed spawn has no exit; `once` rejects for it.
      const exit = once(begun, 'exit').then(
        ([code, killed]) => `${killed ?? `exit ${code}`}`,
        (error: Error) => error.message,
      );
      ended = exit;
      exit.then((code) => {
        if (child === begun) onExit(code);
      });
      const deadline = AbortSignal.any([signal, AbortSignal.timeout(READY_MS)]);
      for (;;) {
        const over = running() ? undefined : await exit;
        if (over !== undefined) {
          throw new ProgramError(`${plan.name} ended with ${over}; its log is ${plan.log}`, {
            exit: begun.exitCode,
          });
        }
        if (await plan.ready(deadline).catch(() => false)) return;
        signal.throwIfAborted();
        if (deadline.aborted) {
          throw new ProgramError(
            `${plan.name} isn't ready after ${READY_MS} ms; its log is ${plan.log}`,
          );
        }
        await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
      }
    },
    stop,
    async [Symbol.asyncDispose]() {
      const late = setTimeout(() => child?.kill('SIGKILL'), END_MS);
      await stop('SIGTERM');
      clearTimeout(late);
    },
  };
}

/** Whether `program` is on PATH. */
export function installed(program: string): boolean {
  return (process.env['PATH'] ?? '').split(delimiter).some((dir) => {
    try {
      accessSync(join(dir, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
