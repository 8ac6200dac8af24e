import { EXIT, exitCodeOf } from '@sallyport/runtime';
import { type Command, type Terminal, UsageError } from './command.ts';
import { benchCommand } from './commands/bench.ts';
import { certCommands } from './commands/certs.ts';
import { clusterCommand } from './commands/cluster.ts';
import { configCommands } from './commands/config.ts';
import { asyncapiCommand } from './commands/contracts.ts';
import { eventCommands } from './commands/events.ts';
import { nodeCommands } from './commands/nodes.ts';
import { runServiceCommand } from './commands/run.ts';
import { sessionCommands } from './commands/sessions.ts';
import { startCommand } from './commands/start.ts';

const COMMANDS: readonly Command[] = [
  startCommand,
  clusterCommand,
  runServiceCommand,
  ...eventCommands,
  ...certCommands,
  ...sessionCommands,
  ...nodeCommands,
  // Knowing every section takes every service: only who asks for it waits for that.
  ...configCommands(async () => (await import('./house/sections.ts')).sections),
  benchCommand,
  asyncapiCommand,
];

/** Beside those that every process has. */
const EXIT_CODES = { SP_ERR_CLI_MISSING_PROGRAM: EXIT.unavailable };
/** EX_USAGE of sysexits.h. */
const USAGE = 64;

/** Runs the command that `words` name and gives its exit code. */
export async function main(words: readonly string[], terminal: Terminal): Promise<number> {
  const [first] = words;
  if (first === undefined || first === 'help' || first === '--help' || first === '-h') {
    terminal.stdout.write(help());
    return first === undefined ? USAGE : EXIT.ok;
  }
  const command = COMMANDS.find(({ name }) => words.slice(0, wordsIn(name)).join(' ') === name);
  if (command === undefined) {
    terminal.stderr.write(
      `sallyport: no command '${words.join(' ')}'; sallyport --help lists them\n`,
    );
    return USAGE;
  }
  const args = words.slice(wordsIn(command.name));
  if (args.includes('--help') || args.includes('-h')) {
    terminal.stdout.write(helpOf(command));
    return EXIT.ok;
  }
  return runCommand(command, args, terminal);
}

/** A first signal ends the command in order; a second one is the system's business. */
async function runCommand(
  command: Command,
  args: readonly string[],
  terminal: Terminal,
): Promise<number> {
  const stop = new AbortController();
  const onSignal = () => stop.abort(new Error('interrupted'));
  process.once('SIGINT', onSignal);
  process.once('SIGTERM', onSignal);
  try {
    return await command.run(args, terminal, stop.signal);
  } catch (error) {
    if (error instanceof UsageError) {
      terminal.stderr.write(`sallyport ${command.name}: ${error.message}\n${helpOf(command)}`);
      return USAGE;
    }
    terminal.stderr.write(`sallyport ${command.name}: ${(error as Error).message}\n`);
    return stop.signal.aborted ? 130 : exitCodeOf(error, EXIT_CODES);
  } finally {
    process.removeListener('SIGINT', onSignal);
    process.removeListener('SIGTERM', onSignal);
  }
}

function wordsIn(name: string): number {
  return name.split(' ').length;
}

function helpOf({ name, summary, usage }: Command): string {
  return [`sallyport ${name}: ${summary}`, ...usage.map((line) => `  ${line}`), ''].join('\n');
}

function help(): string {
  const width = Math.max(...COMMANDS.map(({ name }) => name.length));
  return [
    'sallyport <command> [--help]',
    '',
    ...COMMANDS.map(({ name, summary }) => `  ${name.padEnd(width)}  ${summary}`),
    '',
  ].join('\n');
}
