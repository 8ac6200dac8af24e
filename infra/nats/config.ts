import { permissions, USERS, type UserName } from './users.ts';

export interface NatsConfigOptions {
  /** Prefix of all subjects. Default `sallyport`. */
  readonly prefix?: string;
  /** For each user its password, plain or as `nats server passwd` makes it (bcrypt, `$2a$…`). Who is missing can't connect. */
  readonly passwords: Partial<Record<UserName, string>>;
  /** Address to listen on. Default 127.0.0.1. */
  readonly host?: string;
  /** Default 4222. */
  readonly port?: number;
  /** Where streams are kept. */
  readonly storeDir?: string;
  /** Names of PEM files; with `ca` clients must show a certificate of it. */
  readonly tls?: { readonly cert: string; readonly key: string; readonly ca?: string };
}

/** Text of a configuration for nats-server 2.9 or newer in which each service may do its part and nothing else. */
export function natsConfig(options: NatsConfigOptions): string {
  const { prefix, passwords, host = '127.0.0.1', port = 4222, storeDir, tls } = options;
  const users = USERS.filter((user) => passwords[user] !== undefined);
  const lines = [
    `host: ${quoted(host)}`,
    `port: ${port}`,
    storeDir === undefined ? 'jetstream: enabled' : `jetstream { store_dir: ${quoted(storeDir)} }`,
  ];
  if (tls !== undefined) {
    lines.push('tls {', `  cert_file: ${quoted(tls.cert)}`, `  key_file: ${quoted(tls.key)}`);
    if (tls.ca !== undefined) lines.push(`  ca_file: ${quoted(tls.ca)}`, '  verify: true');
    lines.push('}');
  }
  lines.push('authorization {', '  users: [');
  for (const user of users) {
    const { publish, subscribe } = permissions(user, prefix);
    lines.push(
      '    {',
      `      user: ${quoted(user)}`,
      `      password: ${quoted(passwords[user] as string)}`,
      '      permissions {',
      `        publish { ${rule(publish)} }`,
      `        subscribe { ${rule(subscribe)} }`,
      '      }',
      '    }',
    );
  }
  lines.push('  ]', '}', '');
  return lines.join('\n');
}

/** An empty list of what is allowed would allow everything. */
function rule(allowed: readonly string[]): string {
  return allowed.length === 0 ? 'deny: ">"' : `allow: ${list(allowed)}`;
}

function list(subjects: readonly string[]): string {
  return `[\n${subjects.map((s) => `          ${quoted(s)}`).join('\n')}\n        ]`;
}

/** A string as nats-server's configuration reads it. */
function quoted(text: string): string {
  if (/[\p{Cc}]/u.test(text)) {
    throw new RangeError('a value of the NATS configuration must not have control characters');
  }
  return `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;
}
