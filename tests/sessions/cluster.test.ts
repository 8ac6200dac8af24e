import { fileURLToPath } from 'node:url';
import { followFeed } from '@sallyport/bus';
import { revocations, sessionCreated } from '@sallyport/contracts';
import { systemClock } from '@sallyport/runtime';
import {
  decodeEpoch,
  decodeRecord,
  RevocationTable,
  revocationOf,
  revocationSource,
  sessionStands,
  storeKeys,
} from '@sallyport/session';
import { movedClock } from '../world/moved-clock.ts';
import { testWith } from '../world/needs.ts';
import { startProgram } from '../world/program.ts';
import { until } from '../world/until.ts';
import {
  clusterWorld,
  joinBrokers,
  openEdge,
  startSessions,
  type World,
} from './sessions-world.ts';

const test = testWith('redis-server', 'nats-server');
const WORKER = fileURLToPath(new URL('./worker.ts', import.meta.url));

const median = (values: readonly number[]) =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] as number;

test.serial(
  'Two hundred renewals over two instances make one successor, and a revocation is known within a second.',
  async (t) => {
    const clock = movedClock();
    await using world = await clusterWorld(clock);
    const answered = [0, 0];
    const start = (joined: World, n: number) =>
      startSessions(joined, {}, (ports) => ({
        ...ports,
        reader: {
          ...ports.reader,
          openSecret(sealed, options) {
            answered[n] = (answered[n] ?? 0) + 1;
            return ports.reader.openSecret(sealed, options);
          },
        },
      }));
    await using _a = await start(world, 0);
    await using other = await joinBrokers(world.brokers, clock);
    await using _b = await start(other, 1);
    const edge = await openEdge(world);
    for (const storage of ['server', 'cookie']) {
      const policy = { storage, idleMs: 0, staleMs: 60_000 };
      const told = await edge.create({ policy, subject: storage });
      clock.advance(50 * 60_000);
      const renewed = await Promise.all(
        Array.from({ length: 200 }, () => edge.renew(told.cookie, { policy })),
      );
      const found = new Set(
        renewed.map((each) => ('session' in each ? each.session : each.reason)),
      );
      t.is(found.size, 1, storage);
      t.false(found.has(told.session));
    }
    t.true(
      answered.every((count) => count > 0),
      `both took part: ${answered}`,
    );

    const table = new RevocationTable();
    await using reader = await followFeed({
      ...{ feed: revocations, feeds: edge.bus.feeds, clock: systemClock },
      source: revocationSource(world.space),
      reset(all) {
        for (const one of all) table.take(one);
      },
      apply: (delta) => table.take(revocationOf(delta)),
    });
    await reader.ready();
    const took: number[] = [];
    for (let i = 0; i < 10; i += 1) {
      const { session, cookie } = await edge.create({ subject: `user-${i}` });
      const { tag } = edge.look(cookie);
      const began = performance.now();
      await edge.revoke(i % 2 === 0 ? { session } : { subject: `user-${i}` });
      const known = i % 2 === 0 ? 'revoked' : 'ask';
      await until(() => table.judge({ id: session, tag, epoch: 0 }) === known, 'the edge knows');
      took.push(performance.now() - began);
    }
    t.log(`a revocation is known after ${median(took).toFixed(1)} ms (median of 10)`);
    t.true(median(took) < 1_000);
  },
);

test.serial(
  'An instance that is killed in the middle leaves no half session, and no revocation undone.',
  async (t) => {
    await using world = await clusterWorld();
    const edge = await (async () => {
      await using _ = await startSessions(world);
      // What a killed process was asked ends at its deadline.
      return await openEdge(world, 3_000);
    })();
    const { redisPort, natsUrl } = world.brokers;
    const worker = () => startProgram(process.execPath, [WORKER, String(redisPort), natsUrl]);
    const made = new Map<string, string>();
    const revoked = new Set<string>();
    const asked = new Set<string>();
    let kills = 0;
    for (let round = 0; round < 3; round += 1) {
      await using program = worker();
      await until(
        () => program.output().includes('ready') || program.child.exitCode !== null,
        'it is up',
        30_000,
      );
      if (program.child.exitCode !== null) return t.fail(program.output());
      let over = false;
      const storm = async (n: number) => {
        for (let i = 0; !over; i += 1) {
          const subject = `user-${round}-${n}-${i}`;
          try {
            const { session } = await edge.create({ subject });
            made.set(session, subject);
            if (i % 2 === 0) continue;
            asked.add(session);
            if (i % 4 === 1) await edge.revoke({ session });
            else await edge.revoke({ subject });
            revoked.add(session);
          } catch (error) {
            // Killed in the middle: nobody knows what was done, and nothing may be half done.
            t.regex((error as { code: string }).code, /^SP_ERR_RPC_(TIMEOUT|UNAVAILABLE)$/);
          }
        }
      };
      const storms = Promise.all([1, 2, 3, 4].map(storm));
      const before = revoked.size;
      await until(() => revoked.size > before + 10, 'some were ended', 30_000);
      await program.stop('SIGKILL');
      over = true;
      kills += 1;
      await storms;
    }
    t.is(kills, 3);

    const created = new Map<string, string>();
    await using _ = await edge.bus.events.subscribe(sessionCreated, { from: 'all' }, ({ data }) => {
      created.set(data.session, data.subject);
    });
    await using next = await startSessions(world);
    t.truthy(next);
    const source = revocationSource(world.space);
    // Whatever was left in the outbox is told by whoever is left.
    await until(
      async () => (await world.space.outbox.claim({ limit: 1, claimMs: 1 })) === undefined,
      'the outbox is empty',
      30_000,
    );
    const table = new RevocationTable();
    for (const one of (await source.snapshot()).value) table.take(one);
    await until(() => [...made.keys()].every((id) => created.has(id)), 'all events', 30_000);
    for (const [id, subject] of created) {
      const tag = Buffer.from(id, 'base64url').toString('base64url', 0, 8);
      const [record, gone, epochEntry] = await world.space.get([
        storeKeys.record(id),
        storeKeys.revoked(id),
        storeKeys.epoch(tag),
      ]);
      const epoch = decodeEpoch(epochEntry);
      const stands =
        gone === undefined &&
        record !== undefined &&
        sessionStands({ id, epoch: decodeRecord(record.value).epoch }, epoch);
      // What was acknowledged counts; what was asked and not answered is either way, but whole.
      if (revoked.has(id)) t.false(stands, `${id} of ${subject} was revoked`);
      if (made.has(id) && !asked.has(id)) t.true(stands, `${id} of ${subject} was made`);
      t.is(table.judge({ id, tag, epoch: 0 }) === 'none', stands, `the log knows of ${id}`);
      const members = await world.space.range(storeKeys.index(tag));
      t.is(
        members.some(({ member }) => member === id),
        stands,
        `the index has ${id} if it stands`,
      );
    }
    t.true(revoked.size > 30);
  },
);
