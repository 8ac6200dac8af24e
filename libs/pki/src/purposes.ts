/** The services that keys are for. */
export type ServiceName = 'actions' | 'auth' | 'certs' | 'control' | 'edge' | 'sessions';

/** What a ring of keys is for, and whose it is. */
export interface Purpose {
  /** Makes the ring when it is missing, rotates and retires its keys. One of the readers. */
  readonly owner: ServiceName;
  /** Who may have the keys, and so seal, open and derive. */
  readonly readers: readonly ServiceName[];
  /**
   * Who may seal for the readers without being able to open. Such a ring holds key pairs (X25519), and its public halves
   * are stored beside it.
   */
  readonly sealers?: readonly ServiceName[];
}

/**
 * Every ring of the product (DESIGN 5). That a service gets no others is enforced here and, against one that was taken
 * over, by the store's access rules: infra/redis is generated from this.
 */
export const PURPOSES = {
  /** Private keys of certificates. */
  'leaf-keys': { owner: 'certs', readers: ['certs', 'edge'] },
  /** ACME account keys and external account bindings. */
  'acme-accounts': { owner: 'certs', readers: ['certs'] },
  /** The key of the internal CA. */
  'internal-ca': { owner: 'certs', readers: ['certs'] },
  /** Keyed digests of consumers' keys: what a dump of the store has instead of them. */
  credentials: { owner: 'control', readers: ['control', 'edge'] },
  /** Cookies and session records. */
  sessions: { owner: 'sessions', readers: ['edge', 'sessions'] },
  /** TLS session tickets. */
  tickets: { owner: 'sessions', readers: ['edge', 'sessions'] },
  /** Secrets in messages, by who opens them. */
  'messages-actions': { owner: 'actions', readers: ['actions'], sealers: ['auth'] },
  'messages-auth': { owner: 'auth', readers: ['auth'], sealers: ['edge'] },
  'messages-certs': { owner: 'certs', readers: ['certs'], sealers: ['control'] },
  'messages-edge': { owner: 'edge', readers: ['edge'], sealers: ['sessions'] },
  'messages-sessions': { owner: 'sessions', readers: ['sessions'], sealers: ['edge'] },
} as const satisfies Record<string, Purpose>;

/** Name of a ring. */
export type PurposeName = keyof typeof PURPOSES;

/** The purposes whose secrets travel in messages, sealed by those who can't open them. */
export type MessagePurpose = {
  [Name in PurposeName]: (typeof PURPOSES)[Name] extends { readonly sealers: readonly string[] }
    ? Name
    : never;
}[PurposeName];

/** The purposes of what one ring's readers seal for each other. */
export type RecordPurpose = Exclude<PurposeName, MessagePurpose>;

/** The entry of {@link PURPOSES} as the general type. */
export function purposeOf(name: PurposeName): Purpose {
  return PURPOSES[name];
}
