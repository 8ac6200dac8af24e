import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { connect, errors, type NatsConnection } from '@nats-io/transport-node';
import { catalogue } from '@sallyport/contracts';
import { durableConsumers, permissions, USERS, type UserName } from '../../infra/nats/users.ts';
import { testWith } from '../world/needs.ts';
import { connectAs, startGuardedNats } from './nats-cluster.ts';

const test = testWith('nats-server');

/** Who may publish a subject and who may subscribe to it; nobody else may. Written by hand, not derived from users.ts. */
type Cell = { publish?: UserName[]; subscribe?: UserName[] };
const SERVICES: UserName[] = ['edge', 'certs', 'auth', 'sessions', 'actions', 'control'];
const DOER = 'job_actions_run_v1';

const MATRIX: Record<string, Cell> = {
  // Facts: each domain has one voice, and nobody but the analyst listens past the stream.
  'sallyport.evt.tls.handshake-completed.v1': { publish: ['edge'], subscribe: ['analyst'] },
  'sallyport.evt.tls.handshake-failed.v1': { publish: ['edge'], subscribe: ['analyst'] },
  'sallyport.evt.auth.decided.v1': { publish: ['auth'], subscribe: ['analyst'] },
  'sallyport.evt.session.created.v1': { publish: ['sessions'], subscribe: ['analyst'] },
  'sallyport.evt.session.renewed.v1': { publish: ['sessions'], subscribe: ['analyst'] },
  'sallyport.evt.session.revoked.v1': { publish: ['sessions'], subscribe: ['analyst'] },
  'sallyport.evt.certs.issued.v1': { publish: ['certs'], subscribe: ['analyst'] },
  'sallyport.evt.certs.failed.v1': { publish: ['certs'], subscribe: ['analyst'] },
  'sallyport.evt.gateway.entity-changed.v1': { publish: ['control'], subscribe: ['analyst'] },
  // Jobs: control gives again what was given up.
  'sallyport.job.actions.run.v1': { publish: ['auth', 'control'] },
  'sallyport.job.redo.some-durable.v1': { publish: ['control'] },
  'sallyport.dead.job.actions.run.v1': { publish: ['actions'] },
  'sallyport.dead.evt.auth.decided.v1': {},
  // Questions.
  'sallyport.rpc.certs.list.v1': { publish: ['control'], subscribe: ['certs'] },
  'sallyport.rpc.certs.obtain.v1': { publish: ['edge', 'control'], subscribe: ['certs'] },
  'sallyport.rpc.certs.revoke.v1': { publish: ['control'], subscribe: ['certs'] },
  'sallyport.rpc.auth.decide.v1': { publish: ['edge', 'control'], subscribe: ['auth'] },
  'sallyport.rpc.auth.decide.v2': { publish: ['edge', 'control'], subscribe: ['auth'] },
  'sallyport.rpc.auth.explain.v1': { publish: ['control'], subscribe: ['auth'] },
  'sallyport.rpc.sessions.create.v1': { publish: ['edge', 'control'], subscribe: ['sessions'] },
  'sallyport.rpc.sessions.renew.v1': { publish: ['edge', 'control'], subscribe: ['sessions'] },
  'sallyport.rpc.sessions.revoke.v1': { publish: ['edge', 'control'], subscribe: ['sessions'] },
  'sallyport.rpc.sessions.list.v1': { publish: ['control'], subscribe: ['sessions'] },
  'sallyport.rpc.control.anything.v1': {},
  'sallyport.rpc.edge.anything.v1': {},
  'sallyport.rpc.actions.anything.v1': {},
  // Feeds: one writer each but bans, which every auth writes and reads.
  'sallyport.feed.gateway.v1': { publish: ['control'], subscribe: ['edge', 'certs', 'auth'] },
  'sallyport.feed.certificates.v1': { publish: ['certs'], subscribe: ['edge'] },
  'sallyport.feed.tickets.v1': { publish: ['sessions'], subscribe: ['edge'] },
  'sallyport.feed.revocations.v1': { publish: ['sessions'], subscribe: ['edge'] },
  'sallyport.feed.nodes.v1': { publish: SERVICES, subscribe: ['control'] },
  'sallyport.feed.bans.v1': { publish: ['auth'], subscribe: ['edge', 'auth'] },
  // Wildcards would be everything at once.
  'sallyport.>': {},
  'sallyport.evt.>': { subscribe: ['analyst'] },
  'sallyport.rpc.auth.>': { subscribe: ['auth'] },
  'sallyport.rpc.*.decide.v1': {},
  'sallyport.feed.>': {},
  '>': {},
  '_INBOX_*.>': {},
  // Inboxes: own ones are read, answers are written under one's own name.
  ...Object.fromEntries(
    SERVICES.flatMap((asker): [string, Cell][] => [
      [`_INBOX_${asker}.x.y`, { subscribe: [asker] }],
      [`_INBOX_${asker}.js.x.1`, { subscribe: [asker] }],
      ...(['certs', 'auth', 'sessions'] as UserName[]).map((responder): [string, Cell] => [
        `_INBOX_${asker}.${responder}.x.1`,
        {
          subscribe: [asker],
          publish: asker === 'edge' || asker === 'control' ? [responder] : [],
        },
      ]),
    ]),
  ),
  '_INBOX_operator.x.y': { subscribe: ['operator'] },
  '_INBOX_analyst.x.y': {},
  '_INBOX.x.y': {},
  // JetStream: everybody may look, the operator may change.
  '$JS.API.INFO': { publish: ['operator'] },
  '$JS.API.STREAM.INFO.EVENTS': { publish: [...SERVICES, 'operator'] },
  '$JS.API.STREAM.INFO.JOBS': { publish: [...SERVICES, 'operator'] },
  '$JS.API.STREAM.INFO.DEAD': { publish: [...SERVICES, 'operator'] },
  '$JS.API.STREAM.INFO.OTHER': { publish: ['operator'] },
  '$JS.API.STREAM.CREATE.EVENTS': { publish: ['operator'] },
  '$JS.API.STREAM.UPDATE.JOBS': { publish: ['operator'] },
  '$JS.API.STREAM.DELETE.EVENTS': { publish: ['operator'] },
  '$JS.API.STREAM.PURGE.EVENTS': { publish: ['operator'] },
  '$JS.API.STREAM.MSG.GET.EVENTS': { publish: ['operator'] },
  '$JS.API.STREAM.MSG.GET.JOBS': { publish: ['operator'] },
  '$JS.API.STREAM.MSG.GET.DEAD': { publish: ['control', 'operator'] },
  '$JS.API.STREAM.MSG.DELETE.DEAD': { publish: ['control', 'operator'] },
  '$JS.API.STREAM.MSG.DELETE.EVENTS': { publish: ['operator'] },
  '$JS.API.DIRECT.GET.EVENTS': { publish: ['operator'] },
  '$JS.API.CONSUMER.CREATE.EVENTS': { publish: ['operator'] },
  '$JS.API.CONSUMER.CREATE.EVENTS.tail': { publish: ['operator'] },
  '$JS.API.CONSUMER.CREATE.EVENTS.tail.sallyport.evt.>': { publish: ['control', 'operator'] },
  '$JS.API.CONSUMER.CREATE.EVENTS.tail.sallyport.evt.auth.>': { publish: ['control', 'operator'] },
  '$JS.API.CONSUMER.CREATE.JOBS.x.sallyport.job.actions.run.v1': { publish: ['operator'] },
  '$JS.API.CONSUMER.CREATE.DEAD.x.sallyport.dead.>': { publish: ['operator'] },
  '$JS.API.CONSUMER.DURABLE.CREATE.EVENTS.x': { publish: ['operator'] },
  '$JS.API.CONSUMER.DURABLE.CREATE.JOBS.x': { publish: ['operator'] },
  '$JS.API.CONSUMER.LIST.JOBS': { publish: ['operator'] },
  '$JS.API.CONSUMER.DELETE.EVENTS.tail': { publish: ['control', 'operator'] },
  [`$JS.API.CONSUMER.DELETE.JOBS.${DOER}`]: { publish: ['operator'] },
  [`$JS.API.CONSUMER.INFO.JOBS.${DOER}`]: { publish: ['actions', 'control', 'operator'] },
  [`$JS.API.CONSUMER.MSG.NEXT.JOBS.${DOER}`]: { publish: ['actions', 'operator'] },
  '$JS.API.CONSUMER.MSG.NEXT.JOBS.other': { publish: ['operator'] },
  '$JS.API.CONSUMER.MSG.NEXT.EVENTS.tail': { publish: ['control', 'operator'] },
  [`$JS.ACK.JOBS.${DOER}.1.1.1.1.1`]: { publish: ['actions'] },
  '$JS.ACK.JOBS.other.1.1.1.1.1': {},
  '$JS.ACK.EVENTS.tail.1.1.1.1.1': {},
  '$SYS.REQ.SERVER.PING': {},
};

test('the generated configuration is valid to nats-server, with bcrypt passwords and odd characters too', async (t) => {
  await using guarded = await startGuardedNats('sally-port.eu', {
    edge: '$2a$11$3kIDaCxw.Glsl1.u5nKa6eUnNDLV5HV9tIuUp7EHhMt6Nm9myW1aS',
    auth: 'quote " backslash \\ dollar $HOME # hash',
  });
  const { stdout, stderr } = await promisify(execFile)('nats-server', ['-t', '-c', guarded.file]);
  t.regex(stdout + stderr, /is valid/);
  await t.throwsAsync(
    connect({ servers: guarded.server.url, user: 'auth', pass: 'other', reconnect: false }),
    { instanceOf: errors.AuthorizationError },
  );
  const nc = await connect({
    ...{ servers: guarded.server.url, reconnect: false },
    ...{ user: 'auth', pass: 'quote " backslash \\ dollar $HOME # hash' },
  });
  await nc.close();
});

test('nobody connects without a password, or as a user that the configuration leaves out', async (t) => {
  await using guarded = await startGuardedNats(undefined, { edge: 'edge-password' });
  const { url } = guarded.server;
  for (const who of [{}, { user: 'auth', pass: 'auth-password' }, { user: 'edge', pass: '' }]) {
    await t.throwsAsync(connect({ servers: url, reconnect: false, ...who }), {
      instanceOf: errors.AuthorizationError,
    });
  }
  const nc = await connectAs(guarded.server, 'edge');
  await nc.close();
});

for (const user of USERS) {
  test(`${user} may publish and subscribe to what is its part, and to nothing else`, async (t) => {
    await using guarded = await startGuardedNats();
    const nc = await connectAs(guarded.server, user);
    const { published, subscribed } = await tryAll(nc, Object.keys(MATRIX));
    await nc.close();
    const may = (kind: 'publish' | 'subscribe') =>
      Object.keys(MATRIX).filter((subject) => MATRIX[subject]?.[kind]?.includes(user));
    t.deepEqual(published, may('publish'));
    t.deepEqual(subscribed, may('subscribe'));
  });
}

test('every contract has one side that may send it and one that gets it', (t) => {
  const worked = durableConsumers().map((consumer) => consumer.filter);
  for (const { kind, subject } of catalogue) {
    const full = `sallyport.${subject}`;
    const senders = USERS.filter((user) => permissions(user).publish.some((p) => covers(p, full)));
    const readers = USERS.filter((user) =>
      permissions(user).subscribe.some((p) => covers(p, full)),
    );
    t.true(senders.length > 0, `somebody sends ${subject}`);
    if (kind === 'rpc') t.is(readers.length, 1, `one service answers ${subject}`);
    if (kind === 'feed') t.true(readers.length > 0, `somebody reads ${subject}`);
    if (kind === 'job') t.true(worked.includes(subject), `somebody works on ${subject}`);
    t.true(full in MATRIX, `${subject} has its cell in this test`);
  }
});

test('under another prefix the table is the same, and the default prefix is refused', async (t) => {
  await using guarded = await startGuardedNats('blue');
  const nc = await connectAs(guarded.server, 'edge');
  const { published } = await tryAll(nc, [
    ...['blue.evt.tls.x.v1', 'sallyport.evt.tls.x.v1'],
    ...['$JS.API.STREAM.INFO.BLUE_EVENTS', '$JS.API.STREAM.INFO.EVENTS'],
  ]);
  await nc.close();
  t.deepEqual(published, ['blue.evt.tls.x.v1', '$JS.API.STREAM.INFO.BLUE_EVENTS']);
});

/** Which of `subjects` the broker lets this client publish, and subscribe to. */
async function tryAll(nc: NatsConnection, subjects: string[]) {
  const [refusedOut, refusedIn] = [new Set<string>(), new Set<string>()];
  const watching = (async () => {
    for await (const status of nc.status()) {
      if (status.type !== 'error') continue;
      if (!(status.error instanceof errors.PermissionViolationError)) throw status.error;
      const { operation, subject } = status.error;
      (operation === 'publish' ? refusedOut : refusedIn).add(subject);
    }
  })();
  for (const subject of subjects) {
    nc.subscribe(subject, { callback: () => {} });
    nc.publish(subject, 'x');
  }
  await nc.flush();
  // The status is told a few microtasks after the broker's word.
  await new Promise((resolve) => setImmediate(resolve));
  const closed = nc.closed();
  await nc.close();
  await Promise.all([closed, watching]);
  return {
    published: subjects.filter((s) => !refusedOut.has(s)),
    subscribed: subjects.filter((s) => !refusedIn.has(s)),
  };
}

/** NATS wildcards: `*` one token, `>` the rest. */
function covers(pattern: string, subject: string): boolean {
  const [want, have] = [pattern.split('.'), subject.split('.')];
  for (const [i, token] of want.entries()) {
    if (token === '>') return have.length > i;
    if (have[i] === undefined || (token !== '*' && token !== have[i])) return false;
  }
  return want.length === have.length;
}
