import type { ServiceName } from '@sallyport/pki';
import { type Command, UsageError } from '../command.ts';

const SERVICES: readonly ServiceName[] = [
  ...(['edge', 'certs', 'auth', 'sessions', 'actions', 'control'] as const),
];

export const runServiceCommand: Command = {
  name: 'run',
  summary: 'one service of a cluster',
  usage: [
    `sallyport run <${SERVICES.join(' | ')}>`,
    'Settings: SALLYPORT_CONFIG or ./sallyport.yaml, and SALLYPORT_<SECTION>__<KEY>.',
    'Exit 69 when a broker or the store is away at the start, 73 when a port is in use, 78 for wrong settings.',
  ],
  async run(args, _terminal, signal) {
    const [name, ...rest] = args;
    const service = SERVICES.find((known) => known === name);
    if (service === undefined || rest.length > 0) {
      throw new UsageError(`'${args.join(' ')}' must be one of ${SERVICES.join(', ')}`);
    }
    // Only now: the other commands need no service.
    const { runService } = await import('../house/run-service.ts');
    // From here on the process listens for signals itself.
    signal.throwIfAborted();
    return await runService(service);
  },
};
