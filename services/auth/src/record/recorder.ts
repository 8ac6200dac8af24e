import type { Bus } from '@sallyport/bus';
import { actionsRun, authDecided, type DataOf } from '@sallyport/contracts';
import { type Clock, type Logger, withDeadline } from '@sallyport/runtime';
import { type Space, StoreUnavailableError } from '@sallyport/store';
import { type Decision, type Settled, settle, tempfail } from '../decision.ts';
import type { Login } from '../login.ts';
import {
  type ActionJob,
  type ActionNames,
  accountOf,
  actionJobs,
} from '../pipeline/post-actions.ts';
import { type Place, remember, remembered } from './answers.ts';

/** How a decision was kept. */
type Kept = 'store' | 'bus' | 'nowhere';

export interface Recording {
  readonly settled: Settled;
  /** `earlier`: another process had answered the same question first, and this is its answer. */
  readonly kept: Kept | 'earlier';
}

export interface RecorderOptions {
  /** The space `auth`. */
  readonly space: Space;
  readonly bus: Pick<Bus, 'events' | 'jobs' | 'outgoing'>;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly actions: ActionNames;
  /** What `nowhere` means: a temporary failure, or the answer all the same. */
  readonly durability: 'strict' | 'best-effort';
  /** For store and bus each. */
  readonly timeoutMs: number;
  /** What becomes of personal fields of the event. */
  readonly treat: (data: DataOf<typeof authDecided>) => DataOf<typeof authDecided>;
}

/** Keeps a decision, its event and its jobs, before it may be told. */
export type Recorder = (decision: Decision, login: Login, place: Place) => Promise<Recording>;

/**
 * First choice is one commit in the store, with event and jobs in its outbox. When the store can't take it both go straight to
 * the bus; the event's id is the decision and each job has one of its own, so what both ways took is one to their readers.
 */
export function createRecorder(options: RecorderOptions): Recorder {
  const { space, bus, clock, logger, actions, durability, timeoutMs, treat } = options;

  async function toStore(
    { id, judgement }: Decision,
    data: DataOf<typeof authDecided>,
    jobs: readonly ActionJob[],
    { partition, key }: Place,
    signal: AbortSignal,
  ): Promise<Recording> {
    const committed = await space.commit(
      {
        ...{ partition, id },
        ...(key === undefined
          ? {}
          : { check: [{ key, version: undefined }], put: [remember(key, id, judgement)] }),
        outbox: [
          bus.outgoing.event(authDecided, data, { id }),
          ...jobs.map((job) => bus.outgoing.job(actionsRun, job.data, { id: job.id })),
        ],
      },
      signal,
    );
    if (committed.ok) return { settled: settle(id, judgement), kept: 'store' };
    const earlier = key === undefined ? undefined : await remembered(space, key, signal);
    if (earlier !== undefined) return { settled: earlier, kept: 'earlier' };
    throw new StoreUnavailableError(`answer to the question of decision ${id} came and went`);
  }

  async function toBus(
    { id }: Decision,
    data: DataOf<typeof authDecided>,
    jobs: readonly ActionJob[],
    signal: AbortSignal,
  ): Promise<void> {
    await bus.events.record(authDecided, data, { id, signal });
    for (const job of jobs) await bus.jobs.enqueue(actionsRun, job.data, { id: job.id, signal });
  }

  const late = () => new StoreUnavailableError(`not kept within ${timeoutMs} ms`);
  const limit = { clock, ms: timeoutMs, late };

  return async (decision, login, place) => {
    const { id, judgement } = decision;
    const data = treat(eventOf(decision, login));
    const jobs = actionJobs(actions, decision, login);
    try {
      return await withDeadline(limit, (signal) => toStore(decision, data, jobs, place, signal));
    } catch (error) {
      logger.warn('a decision goes straight to the bus, the store did not take it', {
        ...{ decision: id, error },
      });
    }
    try {
      await withDeadline(limit, (signal) => toBus(decision, data, jobs, signal));
      return { settled: settle(id, judgement), kept: 'bus' };
    } catch (error) {
      const told = durability === 'best-effort';
      logger.error('a decision is kept nowhere', { decision: id, told, error });
      return {
        settled: settle(id, told ? judgement : tempfail('not-durable', RETRY_MS)),
        kept: 'nowhere',
      };
    }
  };
}

const RETRY_MS = 1000;

function eventOf(decision: Decision, { facts }: Login): DataOf<typeof authDecided> {
  const { id, judgement, stages, durationMs } = decision;
  const account = accountOf(decision);
  return {
    ...facts,
    ...{ decision: id, verdict: judgement.verdict, reason: judgement.reason, durationMs },
    ...(account === undefined ? {} : { account }),
    stages: stages.map((stage) => ({ ...stage })),
  };
}
