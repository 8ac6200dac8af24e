import type { Bus } from '@sallyport/bus';
import {
  BusCredentialsError,
  BusPermissionError,
  openNatsBroker,
  openNatsBus,
  openNatsTopology,
  StreamMismatchError,
} from '@sallyport/bus/nats';
import {
  actionsRun,
  authDecide,
  bans,
  defineEvent,
  defineJob,
  defineRpc,
  handshakeCompleted,
} from '@sallyport/contracts';
import { randomIds, systemClock } from '@sallyport/runtime';
import Type from 'typebox';
import { durableConsumers, type ServiceName } from '../../infra/nats/users.ts';
import type { NatsServer } from '../world/nats.ts';
import { testWith } from '../world/needs.ts';
import { until } from '../world/until.ts';
import { connectAs, type GuardedNats, password, startGuardedNats } from './nats-cluster.ts';

const test = testWith('nats-server');
const ids = randomIds(systemClock);

// Stand-ins on the real subjects: what is tried here is who may say it, not what it says.
const data = Type.Object({ n: Type.Integer() });
const summary = 'A stand-in.';
const decide = defineRpc({ type: 'auth.decide', version: 1, summary, data, reply: data });
const create = defineRpc({ type: 'sessions.create', version: 1, summary, data, reply: data });
const run = defineJob({ type: 'actions.run', version: 1, summary, data });
const handshake = defineEvent({ type: 'tls.handshake-completed', version: 1, summary, data });
const decided = defineEvent({ type: 'auth.decided', version: 1, summary, data });

function settings(server: NatsServer, service: ServiceName) {
  return {
    ...{ servers: server.url, service, clock: systemClock, ids, streams: 'check' as const },
    ...{ source: `/${service}`, instance: `${service}-1` },
    auth: { user: service, password: password(service) },
  };
}

/** A guarded broker whose streams the operator has made. */
async function startReady(): Promise<GuardedNats> {
  await using stack = new AsyncDisposableStack();
  const guarded = stack.use(await startGuardedNats());
  await using topology = await openTopology(guarded.server);
  await topology.apply();
  const owned = stack.move();
  return { ...guarded, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

function openTopology(server: NatsServer) {
  return openNatsTopology({
    ...{ servers: server.url, service: 'operator', clock: systemClock },
    auth: { user: 'operator', password: password('operator') },
    consumers: durableConsumers(),
  });
}

test('stand-ins stand on the subjects of the contracts', (t) => {
  t.is(decide.subject, authDecide.subject);
  t.is(run.subject, actionsRun.subject);
  t.is(handshake.subject, handshakeCompleted.subject);
});

test('the services do their parts, checking streams that the operator made', async (t) => {
  await using guarded = await startReady();
  const { server } = guarded;
  await using edge = await openNatsBus(settings(server, 'edge'));
  await using auth = await openNatsBus(settings(server, 'auth'));
  await using actions = await openNatsBus(settings(server, 'actions'));
  await using control = await openNatsBus(settings(server, 'control'));

  await auth.rpc.respond(decide, {}, ({ n }) => ({ n: n + 1 }));
  t.deepEqual(await edge.rpc.request(decide, { n: 1 }), { n: 2 });

  const heard: string[] = [];
  await edge.feeds.listen(bans, (message) => heard.push(new TextDecoder().decode(message)));
  auth.feeds.send(bans, new TextEncoder().encode('ban'));
  await until(() => heard.length === 1);

  const seen: number[] = [];
  await control.events.subscribe('*', { from: 'all' }, (event) => {
    seen.push((event.data as { n: number }).n);
  });
  edge.events.publish(handshake, { n: 1 });
  await auth.events.record(decided, { n: 2 });
  await until(() => seen.length === 2);

  const tries: number[] = [];
  await actions.jobs.work(run, {}, ({ data: { n } }, { attempt }) => {
    tries.push(n);
    return n === 13 && attempt === 1 && tries.length < 3 ? { dead: 'unlucky' } : undefined;
  });
  await auth.jobs.enqueue(run, { n: 13 });
  const [letter] = await until(async () => {
    const letters = await control.deadLetters.list();
    return letters.length > 0 && letters;
  });
  t.is(letter?.reason, 'unlucky');
  await auth.jobs.enqueue(run, { n: 14 });
  await until(() => tries.length === 2);
  t.true(await control.deadLetters.requeue(letter?.sequence ?? 0));
  await until(() => tries.length === 3);
  t.deepEqual(tries, [13, 14, 13]);
});

test('edge can neither answer for auth nor take jobs nor speak for another', async (t) => {
  await using guarded = await startReady();
  const faults: Error[] = [];
  await using edge = await openNatsBus({
    ...settings(guarded.server, 'edge'),
    closeTimeoutMs: 200,
    onFault: ({ error }) => faults.push(error),
  });
  const refusedTo = (operation: string) => ({
    instanceOf: BusPermissionError,
    message: new RegExp(operation),
  });
  await t.throwsAsync(
    edge.rpc.respond(decide, {}, () => ({ n: 0 })),
    refusedTo("subscribe 'sallyport.rpc.auth.decide.v1'"),
  );
  await t.throwsAsync(
    edge.jobs.work(run, {}, () => {}),
    refusedTo('JOBS.job_actions_run_v1'),
  );
  await t.throwsAsync(
    edge.events.subscribe(decided, {}, () => {}),
    refusedTo('CONSUMER.CREATE.EVENTS'),
  );
  await t.throwsAsync(
    edge.jobs.enqueue(run, { n: 1 }),
    refusedTo("publish 'sallyport.job.actions.run.v1'"),
  );
  await t.throwsAsync(
    edge.events.record(decided, { n: 1 }),
    refusedTo("publish 'sallyport.evt.auth.decided.v1'"),
  );
  edge.feeds.send(bans, new Uint8Array(1));
  await until(() => faults.some((e) => e.message.includes("publish 'sallyport.feed.bans.v1'")));
  await t.throwsAsync(edge.deadLetters.list(), refusedTo('STREAM.MSG.GET.DEAD'));
});

test('an answer under another responder’s name is refused, and one under its own isn’t taken for it', async (t) => {
  await using guarded = await startReady();
  const { server } = guarded;
  await using edge = await openNatsBus(settings(server, 'edge'));
  // A taken-over sessions service: it has seen how edge's reply subjects look and tries to answer before auth does.
  const sessions = await connectAs(server, 'sessions');
  const auth = await connectAs(server, 'auth');
  const body = new TextEncoder().encode('{"n":666}');
  let spied = '';
  sessions.subscribe('sallyport.rpc.sessions.create.v1', {
    callback: (_error, message) => {
      spied = message.reply ?? '';
      message.respond(body);
    },
  });
  let questions = 0;
  auth.subscribe('sallyport.rpc.auth.decide.v1', {
    callback: (_error, message) => {
      questions += 1;
      const real = message.reply ?? '';
      const guess = spied.slice(0, spied.lastIndexOf('.')) + real.slice(real.lastIndexOf('.'));
      sessions.publish(real, body);
      sessions.publish(guess, body);
      void sessions.flush().then(() => message.respond(new TextEncoder().encode('{"n":1}')));
    },
  });
  await Promise.all([sessions.flush(), auth.flush()]);
  await edge.rpc.request(create, { n: 1 });
  t.regex(spied, /^_INBOX_edge\.sessions\./);
  t.deepEqual(await edge.rpc.request(decide, { n: 1 }), { n: 1 });
  t.is(questions, 1);
  await Promise.all([sessions.close(), auth.close()]);
});

test('control may follow events only: a filter that isn’t the one in the subject is refused by the broker', async (t) => {
  await using guarded = await startReady();
  const nc = await connectAs(guarded.server, 'control');
  const create = async (filter_subject: string) => {
    const reply = await nc.request(
      '$JS.API.CONSUMER.CREATE.EVENTS.sly.sallyport.evt.auth.>',
      JSON.stringify({
        stream_name: 'EVENTS',
        config: { name: 'sly', filter_subject, ack_policy: 'none' },
      }),
    );
    return reply.json<{ error?: { description: string } }>();
  };
  const refused = await create('sallyport.evt.tls.>');
  const allowed = await create('sallyport.evt.auth.>');
  await nc.close();
  t.regex(refused.error?.description ?? '', /did not match filtered subject/);
  t.is(allowed.error, undefined);
});

test('a service whose streams nobody made, or made differently, says so and doesn’t start', async (t) => {
  await using guarded = await startGuardedNats();
  const { server } = guarded;
  const missing = await t.throwsAsync(openNatsBus(settings(server, 'edge')), {
    instanceOf: StreamMismatchError,
  });
  t.regex(missing?.message ?? '', /stream EVENTS is missing; stream JOBS is missing/);
  t.regex(missing?.message ?? '', /sallyport streams apply/);
  {
    await using other = await openNatsTopology({
      ...{ servers: server.url, service: 'operator', clock: systemClock },
      auth: { user: 'operator', password: password('operator') },
      limits: { eventDays: 1 },
    });
    t.is((await other.apply()).length, 3);
    t.deepEqual(await other.diff(), []);
  }
  await t.throwsAsync(openNatsBus(settings(server, 'edge')), {
    instanceOf: StreamMismatchError,
    message: /stream EVENTS: max_age 86400000000000 must be 604800000000000: run/,
  });
  await using topology = await openTopology(server);
  const differences = await topology.diff();
  t.deepEqual(
    differences.map(({ target, field, remedy }) => [target, field, remedy]),
    [
      ['stream EVENTS', 'max_age', 'update'],
      ['consumer job_actions_run_v1 of JOBS', '', 'create'],
    ],
  );
  t.deepEqual(await topology.apply(), differences);
  t.deepEqual(await topology.diff(), []);
  t.deepEqual(await topology.apply(), []);
  const edge: Bus = await openNatsBus(settings(server, 'edge'));
  await edge[Symbol.asyncDispose]();
});

test('a wrong password is told as such', async (t) => {
  await using guarded = await startGuardedNats();
  const options = settings(guarded.server, 'edge');
  await t.throwsAsync(openNatsBroker({ ...options, auth: { user: 'edge', password: 'other' } }), {
    instanceOf: BusCredentialsError,
    message: /'edge'/,
  });
});
