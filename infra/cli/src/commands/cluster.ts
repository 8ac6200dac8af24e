import { parseArgs } from 'node:util';
import { type Command, UsageError } from '../command.ts';

const USUAL_DATA = './data/cluster';

export const clusterCommand: Command = {
  name: 'cluster',
  summary: 'a whole cluster on this machine: private brokers, two edges, one of each worker',
  usage: [
    'sallyport cluster [--data <directory>] [--no-pebble]',
    '--data        what it keeps; ./data/cluster otherwise',
    '--no-pebble   certificates of the internal CA, also where pebble (an ACME CA to try things with) is installed',
    'Exit 69 when nats-server or redis-server is missing, 73 when the directory is in use.',
  ],
  async run(args, terminal, signal) {
    const { data = USUAL_DATA, pebble } = parse(args);
    if (data === '') throw new UsageError("'' must be a directory");
    // Only now: the other commands need none of it.
    const { runCluster } = await import('../cluster/run.ts');
    return await runCluster({ data, pebble }, terminal, signal);
  },
};

function parse(args: readonly string[]) {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: { data: { type: 'string' }, pebble: { type: 'boolean' } },
      allowNegative: true,
    });
    return values;
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}
