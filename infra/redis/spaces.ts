import { PURPOSES, type Purpose, type PurposeName, type ServiceName } from '@sallyport/pki';

/** What one service may do with one space. */
export interface Access {
  readonly service: ServiceName;
  readonly space: string;
  /** `write` includes reading; `public`: only the record `public` of partition `ring`, see {@link ringSpace}. */
  readonly may: 'read' | 'write' | 'public';
  readonly why: string;
}

/**
 * Every space of the store but those of key rings, one row per service that has anything to do with it: DESIGN 3 (what
 * is written only by whom), 7, 8 and 10. What has no row is refused. The edge, which faces the internet, writes nothing here;
 * all it writes is the ring of message keys that only edges open.
 */
const OWN: readonly Access[] = [
  row(
    'control',
    'gateway',
    'write',
    'keeps services, routes, consumers and plugins: snapshot, deltas',
  ),
  row('edge', 'gateway', 'read', 'routes by them'),
  row('auth', 'gateway', 'read', 'knows consumers and the settings of pipelines'),
  row('certs', 'gateway', 'read', 'issues for the names of our own routes'),

  row('certs', 'certs', 'write', 'keeps certificates, staples, challenges and refusals'),
  row('edge', 'certs', 'read', 'serves them'),
  row('certs', 'acme', 'write', 'keeps ACME accounts, orders and budgets'),
  row('certs', 'ca', 'write', 'keeps what the internal CA has issued and revoked'),

  row(
    'sessions',
    'sessions',
    'write',
    'keeps session records, their index by subject, epochs, revocations',
  ),
  row('edge', 'sessions', 'read', 'looks a session up that it does not have'),
  row('sessions', 'tickets', 'write', 'says which TLS ticket keys are in use'),
  row('edge', 'tickets', 'read', 'resumes handshakes by them'),

  row('auth', 'auth', 'write', 'counts attempts, keeps decisions until they are delivered'),
  row('auth', 'bans', 'write', 'bans'),
  row('edge', 'bans', 'read', 'refuses who is banned'),

  row('actions', 'actions', 'write', 'remembers what it has run'),
  row('auth', 'scripts', 'write', 'scripts of the pipeline keep their own records'),
  row(
    'actions',
    'scripts',
    'write',
    'scripts of actions keep theirs, and read those of the pipeline',
  ),
  row('control', 'control', 'write', 'keeps operators, their tokens, and what they did'),
];

/** All rows: the above, and a space for each key ring of `@sallyport/pki`. */
export const ACCESS: readonly Access[] = [...OWN, ...ringRows()];

/**
 * The space of a key ring: in its partition `ring` the records `ring` (the keys, for the ring's readers) and `public`
 * (what sealers need who may not open). They change together, so they share a space; who only seals may read
 * `['ring', 'public']` and nothing else of it.
 */
export function ringSpace(purpose: PurposeName): string {
  return `keys-${purpose}`;
}

function ringRows(): Access[] {
  const purposes = Object.entries(PURPOSES) as [PurposeName, Purpose][];
  return purposes.flatMap(([name, { owner, readers, sealers = [] }]) => {
    const space = ringSpace(name);
    return [
      row(owner, space, 'write', 'makes and rotates the keys'),
      ...readers
        .filter((reader) => reader !== owner)
        .map((reader) => row(reader, space, 'read', 'seals and opens')),
      ...sealers.map((sealer) => row(sealer, space, 'public', 'seals for who may open')),
    ];
  });
}

function row(service: ServiceName, space: string, may: Access['may'], why: string): Access {
  return { service, space, may, why };
}
