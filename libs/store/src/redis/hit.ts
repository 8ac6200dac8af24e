import { checkWindows } from '../arguments.ts';
import type { Judgement, Window } from '../ports.ts';
import { type FullWindow, judge } from '../windows.ts';
import { answered } from './answer.ts';
import type { Keyspace } from './keyspace.ts';
import type { Link } from './link.ts';
import { scripts } from './script.ts';

type Signal = AbortSignal | undefined;

export function createHit(link: Link, keys: Keyspace) {
  /** One script for the windows of one partition. Not repeated: it would count twice. */
  async function hitPartition(windows: readonly FullWindow[], signal: Signal) {
    const names = windows.map(({ key, periodMs }) => keys.window(key, periodMs));
    const args = windows.flatMap(({ periodMs, limit, cost, count }) => [
      ...[String(periodMs), String(limit), String(cost), count],
    ]);
    try {
      const reply = (await link.run(scripts.hit, names, args, 'once', signal)) as number[];
      return windows.map((window, i) => {
        const [current, previous, elapsedMs, counted] = reply.slice(4 * i, 4 * i + 4) as [
          ...[number, number, number, number],
        ];
        return judge(window, { current, previous, elapsedMs, counted: counted === 1 });
      });
    } catch (error) {
      throw answered(
        error,
        windows.map(({ key }) => key),
      );
    }
  }

  return async function hit(windows: readonly Window[], signal: Signal): Promise<Judgement[]> {
    const full = checkWindows(windows);
    if (full.length === 0) return [];
    const places = Map.groupBy(full.keys(), (i) => (full[i] as FullWindow).key[0]);
    if (places.size === 1) return hitPartition(full, signal);
    const judgements = new Array<Judgement>(full.length);
    const one = async (at: readonly number[]) => {
      const windowsThere = at.map((i) => full[i] as FullWindow);
      const judged = await hitPartition(windowsThere, signal);
      at.forEach((i, n) => {
        judgements[i] = judged[n] as Judgement;
      });
    };
    await Promise.all(places.values().map(one));
    return judgements;
  };
}
