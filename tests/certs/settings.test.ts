import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { certsConfig, namesOf } from '@sallyport/certs';
import { loadConfig } from '@sallyport/runtime';
import test from 'ava';
import { tempDir } from '../world/program.ts';
import { embeddedGround, openCertsWorld } from './certs-world.ts';

const load = (certs: object, env: Record<string, string> = {}) =>
  loadConfig({
    sections: [certsConfig],
    files: [{ name: 'test', text: JSON.stringify({ certs }) }],
    env,
  });
const ca = { kind: 'acme', name: 'le', directory: 'https://ca.test/dir' };

test('nothing has to be set: routes are permitted, and the internal CA issues', async (t) => {
  const { values } = await load({});
  t.like(values.certs, {
    allow: { names: [], patterns: [], routes: true },
    obtain: { wait: 9000, lease: 15_000, issuer_timeout: 60_000, per_hour: 50 },
    renewal: { after: 0.667, every: 60_000 },
  });
  t.deepEqual(values.certs.issuers, [
    { kind: 'internal', name: 'internal', scope: 'private', validity: 7 * 86_400_000 },
  ]);
});

test('a CA is described by its directory, and its binding is a secret', async (t) => {
  const eab = { kid: 'k', hmac_key: 'env:EAB' };
  const { values, show } = await load({ issuers: [{ ...ca, eab }] }, { EAB: 'c2VjcmV0' });
  const [issuer] = values.certs.issuers;
  t.like(issuer, {
    ...{ ...ca, contact: [], terms_agreed: false, scope: 'public', timeout: 10_000 },
    challenges: ['http-01', 'tls-alpn-01'],
  });
  t.is(issuer?.kind === 'acme' ? issuer.eab?.hmac_key.reveal() : '', 'c2VjcmV0');
  t.false(show().includes('c2VjcmV0'));
});

for (const [what, settings, path] of [
  ['a pattern without a star', { allow: { patterns: ['example.com'] } }, 'allow.patterns.0'],
  ['a star alone', { allow: { patterns: ['*'] } }, 'allow.patterns.0'],
  ['a name with a star', { allow: { names: ['*.example.com'] } }, 'allow.names.0'],
  ['no issuer', { issuers: [] }, 'issuers'],
  ['an unknown kind', { issuers: [{ kind: 'magic' }] }, 'issuers.0.kind'],
  ['a CA over http', { issuers: [{ ...ca, directory: 'http://ca.test' }] }, 'issuers.0.directory'],
  ['no challenge', { issuers: [{ ...ca, challenges: [] }] }, 'issuers.0.challenges'],
  ['a number without a unit', { obtain: { wait: 9 } }, 'obtain.wait'],
  ['renewal after the end', { renewal: { after: 1 } }, 'renewal.after'],
] as const) {
  test(`${what} is a mistake that is named`, async (t) => {
    const error = await t.throwsAsync(load(settings), { code: 'SP_ERR_CONFIG' });
    t.true(error?.message.includes(`certs.${path}`), error?.message);
  });
}

test('what only the files tell is a configuration error too: the same name twice, a trust file that is none', async (t) => {
  await using world = await openCertsWorld(embeddedGround);
  await using dir = await tempDir();
  const empty = join(dir.path, 'empty.pem');
  await writeFile(empty, 'nothing');
  const code = 'SP_ERR_CONFIG';
  const internal = { kind: 'internal' };
  await t.throwsAsync(world.start({ issuers: [internal, internal] }), {
    code,
    message: /certs\.issuers\.1\.name/,
  });
  for (const trust of [empty, join(dir.path, 'missing.pem')]) {
    await t.throwsAsync(world.start({ issuers: [internal, { ...ca, trust }] }), {
      code,
      message: /certs\.issuers\.1\.trust/,
    });
  }
  // Permission is checked by the same rule as what is asked for.
  await t.throwsAsync(world.start({ allow: { names: ['ab--c.test'] } }), { code });
});

test('routes that take https and end TLS here name their hosts and server names', (t) => {
  const https = { protocols: ['https' as const], snis: null };
  const names = namesOf([
    { ...https, hosts: ['A.test', 'b.test:8443', '*.wild.test', 'end.*', 'dot.test.'] },
    { ...https, hosts: null, snis: ['sni.test', '*.sni.test'] },
    { protocols: ['http'], hosts: ['plain.test'], snis: null },
    { protocols: ['tls_passthrough'], hosts: null, snis: ['through.test'] },
  ]);
  for (const name of ['a.test', 'b.test', 'x.wild.test', 'sni.test', 'x.sni.test', 'dot.test']) {
    t.true(names.has(name), name);
  }
  for (const name of ['wild.test', 'x.y.wild.test', 'end.test', 'plain.test', 'through.test']) {
    t.false(names.has(name), name);
  }
});
