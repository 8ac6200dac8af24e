import type { actionsRun, DataOf } from '@sallyport/contracts';

export type RunData = DataOf<typeof actionsRun>;

/** What an action is told: the job, personal fields treated, without the password. */
export interface Run {
  /** The job's: the same over all tries. Whatever has an effect hands it on, so that its receiver can tell a repeat. */
  readonly id: string;
  /** When the job was accepted, milliseconds since the Unix epoch. */
  readonly time: number;
  readonly data: RunData;
}

/**
 * One try of an action. `done`; `failed`: again later (`afterMs`: not before); `dead`: trying again wouldn't help. Reasons are for
 * operators: they name no secret and no person.
 */
export type Outcome =
  | { readonly outcome: 'done' }
  | { readonly outcome: 'failed'; readonly reason: string; readonly afterMs?: number }
  | { readonly outcome: 'dead'; readonly reason: string };

/** A configured action. Its effect may happen more than once: a process may die between the effect and the note of it. */
export type Action = (run: Run, signal: AbortSignal) => Promise<Outcome>;
