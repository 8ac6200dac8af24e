import { readFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { connect as connectNats } from '@nats-io/transport-node';
import { actionsRun } from '@sallyport/contracts';
import { inRecords, madeHello, nodeHello, sni } from '../edge/captured.ts';
import { testWith } from '../world/needs.ts';
import { until } from '../world/until.ts';
import { type ClusterWorld, startCluster } from './cluster-world.ts';
import { eventsOf } from './first-visits-events.ts';
import { listens, startSlowUpstream } from './rolling-world.ts';

const test = testWith('nats-server', 'redis-server');
const host = '127.0.0.2';

let world: ClusterWorld;
test.before(async () => {
  world = await startCluster({
    // Metrics for whoever counts; and time between readiness and the listeners' end for whoever sends the traffic.
    settings: { telemetry: { prometheus: true }, edge: { drain: { delay: '2s' } } },
  });
});
test.after.always(async () => await world?.[Symbol.asyncDispose]());

/** A client of the TLS port that writes `parts`, a pause between them, and never ends: how long until it was closed. */
async function stray(parts: readonly (Buffer | string)[], pauseMs = 0): Promise<number> {
  const socket = connect({ host, port: world.cluster.httpsPort, allowHalfOpen: true });
  const begun = performance.now();
  let timer: NodeJS.Timeout | undefined;
  let at = 0;
  const next = () => {
    const part = parts[at];
    if (part !== undefined && !socket.destroyed) socket.write(part);
    at += 1;
    if (at < parts.length) timer = setTimeout(next, pauseMs);
  };
  // A reset is one way of being closed.
  socket.on('error', () => {});
  socket.resume();
  socket.once('connect', next);
  socket.once('end', () => socket.destroy());
  try {
    await until(() => socket.closed, 'the edge closes the connection', 30_000);
  } finally {
    clearTimeout(timer);
    socket.destroy();
  }
  return performance.now() - begun;
}

/** Connections of edge A's TLS port that its kernel knows, without the closed ones (TIME_WAIT). */
async function connections(): Promise<number> {
  const local = `0200007F:${world.cluster.httpsPort.toString(16).toUpperCase().padStart(4, '0')}`;
  const table = (await readFile('/proc/net/tcp', 'utf8')).trim().split('\n').slice(1);
  return table.filter((line) => {
    const [, address, , state] = line.trim().split(/\s+/);
    return address === local && state !== '0A' && state !== '06';
  }).length;
}

/** Handshakes that failed for a reason, as edge A's private listener tells them. */
async function counted(reason: string): Promise<number> {
  const page = await (await fetch(`${world.cluster.probe('edge-a')}/metrics`)).text();
  const line = page
    .split('\n')
    .find((each) => /^sallyport_edge_handshakes/.test(each) && each.includes(`"${reason}"`));
  return Number(line?.split(' ')[1] ?? 0);
}

test.serial(
  'what is no ClientHello, or a slow or oversized one, is closed, counted and told, and nothing of it stays',
  async (t) => {
    const hello = await nodeHello({ servername: 'demo.example' });
    const bytes = [...hello].map((byte) => Buffer.from([byte]));
    const kinds: [reason: string, parts: (Buffer | string)[], pauseMs?: number][] = [
      ['plain-http', ['GET / HTTP/1.1\r\nHost: demo.example\r\n\r\n']],
      ['not-tls', ['\0\u0001garbage garbage garbage']],
      ['hello-too-large', [Buffer.from([22, 3, 1, 0, 9, 1, 1, 0, 0])]],
      ['malformed', [inRecords(madeHello(sni('a.test'), sni('b.test')), 16_384)]],
      ['timeout', bytes, 200],
      ['timeout', ['']],
    ];
    const before = new Map<string, number>();
    for (const [reason] of kinds) before.set(reason, await counted(reason));
    const times = await Promise.all(
      kinds.flatMap(([, parts, pause]) => [1, 2, 3, 4].map(() => stray(parts, pause))),
    );
    for (const ms of times) t.true(ms < 20_000, `${ms} ms`);
    const expected = Object.entries(Object.groupBy(kinds, ([reason]) => reason));
    for (const [reason, all = []] of expected) {
      await until(
        async () => (await counted(reason)) - (before.get(reason) as number) >= 4 * all.length,
        `${reason} is counted`,
      );
      const told = await eventsOf(
        world,
        'tls.handshake-failed',
        (events) => events.filter(({ data }) => reasonOf(data) === reason).length >= 4 * all.length,
      );
      t.true(told.every(({ instance }) => instance === 'edge-edge-a'));
    }
    await until(async () => (await connections()) === 0, 'no connection is left');
    t.is((await world.visit('edge-a')).status, 200);
  },
);

const reasonOf = (data: unknown) => (data as { reason: string }).reason;

test.serial(
  'jobs that do not fit their contract are given up at once, with the reason',
  async (t) => {
    const { natsPort, passwords } = world.cluster.brokers;
    const nc = await connectNats({
      ...{ servers: `127.0.0.1:${natsPort}`, user: 'auth', pass: passwords.auth },
      ...{ reconnect: false, inboxPrefix: '_INBOX_auth' },
    });
    try {
      for (const body of ['{"action":3}', 'no JSON at all']) {
        await nc.request(`sallyport.${actionsRun.subject}`, body);
      }
    } finally {
      await nc.close();
    }
    interface Letter {
      subject: string;
      reason: string;
      attempts: number;
      body: unknown;
    }
    const letters = await until(async () => {
      const found = await world.operator<{ letters: Letter[] }>('GET', '/operator/v1/dead-letters');
      return found.letters.length >= 2 && found.letters;
    }, 'both are dead letters');
    t.is(letters.length, 2);
    const misfit = letters.find(({ body }) => typeof body === 'object');
    t.deepEqual(misfit?.body, { action: 3 });
    t.regex(misfit?.reason ?? '', /action|contract|data/);
    const noJson = letters.find(({ body }) => typeof body === 'string');
    t.regex(noJson?.reason ?? '', /JSON/i);
    for (const { attempts, subject } of letters) {
      t.is(attempts, 1);
      t.true(subject.endsWith(actionsRun.subject));
    }
    // The worker goes on: a login's own job is done.
    await world.visit('edge-a', { path: '/private', headers: { authorization: world.basic } });
    await until(async () => (await world.log('actions')).includes('"note"'), 'the action is run');
  },
);

test.serial('whoever logs in while sessions is down is served, without a cookie', async (t) => {
  const sessions = world.cluster.node('sessions');
  const login = { path: '/private', headers: { authorization: world.basic } };
  await sessions.stop('SIGKILL');
  const served = await world.visit('edge-a', login);
  t.is(served.status, 200, served.body);
  t.regex(served.body, /known as +alice/);
  t.is(served.cookie, undefined);
  await sessions.start(new AbortController().signal);
  await until(async () => (await world.visit('edge-a', login)).cookie, 'a cookie is set again');
});

test.serial(
  'an edge that is told to end says first that it is not ready, and finishes the request that is in flight',
  async (t) => {
    await using upstream = await startSlowUpstream();
    const service = '00000000-0000-4000-8000-0000000000a0';
    await world.operator('PUT', `/services/${service}`, { url: upstream.url });
    await world.operator('PUT', '/routes/00000000-0000-4000-8000-0000000000a1', {
      ...{ paths: ['/slow'], service: { id: service } },
    });
    let visit: Promise<{ status: number; body: string }> | undefined;
    await until(async () => {
      visit = world.visit('edge-a', { path: '/slow', timeoutMs: 60_000 });
      await Promise.race([visit, until(() => upstream.waiting > 0, 'it waits', 30_000)]);
      return upstream.waiting > 0;
    }, 'a request is in flight');
    const { cluster } = world;
    const edge = cluster.node('edge-a');
    let over = false;
    const stopped = edge.stop('SIGTERM').then(() => {
      over = true;
    });
    const ready = async () =>
      (
        await fetch(`${cluster.probe('edge-a')}/readyz`).catch(async (e) => {
          console.log(e.cause, await world.log('edge-a'));
          throw e;
        })
      ).status;
    await until(async () => (await ready()) === 503, 'readiness turns false');
    t.true(await listens(host, cluster.httpsPort), 'it still listens for who has not looked yet');
    await until(async () => !(await listens(host, cluster.httpsPort)), 'it listens no longer');
    t.false(over);
    upstream.release();
    const answer = await visit;
    t.is(answer?.status, 200);
    t.is(answer?.body, 'first half, second half');
    await stopped;
    t.is((await world.visit('edge-b')).status, 200);
  },
);
