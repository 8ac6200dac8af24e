import { BusArgumentError } from '../errors.ts';

/** What the streams are for; the names they have at the broker come from {@link Subjects.stream}. */
export type StreamRole = 'events' | 'jobs' | 'dead';

const ROLES: Record<StreamRole, { name: string; kind: string }> = {
  events: { name: 'EVENTS', kind: 'evt' },
  jobs: { name: 'JOBS', kind: 'job' },
  dead: { name: 'DEAD', kind: 'dead' },
};

export const DEFAULT_PREFIX = 'sallyport';

/** Names at the broker, under one prefix. */
export interface Subjects {
  readonly prefix: string;
  /** With the prefix. */
  full(subject: string): string;
  /** Without it. */
  bare(full: string): string;
  /** `EVENTS`, `JOBS`, `DEAD`; under another prefix than the default `<PREFIX>_EVENTS` …, so that systems can share a broker. */
  stream(role: StreamRole): string;
  /** What the stream takes: `<prefix>.evt.>` … */
  taken(role: StreamRole): string;
}

/** The name of a consumer at the broker, which must not have dots; unambiguous, for tokens have no underscore. */
export function consumerName(durable: string): string {
  return durable.replaceAll('.', '_');
}

export function subjectsUnder(prefix: string): Subjects {
  if (!/^[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*$/.test(prefix)) {
    throw new BusArgumentError(
      `prefix '${prefix}' must be dot-separated parts of letters, digits and hyphens`,
    );
  }
  const head = `${prefix}.`;
  const own = prefix === DEFAULT_PREFIX ? '' : `${prefix.replaceAll('.', '_').toUpperCase()}_`;
  return {
    prefix,
    full: (subject) => head + subject,
    bare: (full) => (full.startsWith(head) ? full.slice(head.length) : full),
    stream: (role) => own + ROLES[role].name,
    taken: (role) => `${head}${ROLES[role].kind}.>`,
  };
}
