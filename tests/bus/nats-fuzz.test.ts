import { randomInt } from 'node:crypto';
import { connect, headers, type Msg } from '@nats-io/transport-node';
import { type BusFault, RpcContractError } from '@sallyport/bus';
import { openNatsBus } from '@sallyport/bus/nats';
import { ContractError, decodeEvents } from '@sallyport/contracts';
import { randomIds, systemClock } from '@sallyport/runtime';
import fc from 'fast-check';
import { runs } from '../world/deep.ts';
import { startNats } from '../world/nats.ts';
import { testWith } from '../world/needs.ts';
import { until } from '../world/until.ts';
import { chore, noted, numbers, twice } from './trial-contracts.ts';

const test = testWith('nats-server');
const ids = randomIds(systemClock);
const utf8 = new TextEncoder();

/** What someone who shouldn't might send: bytes, text, JSON of any shape, and what is nearly right. */
const body = fc.oneof(
  fc.uint8Array({ maxLength: 300 }),
  fc.string({ unit: 'binary' }).map((s) => utf8.encode(s)),
  fc.json().map((s) => utf8.encode(s)),
  fc.array(fc.object({ maxDepth: 1 })).map((v) => utf8.encode(JSON.stringify(v))),
  fc.constantFrom('', '[]', '[{}]', '{"n":"1"}', '{"n":1.5}', '[null]').map((s) => utf8.encode(s)),
);
const token = fc.stringMatching(/^[A-Za-z0-9_-]{1,20}$/);
const extra = fc.dictionary(
  fc.oneof(
    token,
    fc.constantFrom('traceparent', 'sp-timeout', 'sp-key', 'sp-id', 'sp-time', 'sp-status'),
    fc.constantFrom('__proto__', 'constructor', 'Nats-Msg-Size', 'sp-dead-consumer'),
  ),
  fc.stringMatching(/^[ -~]{0,60}$/),
  { maxKeys: 4 },
);

/** A sample of hostile messages; the seed is told with whatever fails. */
function sample(count: number) {
  const seed = randomInt(2 ** 31);
  return { seed, messages: fc.sample(fc.record({ body, extra }), { seed, numRuns: count }) };
}

function natsHeaders(extra: Record<string, string>) {
  const out = headers();
  for (const [name, value] of Object.entries(extra)) out.set(name, value);
  return out;
}

function fits(parse: (value: unknown) => unknown, bytes: Uint8Array): boolean {
  try {
    parse(JSON.parse(new TextDecoder().decode(bytes)));
    return true;
  } catch {
    return false;
  }
}

test('hostile messages on every kind of subject harm no service; durable ones end as dead letters with a reason', async (t) => {
  await using server = await startNats();
  const faults: BusFault[] = [];
  await using bus = await openNatsBus({
    ...{ servers: server.url, service: 'trial', source: '/trial', instance: 'trial-1' },
    ...{ clock: systemClock, ids, onFault: (fault) => faults.push(fault) },
  });
  let [events, tailed, jobs, heard] = [0, 0, 0, 0];
  await bus.events.subscribe(noted, { durable: 'target' }, () => {
    events += 1;
  });
  await bus.events.subscribe('*', {}, () => {
    tailed += 1;
  });
  await bus.jobs.work(chore, { concurrency: 8 }, () => {
    jobs += 1;
  });
  await bus.rpc.respond(twice, {}, ({ n }) => ({ n: 2 * n }));
  await bus.feeds.listen(numbers, () => {
    heard += 1;
  });

  const { numRuns } = runs(150, 3000);
  const { seed, messages } = sample(numRuns);
  const bad = messages.filter((m) => !fits(chore.parse, m.body) && !isBatch(m.body));
  await using nc = await connect({ servers: server.url });
  const inboxes = new Set<string>();
  nc.subscribe('_INBOX_trial.>', {
    callback: (_e: Error | null, m: Msg) => {
      // Deliveries of streams come with the subject they had.
      if (m.subject.startsWith('_INBOX_trial.')) inboxes.add(m.subject);
    },
  });
  let answers = 0;
  nc.subscribe('_INBOX_mallory.>', {
    callback: () => {
      answers += 1;
    },
  });
  let led = 0;
  nc.subscribe('sallyport.rpc.other.>', {
    callback: () => {
      led += 1;
    },
  });
  await bus.jobs.enqueue(chore, { n: 0 });
  for (const { body, extra } of bad) {
    const how = { headers: natsHeaders(extra) };
    nc.publish(`sallyport.${noted.subject}`, body, how);
    nc.publish(`sallyport.${chore.subject}`, body, how);
    nc.publish(`sallyport.${numbers.subject}`, body, how);
    nc.publish(`sallyport.${twice.subject}`, body, { ...how, reply: '_INBOX_mallory.x.y' });
    // Without a way to answer, and with one that would make the service speak where the asker may not.
    nc.publish(`sallyport.${twice.subject}`, body, how);
    nc.publish(`sallyport.${twice.subject}`, body, { ...how, reply: 'sallyport.rpc.other.op.v1' });
    for (const inbox of inboxes) nc.publish(inbox, body, how);
  }
  await nc.flush();
  const seeded = `seed ${seed}`;
  await until(
    async () => {
      const letters = await bus.deadLetters.list({ limit: 1, after: 2 * bad.length - 1 });
      return letters.length === 1;
    },
    `${2 * bad.length} dead letters, ${seeded}`,
    30_000,
  );
  const letters = await bus.deadLetters.list({ limit: 10 * bad.length });
  t.is(letters.length, 2 * bad.length, seeded);
  t.true(
    letters.every((letter) => letter.reason.length > 5),
    seeded,
  );
  const tally = (subject: string) => letters.filter((letter) => letter.subject === subject).length;
  t.deepEqual([tally(noted.subject), tally(chore.subject)], [bad.length, bad.length], seeded);
  t.deepEqual([events, jobs, heard], [0, 1, bad.length], seeded);
  // A request may say that its caller has given up long ago; every other one is answered.
  const patient = bad.filter((m) => !('sp-timeout' in m.extra)).length;
  await until(() => answers >= patient, `${patient} refusals, ${seeded}`);
  t.is(led, 0, 'nobody makes the service speak on a subject of his choice');

  // Everything still works.
  tailed = 0;
  t.deepEqual(await bus.rpc.request(twice, { n: 21 }), { n: 42 }, seeded);
  await bus.events.record(noted, { n: 1 });
  await bus.jobs.enqueue(chore, { n: 1 });
  await until(() => events === 1 && tailed === 1 && jobs === 2, seeded);
  t.true(
    faults.every(({ kind }) => kind === 'poison' || kind === 'dead'),
    seeded,
  );
});

function isBatch(bytes: Uint8Array): boolean {
  try {
    return decodeEvents(noted, bytes).length > 0;
  } catch (error) {
    if (error instanceof ContractError) return false;
    throw error;
  }
}

test('a hostile responder or broker can answer with anything: the caller gets an error, not a crash', async (t) => {
  await using server = await startNats();
  await using bus = await openNatsBus({
    ...{ servers: server.url, service: 'trial', source: '/trial', instance: 'trial-1' },
    ...{ clock: systemClock, ids },
  });
  const { seed, messages } = sample(runs(150, 3000).numRuns);
  const bad = messages.filter((m) => !fits(twice.parseReply, m.body));
  await using nc = await connect({ servers: server.url });
  let next = 0;
  nc.subscribe(`sallyport.${twice.subject}`, {
    callback: (_error: Error | null, message: Msg) => {
      const { body, extra } = bad[next % bad.length] ?? { body: new Uint8Array(), extra: {} };
      next += 1;
      const { 'sp-status': _, ...others } = extra as Record<string, string>;
      message.respond(body, { headers: natsHeaders(others) });
    },
  });
  await nc.flush();
  for (let i = 0; i < bad.length; i += 1) {
    await t.throwsAsync(
      bus.rpc.request(twice, { n: i }),
      { instanceOf: RpcContractError },
      `seed ${seed}, answer ${i}`,
    );
  }
});
