import type { DatabaseSync } from 'node:sqlite';
import { slidingCount, type WindowLoad } from '../windows.ts';
import type { Id, WindowStep } from './protocol.ts';

interface Slide {
  /** Which multiple of the period the running window began at. */
  readonly slot: number;
  readonly current: number;
  readonly previous: number;
  readonly elapsedMs: number;
}

/** Sliding windows: two fixed ones for each, in one row. */
export function slides(db: DatabaseSync) {
  const select = db.prepare('SELECT slot, current, previous FROM slide WHERE id = ?');
  const write = db.prepare(
    'INSERT OR REPLACE INTO slide (id, slot, current, previous, expires) VALUES (?, ?, ?, ?, ?)',
  );

  function load({ id, periodMs }: WindowStep, now: number): Slide {
    const slot = Math.floor(now / periodMs);
    const row = select.get(id) as Omit<Slide, 'elapsedMs'> | undefined;
    const elapsedMs = now - slot * periodMs;
    if (row === undefined || row.slot < slot - 1) {
      return { slot, current: 0, previous: 0, elapsedMs };
    }
    if (row.slot === slot) return { ...row, elapsedMs };
    if (row.slot === slot - 1) return { slot, current: 0, previous: row.current, elapsedMs };
    // The clock was set back: nothing is forgotten, the window that was running begins anew.
    return { ...row, elapsedMs: 0 };
  }

  /** Counts and judges the windows of one partition as one step. */
  function together(steps: readonly WindowStep[], now: number): WindowLoad[] {
    const loads = steps.map((step) => load(step, now));
    const allowed = steps.every(({ cost, limit, periodMs }, i) => {
      const { current, previous, elapsedMs } = loads[i] as Slide;
      return slidingCount(current + cost, previous, elapsedMs, periodMs) <= limit;
    });
    return steps.map(({ id, cost, count, periodMs }, i) => {
      const { slot, current, previous, elapsedMs } = loads[i] as Slide;
      const counted = allowed || count === 'always';
      const after = counted ? current + cost : current;
      if (counted && cost > 0) write.run(id, slot, after, previous, (slot + 2) * periodMs);
      return { current: after, previous, elapsedMs, counted };
    });
  }

  return {
    /** Answers in the order of `steps`. */
    hit(steps: readonly WindowStep[], now: number): WindowLoad[] {
      const loads = new Map<Id, WindowLoad>();
      for (const group of Map.groupBy(steps, ({ queue }) => queue).values()) {
        const judged = together(group, now);
        for (const [i, step] of group.entries()) loads.set(step.id, judged[i] as WindowLoad);
      }
      return steps.map(({ id }) => loads.get(id) as WindowLoad);
    },
  };
}
