import { createHmac } from 'node:crypto';
import { keyDigester, NoCredentialKeyError } from '@sallyport/control';
import { createKeyRings, type KeyRing, MasterKey } from '@sallyport/pki';
import { ManualClock } from '@sallyport/runtime';
import test from 'ava';
import { memoryRings } from '../pki/memory-rings.ts';

test('the digest of a key is what is agreed with the edges, and stays over rotations', async (t) => {
  const clock = new ManualClock();
  const masterKey = new MasterKey(Buffer.alloc(32, 7));
  const rings = createKeyRings({ store: memoryRings(), clock }, { service: 'control', masterKey });
  const ring = await rings.openRing('credentials');
  const first = ring.keys[0]?.kid as number;
  const agreed = (kid: number) =>
    createHmac('sha256', ring.derive(kid, 'key-auth')).update('open_sesame').digest('base64url');
  const digestKey = keyDigester(ring);
  const before = digestKey('open_sesame');
  t.is(before, agreed(first));
  t.is(Buffer.from(before, 'base64url').length, 32);
  t.not(digestKey('open_sesamE'), before);

  await clock.advance(1000);
  await rings.rotate('credentials');
  await ring.reload();
  t.not(ring.active, first);
  t.is(digestKey('open_sesame'), before);
  t.is(keyDigester(ring)('open_sesame'), before, 'in a process that starts later too');

  await clock.advance(10_000);
  await rings.retire('credentials', { olderThanMs: 1 });
  await ring.reload();
  t.is(digestKey('open_sesame'), agreed(ring.active), 'once it is retired the next one counts');
});

test('a ring without keys digests nothing', (t) => {
  const ring: Pick<KeyRing, 'keys' | 'derive'> = {
    keys: [{ kid: 1, created: 0, state: 'retired' }],
    derive: () => t.fail() as never,
  };
  t.throws(() => keyDigester(ring)('key'), { instanceOf: NoCredentialKeyError });
});
