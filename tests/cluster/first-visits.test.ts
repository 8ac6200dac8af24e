import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { testWith } from '../world/needs.ts';
import { until } from '../world/until.ts';
import { type ClusterWorld, type EdgeName, startCluster, type Visit } from './cluster-world.ts';
import { eventsOf } from './first-visits-events.ts';

const test = testWith('nats-server', 'redis-server', 'pebble');
const EDGES: readonly EdgeName[] = ['edge-a', 'edge-b'];

let world: ClusterWorld;
test.before(async () => {
  world = await startCluster({ pebble: true });
});
test.after.always(async () => await world?.[Symbol.asyncDispose]());

/** Orders that pebble has taken. */
async function orders(): Promise<number> {
  return [...(await world.log('pebble')).matchAll(/POST \/order-plz ->/g)].length;
}

/** How often pebble looked for a name's challenge over HTTP: at its address, and at no other. */
async function httpValidations(name: string): Promise<number> {
  const looked = /Attempting to validate w\/ HTTP: http:\/\/([^:/]+)/g;
  return [...(await world.log('pebble')).matchAll(looked)].filter(([, at]) => at === name).length;
}

/** The edges that answered a name's challenge in a handshake. */
async function alpnAnsweredBy(name: string): Promise<readonly string[]> {
  interface Handshake {
    alpn?: string;
    serverName?: string;
  }
  const answers = ({ data }: { data: unknown }) =>
    (data as Handshake).alpn === 'acme-tls/1' && (data as Handshake).serverName === name;
  const all = await eventsOf(world, 'tls.handshake-completed', (events) => events.some(answers));
  return [...new Set(all.filter(answers).map(({ instance }) => instance))];
}

/** Visits of one name, as many at a time, in turn over both edges. */
function visits(name: string, count: number): Promise<Visit[]> {
  const each = Array.from({ length: count }, (_, i) =>
    world.visit(EDGES[i % 2] as EdgeName, { name, timeoutMs: 30_000 }),
  );
  return Promise.all(each);
}

const issuedFor = async (name: string) => {
  const concerns = ({ data }: { data: unknown }) =>
    (data as { names: string[] }).names.includes(name);
  const events = await eventsOf(world, 'certs.issued', (all) => all.some(concerns));
  return events.filter(concerns);
};

for (const [name, address] of [
  ['at-a.example', '127.0.0.2'],
  ['at-b.example', '127.0.0.3'],
] as const) {
  test.serial(
    `50 first visits at a time over both edges are one order, whose challenge the edge on ${address} answers`,
    async (t) => {
      await world.cluster.pebble?.setAddress(name, address);
      const before = await orders();
      const answers = await visits(name, 50);
      t.deepEqual([...new Set(answers.map(({ status }) => status))], [200]);
      t.is(new Set(answers.map(({ fingerprint }) => fingerprint)).size, 1);
      t.is((await orders()) - before, 1);
      t.true((await httpValidations(name)) > 0);
      const issued = await issuedFor(name);
      t.is(issued.length, 1);
      // Whoever comes later is served the same at both.
      const later = await visits(name, 2);
      t.is(new Set([...answers, ...later].map(({ fingerprint }) => fingerprint)).size, 1);
      t.is((await orders()) - before, 1);
    },
  );
}

test.serial('a name that is not permitted gets no certificate, and no CA is asked', async (t) => {
  const before = await orders();
  const name = 'two.labels.example';
  for (const edge of EDGES) {
    // The fallback certificate is nobody's, and signed by nobody.
    await t.throwsAsync(world.visit(edge, { name }), { message: /self-signed|certificate/ });
  }
  t.is(await orders(), before);
  t.notRegex(await world.log('pebble'), /two\.labels\.example/);
  const known = await world.operator('GET', '/operator/v1/certificates');
  t.false(JSON.stringify(known).includes(name));
});

test.serial(
  'where only tls-alpn-01 may be used, either edge answers it in a handshake',
  async (t) => {
    const file = join(world.data, 'sallyport.yaml');
    const settings = JSON.parse(await readFile(file, 'utf8'));
    settings.certs.issuers[0].challenges = ['tls-alpn-01'];
    await writeFile(file, JSON.stringify(settings));
    const certs = world.cluster.node('certs');
    await certs.stop('SIGTERM');
    await certs.start(new AbortController().signal);
    for (const [name, address, instance] of [
      ['alpn-a.example', '127.0.0.2', 'edge-edge-a'],
      ['alpn-b.example', '127.0.0.3', 'edge-edge-b'],
    ] as const) {
      await world.cluster.pebble?.setAddress(name, address);
      const before = await orders();
      const answers = await until(
        async () => {
          const all = await visits(name, 6).catch(() => undefined);
          return all?.every(({ status }) => status === 200) && all;
        },
        'certs is back',
        30_000,
      );
      t.is(new Set(answers.map(({ fingerprint }) => fingerprint)).size, 1);
      t.is((await orders()) - before, 1);
      t.is(await httpValidations(name), 0);
      t.deepEqual(await alpnAnsweredBy(name), [instance]);
      t.is((await issuedFor(name)).length, 1);
    }
  },
);
