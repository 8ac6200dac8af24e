import assert from 'node:assert/strict';
import type { Bus } from '../ports.ts';
import { chore, noted } from './contracts.ts';
import { eventually } from './eventually.ts';
import { type Case, faultLog } from './world.ts';

const json = (body: Uint8Array) => JSON.parse(new TextDecoder().decode(body)) as unknown;
const bytes = (text: string) => new TextEncoder().encode(text);

async function letters(bus: Bus, count: number) {
  let list = await bus.deadLetters.list();
  await eventually(
    async () => {
      list = await bus.deadLetters.list();
      return list.length >= count;
    },
    () => `${list.length} of ${count} dead letters`,
  );
  assert.equal(list.length, count);
  return list;
}

export function deadLetterCases(define: Case): void {
  define(
    'a job that fails too often becomes a dead letter, and is worked on again when requeued',
    async (world) => {
      const { faults, onFault } = faultLog();
      const bus = await world.connect({ onFault });
      let well = false;
      const tries: string[] = [];
      await bus.jobs.work(chore, { maxDeliver: 3, backoffMs: [5] }, ({ id, data }, { attempt }) => {
        tries.push(`${id} ${data.n} ${attempt}`);
        if (!well) throw new Error('out of order');
      });
      await bus.jobs.enqueue(chore, { n: 7 }, { id: 'patient' });
      const [letter] = await letters(bus, 1);
      assert.ok(letter);
      assert.deepEqual(tries, ['patient 7 1', 'patient 7 2', 'patient 7 3']);
      const { id, subject, consumer, reason, attempts, body, sequence } = letter;
      assert.deepEqual(
        [id, subject, consumer, attempts],
        ['patient', chore.subject, chore.subject, 3],
      );
      assert.match(reason, /failed 3 times.*out of order/);
      assert.deepEqual(json(body), { n: 7 });
      assert.deepEqual(await bus.deadLetters.get(sequence), letter);
      assert.ok(faults.some(({ kind }) => kind === 'dead'));

      well = true;
      assert.equal(await bus.deadLetters.requeue(sequence), true);
      await eventually(
        () => tries.length === 4,
        () => `${tries}`,
      );
      assert.equal(tries[3], 'patient 7 1');
      assert.deepEqual(await bus.deadLetters.list(), []);
      assert.equal(await bus.deadLetters.requeue(sequence), false);
      assert.equal(await bus.deadLetters.get(sequence), undefined);
    },
  );

  define('a handler may give a job up with a reason', async (world) => {
    const bus = await world.connect();
    let tries = 0;
    await bus.jobs.work(chore, {}, () => {
      tries += 1;
      return { dead: 'recipient doesn’t exist' };
    });
    await bus.jobs.enqueue(chore, { n: 1 });
    const [letter] = await letters(bus, 1);
    assert.equal(tries, 1);
    assert.match(letter?.reason ?? '', /recipient doesn.t exist/);
  });

  define(
    'a poisoned job becomes a dead letter at once, and those behind it are done',
    async (world) => {
      const bus = await world.connect();
      const done: number[] = [];
      await bus.jobs.work(chore, {}, ({ data }) => void done.push(data.n));
      const { subject } = chore;
      await bus.outgoing.deliver({ id: 'bad-1', subject, body: bytes('{"n":"seven"}') });
      await bus.outgoing.deliver({ id: 'bad-2', subject, body: bytes('not json') });
      await bus.jobs.enqueue(chore, { n: 8 });
      const list = await letters(bus, 2);
      await eventually(
        () => done.length === 1,
        () => `${done}`,
      );
      assert.deepEqual(done, [8]);
      assert.match(list[0]?.reason ?? '', /doesn't fit its contract: \/n/);
      assert.match(list[1]?.reason ?? '', /must be JSON/);
      assert.deepEqual(
        list.map(({ attempts }) => attempts),
        [1, 1],
      );
      assert.deepEqual(list[1]?.body, bytes('not json'));
    },
  );

  define('letters are listed by page and by subject, and discarded', async (world) => {
    const bus = await world.connect();
    await bus.jobs.work(chore, {}, () => ({ dead: 'no' }));
    await bus.events.subscribe(noted, { durable: 'strict' }, () => {});
    for (const n of [1, 2, 3]) await bus.jobs.enqueue(chore, { n });
    await bus.outgoing.deliver({ id: 'bad', subject: noted.subject, body: bytes('[]') });
    await letters(bus, 4);
    const jobs = await bus.deadLetters.list({ subject: chore.subject });
    assert.deepEqual(
      jobs.map(({ body }) => json(body)),
      [{ n: 1 }, { n: 2 }, { n: 3 }],
    );
    const page = await bus.deadLetters.list({ subject: chore.subject, limit: 2 });
    assert.equal(page.length, 2);
    const after = page[1]?.sequence as number;
    const rest = await bus.deadLetters.list({ subject: chore.subject, after });
    assert.deepEqual(
      rest.map(({ body }) => json(body)),
      [{ n: 3 }],
    );
    assert.equal(await bus.deadLetters.discard(after), true);
    assert.equal(await bus.deadLetters.discard(after), false);
    assert.equal((await bus.deadLetters.list()).length, 3);
  });

  define(
    'an event given up is given again to that subscription only, when it is requeued',
    async (world) => {
      const bus = await world.connect();
      let well = false;
      const [seen, others]: [string[], string[]] = [[], []];
      const options = { durable: 'frail', maxDeliver: 2, backoffMs: [5] };
      await bus.events.subscribe(noted, options, ({ id }, { attempt, lane }) => {
        seen.push(`${id} ${attempt} ${lane}`);
        if (!well) throw new Error('ill');
      });
      await bus.events.subscribe(noted, { durable: 'hale' }, ({ id }) => void others.push(id));
      await bus.events.subscribe(noted, {}, ({ id }) => void others.push(id));
      await bus.events.record(noted, { n: 1 }, { id: 'e-1' });
      const [letter] = await letters(bus, 1);
      assert.deepEqual(
        [letter?.consumer, letter?.subject, letter?.attempts],
        ['frail', noted.subject, 2],
      );
      well = true;
      assert.equal(await bus.deadLetters.requeue(letter?.sequence as number), true);
      await eventually(
        () => seen.length === 3,
        () => `${seen}`,
      );
      await bus.events.record(noted, { n: 2 }, { id: 'e-2' });
      await eventually(
        () => others.length === 4 && seen.length === 4,
        () => `${others} ${seen}`,
      );
      assert.deepEqual(
        seen,
        [1, 2, 1].map((a) => `e-1 ${a} ${noted.subject}`).concat(`e-2 1 ${noted.subject}`),
      );
      assert.deepEqual(others.sort(), ['e-1', 'e-1', 'e-2', 'e-2']);
    },
  );

  define('one bad event doesn’t take its neighbours in the batch along', async (world) => {
    const { faults, onFault } = faultLog();
    const bus = await world.connect({ onFault });
    const [seen, live]: [number[], number[]] = [[], []];
    await bus.events.subscribe(noted, {}, ({ data }) => void live.push(data.n));
    await bus.events.subscribe(noted, { durable: 'choosy' }, ({ data }) => void seen.push(data.n));
    const [one, two, three] = [1, 2, 3].map(
      (n) => json(bus.outgoing.event(noted, { n }).body) as object[],
    );
    const bad = (two as { data: unknown }[]).map((event) => ({ ...event, data: { n: 'two' } }));
    const batch = JSON.stringify([...(one ?? []), ...bad, ...(three ?? [])]);
    await bus.outgoing.deliver({ id: 'mixed', subject: noted.subject, body: bytes(batch) });
    const [letter] = await letters(bus, 1);
    await eventually(
      () => seen.length === 2,
      () => `${seen}`,
    );
    await eventually(
      () => live.length === 2,
      () => `${live}`,
    );
    assert.deepEqual(
      [seen, live],
      [
        [1, 3],
        [1, 3],
      ],
    );
    assert.deepEqual(
      faults.map(({ kind }) => kind),
      ['poison', 'poison'],
    );
    assert.deepEqual(json(letter?.body ?? bytes('null')), bad);
  });
}
