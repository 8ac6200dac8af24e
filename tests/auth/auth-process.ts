import { createAuth } from '@sallyport/auth';
import { openNatsBus } from '@sallyport/bus/nats';
import { createHealth, createLogger, randomIds, systemClock } from '@sallyport/runtime';
import { openRedisStore } from '@sallyport/store/redis';
import { configOf, rings } from './auth-world.ts';

/**
 * An auth that keeps its decisions and dies with them: `silent` never looks into the outbox, `deaf` delivers one message after
 * the other and never learns that it did. Prints where its door is.
 */
const [redis = '', servers = '', users = '', how = ''] = process.argv.slice(2);
const clock = systemClock;
const ids = randomIds(clock);
const store = await openRedisStore({
  ...{ mode: 'single', host: '127.0.0.1', port: Number(redis), prefix: 'sallyport' },
});
const bus = await openNatsBus({
  ...{ servers, service: 'auth', source: '/auth', instance: `dying-${how}`, clock, ids },
});
const space = store.space('auth');
const never = new Promise<never>(() => {});
const auth = createAuth(
  {
    space: {
      ...{ name: space.name, get: space.get.bind(space), counters: space.counters.bind(space) },
      ...{ commit: space.commit.bind(space), range: space.range.bind(space) },
      ...{ hit: space.hit.bind(space), lease: space.lease.bind(space) },
      outbox: {
        claim: async (options, signal) =>
          how === 'silent' ? undefined : await space.outbox.claim(options, signal),
        onCommit: (listener) => space.outbox.onCommit(listener),
      },
    },
    bans: store.space('bans'),
    bus: {
      ...{ events: bus.events, jobs: bus.jobs, rpc: bus.rpc, feeds: bus.feeds },
      outgoing: {
        event: bus.outgoing.event.bind(bus.outgoing),
        job: bus.outgoing.job.bind(bus.outgoing),
        async deliver(message) {
          await bus.outgoing.deliver(message);
          process.stdout.write(`delivered ${message.id}\n`);
          return await never;
        },
      },
    },
    ...{ clock, ids, version: '0.1.0', reader: (await rings(clock)).reader },
    logger: createLogger({ level: 'error' }),
    health: createHealth(),
  },
  await configOf({ backends: [{ kind: 'file', path: users }], post_actions: ['log'] }),
);
await auth.start();
process.stdout.write(`door ${auth.url}\n`);
