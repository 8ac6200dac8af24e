import { parseArgs } from 'node:util';
import { asyncapi, catalogue } from '@sallyport/contracts';
import manifest from '../../package.json' with { type: 'json' };
import { type Command, UsageError } from '../command.ts';

/** `sallyport contracts asyncapi`: the interface for whoever subscribes. */
export const asyncapiCommand: Command = {
  name: 'contracts asyncapi',
  summary: 'print every message of the system as an AsyncAPI 3.1 document',
  usage: [
    'sallyport contracts asyncapi [--prefix sallyport]',
    '--prefix   what all subjects begin with',
  ],
  async run(args, terminal) {
    let prefix: string;
    try {
      ({ prefix } = parseArgs({
        args: [...args],
        options: { prefix: { type: 'string', default: 'sallyport' } },
      }).values);
    } catch (error) {
      throw new UsageError((error as Error).message);
    }
    const document = asyncapi(catalogue, { prefix, version: manifest.version });
    terminal.stdout.write(`${JSON.stringify(document, undefined, 2)}\n`);
    return 0;
  },
};
