// One certs process over real brokers, to be killed. Usage: certs-process.ts <JSON of ProcessOptions>
import { openNatsBus } from '@sallyport/bus/nats';
import { certsConfig, createCerts } from '@sallyport/certs';
import {
  createHealth,
  createLogger,
  descriptorSink,
  loadConfig,
  randomIds,
  systemClock,
} from '@sallyport/runtime';
import { openRedisStore } from '@sallyport/store/redis';
import { openTestRings, type PortableRings } from './world.ts';

export interface ProcessOptions {
  readonly redis: number;
  readonly nats: string;
  readonly rings: PortableRings;
  readonly settings: object;
}

const options = JSON.parse(process.argv[2] as string) as ProcessOptions;
const clock = systemClock;
const ids = randomIds(clock);
const text = JSON.stringify({ certs: options.settings });
const { values } = await loadConfig({ sections: [certsConfig], files: [{ name: 'test', text }] });
const store = await openRedisStore({
  ...{ mode: 'single', host: '127.0.0.1', port: options.redis, prefix: 'trial' },
});
const bus = await openNatsBus({
  ...{ servers: options.nats, service: 'certs', source: '/certs/doomed', instance: 'doomed' },
  ...{ clock, ids },
});
const { leafKeys, accounts: acmeAccounts, internalCa } = await openTestRings(options.rings);
const certs = createCerts(
  {
    spaces: {
      certs: store.space('certs'),
      acme: store.space('acme'),
      ca: store.space('ca'),
      gateway: store.space('gateway'),
    },
    ...{ rings: { leafKeys, acmeAccounts, internalCa }, bus, clock, ids },
    logger: createLogger({ sink: descriptorSink({ fd: 2 }), level: 'debug' }),
    health: createHealth(),
  },
  values.certs,
);
await certs.start();
process.stdout.write('ready\n');
