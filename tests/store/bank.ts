import { randomInt, randomUUID } from 'node:crypto';
import {
  type Changes,
  defineRecord,
  type Key,
  type Member,
  type Space,
  type Store,
} from '@sallyport/store';

const ACCOUNTS = 10;
const OPENING = 1_000;

const balance = defineRecord<number>({ kind: 'balance', format: 1 });
const account = (n: number): Key => ['bank', `account-${n}`];
const ALL = Array.from({ length: ACCOUNTS }, (_, n) => account(n));
const COUNTER: Key = ['bank', 'transfers'];
const INDEX: Key = ['bank', 'journal'];

/** One transfer: two balances, a counter, a line of the journal and a message, or none of them. */
async function transfer(space: Space, id: string): Promise<Changes> {
  const [from, to] = [randomInt(ACCOUNTS), randomInt(1, ACCOUNTS)];
  const keys = [account(from), account((from + to) % ACCOUNTS)] as const;
  const found = await space.get(keys);
  const amount = randomInt(1, 50);
  return {
    id,
    check: keys.map((key, i) => ({ key, version: found[i]?.version })),
    put: keys.map((key, i) =>
      balance.put(key, (balance.read(found[i]) ?? OPENING) + (i === 0 ? -amount : amount)),
    ),
    count: [{ key: COUNTER, add: 1 }],
    index: [{ index: INDEX, add: id, score: Date.now() }],
    outbox: [{ id, subject: 'evt.bank.moved', body: Buffer.from(JSON.stringify({ amount })) }],
  };
}

/** Transfers money until the process is killed, `atOnce` beside each other; says `ack <id>` for each that is done. */
export async function transfers(
  store: Store,
  atOnce: number,
  say: (line: string) => void,
): Promise<void> {
  const space = store.space('bank');
  const one = async () => {
    for (;;) {
      const id = randomUUID();
      const result = await space.commit(await transfer(space, id));
      if (result.ok) say(`ack ${id}`);
    }
  };
  if (atOnce > 0) {
    await space.commit(await transfer(space, randomUUID()));
    say('done');
  }
  await Promise.all(Array.from({ length: atOnce }, one));
}

async function journalOf(space: Space): Promise<Set<string>> {
  const found: Member[] = [];
  for (;;) {
    const after = found.at(-1);
    const page = await space.range(INDEX, { limit: 1_000, ...(after && { after }) });
    found.push(...page);
    if (page.length < 1_000) return new Set(found.map(({ member }) => member));
  }
}

async function messagesOf(space: Space): Promise<string[]> {
  const found: string[] = [];
  for (;;) {
    const claim = await space.outbox.claim({ limit: 1_000, claimMs: 60_000 });
    if (claim === undefined) return found;
    found.push(...claim.messages.map(({ id }) => id));
    await claim.end(claim.messages.length);
  }
}

/**
 * What is wrong with the books, a sentence each. `acknowledged` must all be in them; `delivered` is what earlier audits
 * took out of the outbox, and gets what this one took.
 */
export async function audit(
  space: Space,
  acknowledged: ReadonlySet<string>,
  delivered: Set<string>,
): Promise<string[]> {
  const balances = (await space.get(ALL)).map((entry) => balance.read(entry) ?? OPENING);
  const total = balances.reduce((sum, each) => sum + each, 0);
  const [count = 0] = await space.counters([COUNTER]);
  const journal = await journalOf(space);
  const messages = await messagesOf(space);
  const wrong = messages.filter((id) => delivered.has(id)).map((id) => `${id} was sent twice`);
  for (const id of messages) delivered.add(id);
  return [
    ...wrong,
    ...(total === ACCOUNTS * OPENING ? [] : [`balances sum up to ${total}`]),
    ...(count === journal.size ? [] : [`${count} counted, ${journal.size} in the journal`]),
    ...(count === delivered.size ? [] : [`${count} counted, ${delivered.size} messages`]),
    ...[...delivered].filter((id) => !journal.has(id)).map((id) => `${id} was sent, but not done`),
    ...[...acknowledged].filter((id) => !journal.has(id)).map((id) => `${id} was lost`),
  ];
}
