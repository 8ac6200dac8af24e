import { parseArgs } from 'node:util';
import { type Command, UsageError } from '../command.ts';

const USUAL_DATA = './data';

export const startCommand: Command = {
  name: 'start',
  summary: 'everything in one process: no broker, no root',
  usage: [
    'sallyport start [--data <directory>] [--demo | --no-demo]',
    '--data       what it remembers; else SALLYPORT_DATA, else ./data',
    '--demo       with an upstream and a login to try; the default where there is no configuration file',
    'Exit 73 when a port or the data directory is in use, 78 when the configuration is wrong.',
  ],
  async run(args, terminal, signal) {
    const { data = process.env['SALLYPORT_DATA'] ?? USUAL_DATA, demo } = parse(args);
    if (data === '') throw new UsageError("'' must be a directory");
    // Only now: the other commands need no service.
    const { start } = await import('../start/start.ts');
    // From here on the process listens for signals itself.
    signal.throwIfAborted();
    return await start({ data, demo, usual: USUAL_DATA }, terminal);
  },
};

function parse(args: readonly string[]) {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: { data: { type: 'string' }, demo: { type: 'boolean' } },
      allowNegative: true,
    });
    return values;
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}
