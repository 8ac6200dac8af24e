/** One service's part in the traffic of the cluster. Names without prefix and, where the version may grow, without it. */
export interface Part {
  /** Domains whose facts it publishes: `tls` is `evt.tls.>`. */
  readonly events: readonly string[];
  /** Jobs it hands over: `actions.run`. */
  readonly enqueues: readonly string[];
  /** Jobs it works on, with version, because each version has a consumer of its own: `actions.run.v1`. */
  readonly works: readonly string[];
  /** Questions it asks: `auth.decide`; `auth.*` all of that service. */
  readonly asks: readonly string[];
  /** Whether it answers questions: those of `rpc.<its name>.>`. */
  readonly answers: boolean;
  /** Feeds it writes. */
  readonly sends: readonly string[];
  /** Feeds it reads. */
  readonly hears: readonly string[];
  /** Follows any event, reads, removes and gives again what was given up. */
  readonly operates: boolean;
}

const NOTHING: Part = {
  ...{ events: [], enqueues: [], works: [], asks: [], answers: false },
  ...{ sends: [], hears: [], operates: false },
};

/** Who says and hears what. DESIGN sections 3 (feeds: who writes, who reads), 4 and 6. */
export const PARTS = {
  edge: {
    ...NOTHING,
    events: ['tls'],
    asks: ['certs.obtain', 'auth.decide', 'sessions.create', 'sessions.renew', 'sessions.revoke'],
    sends: ['nodes'],
    hears: ['gateway', 'certificates', 'tickets', 'revocations', 'bans'],
  },
  certs: {
    ...NOTHING,
    events: ['certs'],
    answers: true,
    sends: ['certificates', 'nodes'],
    hears: ['gateway'],
  },
  auth: {
    ...NOTHING,
    events: ['auth'],
    enqueues: ['actions.run'],
    answers: true,
    sends: ['bans', 'nodes'],
    hears: ['bans', 'gateway'],
  },
  sessions: {
    ...NOTHING,
    events: ['session'],
    answers: true,
    sends: ['nodes', 'revocations', 'tickets'],
  },
  actions: { ...NOTHING, works: ['actions.run.v1'], sends: ['nodes'] },
  control: {
    ...NOTHING,
    events: ['gateway'],
    asks: ['certs.*', 'auth.*', 'sessions.*'],
    sends: ['gateway', 'nodes'],
    hears: ['nodes'],
    operates: true,
  },
} as const satisfies Record<string, Part>;

export type ServiceName = keyof typeof PARTS;
/**
 * Beside the services: `operator` for `sallyport streams apply` (streams and consumers, no messages), and `analyst` for
 * whoever follows events live (infra/examples/analytics) and says nothing.
 */
export type UserName = ServiceName | 'operator' | 'analyst';

export const USERS: readonly UserName[] = [
  ...(Object.keys(PARTS) as ServiceName[]),
  ...(['operator', 'analyst'] as const),
];

/** Subjects as nats-server's permissions take them; everything else is refused. */
export interface Permissions {
  readonly publish: readonly string[];
  readonly subscribe: readonly string[];
}

/** Names of the streams under a prefix; libs/bus makes the same. */
function streamNames(prefix: string) {
  const own = prefix === 'sallyport' ? '' : `${prefix.replaceAll('.', '_').toUpperCase()}_`;
  return { events: `${own}EVENTS`, jobs: `${own}JOBS`, dead: `${own}DEAD` };
}

const jobConsumer = (job: string) => `job.${job}`.replaceAll('.', '_');

/** What `user` may do. */
export function permissions(user: UserName, prefix = 'sallyport'): Permissions {
  const inbox = `_INBOX_${user}.>`;
  // Its own requests only: whoever may make consumers can have them deliver anywhere, so no service may.
  if (user === 'operator') return { publish: ['$JS.API.>'], subscribe: [inbox] };
  // Live only: a replay would need a consumer.
  if (user === 'analyst') return { publish: [], subscribe: [`${prefix}.evt.>`] };
  const part: Part = PARTS[user];
  const { events, jobs, dead } = streamNames(prefix);
  const publish = [
    ...part.events.map((domain) => `${prefix}.evt.${domain}.>`),
    ...part.enqueues.map((job) => `${prefix}.job.${job}.*`),
    ...part.asks.map((rpc) => `${prefix}.rpc.${rpc}.*`),
    ...part.sends.map((feed) => `${prefix}.feed.${feed}.*`),
    // At its start it looks whether the streams are as they must be.
    ...[events, jobs, dead].map((stream) => `$JS.API.STREAM.INFO.${stream}`),
  ];
  for (const job of part.works) {
    const consumer = jobConsumer(job);
    publish.push(
      `${prefix}.dead.job.${job}`,
      `$JS.API.CONSUMER.INFO.${jobs}.${consumer}`,
      `$JS.API.CONSUMER.MSG.NEXT.${jobs}.${consumer}`,
      `$JS.ACK.${jobs}.${consumer}.>`,
    );
  }
  if (part.answers) {
    // The responder's name stands in the inbox it answers to: it can't answer in another's.
    for (const asker of Object.keys(PARTS) as ServiceName[]) {
      const asked = (PARTS[asker] as Part).asks.some((rpc) => rpc.startsWith(`${user}.`));
      if (asked) publish.push(`_INBOX_${asker}.${user}.>`);
    }
  }
  if (part.operates) {
    publish.push(
      `${prefix}.job.>`,
      `$JS.API.CONSUMER.CREATE.${events}.*.${prefix}.evt.>`,
      `$JS.API.CONSUMER.MSG.NEXT.${events}.*`,
      `$JS.API.CONSUMER.DELETE.${events}.*`,
      `$JS.API.CONSUMER.INFO.${jobs}.*`,
      `$JS.API.STREAM.MSG.GET.${dead}`,
      `$JS.API.STREAM.MSG.DELETE.${dead}`,
    );
  }
  const subscribe = [
    inbox,
    ...(part.answers ? [`${prefix}.rpc.${user}.>`] : []),
    ...part.hears.map((feed) => `${prefix}.feed.${feed}.*`),
  ];
  return { publish, subscribe };
}

/** The durable consumers that services need, for `openNatsTopology`: one for each job that somebody works on. */
export function durableConsumers() {
  return (Object.values(PARTS) as Part[]).flatMap((part) =>
    part.works.map((job) => ({
      stream: 'jobs' as const,
      filter: `job.${job}`,
      durable: jobConsumer(job),
      from: 'all' as const,
      ackWaitMs: 30_000,
    })),
  );
}
