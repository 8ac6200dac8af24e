import { createHash } from 'node:crypto';
import type { authDecide, DataOf } from '@sallyport/contracts';
import { defineRecord, type Key, type Put, type Space } from '@sallyport/store';
import { type Judgement, type Settled, settle } from '../decision.ts';

/** What is remembered of a question that had an idempotency key: its answer, as it was told. */
interface Answer {
  readonly decision: string;
  readonly judgement: Judgement;
}

const answers = defineRecord<Answer>({ kind: 'answer to a login', format: 1 });

/** How long the same question gets the same answer. */
const TTL_MS = 600_000;
/** Over so many partitions decisions and their outbox are spread. */
const SHARDS = 16;

/** Where a decision is kept. */
export interface Place {
  readonly partition: string;
  /** Where its answer is remembered; undefined for a question without a key. */
  readonly key?: Key;
}

/** A place for a question without an idempotency key. */
export function placeOf(decision: string): Place {
  return { partition: partition(createHash('sha256').update(decision).digest()) };
}

/**
 * The place of a question with a key: the same message sent again has the same. The sealed password counts as it stands, so
 * nobody gets an answer by the key of somebody else's question.
 */
export function placeOfKey(key: string, question: DataOf<typeof authDecide>): Place & { key: Key } {
  const digest = createHash('sha256')
    .update(JSON.stringify([key, question]))
    .digest();
  const shard = partition(digest);
  return { partition: shard, key: [shard, 'answer', digest.toString('base64url')] };
}

/** The answer that was given, if the question was asked within the last ten minutes. */
export async function remembered(
  space: Space,
  key: Key,
  signal: AbortSignal,
): Promise<Settled | undefined> {
  const [entry] = await space.get([key], signal);
  const answer = answers.read(entry);
  return answer === undefined ? undefined : settle(answer.decision, answer.judgement);
}

export function remember(key: Key, decision: string, judgement: Judgement): Put {
  return answers.put(key, { decision, judgement }, { ttlMs: TTL_MS });
}

function partition(digest: Buffer): string {
  return `decisions-${(digest[0] as number) % SHARDS}`;
}
