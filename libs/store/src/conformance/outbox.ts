import type { OutboxClaim, OutboxMessage, Space } from '../ports.ts';
import { commit } from './commits.ts';
import { bytes, type Cases, text } from './subject.ts';

const LONG = 3_600_000;
const message = (id: string): OutboxMessage => ({ id, subject: 'evt.test', body: bytes(id) });
const ids = (claim: OutboxClaim | undefined) => claim?.messages.map(({ id }) => id);
const claim = (space: Space, limit = 100, claimMs = LONG) => space.outbox.claim({ limit, claimMs });
const send = (space: Space, partition: string, ...sent: string[]) =>
  commit(space, { partition, outbox: sent.map(message) });

export const outbox: Cases = {
  'messages leave with their commit, whole: id, subject, headers and body': async (
    t,
    { space },
  ) => {
    t.is(await claim(space), undefined);
    const sent: OutboxMessage[] = [
      { id: 'a\0b', subject: 'evt.é', headers: { h: 'v', empty: '', ü: '"\n' }, body: bytes('') },
      { id: '2', subject: 's', body: new Uint8Array([0, 255, 10, 128]) },
      { id: '3', subject: 's', headers: {}, body: new Uint8Array(1024 * 1024).fill(7) },
    ];
    await commit(space, { count: [{ key: ['p 1', 'n'], add: 1 }], outbox: sent });
    const got = await claim(space);
    t.is(got?.partition, 'p 1');
    const heads = (messages: readonly OutboxMessage[] = []) =>
      messages.map(({ body, ...head }) => ({ ...head, size: body.byteLength }));
    t.deepEqual(heads(got?.messages), heads(sent));
    for (const [i, { body }] of sent.entries()) {
      t.true(Buffer.from(body).equals(got?.messages[i]?.body as Uint8Array), `body ${i}`);
    }
    t.true(await got?.end(3));
    t.is(await claim(space), undefined);
  },

  'a partition is delivered in the order of its commits': async (t, scene) => {
    const other = await scene.other();
    await send(scene.space, 'p', '1', '2');
    await send(other, 'p', '3');
    await send(scene.space, 'p', '4', '5');
    const first = await claim(other, 2);
    t.deepEqual(ids(first), ['1', '2']);
    await first?.end(2);
    const second = await claim(scene.space, 2);
    t.deepEqual(ids(second), ['3', '4']);
    await send(scene.space, 'p', '6');
    await second?.end(2);
    t.deepEqual(ids(await claim(scene.space)), ['5', '6']);
  },

  'while a partition is claimed nobody else gets its messages, new ones neither': async (
    t,
    scene,
  ) => {
    const other = await scene.other();
    await send(scene.space, 'p', '1', '2');
    const first = await claim(scene.space, 1);
    t.deepEqual(ids(first), ['1']);
    t.is(await claim(other), undefined);
    await send(scene.space, 'p', '3');
    t.is(await claim(other), undefined);
    t.is(await claim(scene.space), undefined);
    t.true(await first?.end(1));
    t.deepEqual(ids(await claim(other)), ['2', '3']);
  },

  'a claim that ran out is delivered again in order, and its late end removes nothing': async (
    t,
    scene,
  ) => {
    const { space, short, pass } = scene;
    await send(space, 'p', '1', '2', '3');
    const lost = await claim(space, 2, short);
    t.deepEqual(ids(lost), ['1', '2']);
    await pass(short);
    const again = await claim(await scene.other(), 2, LONG);
    t.deepEqual(ids(again), ['1', '2']);
    t.false(await lost?.end(2));
    t.is(await claim(space), undefined, 'the late end did not end the claim of the next');
    t.true(await again?.end(2));
    t.deepEqual(ids(await claim(space)), ['3']);
  },

  'the end of a claim that ran out is refused even when nobody claimed since': async (
    t,
    { space, short, pass },
  ) => {
    await send(space, 'p', '1');
    const lost = await claim(space, 1, short);
    await pass(short);
    t.false(await lost?.end(1));
    t.deepEqual(ids(await claim(space)), ['1']);
  },

  'ending a claim removes as many messages as were delivered, and only once': async (
    t,
    { space },
  ) => {
    await send(space, 'p', '1', '2', '3', '4');
    const first = await claim(space);
    t.true(await first?.end(2));
    t.false(await first?.end(1), 'it is ended');
    const second = await claim(space);
    t.deepEqual(ids(second), ['3', '4']);
    t.true(await second?.end(0));
    const third = await claim(space);
    t.deepEqual(ids(third), ['3', '4']);
    t.true(await third?.end(2));
    t.is(await claim(space), undefined);
    await send(space, 'p', '5');
    t.deepEqual(ids(await claim(space)), ['5']);
  },

  'partitions take turns, however much one has to say': async (t, { space }) => {
    await send(space, 'loud', '1', '2', '3', '4', '5', '6');
    await send(space, 'a', 'a1', 'a2');
    await send(space, 'b', 'b1');
    const served: string[] = [];
    for (let i = 0; i < 5; i += 1) {
      const got = await claim(space, 1);
      served.push(...(ids(got) ?? []));
      await got?.end(1);
    }
    t.deepEqual(served.slice(0, 3).toSorted(), ['1', 'a1', 'b1']);
    t.deepEqual(served.slice(3).toSorted(), ['2', 'a2']);
  },

  'partitions are claimed beside each other, each by one reader': async (t, scene) => {
    const spaces = [scene.space, await scene.other()] as const;
    const partitions = Array.from({ length: 8 }, (_, i) => `p${i}`);
    await Promise.all(partitions.map((p) => send(scene.space, p, `${p}-1`, `${p}-2`)));
    const claims = await Promise.all(
      Array.from({ length: 12 }, (_, i) => claim(spaces[i % 2 === 0 ? 0 : 1])),
    );
    const got = claims.filter((each) => each !== undefined);
    // Of those who ask at one moment, some may find a partition taken under their hands and get none.
    for (let more = await claim(scene.space); more !== undefined; more = await claim(scene.space)) {
      got.push(more);
    }
    t.deepEqual(got.map(({ partition }) => partition).toSorted(), partitions);
    t.true(got.every((each) => ids(each)?.join() === `${each.partition}-1,${each.partition}-2`));
  },

  'many racing commits and readers deliver each message once and each partition in order': async (
    t,
    scene,
  ) => {
    const spaces = [scene.space, await scene.other()] as const;
    const delivered = new Map<string, number[]>();
    let sent = 0;
    const write = async (partition: string) => {
      for (let i = 0; i < 20; i += 1) {
        await send(spaces[i % 2 === 0 ? 0 : 1], partition, `${i}`);
        sent += 1;
      }
    };
    let writing = true;
    const read = async (space: Space) => {
      for (;;) {
        const last = !writing;
        const got = await claim(space, 3);
        if (got === undefined && last) return;
        if (got === undefined) continue;
        const seen = delivered.get(got.partition) ?? [];
        delivered.set(got.partition, seen);
        seen.push(...got.messages.map(({ id }) => Number(id)));
        await got.end(got.messages.length);
      }
    };
    const written = Promise.all(['a', 'b', 'c', 'd'].map(write)).finally(() => {
      writing = false;
    });
    await Promise.all([written, ...spaces.map(read), ...spaces.map(read)]);
    for (let got = await claim(scene.space); got !== undefined; got = await claim(scene.space)) {
      delivered.get(got.partition)?.push(...got.messages.map(({ id }) => Number(id)));
      await got.end(got.messages.length);
    }
    t.is(sent, 80);
    const inOrder = Array.from({ length: 20 }, (_, i) => i);
    for (const partition of ['a', 'b', 'c', 'd']) {
      t.deepEqual(delivered.get(partition), inOrder, partition);
    }
  },

  'a listener is called after commits with an outbox, of its space, until it is disposed': async (
    t,
    { store, space },
  ) => {
    let calls = 0;
    const listener = () => {
      calls += 1;
    };
    const listening = space.outbox.onCommit(listener);
    await commit(space, { count: [{ key: ['p', 'n'], add: 1 }] });
    t.is(calls, 0, 'nothing to deliver');
    await send(space, 'p', '1');
    t.is(calls, 1);
    await send(store.space(`${space.name.slice(0, 20)}-y`), 'p', '1');
    t.is(calls, 1);
    await space.commit({
      check: [{ lease: ['p', 'l'], token: 1 }],
      outbox: [message('2')],
    });
    t.is(calls, 1, 'a conflict delivers nothing');
    listening[Symbol.dispose]();
    await send(space, 'p', '3');
    t.is(calls, 1);
    t.deepEqual(
      (await claim(space))?.messages.map(({ body }) => text(body)),
      ['1', '3'],
    );
  },
};
