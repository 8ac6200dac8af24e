import { EventEmitter } from 'node:events';
import { type ParseArgsOptionsConfig, parseArgs } from 'node:util';
import { EXIT, systemClock } from '@sallyport/runtime';
import { type Command, type Terminal, UsageError } from '../command.ts';
import { findAccess } from './access.ts';
import { NoAnswerError, OperatorFileError, RefusedError } from './errors.ts';
import { type OperatorClient, operatorClient } from './operator.ts';
import { plainText } from './text.ts';

/** What a command that asks a running system is given. */
export interface OperatorCall {
  readonly client: OperatorClient;
  readonly terminal: Terminal;
  /** Whether JSON is wanted instead of text for people. */
  readonly json: boolean;
  readonly signal: AbortSignal;
  readonly positionals: readonly string[];
  /** The value of a text option. */
  option(name: string): string | undefined;
  /** Every value of an option that may be given several times. */
  all(name: string): readonly string[];
  flag(name: string): boolean;
}

export interface OperatorCommand {
  readonly name: string;
  readonly summary: string;
  /** What follows the name. */
  readonly synopsis: string;
  /** Lines of help about its own options. */
  readonly help?: readonly string[];
  readonly options?: ParseArgsOptionsConfig;
  /** How many words it takes. Default none. */
  readonly words?: { readonly least: number; readonly most: number };
  /** Gives the exit code. */
  run(call: OperatorCall): Promise<number>;
}

const COMMON = {
  url: { type: 'string' },
  token: { type: 'string' },
  data: { type: 'string' },
  json: { type: 'boolean' },
} as const satisfies ParseArgsOptionsConfig;

const COMMON_HELP = [
  '--json     JSON on standard output',
  '--url      of the operator API; else SALLYPORT_URL, else what runs in the data directory',
  '--token    that it wants; else SALLYPORT_TOKEN, else as above',
  '--data     the data directory; else SALLYPORT_DATA, else ./data',
  'Exit 69 when nothing answers there.',
];

/** A command that asks a running system over HTTP: words understood, system found, failures told in a line. */
export function operatorCommand(
  command: OperatorCommand,
  env: Readonly<Record<string, string | undefined>> = process.env,
): Command {
  const { name, summary, synopsis, help = [], options = {}, words } = command;
  const { least, most } = words ?? { least: 0, most: 0 };
  return {
    ...{ name, summary },
    usage: [`sallyport ${name} ${synopsis}`.trimEnd(), ...help, ...COMMON_HELP],
    async run(args, terminal, signal) {
      const { values, positionals } = parse(args, { ...COMMON, ...options });
      if (positionals.length < least || positionals.length > most) {
        const rule = least === most ? `${most}` : `${least} to ${most}`;
        throw new UsageError(`takes ${rule} words, got ${positionals.length}`);
      }
      const text = (option: string) => values[option] as string | undefined;
      const access = { url: text('url'), token: text('token'), data: text('data') };
      const closed = closing(terminal);
      // A command that has seen enough leaves its connections open; nothing may keep the process alive after it.
      const done = new AbortController();
      const stop = AbortSignal.any([signal, closed.signal, done.signal]);
      try {
        return await command.run({
          client: operatorClient(await findAccess(access, env), {
            ...{ clock: systemClock, signal: stop },
          }),
          ...{ terminal, positionals, signal: stop, json: values['json'] === true },
          option: text,
          all: (option) => (values[option] as string[] | undefined) ?? [],
          flag: (option) => values[option] === true,
        });
      } catch (error) {
        if (closed.signal.aborted) return EXIT.ok;
        const code = exitOf(error);
        if (code === undefined) throw error;
        terminal.stderr.write(`sallyport ${name}: ${plainText((error as Error).message)}\n`);
        return code;
      } finally {
        done.abort();
        closed[Symbol.dispose]();
      }
    },
  };
}

function parse(args: readonly string[], options: ParseArgsOptionsConfig) {
  try {
    return parseArgs({ args: [...args], allowPositionals: true, options });
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

/** Aborts when whoever reads our output has left, as `head` does: that is no failure. */
function closing({ stdout }: Terminal): { readonly signal: AbortSignal } & Disposable {
  const controller = new AbortController();
  const onError = (error: NodeJS.ErrnoException) => controller.abort(error);
  const emitter = stdout instanceof EventEmitter ? stdout : undefined;
  emitter?.on('error', onError);
  return {
    signal: controller.signal,
    [Symbol.dispose]: () => {
      emitter?.off('error', onError);
    },
  };
}

function exitOf(error: unknown): number | undefined {
  if (error instanceof NoAnswerError) return EXIT.unavailable;
  if (error instanceof OperatorFileError) return EXIT.config;
  if (!(error instanceof RefusedError)) return undefined;
  return [502, 503, 504].includes(error.status) ? EXIT.unavailable : EXIT.failed;
}
