import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import {
  type DataOf,
  sessionsCreate,
  sessionsList,
  sessionsRenew,
  sessionsRevoke,
} from '@sallyport/contracts';
import { decodeRecord, storeKeys } from '@sallyport/session';
import test from 'ava';
import fc from 'fast-check';
import { runs } from '../world/deep.ts';
import { startAll } from './sessions-world.ts';

const text = (maxLength: number) =>
  fc.oneof(
    fc.string({ maxLength, unit: 'binary' }),
    fc.string({ maxLength, unit: 'grapheme' }),
    fc.constantFrom(
      '',
      '\0',
      '__proto__',
      'constructor',
      '\u2028',
      '\ud800',
      'x'.repeat(maxLength),
    ),
  );
const id = fc.oneof(
  fc.string({ minLength: 1, maxLength: 128 }),
  fc.base64String({ minLength: 4, maxLength: 64 }),
);
const word = fc.constantFrom('server', 'cookie', 'redis', 'a-1', 'logout', 'constructor');
const ms = fc.oneof(
  fc.constantFrom(0, 1, 2, 1000, 2 ** 31, Number.MAX_SAFE_INTEGER, 1e300),
  fc.nat(),
);
const policy = fc.record(
  {
    storage: word,
    name: fc.string({ minLength: 1, maxLength: 64 }),
    idleMs: ms,
    rollingMs: ms,
    absoluteMs: ms,
    staleMs: ms,
  },
  { requiredKeys: [] },
);
const client = fc.record({ address: text(64), port: fc.nat(65535) }, { requiredKeys: ['address'] });
const creating = fc.record(
  {
    ...{ audience: text(256), subject: text(1024), consumer: id, credential: id },
    ...{ groups: fc.array(text(256), { maxLength: 4 }), client, policy },
    later: fc.jsonValue(),
  },
  { requiredKeys: ['audience', 'subject'] },
) as fc.Arbitrary<DataOf<typeof sessionsCreate>>;

/** What an answer may be: one that fits, or a code that somebody can look up. */
async function answered(asking: Promise<unknown>): Promise<unknown> {
  try {
    return await asking;
  } catch (error) {
    const { remoteCode, code } = error as { remoteCode?: string; code?: string };
    const known = /^SP_ERR_(SESSIONS_(REQUEST|ENDED)|SESSION_TOO_LARGE|PKI_UNSEAL)$/;
    if (!known.test(remoteCode ?? '')) throw new Error(`${code} ${remoteCode}`, { cause: error });
    return undefined;
  }
}

test('Any request that fits its contract is answered or refused with a code, and what was told has a record.', async (t) => {
  await using all = await startAll({ check_keys: '1h' });
  const { edge, space } = all;
  const rpc = edge.bus.rpc;
  const timeoutMs = 20_000;
  const renewed = { idempotencyKey: 'renewal', timeoutMs };
  let made = 0;
  await fc.assert(
    fc.asyncProperty(creating, word, id, fc.nat(999), async (data, reason, other, limit) => {
      const idempotencyKey = randomUUID();
      const request = sessionsCreate.parse(JSON.parse(JSON.stringify(data)));
      const { audience, subject } = request;
      const told = (await answered(
        rpc.request(sessionsCreate, request, { idempotencyKey, timeoutMs }),
      )) as { session: string; expires: string } | undefined;
      const listed = async () =>
        (await rpc.request(sessionsList, { audience, subject, limit: limit + 1 }, { timeoutMs }))
          .sessions;
      if (told === undefined) assert.deepEqual(await listed(), []);
      else {
        made += 1;
        const [entry] = await space.get([storeKeys.record(told.session)]);
        // A time-out of a millisecond may be over by now, by the store's clock.
        const record = entry && decodeRecord(entry.value);
        assert.ok(record, told.expires);
        assert.equal(record?.subject, subject);
        assert.ok((await listed()).some(({ session }) => session === told.session));
      }
      const sealed = `sp1.1.${'A'.repeat(200)}` as DataOf<typeof sessionsRenew>['cookie'];
      await answered(
        rpc.request(
          sessionsRenew,
          { audience, cookie: sealed, policy: data.policy ?? {} },
          renewed,
        ),
      );
      for (const target of [
        { session: other },
        { subject, except: other },
        ...(told === undefined ? [] : [{ session: told.session }, { subject }]),
      ]) {
        await answered(rpc.request(sessionsRevoke, { audience, target, reason }, { timeoutMs }));
      }
      assert.deepEqual(await listed(), []);
    }),
    runs(60),
  );
  t.true(made > 10, `${made} sessions were made`);
  t.truthy(await edge.create({}));
});
