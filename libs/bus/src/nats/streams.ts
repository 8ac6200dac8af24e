import { setTimeout as sleep } from 'node:timers/promises';
import { DiscardPolicy, RetentionPolicy, StorageType, type StreamConfig } from '@nats-io/jetstream';
import { nanos } from '@nats-io/transport-node';
import { StreamMismatchError } from './errors.ts';
import type { Management } from './management.ts';
import type { StreamRole, Subjects } from './subjects.ts';

/** A stream as it must be. Only what nats-server 2.9 knows. */
export type StreamPlan = Pick<
  StreamConfig,
  | 'name'
  | 'subjects'
  | 'retention'
  | 'storage'
  | 'discard'
  | 'max_age'
  | 'max_bytes'
  | 'duplicate_window'
  | 'num_replicas'
>;

/** What differs between the broker and a plan. */
export interface Difference {
  /** `stream EVENTS`, `consumer job_actions_run_v1 of JOBS`. */
  readonly target: string;
  /** Empty when all of it is missing. */
  readonly field: string;
  readonly found: unknown;
  readonly wanted: unknown;
  /** `recreate`: the broker can't change this in place; a stream must be removed by hand, with what is in it. */
  readonly remedy: 'create' | 'update' | 'recreate';
}

/** What an operator may choose about the streams. */
export interface StreamLimits {
  /** Copies in a NATS cluster. Default 1. */
  readonly replicas?: number;
  /** How long events are kept. Default 7 days. */
  readonly eventDays?: number;
  /** How much room events may take. Default 4 GiB. */
  readonly eventBytes?: number;
  /** How much room waiting jobs may take; when it is full new ones are refused, never old ones dropped. Default 1 GiB. */
  readonly jobBytes?: number;
  /** How long dead letters are kept. Default 30 days. */
  readonly deadDays?: number;
  /** How much room dead letters may take. Default 1 GiB. */
  readonly deadBytes?: number;
}

const GIB = 1024 ** 3;
const day = (days: number) => nanos(days * 24 * 3600 * 1000);
/** The port promises two minutes or more. */
const DUPLICATE_WINDOW = nanos(2 * 60 * 1000);
/** What a broker of version 2.9 and later refuses to change in a stream that exists. */
const FIXED = new Set(['retention', 'storage']);

/** The streams of the bus, as data. */
export function streamPlan(subjects: Subjects, limits: StreamLimits = {}): StreamPlan[] {
  const { replicas = 1, eventDays = 7, eventBytes = 4 * GIB } = limits;
  const { jobBytes = GIB, deadDays = 30, deadBytes = GIB } = limits;
  const stream = (
    role: StreamRole,
    rest: Pick<StreamPlan, 'retention' | 'discard' | 'max_age' | 'max_bytes'>,
  ): StreamPlan => ({
    name: subjects.stream(role),
    subjects: [subjects.taken(role)],
    storage: StorageType.File,
    duplicate_window: DUPLICATE_WINDOW,
    num_replicas: replicas,
    ...rest,
  });
  const { Limits, Workqueue } = RetentionPolicy;
  const { Old, New } = DiscardPolicy;
  return [
    stream('events', {
      ...{ retention: Limits, discard: Old },
      ...{ max_age: day(eventDays), max_bytes: eventBytes },
    }),
    stream('jobs', { retention: Workqueue, discard: New, max_age: 0, max_bytes: jobBytes }),
    stream('dead', {
      ...{ retention: Limits, discard: Old },
      ...{ max_age: day(deadDays), max_bytes: deadBytes },
    }),
  ];
}

/** What would have to change for the broker's streams to be as planned; empty when they are. */
export async function diffStreams(
  management: Management,
  plan: readonly StreamPlan[],
  signal?: AbortSignal,
): Promise<Difference[]> {
  const differences: Difference[] = [];
  for (const wanted of plan) {
    const info = await management.call((m) => m.streams.info(wanted.name), signal);
    if (info === undefined) {
      differences.push({
        ...{ target: `stream ${wanted.name}`, field: '', found: undefined, wanted },
        remedy: 'create',
      });
      continue;
    }
    for (const field of Object.keys(wanted) as (keyof StreamPlan)[]) {
      const found = info.config[field];
      if (JSON.stringify(found) === JSON.stringify(wanted[field])) continue;
      differences.push({
        ...{ target: `stream ${wanted.name}`, field, found, wanted: wanted[field] },
        remedy: FIXED.has(field) ? 'recreate' : 'update',
      });
    }
  }
  return differences;
}

/**
 * Makes missing streams and changes differing ones; answers what it changed. `StreamMismatchError`, before anything
 * is changed, when something can't be changed in place.
 */
export async function applyStreams(
  management: Management,
  plan: readonly StreamPlan[],
  signal?: AbortSignal,
): Promise<Difference[]> {
  const differences = await diffStreams(management, plan, signal);
  const fixed = differences.filter((d) => d.remedy === 'recreate');
  if (fixed.length > 0) throw new StreamMismatchError(fixed.map(inWords).join('; '));
  for (const wanted of plan) {
    const own = differences.filter((d) => d.target === `stream ${wanted.name}`);
    if (own.length === 0) continue;
    if (own[0]?.remedy === 'create') await createStream(management, wanted, signal);
    else await management.call((m) => m.streams.update(wanted.name, wanted), signal);
  }
  return differences;
}

/** How often, and how long apart, to look whether a stream is there that couldn't be made. */
const LOOKS = 20;
const LOOK_MS = 50;

/**
 * Makes a stream. Two processes that start at once both try: nats-server tells the later one that the subjects overlap
 * before it shows the stream, so a refusal counts only when the stream isn't there, as planned, a moment later.
 */
async function createStream(
  management: Management,
  wanted: StreamPlan,
  signal: AbortSignal | undefined,
): Promise<void> {
  try {
    await management.call((m) => m.streams.add(wanted), signal);
  } catch (refusal) {
    for (let look = 0; ; look += 1) {
      const missing = await diffStreams(management, [wanted], signal);
      if (missing.length === 0) return;
      if (look === LOOKS || missing[0]?.remedy !== 'create') throw refusal;
      await sleep(LOOK_MS, undefined, signal === undefined ? {} : { signal });
    }
  }
}

/** All that differs, for a person who can change it. */
export function mismatch(differences: readonly Difference[]): string {
  return `${differences.map(inWords).join('; ')}: run 'sallyport streams apply'`;
}

function inWords({ target, field, found, wanted, remedy }: Difference): string {
  if (remedy === 'create') return `${target} is missing`;
  const fixed = remedy === 'recreate' ? ', which the broker can only do to a new stream' : '';
  return `${target}: ${field} ${JSON.stringify(found)} must be ${JSON.stringify(wanted)}${fixed}`;
}
