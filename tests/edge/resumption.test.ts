import { randomBytes } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { type HandshakePolicy, TicketKeyError, type TrustGroup } from '@sallyport/edge';
import { testWith } from '../world/needs.ts';
import { startProgram } from '../world/program.ts';
import { until } from '../world/until.ts';
import {
  authority,
  clientFiles,
  leaf,
  movableClock,
  openFront,
  openssl,
  plain,
} from './front-world.ts';

const test = testWith('openssl');
const ca = await authority('servers');
const server = await leaf(ca, 'a.test', 'server');
const clients = await authority('clients of a');
const alice = await leaf(clients, 'alice', 'client');
const trustA: TrustGroup = { id: 'a', authorities: [clients.certificate] };
const trustB: TrustGroup = {
  id: 'b',
  authorities: [(await authority('clients of b')).certificate],
};
const asking = (clientCertificate: 'request' | 'require', trust: TrustGroup): HandshakePolicy => ({
  ...plain,
  clientCertificate,
  trust,
});

const VERSIONS = ['-tls1_2', '-tls1_3'];

/** A front, and connections to it that keep or use a session. */
async function resumable(
  settings: Parameters<typeof openFront>[0] = {},
  more: Parameters<typeof openFront>[1] = {},
) {
  const it = await openFront({ fallback: server, ...settings }, more);
  const files = await clientFiles();
  const session = files.path('session.pem');
  const go = async (name: string, args: readonly string[], port = it.port) =>
    (await openssl(port, name, args)).said;
  return {
    ...it,
    identity: await files.identity('alice', alice),
    keep: (name: string, args: readonly string[]) => go(name, [...args, '-sess_out', session]),
    resume: (name: string, args: readonly string[], port?: number) =>
      go(name, [...args, '-sess_in', session], port),
    async [Symbol.asyncDispose]() {
      await it[Symbol.asyncDispose]();
      await files[Symbol.asyncDispose]();
    },
  };
}

const newKey = () => randomBytes(48);

test('a session is resumed in another process that has the same ticket key, and not with another key', async (t) => {
  const key = newKey();
  await using it = await resumable({ ticketKeys: { current: key, previous: [] } });
  const script = fileURLToPath(new URL('front-process.ts', import.meta.url));
  const start = (current: Buffer) => {
    const input = { certificate: server, policy: plain, current: current.toString('hex') };
    return startProgram(process.execPath, [script, JSON.stringify(input)]);
  };
  await using same = start(key);
  await using other = start(newKey());
  const portOf = async (program: typeof same) =>
    Number((await until(() => /port (\d+)/.exec(program.output()), 'a port is printed'))[1]);
  const [samePort, otherPort] = [await portOf(same), await portOf(other)];
  for (const version of VERSIONS) {
    t.false((await it.keep('a.test', [version]))?.resumed);
    t.true((await it.resume('a.test', [version]))?.resumed, `${version}, the same process`);
    const there = await it.resume('a.test', [version], samePort);
    t.true(there?.resumed, `${version}, the other process`);
    t.is(there?.serverName, 'a.test');
    t.false((await it.resume('a.test', [version], otherPort))?.resumed);
  }
});

test('after a rotation old tickets resume as long as their key is kept, and new ones are under the new key', async (t) => {
  const [first, second, third] = [newKey(), newKey(), newKey()];
  await using it = await resumable({ ticketKeys: { current: first, previous: [] } });
  for (const version of VERSIONS) {
    it.front.rotateTicketKeys({ current: first, previous: [] });
    await it.keep('a.test', [version]);
    it.front.rotateTicketKeys({ current: second, previous: [first] });
    t.true((await it.resume('a.test', [version]))?.resumed, `${version}, key kept`);
    t.is(it.front.status().contexts, 2, 'one with each key');
    it.front.rotateTicketKeys({ current: third, previous: [second] });
    t.is(it.front.status().contexts, 1);
    t.false((await it.resume('a.test', [version]))?.resumed, `${version}, key dropped`);
    await it.keep('a.test', [version]);
    it.front.rotateTicketKeys({ current: second, previous: [] });
    t.false((await it.resume('a.test', [version]))?.resumed, `${version}, new ticket`);
  }
});

test('ticket keys that can’t be used are refused, and the ones in use stay', async (t) => {
  const key = newKey();
  await using it = await resumable({ ticketKeys: { current: key, previous: [] } });
  await it.keep('a.test', []);
  for (const keys of [
    { current: Buffer.alloc(47), previous: [] },
    { current: newKey(), previous: [Buffer.alloc(80)] },
    { current: key, previous: [key] },
  ]) {
    t.throws(() => it.front.rotateTicketKeys(keys), { instanceOf: TicketKeyError });
  }
  t.true((await it.resume('a.test', []))?.resumed);
});

test('a policy without tickets never resumes', async (t) => {
  await using it = await resumable();
  it.policies.set('a.test', { ...plain, tickets: false });
  for (const version of VERSIONS) {
    await it.keep('a.test', [version]);
    t.not((await it.resume('a.test', [version]))?.resumed, true);
  }
});

test('names with the same terms share sessions in TLS 1.2, where a client may offer them', async (t) => {
  await using it = await resumable();
  await it.keep('a.test', ['-tls1_2']);
  const said = await it.resume('b.test', ['-tls1_2']);
  t.true(said?.resumed);
  t.is(said?.serverName, 'b.test');
});

test('hole 1: a session with a client certificate isn’t resumed at a name with other authorities', async (t) => {
  await using it = await resumable();
  it.policies.set('a.test', asking('request', trustA)).set('b.test', asking('request', trustB));
  for (const version of VERSIONS) {
    const first = await it.keep('a.test', [version, ...it.identity]);
    t.like(first, { resumed: false, verified: true });
    // The very same session is good where it was made …
    t.like(await it.resume('a.test', [version]), { resumed: true, verified: true });
    // … and worth nothing elsewhere, with the certificate shown again or not.
    t.like(await it.resume('b.test', [version, ...it.identity]), {
      resumed: false,
      verified: false,
    });
    const without = await it.resume('b.test', [version]);
    t.false(without?.resumed);
    t.is(without?.fingerprint, undefined);
  }
});

test('hole 1: nor in a group of another id that trusts the same authorities, or one that lost an authority', async (t) => {
  await using it = await resumable();
  const twin = { ...trustA, id: 'twin' };
  const both = { ...trustA, authorities: [...trustA.authorities, ...trustB.authorities] };
  it.policies.set('a.test', asking('require', trustA)).set('b.test', asking('require', twin));
  for (const version of VERSIONS) {
    it.policies.set('c.test', asking('require', both));
    await it.keep('a.test', [version, ...it.identity]);
    t.is(await it.resume('b.test', [version]), undefined, 'refused for want of a certificate');
    await it.keep('c.test', [version, ...it.identity]);
    t.true((await it.resume('c.test', [version]))?.resumed);
    it.policies.set('c.test', asking('require', { ...trustB, id: trustA.id }));
    t.is(await it.resume('c.test', [version, ...it.identity]), undefined);
  }
});

test('hole 2: a certificate that expired since is no longer good on a resumed session', async (t) => {
  for (const version of VERSIONS) {
    const clock = movableClock();
    await using it = await resumable({}, { clock });
    it.policies
      .set('ask.test', asking('request', trustA))
      .set('need.test', asking('require', trustA));
    await it.keep('need.test', [version, ...it.identity]);
    t.like(await it.resume('need.test', [version]), { resumed: true, verified: true });
    clock.move(2 * 3_600_000);
    t.is(await it.resume('need.test', [version]), undefined, version);
    t.deepEqual(it.failures(), ['client-certificate']);
    clock.move(-2 * 3_600_000);
    await it.keep('ask.test', [version, ...it.identity]);
    clock.move(2 * 3_600_000);
    const late = await it.resume('ask.test', [version]);
    t.like(late, { resumed: true, verified: false, fault: 'cert-has-expired' });
    clock.move(-4 * 3_600_000);
    const early = await it.resume('ask.test', [version]);
    t.like(early, { resumed: true, verified: false, fault: 'cert-not-yet-valid' });
  }
});

test('hole 3: a session made without asking for a certificate isn’t resumed where one is asked for', async (t) => {
  await using it = await resumable();
  for (const version of VERSIONS) {
    it.policies.set('a.test', plain);
    await it.keep('a.test', [version]);
    it.policies.set('a.test', asking('request', trustA));
    const asked = await it.resume('a.test', [version, ...it.identity]);
    t.like(asked, { resumed: false, verified: true }, version);
    // One made where it was only asked for, and not shown, doesn't get past a demand either.
    await it.keep('a.test', [version]);
    it.policies.set('a.test', asking('require', trustA));
    t.is(await it.resume('a.test', [version]), undefined, version);
    t.like(await it.resume('a.test', [version, ...it.identity]), {
      resumed: false,
      verified: true,
    });
  }
});

test('a resumed session keeps the chain and the id of the handshake that showed it', async (t) => {
  await using it = await resumable();
  it.policies.set('a.test', asking('require', trustA));
  for (const version of VERSIONS) {
    const first = await it.keep('a.test', [version, ...it.identity]);
    t.is(first?.chain, 2);
    t.is(first?.handshake, first?.id);
    const again = await it.resume('a.test', [version]);
    t.like(again, {
      resumed: true,
      chain: 2,
      handshake: first?.id ?? '',
      fingerprint: first?.fingerprint ?? '',
    });
    t.not(again?.id, first?.id);
  }
  const [report] = it.reports;
  t.like(report?.data, { clientCertificate: { verified: true, subject: 'CN=alice' } });
});

test('a chain that fell out of memory leaves the leaf', async (t) => {
  const bob = await leaf(clients, 'bob', 'client');
  await using files = await clientFiles();
  await using it = await resumable({ maxChains: 1 });
  it.policies.set('a.test', asking('require', trustA));
  await it.keep('a.test', it.identity);
  await openssl(it.port, 'a.test', await files.identity('bob', bob));
  t.like(await it.resume('a.test', []), { resumed: true, chain: 1, verified: true });
});
