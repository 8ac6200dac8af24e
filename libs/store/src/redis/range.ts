import { checkRange } from '../arguments.ts';
import type { Key, Member, RangeQuery } from '../ports.ts';
import { answered } from './answer.ts';
import type { Keyspace } from './keyspace.ts';
import type { Link } from './link.ts';
import { scripts } from './script.ts';

export function createRange(link: Link, keys: Keyspace) {
  return async function range(
    index: Key,
    query: RangeQuery | undefined,
    signal: AbortSignal | undefined,
  ): Promise<Member[]> {
    const { min, max, after, limit, reverse } = checkRange(index, query);
    const args = [
      ...[bound(min), bound(max)],
      ...(after === undefined ? ['0', '', ''] : ['1', bound(after.score), after.member]),
      ...[String(limit), reverse ? '1' : '0'],
    ];
    try {
      const names = [keys.order(index), keys.expiry(index)];
      const flat = (await link.run(scripts.range, names, args, 'again', signal)) as Buffer[];
      const members: Member[] = [];
      for (let i = 0; i < flat.length; i += 2) {
        members.push({ member: String(flat[i]), score: Number(String(flat[i + 1])) });
      }
      return members;
    } catch (error) {
      throw answered(error, [index]);
    }
  };
}

/** A score as Redis writes and reads it. */
function bound(score: number): string {
  if (score === Number.NEGATIVE_INFINITY) return '-inf';
  return score === Number.POSITIVE_INFINITY ? '+inf' : String(score);
}
